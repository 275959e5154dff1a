package vit.kernels.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The dimensions of a tensor, outermost first, counted in elements. Immutable.
 *
 * <p>Rank 0 is a scalar of one element. A dimension may be 0; the tensor is then empty.
 */
public final class Shape {

    private final int[] dimensions;
    private final long size;

    private Shape(int[] dimensions) {
        this.dimensions = dimensions;
        long product = 1;
        for (int dimension : dimensions) {
            if (dimension < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dimensions) + ": a dimension is negative");
            }
            try {
                product = Math.multiplyExact(product, (long) dimension);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException(
                        "shape " + Arrays.toString(dimensions) + ": more than 2^63 elements", e);
            }
        }
        this.size = product;
    }

    /**
     * The shape with these dimensions.
     *
     * @throws IllegalArgumentException if one is negative or their product overflows a long
     */
    public static Shape of(int... dimensions) {
        return new Shape(dimensions.clone());
    }

    /** The number of dimensions. */
    public int rank() {
        return dimensions.length;
    }

    /**
     * Dimension {@code i}; a negative {@code i} counts from the end, so {@code dimension(-1)} is the innermost.
     *
     * @throws IndexOutOfBoundsException if there is no such dimension
     */
    public int dimension(int i) {
        return dimensions[i < 0 ? i + dimensions.length : i];
    }

    /** The number of elements: the product of the dimensions, 1 for a scalar. */
    public long size() {
        return size;
    }

    /** A copy of the dimensions. */
    public int[] dimensions() {
        return dimensions.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dimensions, shape.dimensions);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dimensions);
    }

    /** For example {@code (2, 197, 768)}. */
    @Override
    public String toString() {
        return Arrays.stream(dimensions).mapToObj(String::valueOf).collect(Collectors.joining(", ", "(", ")"));
    }
}
