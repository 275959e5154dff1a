package vit.kernels.rmsnorm;

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
 * Root mean square normalisation (Zhang and Sennrich 2019, equation 4) over rows of C ≥ 1 elements: y = x·rstd·weight with rstd = 1/√(mean(x²) +
 * epsilon). There is no bias, and the mean is not subtracted.
 *
 * <p>The squares are summed in float. A row whose squares overflow, or are so small that they lose digits, is summed again in double. A NaN makes
 * its row NaN. An infinity makes its own element NaN and the other elements of its row 0, as the formula says.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside, and a result is complete once
 * the team has passed its next barrier.
 */
public final class RmsNorm {

    /** The workers divide the columns of dweight in units of this many, a cache line. */
    private static final int COLUMN_BLOCK = 16;

    private RmsNorm() {}

    /** Rehearsals of the methods that hold the vector code of {@link #forward}, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        float[] lanes = new float[Simd.VIRTUAL_LANES];
        float[] packed = new float[Rehearsal.MOST_ELEMENTS];
        MemorySegment row = Rehearsal.elements();
        return List.of(
                Rehearsal.ofElements("Reduction.sumOfProducts", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        Reduction.sumOfProducts(row, 0, row, 0, n, lanes);
                    }
                }),
                Rehearsal.ofElements("RmsNormSimd.normalise in an array", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        RmsNormSimd.normalise(packed, 0, row, 0, row, 0, n, 1f);
                    }
                }),
                Rehearsal.ofElements("RmsNormSimd.normalise", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        RmsNormSimd.normalise(row, 0, row, 0, row, n, 1f);
                    }
                }));
    }

    /**
     * Normalises each row.
     *
     * @param y       (rows, C), overwritten; may be {@code x} itself
     * @param rstd    (rows) or more, overwritten with 1/√(mean(x²) + epsilon) of each row; null when no backward pass follows
     * @param x       (rows, C)
     * @param weight  (C)
     * @param epsilon added to the mean of the squares, at least 0
     * @param rows    the number of rows in use
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or y shares part of x's memory
     */
    public static void forward(Tensor y, Tensor rstd, Tensor x, Tensor weight, double epsilon, int rows, Worker w) {
        int columns = x.columns();
        Require.range("rows", rows, 0, x.rows());
        Require.range("columns", columns, 1, Integer.MAX_VALUE);
        Require.rows("y", y, rows, columns);
        Require.exactly("weight", weight, 1, columns);
        Require.sameOrDisjoint("y", y, "x", x);
        if (rstd != null) {
            Require.perRow("rstd", rstd, rows);
        }
        if (Implementation.isReference()) {
            forwardReference(y, rstd, x, weight, epsilon, rows, w);
            return;
        }
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            float r = RmsNormSimd.reciprocalRoot(x.segment(), x.rowOffset(row), columns, epsilon, lanes);
            RmsNormSimd.normalise(y.segment(), y.rowOffset(row), x.segment(), x.rowOffset(row), weight.segment(), columns, r);
            save(rstd, row, r);
        }
    }

    /**
     * Normalises each row, with y packed for the product that follows. The bits are those of the other form.
     *
     * @param y       (rows, C), at least {@code rows} of them, overwritten with {@code rows} rows in use
     * @param x       (rows, C)
     * @param weight  (C)
     * @param epsilon added to the mean of the squares, at least 0
     * @param rows    the number of rows in use
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void forward(PackedRows y, Tensor x, Tensor weight, double epsilon, int rows, Worker w) {
        int columns = x.columns();
        Require.range("rows", rows, 0, Math.min(x.rows(), y.rows()));
        Require.range("columns", columns, Math.max(1, y.columns()), y.columns());
        Require.exactly("weight", weight, 1, columns);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = Doubles.read(x, rows);
                RmsNormReference.forward(values, new double[rows], values, Doubles.read(weight), epsilon, rows);
                y.write(values, rows);
            }
            return;
        }
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            float r = RmsNormSimd.reciprocalRoot(x.segment(), x.rowOffset(row), columns, epsilon, lanes);
            for (int column = 0; column < columns; column += y.run(column)) {
                RmsNormSimd.normalise(y.values(), y.start(row, column, rows), x.segment(), x.rowOffset(row), weight.segment(),
                        column, y.run(column), r);
            }
        }
    }

    private static void save(Tensor rstd, int row, float value) {
        if (rstd != null) {
            rstd.segment().set(Tensor.FLOAT, (long) row * Float.BYTES, value);
        }
    }

    private static void forwardReference(Tensor y, Tensor rstd, Tensor x, Tensor weight, double epsilon, int rows, Worker w) {
        if (!w.isFirst()) {
            return;
        }
        double[] values = Doubles.read(x, rows);
        double[] rstds = new double[rows];
        RmsNormReference.forward(values, rstds, values, Doubles.read(weight), epsilon, rows);
        Doubles.write(y, values);
        for (int row = 0; row < rows; row++) {
            save(rstd, row, (float) rstds[row]);
        }
    }

    /**
     * The backward pass. With x̂ = x·rstd and g = dy·weight: dx = rstd·(g − x̂·mean(g·x̂)), dweight += Σ dy·x̂.
     *
     * <p>The workers divide the rows for dx, and the columns for dweight. Each element of dweight is one chain over the rows in ascending order. So
     * its bits do not depend on the number of threads, and micro-batches that follow one another give the bits of the whole batch. The two parts read
     * the same inputs and write different outputs, so there is no barrier between them.
     *
     * @param dx      (rows, C); overwritten; shares no memory with an input
     * @param dweight (C); accumulated
     * @param dy      (rows, C)
     * @param x       (rows, C), the input of forward
     * @param rstd    (rows) or more, from forward
     * @param weight  (C)
     * @param rows    the number of rows in use
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or dx shares memory with dy or x
     */
    public static void backward(
            Tensor dx, Tensor dweight, Tensor dy, Tensor x, Tensor rstd, Tensor weight, int rows, Worker w) {
        int columns = x.columns();
        Require.range("rows", rows, 0, x.rows());
        Require.range("columns", columns, 1, Integer.MAX_VALUE);
        Require.rows("dx", dx, rows, columns);
        Require.rows("dy", dy, rows, columns);
        Require.exactly("dweight", dweight, 1, columns);
        Require.exactly("weight", weight, 1, columns);
        Require.perRow("rstd", rstd, rows);
        Require.disjoint("dx", dx, "dy", dy);
        Require.disjoint("dx", dx, "x", x);
        if (Implementation.isReference()) {
            backwardReference(dx, dweight, dy, x, rstd, weight, rows, w);
            return;
        }
        backwardInput(dx, dy, x, rstd, weight, rows, w);
        backwardWeight(dweight, dy, x, rstd, rows, w);
    }

    private static void backwardInput(Tensor dx, Tensor dy, Tensor x, Tensor rstd, Tensor weight, int rows, Worker w) {
        int n = x.columns();
        MemorySegment weights = weight.segment();
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            float r = saved(rstd, row);
            long dyOffset = dy.rowOffset(row);
            long xOffset = x.rowOffset(row);
            float sum = RmsNormSimd.sumOfWeightedNormals(dy.segment(), dyOffset, weights, x.segment(), xOffset, n, r, lanes);
            RmsNormSimd.inputGradient(
                    dx.segment(), dx.rowOffset(row), dy.segment(), dyOffset, x.segment(), xOffset, weights, n, r, sum / n);
        }
    }

    private static void backwardWeight(Tensor dweight, Tensor dy, Tensor x, Tensor rstd, int rows, Worker w) {
        int blocks = (x.columns() + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
        int from = w.from(blocks) * COLUMN_BLOCK;
        int to = Math.min(x.columns(), w.to(blocks) * COLUMN_BLOCK);
        for (int row = 0; row < rows; row++) {
            RmsNormSimd.addWeightGradient(
                    dweight.segment(), dy.segment(), dy.rowOffset(row), x.segment(), x.rowOffset(row), from, to, saved(rstd, row));
        }
    }

    private static float saved(Tensor rstd, int row) {
        return rstd.segment().get(Tensor.FLOAT, (long) row * Float.BYTES);
    }

    private static void backwardReference(
            Tensor dx, Tensor dweight, Tensor dy, Tensor x, Tensor rstd, Tensor weight, int rows, Worker w) {
        if (!w.isFirst()) {
            return;
        }
        double[] gradient = new double[rows * x.columns()];
        double[] ofWeight = Doubles.read(dweight);
        RmsNormReference.backward(gradient, ofWeight, Doubles.read(dy, rows), Doubles.read(x, rows), rstd.toDoubles(), Doubles.read(weight), rows);
        Doubles.write(dx, gradient);
        Doubles.write(dweight, ofWeight);
    }
}
