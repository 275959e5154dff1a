package vit.kernels.gelu;

import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.NormalTail;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * The Gaussian error linear unit (Hendrycks and Gimpel 2016), exact, in its tanh form or in its quick form, element by element.
 *
 * <p>−∞ gives 0, which is the limit (PyTorch gives NaN there); +∞ gives +∞; NaN gives NaN. Below −13.146 (exact), −10.001 (tanh) and −51.314 (quick),
 * where the value is about −1e−38, −1e−37 and −6e−37, the result is 0. Every worker of a team calls a method with the same arguments and computes its
 * share of the rows. There is no barrier inside.
 */
public final class Gelu {

    private Gelu() {}

    /** Rehearsals of the method that applies the exact GELU to a tile of a product, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        float[] values = new float[5 * Simd.LANES];
        return List.of(Rehearsal.of("NormalTail.timesProbability", values.length, (count, times) -> {
            for (int i = 0; i < times; i++) {
                NormalTail.timesProbability(values, count);
            }
        }));
    }

    /**
     * y = GELU(x).
     *
     * @param y    (rows, C), overwritten; may be {@code x} itself
     * @param x    (rows, C)
     * @param kind the exact, the tanh or the quick form
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or y shares part of x's memory
     */
    public static void forward(Tensor y, Tensor x, GeluKind kind, int rows, Worker w) {
        int columns = x.columns();
        Require.range("rows", rows, 0, x.rows());
        Require.rows("y", y, rows, columns);
        Require.sameOrDisjoint("y", y, "x", x);
        if (Implementation.isReference()) {
            forwardReference(y, x, kind, rows, w);
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            GeluSimd.forward(y.segment(), y.rowOffset(row), x.segment(), x.rowOffset(row), columns, kind);
        }
    }

    private static void forwardReference(Tensor y, Tensor x, GeluKind kind, int rows, Worker w) {
        if (w.isFirst()) {
            double[] values = Doubles.read(x, rows);
            GeluReference.forward(values, values, kind);
            Doubles.write(y, values);
        }
    }

    /**
     * The backward pass: dx = dy · GELU′(x).
     *
     * @param dx   (rows, C), overwritten; may be {@code dy} or {@code x} itself
     * @param dy   (rows, C)
     * @param x    (rows, C), the input of forward
     * @param kind the form, as in forward
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or dx shares part of the memory of dy or x
     */
    public static void backward(Tensor dx, Tensor dy, Tensor x, GeluKind kind, int rows, Worker w) {
        int columns = x.columns();
        Require.range("rows", rows, 0, x.rows());
        Require.rows("dy", dy, rows, columns);
        Require.rows("dx", dx, rows, columns);
        Require.sameOrDisjoint("dx", dx, "dy", dy);
        Require.sameOrDisjoint("dx", dx, "x", x);
        if (Implementation.isReference()) {
            backwardReference(dx, dy, x, kind, rows, w);
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            GeluSimd.backward(dx.segment(), dx.rowOffset(row), dy.segment(), dy.rowOffset(row), x.segment(),
                    x.rowOffset(row), columns, kind);
        }
    }

    private static void backwardReference(Tensor dx, Tensor dy, Tensor x, GeluKind kind, int rows, Worker w) {
        if (w.isFirst()) {
            double[] values = new double[rows * x.columns()];
            GeluReference.backward(values, Doubles.read(dy, rows), Doubles.read(x, rows), kind);
            Doubles.write(dx, values);
        }
    }
}
