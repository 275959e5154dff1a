package vit.kernels.layernorm;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Layer normalisation (Ba, Kiros and Hinton 2016) over rows of C ≥ 1 elements: y = (x − mean)·rstd·weight + bias with
 * rstd = 1/√(variance + epsilon).
 *
 * <p>Two passes for the statistics: the mean, then the sum of squared deviations. A row with a NaN or an infinity becomes
 * NaN. Every worker computes its share; there is no barrier inside.
 */
public final class LayerNorm {

    private LayerNorm() {}

    /**
     * Normalises each row.
     *
     * @param y (rows, C); may be {@code x} itself
     * @param mean (rows) or more, the rows' means for a backward pass; null when none follows
     * @param rstd (rows) or more, the rows' 1/√(variance + epsilon); null when no backward pass follows
     * @param x (rows, C)
     * @param weight (C)
     * @param bias (C)
     * @param epsilon added to the variance, at least 0
     * @throws IllegalArgumentException if a shape does not fit, or y shares part of x's memory
     */
    public static void forward(
            Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor weight, Tensor bias, double epsilon, int rows, Worker w) {
        int columns = x.columns();
        checkForward(y, mean, rstd, x, weight, bias, rows, columns);
        if (Implementation.isReference()) {
            forwardReference(y, mean, rstd, x, weight, bias, epsilon, rows, w);
            return;
        }
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            float m = LayerNormSimd.mean(x.segment(), x.rowOffset(row), columns, lanes);
            float r = LayerNormSimd.reciprocalDeviation(x.segment(), x.rowOffset(row), columns, m, epsilon, lanes);
            LayerNormSimd.normalise(y.segment(), y.rowOffset(row), x.segment(), x.rowOffset(row), weight.segment(),
                    bias.segment(), columns, m, r);
            save(mean, row, m);
            save(rstd, row, r);
        }
    }

    private static void checkForward(
            Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor weight, Tensor bias, int rows, int columns) {
        Require.range("rows", rows, 0, x.rows());
        Require.range("columns", columns, 1, Integer.MAX_VALUE);
        Require.rows("y", y, rows, columns);
        Require.exactly("weight", weight, 1, columns);
        Require.exactly("bias", bias, 1, columns);
        Require.sameOrDisjoint("y", y, "x", x);
        if (mean != null) {
            Require.perRow("mean", mean, rows);
        }
        if (rstd != null) {
            Require.perRow("rstd", rstd, rows);
        }
    }

    private static void save(Tensor statistic, int row, float value) {
        if (statistic != null) {
            statistic.segment().set(Tensor.FLOAT, (long) row * Float.BYTES, value);
        }
    }

    private static void forwardReference(
            Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor weight, Tensor bias, double epsilon, int rows, Worker w) {
        if (!w.isFirst()) {
            return;
        }
        double[] values = Doubles.read(x, rows);
        double[] means = new double[rows];
        double[] rstds = new double[rows];
        LayerNormReference.forward(
                values, means, rstds, values, Doubles.read(weight), Doubles.read(bias), epsilon, rows);
        Doubles.write(y, values);
        for (int row = 0; row < rows; row++) {
            save(mean, row, (float) means[row]);
            save(rstd, row, (float) rstds[row]);
        }
    }
}
