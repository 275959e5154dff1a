package vit.kernels.layernorm;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.gemm.PackedRows;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * Layer normalisation (Ba, Kiros and Hinton 2016) over rows of C ≥ 1 elements: y = (x − mean)·rstd·weight + bias with rstd = 1/√(variance + epsilon).
 *
 * <p>The statistics take two passes over a row. The first gives the mean as accurately as a sum in float allows. The second sums the deviations from
 * that mean and their squares. The sum of the deviations corrects both the mean and the variance (the corrected two-pass algorithm of Chan, Golub and
 * LeVeque 1983). So a row of equal values has a variance of 0, whatever the values are. A row with a NaN or an infinity becomes NaN.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside, and a result is complete once
 * the team has passed its next barrier.
 */
public final class LayerNorm {

    /** The workers divide the columns of dweight and dbias in units of this many, a cache line. */
    private static final int COLUMN_BLOCK = 16;

    private LayerNorm() {}

    /** Rehearsals of the methods that hold the vector code of {@link #forward}, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        float[] lanes = new float[2 * Simd.VIRTUAL_LANES];
        float[] packed = new float[Rehearsal.MOST_ELEMENTS];
        MemorySegment row = Rehearsal.elements();
        return List.of(
                Rehearsal.ofElements("Reduction.sum", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        Reduction.sum(row, 0, n, lanes);
                    }
                }),
                Rehearsal.ofElements("LayerNormSimd.deviations", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        LayerNormSimd.deviations(row, 0, n, 0f, lanes);
                    }
                }),
                Rehearsal.ofElements("LayerNormSimd.normalise in an array", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        LayerNormSimd.normalise(packed, 0, row, 0, row, row, 0, n, 0f, 1f);
                    }
                }),
                Rehearsal.ofElements("LayerNormSimd.normalise", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        LayerNormSimd.normalise(row, 0, row, 0, row, row, n, 0f, 1f);
                    }
                }));
    }

    /**
     * Normalises each row.
     *
     * @param y       (rows, C), overwritten; may be {@code x} itself
     * @param mean    (rows) or more, overwritten with the mean of each row for a backward pass; null when none follows
     * @param rstd    (rows) or more, overwritten with 1/√(variance + epsilon) of each row; null when no backward pass follows
     * @param x       (rows, C)
     * @param weight  (C)
     * @param bias    (C)
     * @param epsilon added to the variance, at least 0
     * @param rows    the number of rows in use
     * @param w       the calling member of the team
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
            LayerNormSimd.statistics(x.segment(), x.rowOffset(row), columns, epsilon, lanes);
            LayerNormSimd.normalise(y.segment(), y.rowOffset(row), x.segment(), x.rowOffset(row), weight.segment(),
                    bias.segment(), columns, lanes[LayerNormSimd.MEAN], lanes[LayerNormSimd.RSTD]);
            save(mean, row, lanes[LayerNormSimd.MEAN]);
            save(rstd, row, lanes[LayerNormSimd.RSTD]);
        }
    }

    /**
     * Normalises each row, with y packed for the product that follows.
     *
     * @param y       (rows, C), at least {@code rows} of them, overwritten with {@code rows} rows in use
     * @param x       (rows, C)
     * @param weight  (C)
     * @param bias    (C)
     * @param epsilon added to the variance, at least 0
     * @param rows    the number of rows in use
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void forward(PackedRows y, Tensor x, Tensor weight, Tensor bias, double epsilon, int rows, Worker w) {
        int columns = x.columns();
        Require.range("rows", rows, 0, Math.min(x.rows(), y.rows()));
        Require.range("columns", columns, y.columns(), y.columns());
        Require.exactly("weight", weight, 1, columns);
        Require.exactly("bias", bias, 1, columns);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = Doubles.read(x, rows);
                LayerNormReference.forward(
                        values, new double[rows], new double[rows], values, Doubles.read(weight), Doubles.read(bias), epsilon, rows);
                y.write(values, rows);
            }
            return;
        }
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            LayerNormSimd.statistics(x.segment(), x.rowOffset(row), columns, epsilon, lanes);
            for (int column = 0; column < columns; column += y.run(column)) {
                LayerNormSimd.normalise(y.values(), y.start(row, column, rows), x.segment(), x.rowOffset(row), weight.segment(),
                        bias.segment(), column, y.run(column), lanes[LayerNormSimd.MEAN], lanes[LayerNormSimd.RSTD]);
            }
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

    /**
     * The backward pass. With x̂ = (x − mean)·rstd and g = dy·weight: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)), dweight += Σ dy·x̂, dbias += Σ dy.
     *
     * <p>The workers divide the rows for dx, and the columns for dweight and dbias. Each element of dweight and dbias is one chain over the rows in
     * ascending order. So its bits do not depend on the number of threads, and micro-batches that follow one another give the bits of the whole
     * batch. The two parts read the same inputs and write different outputs, so there is no barrier between them.
     *
     * @param dx      (rows, C); overwritten; shares no memory with an input
     * @param dweight (C); accumulated
     * @param dbias   (C); accumulated
     * @param dy      (rows, C)
     * @param x       (rows, C), the input of forward
     * @param mean    (rows) or more, from forward
     * @param rstd    (rows) or more, from forward
     * @param weight  (C)
     * @param rows    the number of rows in use
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or dx shares memory with dy or x
     */
    public static void backward(
            Tensor dx, Tensor dweight, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor weight, int rows,
            Worker w) {
        int columns = x.columns();
        checkBackward(dx, dweight, dbias, dy, x, mean, rstd, weight, rows, columns);
        if (Implementation.isReference()) {
            backwardReference(dx, dweight, dbias, dy, x, mean, rstd, weight, rows, w);
            return;
        }
        backwardInput(dx, dy, x, mean, rstd, weight, rows, w);
        backwardParameters(dweight, dbias, dy, x, mean, rstd, rows, w);
    }

    private static void checkBackward(
            Tensor dx, Tensor dweight, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor weight, int rows,
            int columns) {
        Require.range("rows", rows, 0, x.rows());
        Require.range("columns", columns, 1, Integer.MAX_VALUE);
        Require.rows("dx", dx, rows, columns);
        Require.rows("dy", dy, rows, columns);
        Require.exactly("dweight", dweight, 1, columns);
        Require.exactly("dbias", dbias, 1, columns);
        Require.exactly("weight", weight, 1, columns);
        Require.perRow("mean", mean, rows);
        Require.perRow("rstd", rstd, rows);
        Require.disjoint("dx", dx, "dy", dy);
        Require.disjoint("dx", dx, "x", x);
    }

    private static void backwardInput(
            Tensor dx, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor weight, int rows, Worker w) {
        int n = x.columns();
        MemorySegment weights = weight.segment();
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            float m = saved(mean, row);
            float r = saved(rstd, row);
            long dyOffset = dy.rowOffset(row);
            long xOffset = x.rowOffset(row);
            float sum = Reduction.sumOfProducts(dy.segment(), dyOffset, weights, 0, n, lanes);
            float deviations =
                    LayerNormSimd.sumOfWeightedDeviations(dy.segment(), dyOffset, weights, x.segment(), xOffset, n, m, lanes);
            LayerNormSimd.inputGradient(dx.segment(), dx.rowOffset(row), dy.segment(), dyOffset, x.segment(), xOffset,
                    weights, n, m, r, sum / n, deviations * r / n);
        }
    }

    private static void backwardParameters(
            Tensor dweight, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor rstd, int rows, Worker w) {
        int blocks = (x.columns() + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
        int from = w.from(blocks) * COLUMN_BLOCK;
        int to = Math.min(x.columns(), w.to(blocks) * COLUMN_BLOCK);
        for (int row = 0; row < rows; row++) {
            LayerNormSimd.addParameterGradients(dweight.segment(), dbias.segment(), dy.segment(), dy.rowOffset(row),
                    x.segment(), x.rowOffset(row), from, to, saved(mean, row), saved(rstd, row));
        }
    }

    private static float saved(Tensor statistic, int row) {
        return statistic.segment().get(Tensor.FLOAT, (long) row * Float.BYTES);
    }

    private static void backwardReference(
            Tensor dx, Tensor dweight, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor weight, int rows,
            Worker w) {
        if (!w.isFirst()) {
            return;
        }
        double[] gradient = new double[rows * x.columns()];
        double[] ofWeight = Doubles.read(dweight);
        double[] ofBias = Doubles.read(dbias);
        LayerNormReference.backward(gradient, ofWeight, ofBias, Doubles.read(dy, rows), Doubles.read(x, rows),
                mean.toDoubles(), rstd.toDoubles(), Doubles.read(weight), rows);
        Doubles.write(dx, gradient);
        Doubles.write(dweight, ofWeight);
        Doubles.write(dbias, ofBias);
    }
}
