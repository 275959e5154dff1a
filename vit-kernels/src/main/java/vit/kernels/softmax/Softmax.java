package vit.kernels.softmax;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Softmax over rows, exact: the maximum is subtracted, the exponentials are summed and divided by.
 *
 * <p>−∞ in a row gives 0. A NaN or +∞, or a row of nothing but −∞, makes that row NaN, as in PyTorch. Every worker
 * computes its share of the rows; there is no barrier inside.
 */
public final class Softmax {

    private Softmax() {}

    /**
     * y = softmax(x) over each row.
     *
     * @param y (rows, C), C ≥ 1; may be {@code x} itself
     * @param x (rows, C)
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
}
