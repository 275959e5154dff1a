package vit.kernels.softmax;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Exp;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * Softmax over rows, exact: the maximum of the row is subtracted, the exponentials are computed, and each is divided by their sum.
 *
 * <p>An element −∞ gives 0. A NaN or +∞, or a row of nothing but −∞, makes that whole row NaN, as in PyTorch. Every worker of a team calls a method
 * with the same arguments and computes its share of the rows. There is no barrier inside.
 */
public final class Softmax {

    /** The number of floats that a rehearsal works on. */
    private static final int ELEMENTS = Rehearsal.MOST_ELEMENTS;

    private Softmax() {}

    /**
     * Rehearsals of the methods that hold the vector code of {@link SoftmaxSimd#row(float[], int, int, float, float[])}, so that they can be compiled
     * ahead of use.
     */
    public static List<Rehearsal> rowRehearsals() {
        float[] lanes = new float[2 * Simd.VIRTUAL_LANES];
        float[] row = new float[ELEMENTS];
        return List.of(
                Rehearsal.of("SoftmaxSimd.scale", ELEMENTS - 1, (n, times) -> { // one less than whole vectors, for the loop at the end
                    for (int i = 0; i < times; i++) {
                        SoftmaxSimd.scale(row, 0, n, 1f);
                    }
                }),
                Rehearsal.of("Exp.ofNonPositive", ELEMENTS, (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        Exp.ofNonPositive(row, 0, n, 0f);
                    }
                }),
                Rehearsal.of("Reduction.sum in an array", ELEMENTS, (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        Reduction.sum(row, 0, n, lanes);
                    }
                }),
                Rehearsal.of("SoftmaxSimd.multiply", ELEMENTS, (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        SoftmaxSimd.multiply(row, 0, n, 1f);
                    }
                }));
    }

    /** A rehearsal of what {@link SoftmaxSimd#row(float[], int, int, float, MemorySegment, long, float[])} needs beyond {@link #rowRehearsals}. */
    public static Rehearsal biasRehearsal() {
        float[] row = new float[ELEMENTS];
        MemorySegment bias = Rehearsal.elements();
        return Rehearsal.ofElements("SoftmaxSimd.scaleAndAdd", (n, times) -> {
            for (int i = 0; i < times; i++) {
                SoftmaxSimd.scaleAndAdd(row, 0, n, 1f, bias, 0);
            }
        });
    }

    /**
     * y = softmax(x) over each row.
     *
     * @param y    (rows, C), C ≥ 1, overwritten; may be {@code x} itself
     * @param x    (rows, C)
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or y shares part of x's memory
     */
    public static void forward(Tensor y, Tensor x, int rows, Worker w) {
        int columns = x.columns();
        Require.range("rows", rows, 0, x.rows());
        Require.range("columns", columns, 1, Integer.MAX_VALUE);
        Require.rows("y", y, rows, columns);
        Require.sameOrDisjoint("y", y, "x", x);
        if (Implementation.isReference()) {
            forwardReference(y, x, rows, w);
            return;
        }
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            SoftmaxSimd.row(y.segment(), y.rowOffset(row), x.segment(), x.rowOffset(row), columns, 1f, lanes);
        }
    }

    private static void forwardReference(Tensor y, Tensor x, int rows, Worker w) {
        if (w.isFirst()) {
            double[] values = Doubles.read(x, rows);
            SoftmaxReference.forward(values, values, rows, x.columns());
            Doubles.write(y, values);
        }
    }

    /**
     * The backward pass: dx = y·(dy − Σ dy·y) over each row.
     *
     * @param dx   (rows, C), overwritten; may be {@code dy} or {@code y} itself
     * @param dy   (rows, C)
     * @param y    (rows, C), the result of forward
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or dx shares part of the memory of dy or y
     */
    public static void backward(Tensor dx, Tensor dy, Tensor y, int rows, Worker w) {
        int columns = y.columns();
        Require.range("rows", rows, 0, y.rows());
        Require.range("columns", columns, 1, Integer.MAX_VALUE);
        Require.rows("dy", dy, rows, columns);
        Require.rows("dx", dx, rows, columns);
        Require.sameOrDisjoint("dx", dx, "dy", dy);
        Require.sameOrDisjoint("dx", dx, "y", y);
        if (Implementation.isReference()) {
            backwardReference(dx, dy, y, rows, w);
            return;
        }
        float[] lanes = w.lanes();
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            SoftmaxSimd.rowBackward(dx.segment(), dx.rowOffset(row), dy.segment(), dy.rowOffset(row), y.segment(),
                    y.rowOffset(row), columns, lanes);
        }
    }

    private static void backwardReference(Tensor dx, Tensor dy, Tensor y, int rows, Worker w) {
        if (w.isFirst()) {
            double[] values = new double[rows * y.columns()];
            SoftmaxReference.backward(values, Doubles.read(dy, rows), Doubles.read(y, rows), rows, y.columns());
            Doubles.write(dx, values);
        }
    }
}
