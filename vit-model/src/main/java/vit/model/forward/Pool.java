package vit.model.forward;

import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.parallel.Worker;
import vit.kernels.pooling.Pooling;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.parameters.Parameters;

/** From the tokens of the last block to one vector for each image, the final norm included (Dosovitskiy et al. 2020, equation 4, and its successors). */
abstract class Pool {

    /** What the pooling needs to know of a model. With null weights, only memory is planned. */
    record Plan(VitConfig config, VitWeights weights, int maxBatch, TensorArena arena) {

        /** The final norm; null if there is none, or if only memory is planned. */
        Norm finalNorm() {
            return weights == null || config.finalNorm() == FinalNorm.NONE ? null : Norm.of(config, weights, Parameters.finalNorm(config));
        }

        /** A tensor of {@code rowsPerImage} rows for each image. */
        Tensor rows(int rowsPerImage, int columns) {
            int rows = Math.multiplyExact(maxBatch, rowsPerImage);
            return rowsPerImage == 1 ? arena.allocate(rows, columns) : arena.allocatePadded(rows, columns);
        }
    }

    /**
     * How many tokens of the beginning each token stands for. A mean weighs by it, and attention is proportional to it.
     *
     * @param counts     (B, tokens)
     * @param logarithms (B, tokens)
     */
    record Sizes(Tensor counts, Tensor logarithms) {}

    /** (B, C), or (B, 2·C): the pooled vectors. */
    final Tensor pooled;

    Pool(Tensor pooled) {
        this.pooled = pooled;
    }

    /** The pooling of a model. */
    static Pool of(Plan plan) {
        VitConfig config = plan.config;
        int first = config.pooling().includesPrefix() ? 0 : config.prefixTokens();
        return switch (config.pooling()) {
            case TOKEN -> new TokenPool(plan);
            case PATCH_MEAN, ALL_MEAN -> new SpanPool(plan, first, SpanPool.Statistic.MEAN);
            case PATCH_MAX, ALL_MAX -> new SpanPool(plan, first, SpanPool.Statistic.MAX);
            case PATCH_MEAN_MAX, ALL_MEAN_MAX -> new SpanPool(plan, first, SpanPool.Statistic.MEAN_MAX);
            case TOKEN_AND_PATCH_MEAN -> new TokenAndMeanPool(plan);
            case PATCH_ATTENTION, ALL_ATTENTION -> new AttentionPool(plan, first);
        };
    }

    /** The mean of the tokens from {@code first} on, weighted by their sizes if there are any. */
    static void mean(Tensor to, Tensor from, int first, int tokens, Sizes sizes, int batch, Worker w) {
        if (sizes == null) {
            Pooling.forward(to, from, first, tokens, batch, tokens, w);
        } else {
            Pooling.forwardWeighted(to, from, sizes.counts, first, tokens, batch, tokens, w);
        }
    }

    /**
     * Pools. The last barrier is inside.
     *
     * @param last   (B·tokens, C): the output of the last block
     * @param tokens rows of {@code last} for each image
     * @param sizes  of merged tokens; null if none are merged
     * @param memory of the blocks; overwritten
     */
    abstract void forward(Tensor last, int tokens, Sizes sizes, int batch, BlockMemory memory, Worker w);
}
