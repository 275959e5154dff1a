package vit.kernels.verify.catalogue;

import vit.kernels.verify.Comparison;

/**
 * What an output must be.
 *
 * @param expected the true values
 * @param bound    the largest absolute error of each element, or null if the output must have the bits of the true values rounded to float
 */
public record Truth(double[] expected, Comparison.Bound bound) {

    /** Half an ulp as a relative error: the most that one rounding can cost. */
    public static final double U = 0x1p-24;

    /** The same for double. */
    public static final double V = 0x1p-53;

    /** Values that arithmetic in float may miss by a bound. */
    public static Truth within(double[] expected, Comparison.Bound bound) {
        return new Truth(expected, bound);
    }

    /** Values that must be met in every bit, once they are rounded to float. All NaNs are equal. */
    public static Truth exact(double[] expected) {
        return new Truth(expected, null);
    }

    /** Values that must be met in every bit. All NaNs are equal. */
    public static Truth exact(float[] expected) {
        return new Truth(Doubled.of(expected), null);
    }

    /** γ_n, the relative error of a chain of n roundings (Higham, Accuracy and Stability, lemma 3.1). */
    public static double gamma(double n) {
        return n * U / (1 - n * U);
    }

    /** Compares an output with the truth and returns the worst deviation. It is the first that is too large, if there is one. */
    Deviation worst(String output, double[] actual) {
        if (actual.length != expected.length) {
            throw new IllegalStateException(output + ": " + actual.length + " elements, but " + expected.length + " true ones");
        }
        Deviation worst = Deviation.NONE;
        for (int i = 0; i < actual.length; i++) {
            double share = share(i, actual[i]);
            if (share > worst.share()) {
                worst = new Deviation(output, i, expected[i], actual[i], share);
                if (worst.isTooLarge()) {
                    break;
                }
            }
        }
        return worst;
    }

    private double share(int i, double actual) {
        if (bound == null) {
            return Float.floatToIntBits((float) expected[i]) == Float.floatToIntBits((float) actual) ? 0 : Double.POSITIVE_INFINITY;
        }
        if (!Double.isFinite(expected[i])) {
            return Double.compare(expected[i], actual) == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        double error = Math.abs(actual - expected[i]);
        double allowed = bound.at(i);
        if (!(allowed >= 0 && allowed < Double.POSITIVE_INFINITY)) {
            throw new IllegalStateException("element " + i + ": a bound of " + allowed);
        }
        return error == 0 ? 0 : error <= allowed ? error / allowed : Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(error / allowed, Math.nextUp(1.0));
    }
}
