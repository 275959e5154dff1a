package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

import vit.kernels.layernorm.LayerNormReference;

/** The true results of LayerNorm, forward and backward, and the errors that a float kernel may have that sums a row in 16 lanes. */
public final class LayerNormTruth {

    /** The results of forward and what they were computed from. */
    public final double[] x; // (rows, C)
    public final double[] weight; // (C)
    public final double[] bias; // (C)
    public final double[] y; // (rows, C)
    public final double[] mean; // (rows)
    public final double[] rstd; // (rows)

    private final int rows;
    private final int columns;
    private final double[] meanError; // absolute
    private final double[] rstdShare; // relative

    /** The results of the reference. */
    public LayerNormTruth(double[] x, double[] weight, double[] bias, double epsilon) {
        this.x = x;
        this.weight = weight;
        this.bias = bias;
        columns = weight.length;
        rows = x.length / columns;
        y = new double[rows * columns];
        mean = new double[rows];
        rstd = new double[rows];
        LayerNormReference.forward(y, mean, rstd, x, weight, bias, epsilon, rows);
        meanError = new double[rows];
        rstdShare = new double[rows];
        for (int row = 0; row < rows; row++) {
            bound(row, epsilon);
        }
    }

    /**
     * The first pass gives a centre. It differs from the mean by the error of a sum, as a share of the mean absolute value. The second
     * pass sums the distances from the centre, and the shift that it gives is off by the same share of the mean absolute deviation. The
     * corrected mean is rounded once. The sum of squares, which includes the square of the shift, has summation + 2 roundings.
     */
    private void bound(int row, double epsilon) {
        double size = 0;
        double deviation = 0;
        double variance = 0;
        for (int i = row * columns; i < (row + 1) * columns; i++) {
            size += Math.abs(x[i]) / columns;
            deviation += Math.abs(x[i] - mean[row]) / columns;
            variance += (x[i] - mean[row]) * (x[i] - mean[row]) / columns;
        }
        double summation = columns / 16 + 6;
        double shift = summation * U * size;
        meanError[row] = U * Math.abs(mean[row]) + (summation + 1) * U * (deviation + shift);
        double varianceBound = (summation + 4) * U * (variance + 2 * shift * shift);
        rstdShare[row] = varianceBound + 0 == 0 ? 2 * U : 0.5 * varianceBound / (variance + epsilon) + 2 * U;
    }

    /** x̂ = (x − mean)·rstd. */
    private double normal(int i) {
        return (x[i] - mean[i / columns]) * rstd[i / columns];
    }

    /** The bound of x̂: the error of the mean, the error of rstd, and two roundings. */
    private double normalBound(int i) {
        int row = i / columns;
        return meanError[row] * rstd[row] * (1 + rstdShare[row])
                + Math.abs(normal(i)) * (rstdShare[row] + 2 * U);
    }

    /** The bound of element {@code i} of y. */
    public double yBound(int i) {
        double product = Math.abs(weight[i % columns]) * normalBound(i);
        return (product + U * (Math.abs(y[i]) + product)) * 1.001 + Float.MIN_NORMAL;
    }

    /** The bound of the mean of a row. */
    public double meanBound(int row) {
        return meanError[row] * 1.001 + Float.MIN_NORMAL;
    }

    /** The bound of rstd of a row. */
    public double rstdBound(int row) {
        return rstd[row] * rstdShare[row] * 1.001;
    }

    /**
     * The bound of dx = rstd·(g − mean(g) − x̂·mean(g·x̂)). The two means have summation + 3 roundings of the absolute values that they sum. x̂ has
     * its own error in both places. The last three operations and rstd have a rounding or their share of all three terms.
     */
    public double inputBound(double[] dy, int i) {
        int row = i / columns;
        double meanSize = 0;
        double productSize = 0;
        double productError = 0;
        for (int j = row * columns; j < (row + 1) * columns; j++) {
            double g = Math.abs(dy[j] * weight[j % columns]);
            meanSize += g / columns;
            productSize += g * (Math.abs(normal(j)) + normalBound(j)) / columns;
            productError += g * normalBound(j) / columns;
        }
        double summation = columns / 16 + 9;
        double normal = Math.abs(normal(i)) + normalBound(i);
        double errors = summation * U * (meanSize + normal * productSize)
                + normal * productError + normalBound(i) * productSize;
        double terms = Math.abs(dy[i] * weight[i % columns]) + meanSize + normal * productSize;
        return rstd[row] * (1 + rstdShare[row]) * (errors + (rstdShare[row] + 4 * U) * terms) * 1.001
                + Float.MIN_NORMAL;
    }

    /** The bound of dweight += Σ dy·x̂ of column {@code c}: a rounding for each row and one for what was there before, and the error of x̂. */
    public double weightBound(double[] dy, double before, int c) {
        double size = Math.abs(before);
        double propagated = 0;
        for (int i = c; i < x.length; i += columns) {
            size += Math.abs(dy[i] * normal(i)) + Math.abs(dy[i]) * normalBound(i);
            propagated += Math.abs(dy[i]) * normalBound(i);
        }
        return (rows + 1) * U * size + propagated;
    }

    /** The bound of dbias += Σ dy of column {@code c}. */
    public double biasBound(double[] dy, double before, int c) {
        double size = Math.abs(before);
        for (int i = c; i < x.length; i += columns) {
            size += Math.abs(dy[i]);
        }
        return (rows + 1) * U * size;
    }
}
