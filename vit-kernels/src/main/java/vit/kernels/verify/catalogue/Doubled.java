package vit.kernels.verify.catalogue;

import java.util.Arrays;

/** Arrays of double from arrays of float, for references. */
public final class Doubled {

    private Doubled() {}

    /** The same numbers. */
    public static double[] of(float[] values) {
        double[] copy = new double[values.length];
        Arrays.setAll(copy, i -> values[i]);
        return copy;
    }

    /** The absolute values, from which a reference of a sum computes the size of its terms. */
    public static double[] absolute(double[] values) {
        double[] copy = new double[values.length];
        Arrays.setAll(copy, i -> Math.abs(values[i]));
        return copy;
    }
}
