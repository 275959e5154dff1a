package vit.kernels.dropout;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Dropout (Srivastava et al. 2014) in the inverted form: an element becomes 0 with probability p, and otherwise is multiplied by 1/(1 − p). So
 * inference needs no correction.
 *
 * <p>The mask is a pure function of (seed, stream, row, column) by {@link Philox}; the element number that Philox sees is row · (columns rounded up
 * to 64) + column. The mask is computed again in the backward pass and never stored.
 */
public final class Dropout {

    private Dropout() {}

    /**
     * {@code out = mask · in}. The operation is linear with a diagonal matrix, so the backward pass is the same call with
     * gradients: {@code apply(dx, dy, …)} with the same p, seed, stream and first row.
     *
     * <p>Every worker of a team calls this with the same arguments and computes its share. There is no barrier inside.
     *
     * @param out      (M, C), overwritten; may be {@code in} itself
     * @param in       (M, C)
     * @param p        the probability of being dropped, in [0, 1)
     * @param seed     of the training run
     * @param stream   {@link Philox#stream} of the step and the layer
     * @param firstRow number of row 0 in the step's batch: 0, or the rows of the micro-batches before
     * @param rows     M, as many as are in use
     * @param w        the calling member of the team
     * @throws IllegalArgumentException if p, rows or shapes do not fit, or the memory overlaps other than stated
     */
    public static void apply(
            Tensor out, Tensor in, double p, long seed, long stream, long firstRow, int rows, Worker w) {
        int C = in.columns();
        DropProbability.check(p);
        Require.range("first row", firstRow, 0, Integer.MAX_VALUE);
        Require.range("rows", rows, 0, in.rows());
        Require.rows("out", out, rows, C);
        Require.sameOrDisjoint("out", out, "in", in);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = new double[rows * C];
                DropoutReference.apply(values, Doubles.read(in, rows), p, seed, stream, firstRow, C);
                Doubles.write(out, values);
            }
            return;
        }
        DropoutSimd.apply(out, in, p, seed, stream, firstRow, w.from(rows), w.to(rows), w.words());
    }

    /** The difference of the element numbers of two neighbouring rows. It makes every row begin a new group. */
    static long rowStep(int columns) {
        return (columns + Philox.GROUP - 1L) / Philox.GROUP * Philox.GROUP;
    }
}
