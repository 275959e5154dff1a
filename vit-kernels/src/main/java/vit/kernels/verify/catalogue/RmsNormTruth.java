package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

import vit.kernels.rmsnorm.RmsNormReference;

/** The true results of RMSNorm, forward and backward, and the errors that a float kernel may have that sums a row in 16 lanes. */
public final class RmsNormTruth {

    /** The results of forward and what they were computed from. */
    public final double[] x; // (rows, C)
    public final double[] weight; // (C)
    public final double[] y; // (rows, C)
    public final double[] rstd; // (rows)

    private final int rows;
    private final int columns;
    private final double[] rstdShare; // relative

    /**
     * All squares are positive, so their sum is off by at most a rounding for each addition on an element's way: those of its lane and of the
     * tree. The root halves that. The result is rounded once, to a number that may be subnormal.
     */
    public RmsNormTruth(double[] x, double[] weight, double epsilon) {
        this.x = x;
        this.weight = weight;
        columns = weight.length;
        rows = x.length / columns;
        y = new double[x.length];
        rstd = new double[rows];
        RmsNormReference.forward(y, rstd, x, weight, epsilon, rows);
        rstdShare = new double[rows];
        double roundings = (columns + 15) / 16 + 4;
        for (int row = 0; row < rows; row++) {
            double square = 1 / (rstd[row] * rstd[row]); // mean(x²) + epsilon
            double share = Math.max(0, 1 - epsilon / square);
            rstdShare[row] = rstd[row] > 0 ? 0.5 * roundings * U * share + U + Float.MIN_VALUE / rstd[row] : 0;
        }
    }

    private double normal(int i) {
        return x[i] * rstd[i / columns];
    }

    /** The bound of x̂: the error of rstd, and one rounding. */
    private double normalBound(int i) {
        return Math.abs(normal(i)) * (rstdShare[i / columns] + U) * 1.001 + Float.MIN_VALUE;
    }

    /** The bound of element {@code i} of y. */
    public double yBound(int i) {
        return (Math.abs(weight[i % columns]) * normalBound(i) + U * Math.abs(y[i])) * 1.001 + Float.MIN_VALUE;
    }

    /** The bound of rstd of a row. */
    public double rstdBound(int row) {
        return rstd[row] * rstdShare[row] * 1.001;
    }

    /**
     * The bound of dx = rstd·(g − x̂·mean(g·x̂)). The mean has summation + 2 roundings of the absolute values that it sums. x̂ has its own error in both
     * places. The last three operations and rstd have a rounding or their share of both terms.
     */
    public double inputBound(double[] dy, int i) {
        int row = i / columns;
        double productSize = 0;
        double productError = 0;
        for (int j = row * columns; j < (row + 1) * columns; j++) {
            double g = Math.abs(dy[j] * weight[j % columns]);
            productSize += g * (Math.abs(normal(j)) + normalBound(j)) / columns;
            productError += g * normalBound(j) / columns;
        }
        double summation = (columns + 15) / 16 + 6;
        double normal = Math.abs(normal(i)) + normalBound(i);
        double errors = summation * U * normal * productSize + normal * productError + normalBound(i) * productSize;
        double terms = Math.abs(dy[i] * weight[i % columns]) + normal * productSize;
        return rstd[row] * (1 + rstdShare[row]) * (errors + (rstdShare[row] + 3 * U) * terms) * 1.001
                + Float.MIN_NORMAL;
    }

    /** The bound of dweight += Σ dy·x̂ of column {@code c}. */
    public double weightBound(double[] dy, double before, int c) {
        double size = Math.abs(before);
        double propagated = 0;
        for (int i = c; i < x.length; i += columns) {
            size += Math.abs(dy[i]) * (Math.abs(normal(i)) + normalBound(i));
            propagated += Math.abs(dy[i]) * normalBound(i);
        }
        return rows * U * size * 1.001 + propagated;
    }
}
