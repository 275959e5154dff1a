package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;
import static vit.kernels.verify.catalogue.Truth.V;

import vit.kernels.standardization.WeightStandardizationReference;

/** The true results of weight standardisation, and the errors of a kernel that takes the statistics in double and the rest in float. */
public final class WeightStandardizationTruth {

    /** The results of the reference. */
    public final double[] y; // (N, K)
    public final double[] mean; // (N)
    public final double[] rstd; // (N)

    private final int depth;
    private final double[] meanError;
    private final double[] rstdShare;

    /** The arguments are those of {@link WeightStandardizationReference#forward}. */
    public WeightStandardizationTruth(double[] weight, double epsilon, int outputs, int depth) {
        this.depth = depth;
        y = new double[weight.length];
        mean = new double[outputs];
        rstd = new double[outputs];
        WeightStandardizationReference.forward(y, mean, rstd, weight, epsilon, outputs, depth);
        meanError = new double[outputs];
        rstdShare = new double[outputs];
        double roundings = (2 * depth + 8) * V; // K additions of ours and as many of the reference
        for (int i = 0; i < weight.length; i++) {
            meanError[i / depth] += roundings * Math.abs(weight[i]) / depth;
            rstdShare[i / depth] += roundings * 2 * weight[i] * weight[i] / depth; // the variance is a difference of two means
        }
        for (int n = 0; n < outputs; n++) {
            rstdShare[n] = rstdShare[n] * rstd[n] * rstd[n] + U;
            meanError[n] += U * Math.abs(mean[n]);
        }
    }

    /** The bound of y = (x − mean)·rstd: the errors of both, and a rounding of the difference and of the product. */
    public double yBound(int i) {
        return (Math.abs(y[i]) * (2 * U + rstdShare[i / depth])
                + (meanError[i / depth] + Float.MIN_VALUE) * rstd[i / depth]) * 1.001 + Float.MIN_VALUE;
    }

    /** The bound of the mean of an output. */
    public double meanBound(int n) {
        return meanError[n] + Float.MIN_VALUE;
    }

    /** The bound of rstd of an output. */
    public double rstdBound(int n) {
        return rstd[n] * rstdShare[n] * 1.001;
    }

    /**
     * The bounds of dweight = fma(dy, rstd, fma(w − mean, a, b)) + what was there: roundings of a, b and the difference, and of all three results.
     *
     * @param expected the true gradient, with what was there before
     * @param start    what was there before
     */
    public static double[] backwardBounds(double[] expected, double[] start, double[] dy, double[] weight, double[] mean, double[] rstd, int depth) {
        double[] size = new double[mean.length]; // Σ |dy| / K
        double[] productSize = new double[mean.length]; // Σ |dy|·(|w| + |mean|)·rstd / K
        double[] meanOfGradient = new double[mean.length];
        double[] meanOfProduct = new double[mean.length];
        for (int i = 0; i < weight.length; i++) {
            int n = i / depth;
            size[n] += Math.abs(dy[i]) / depth;
            productSize[n] += Math.abs(dy[i]) * (Math.abs(weight[i]) + Math.abs(mean[n])) * rstd[n] / depth;
            meanOfGradient[n] += dy[i] / depth;
            meanOfProduct[n] += dy[i] * (weight[i] - mean[n]) * rstd[n] / depth;
        }
        double roundings = (2 * depth + 8) * V;
        double[] bounds = new double[weight.length];
        for (int i = 0; i < bounds.length; i++) {
            int n = i / depth;
            double normal = Math.abs((weight[i] - mean[n]) * rstd[n]);
            double slope = rstd[n] * normal * Math.abs(meanOfProduct[n]);
            double shift = rstd[n] * Math.abs(meanOfGradient[n]);
            double ofSums = rstd[n] * roundings * (size[n] + normal * productSize[n]);
            bounds[i] = (U * (2 * slope + shift) + U * (slope + shift) + U * Math.abs(expected[i] - start[i]) + U * Math.abs(expected[i]) + ofSums) * 1.001
                    + Float.MIN_NORMAL * (1 + Math.abs(weight[i] - mean[n]));
        }
        return bounds;
    }
}
