package vit.kernels.headnorm;

import java.lang.foreign.MemorySegment;
import vit.kernels.layernorm.LayerNormSimd;
import vit.kernels.parallel.Worker;
import vit.kernels.rmsnorm.RmsNormSimd;
import vit.kernels.simd.Reduction;
import vit.kernels.tensor.Tensor;

/**
 * {@link HeadNorm} on the Vector API. A head is a row of LayerNorm. RMSNorm is the same with a mean of 0, and with methods of its own where there is
 * no bias.
 */
final class HeadNormSimd {

    /** The workers divide the columns of the parameters' gradients in units of this many, a cache line. */
    private static final int COLUMN_BLOCK = 16;

    private HeadNormSimd() {}

    /** The heads of Q (part 0) or K (part 1) in some rows. */
    static void forward(Tensor y, Tensor x, Tensor weight, Tensor bias, double epsilon, int part, int heads, int from, int to, float[] lanes) {
        int headDim = weight.columns();
        for (int row = from; row < to; row++) {
            for (int h = 0; h < heads; h++) {
                long at = (long) (part * heads + h) * headDim * Float.BYTES;
                long in = x.rowOffset(row) + at;
                long out = y.rowOffset(row) + at;
                statistics(x.segment(), in, headDim, bias != null, epsilon, lanes);
                if (bias == null) {
                    RmsNormSimd.normalise(y.segment(), out, x.segment(), in, weight.segment(), headDim, lanes[LayerNormSimd.RSTD]);
                } else {
                    LayerNormSimd.normalise(y.segment(), out, x.segment(), in, weight.segment(), bias.segment(), headDim,
                            lanes[LayerNormSimd.MEAN], lanes[LayerNormSimd.RSTD]);
                }
            }
        }
    }

    /** Leaves the mean of a head, or 0 for RMSNorm, and 1/√(mean((x − mean)²) + epsilon) in the lanes. */
    private static void statistics(MemorySegment x, long offset, int headDim, boolean centred, double epsilon, float[] lanes) {
        if (centred) {
            LayerNormSimd.statistics(x, offset, headDim, epsilon, lanes);
        } else {
            lanes[LayerNormSimd.RSTD] = RmsNormSimd.reciprocalRoot(x, offset, headDim, epsilon, lanes);
            lanes[LayerNormSimd.MEAN] = 0;
        }
    }

    /** dx of the heads of Q (part 0) or K (part 1) in some rows; dx may be dy. */
    static void backwardInput(Tensor dx, Tensor dy, Tensor x, Tensor weight, boolean centred, double epsilon, int part, int heads,
            int from, int to, float[] lanes) {
        int headDim = weight.columns();
        MemorySegment weights = weight.segment();
        for (int row = from; row < to; row++) {
            for (int h = 0; h < heads; h++) {
                long at = (long) (part * heads + h) * headDim * Float.BYTES;
                long in = x.rowOffset(row) + at;
                long upstream = dy.rowOffset(row) + at;
                statistics(x.segment(), in, headDim, centred, epsilon, lanes);
                float mean = lanes[LayerNormSimd.MEAN];
                float rstd = lanes[LayerNormSimd.RSTD];
                float sum = centred ? Reduction.sumOfProducts(dy.segment(), upstream, weights, 0, headDim, lanes) : 0;
                float deviations = LayerNormSimd.sumOfWeightedDeviations(dy.segment(), upstream, weights, x.segment(), in, headDim, mean, lanes);
                LayerNormSimd.inputGradient(dx.segment(), dx.rowOffset(row) + at, dy.segment(), upstream, x.segment(), in, weights, headDim,
                        mean, rstd, sum / headDim, deviations * rstd / headDim);
            }
        }
    }

    /**
     * Adds a worker's columns of the gradients of the parameters, over all rows and heads in ascending order. The workers divide the columns of the
     * queries' and the keys' parameters. Each computes the statistics of the heads anew: to keep them would take memory for every head of every row.
     */
    static void backwardParameters(Tensor dqueryWeight, Tensor dqueryBias, Tensor dkeyWeight, Tensor dkeyBias, Tensor dy, Tensor x,
            double epsilon, int heads, int rows, Worker w) {
        int headDim = dqueryWeight.columns();
        int blocks = (headDim + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
        int from = w.from(2 * blocks);
        int to = w.to(2 * blocks);
        addColumns(dqueryWeight, dqueryBias, dy, x, epsilon, 0, heads, rows, Math.min(from, blocks), Math.min(to, blocks), w.lanes());
        addColumns(dkeyWeight, dkeyBias, dy, x, epsilon, 1, heads, rows, Math.max(from - blocks, 0), Math.max(to - blocks, 0), w.lanes());
    }

    private static void addColumns(Tensor dweight, Tensor dbias, Tensor dy, Tensor x, double epsilon, int part, int heads, int rows,
            int fromBlock, int toBlock, float[] lanes) {
        int headDim = dweight.columns();
        int from = fromBlock * COLUMN_BLOCK;
        int to = Math.min(headDim, toBlock * COLUMN_BLOCK);
        if (from >= to) {
            return;
        }
        for (int row = 0; row < rows; row++) {
            for (int h = 0; h < heads; h++) {
                long at = (long) (part * heads + h) * headDim * Float.BYTES;
                long in = x.rowOffset(row) + at;
                long upstream = dy.rowOffset(row) + at;
                statistics(x.segment(), in, headDim, dbias != null, epsilon, lanes);
                if (dbias == null) {
                    RmsNormSimd.addWeightGradient(
                            dweight.segment(), dy.segment(), upstream, x.segment(), in, from, to, lanes[LayerNormSimd.RSTD]);
                } else {
                    LayerNormSimd.addParameterGradients(dweight.segment(), dbias.segment(), dy.segment(), upstream, x.segment(), in, from, to,
                            lanes[LayerNormSimd.MEAN], lanes[LayerNormSimd.RSTD]);
                }
            }
        }
    }

    /** Copies the values V of some rows. */
    static void copyValues(Tensor y, Tensor x, int from, int to) {
        long values = (long) x.columns() / 3 * 2 * Float.BYTES;
        long bytes = (long) x.columns() / 3 * Float.BYTES;
        for (int row = from; row < to; row++) {
            MemorySegment.copy(x.segment(), x.rowOffset(row) + values, y.segment(), y.rowOffset(row) + values, bytes);
        }
    }
}
