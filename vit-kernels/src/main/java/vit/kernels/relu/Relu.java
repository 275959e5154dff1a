package vit.kernels.relu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * The rectified linear unit y = max(x, 0) (Nair and Hinton 2010), and the same of a sum, with which a residual block ends (He et al. 2016). NaN stays
 * NaN, and −0 becomes 0. All results are exact but for the one rounding of the sum.
 *
 * <p>The first {@code rows} rows are used; tensors may have more. Every worker of a team calls a method with the same arguments and computes its share.
 * There is no barrier inside. Shapes that do not fit, and memory that overlaps in any other way than stated, throw {@link IllegalArgumentException}.
 */
public final class Relu {

    private Relu() {}

    /** Rehearsals of the methods that hold the vector code of {@link #forward} and {@link #forwardSum}, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        MemorySegment row = Rehearsal.elements();
        return List.of(
                Rehearsal.ofElements("ReluSimd.forward", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        ReluSimd.forward(row, 0, row, 0, n);
                    }
                }),
                Rehearsal.ofElements("ReluSimd.forwardSum", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        ReluSimd.forwardSum(row, 0, row, 0, row, 0, n);
                    }
                }));
    }

    /**
     * {@code y = max(x, 0)}.
     *
     * @param y    (M, C), overwritten; may be {@code x} itself
     * @param x    (M, C)
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     */
    public static void forward(Tensor y, Tensor x, int rows, Worker w) {
        Require.range("rows", rows, 0, y.rows());
        Require.rows("x", x, rows, y.columns());
        Require.sameOrDisjoint("y", y, "x", x);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = Doubles.read(x, rows);
                ReluReference.forward(values, values);
                Doubles.write(y, values);
            }
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            ReluSimd.forward(y.segment(), y.rowOffset(row), x.segment(), x.rowOffset(row), y.columns());
        }
    }

    /**
     * {@code y = max(a + b, 0)}. Its backward pass is {@link #backward}, whose result is the gradient of both.
     *
     * @param y    (M, C), overwritten; may be {@code a} or {@code b} itself
     * @param a    (M, C)
     * @param b    (M, C)
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     */
    public static void forwardSum(Tensor y, Tensor a, Tensor b, int rows, Worker w) {
        Require.range("rows", rows, 0, y.rows());
        Require.rows("a", a, rows, y.columns());
        Require.rows("b", b, rows, y.columns());
        Require.sameOrDisjoint("y", y, "a", a);
        Require.sameOrDisjoint("y", y, "b", b);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = Doubles.read(a, rows);
                ReluReference.forwardSum(values, values, Doubles.read(b, rows));
                Doubles.write(y, values);
            }
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            ReluSimd.forwardSum(y.segment(), y.rowOffset(row), a.segment(), a.rowOffset(row), b.segment(), b.rowOffset(row), y.columns());
        }
    }

    /**
     * The backward pass: dx is 0 where y ≤ 0, else dy. So it is dy where y is NaN, as in PyTorch. At x = 0 the derivative is taken as 0.
     *
     * @param dx   (M, C), overwritten; may be {@code dy} or {@code y} itself
     * @param dy   (M, C)
     * @param y    (M, C), the result of the forward pass
     * @param rows the number of rows in use
     * @param w    the calling member of the team
     */
    public static void backward(Tensor dx, Tensor dy, Tensor y, int rows, Worker w) {
        Require.range("rows", rows, 0, dx.rows());
        Require.rows("dy", dy, rows, dx.columns());
        Require.rows("y", y, rows, dx.columns());
        Require.sameOrDisjoint("dx", dx, "dy", dy);
        Require.sameOrDisjoint("dx", dx, "y", y);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] gradient = Doubles.read(dy, rows);
                ReluReference.backward(gradient, gradient, Doubles.read(y, rows));
                Doubles.write(dx, gradient);
            }
            return;
        }
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            ReluSimd.backward(dx.segment(), dx.rowOffset(row), dy.segment(), dy.rowOffset(row), y.segment(), y.rowOffset(row), dx.columns());
        }
    }
}
