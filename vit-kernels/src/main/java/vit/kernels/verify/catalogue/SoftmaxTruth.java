package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

/** The bounds of softmax, forward and backward, for a float kernel that sums a row in 16 lanes. */
public final class SoftmaxTruth {

    private SoftmaxTruth() {}

    /** The number of roundings in a sum of n terms in 16 lanes. */
    public static double summation(int n) {
        return n / 16 + 5;
    }

    /**
     * Returns the bounds of y = softmax(x) over rows of {@code columns}. With a = x − max, each exponent is rounded once, which gives its exponential a
     * relative error of |a| roundings; exp itself adds 2. The error of the sum is the mean of the errors of its terms, weighted by y, plus the error of
     * the summation. The reciprocal and the product add 2.
     */
    public static double[] bounds(double[] x, double[] y, int columns) {
        double[] bounds = new double[x.length];
        for (int start = 0; start < x.length; start += columns) {
            double max = Double.NEGATIVE_INFINITY;
            for (int i = start; i < start + columns; i++) {
                max = Math.max(max, x[i]);
            }
            double mean = 0;
            for (int i = start; i < start + columns; i++) {
                mean += y[i] == 0 ? 0 : y[i] * (max - x[i]);
            }
            for (int i = start; i < start + columns; i++) {
                double exponent = y[i] == 0 ? 0 : max - x[i];
                bounds[i] = y[i] * U * (exponent + mean + summation(columns) + 6) * 1.001 + Float.MIN_NORMAL;
            }
        }
        return bounds;
    }

    /** The bound of element {@code i} of dx = y·(dy − Σ dy·y): the error of the sum, and a rounding of the product, the difference and the result. */
    public static double backwardBound(double[] dy, double[] y, int columns, int i) {
        double sizes = 0;
        for (int j = i / columns * columns; j < i / columns * columns + columns; j++) {
            sizes += Math.abs(dy[j] * y[j]);
        }
        double dot = U * summation(columns) * sizes;
        return y[i] * (dot + 2 * U * (Math.abs(dy[i]) + sizes)) * 1.001 + Float.MIN_NORMAL;
    }
}
