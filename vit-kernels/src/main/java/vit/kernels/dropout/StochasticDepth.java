package vit.kernels.dropout;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Stochastic depth (Huang et al. 2016), also known as drop path: the whole branch of an image becomes 0 with probability p, and otherwise is
 * multiplied by 1/(1 − p) (timm's {@code scale_by_keep}). Whether it is dropped is a pure function of (seed, stream, image) by {@link Philox}.
 */
public final class StochasticDepth {

    private StochasticDepth() {}

    /** Whether image {@code image} of the step's batch loses its branch. */
    public static boolean drops(double p, long seed, long stream, long image) {
        return DropProbability.drops(Philox.word(seed, stream, image), DropProbability.threshold(p));
    }

    /**
     * {@code out = mask · in}, with one mask for each image. The operation is linear with a diagonal matrix, so the backward pass is the same call
     * with gradients and the same p, seed, stream and first image.
     *
     * <p>Every worker of a team calls this with the same arguments and computes its share. There is no barrier inside.
     *
     * @param out          (B, T, C), overwritten; may be {@code in} itself
     * @param in           (B, T, C), the branch before it is added to the residual
     * @param p            the probability of being dropped, in [0, 1)
     * @param seed         of the training run
     * @param stream       {@link Philox#stream} of the step and the layer
     * @param firstImage   number of image 0 in the step's batch: 0, or the images of the micro-batches before
     * @param batch        B, as many as are in use
     * @param rowsPerImage T
     * @param w            the calling member of the team
     * @throws IllegalArgumentException if p, sizes or shapes do not fit, or the memory overlaps other than stated
     */
    public static void apply(
            Tensor out, Tensor in, double p, long seed, long stream, long firstImage, int batch, int rowsPerImage, Worker w) {
        int C = in.columns();
        DropProbability.check(p);
        Require.range("first image", firstImage, 0, Integer.MAX_VALUE);
        Require.range("batch", batch, 0, Integer.MAX_VALUE);
        Require.range("rows an image", rowsPerImage, 1, Integer.MAX_VALUE);
        Require.rows("in", in, (long) batch * rowsPerImage, C);
        Require.rows("out", out, (long) batch * rowsPerImage, C);
        Require.sameOrDisjoint("out", out, "in", in);
        int rows = batch * rowsPerImage;
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = new double[rows * C];
                StochasticDepthReference.apply(
                        values, Doubles.read(in, rows), p, seed, stream, firstImage, rowsPerImage, C);
                Doubles.write(out, values);
            }
            return;
        }
        StochasticDepthSimd.apply(out, in, p, seed, stream, firstImage, rowsPerImage, w.from(rows), w.to(rows));
    }
}
