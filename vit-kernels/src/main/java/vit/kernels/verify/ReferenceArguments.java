package vit.kernels.verify;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a scalar reference is called with: every argument as a dense {@code double[]}, row by row, and the sizes of the dimensions. Inputs hold exactly
 * the floats that the kernel receives. Outputs hold zeros, and accumulated outputs what the kernel finds there.
 */
public final class ReferenceArguments {

    private final Map<String, double[]> values;
    private final Map<String, Integer> sizes;

    ReferenceArguments(Map<String, double[]> values, Map<String, Integer> sizes) {
        this.values = values;
        this.sizes = sizes;
    }

    /**
     * The elements of an argument, row by row. The reference writes its results into them.
     *
     * @throws IllegalArgumentException if there is no such argument
     */
    public double[] doubles(String argument) {
        double[] found = values.get(argument);
        if (found == null) {
            throw new IllegalArgumentException("no argument " + argument + " among " + values.keySet());
        }
        return found;
    }

    /**
     * The size of a dimension.
     *
     * @throws IllegalArgumentException if there is none of this name
     */
    public int size(String dimension) {
        Integer found = sizes.get(dimension);
        if (found == null) {
            throw new IllegalArgumentException("no dimension " + dimension + " among " + sizes.keySet());
        }
        return found;
    }

    /** All arguments, copied. */
    ReferenceArguments copy() {
        Map<String, double[]> copies = new LinkedHashMap<>();
        values.forEach((name, array) -> copies.put(name, array.clone()));
        return new ReferenceArguments(copies, sizes);
    }

    Map<String, double[]> values() {
        return values;
    }
}
