package vit.model.backward;

import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.parameters.Parameters;

/**
 * From the tokens of the last block to one vector for each image, forward and backward, the final norm included. The twins for inference are the
 * {@code Pool}s of {@code vit.model.forward}.
 */
abstract class TrainingPool {

    /** (B, C), or (B, 2·C): what the head is given. */
    final Tensor pooled;

    final VitConfig config;
    final TrainingTokens tokens;
    final int count; // T: the tokens of an image after the last block
    final TrainingMemory m;
    private final FinalNorm place;
    private final TrainingNorm finalNorm; // or null
    private final Tensor finalMean; // (B·T)
    private final Tensor finalRstd; // (B·T)
    private final Tensor raw; // (B, C): before a norm that follows the pooling, or null
    private final Tensor draw; // (B, C), or null

    TrainingPool(VitConfig config, TrainingParameters parameters, TrainingTokens tokens, TrainingMemory memory, int maxBatch, TensorArena arena) {
        this.config = config;
        this.tokens = tokens;
        this.count = tokens.last();
        this.m = memory;
        place = config.finalNorm();
        pooled = arena.allocate(maxBatch, config.pooledWidth());
        boolean after = place == FinalNorm.AFTER_POOLING;
        raw = after ? arena.allocate(maxBatch, config.width()) : null;
        draw = after ? arena.allocate(maxBatch, config.width()) : null;
        int rows = Math.multiplyExact(maxBatch, count);
        finalMean = arena.allocate(rows);
        finalRstd = arena.allocate(rows);
        finalNorm = place == FinalNorm.NONE ? null : parameters.norm(Parameters.finalNorm(config));
    }

    /** The pooling of a model. */
    static TrainingPool of(VitConfig config, TrainingParameters parameters, TrainingTokens tokens, TrainingMemory memory, int maxBatch, TensorArena arena) {
        return switch (config.pooling()) {
            case TOKEN, PATCH_MEAN, ALL_MEAN, TOKEN_AND_PATCH_MEAN, PATCH_MAX, ALL_MAX, PATCH_MEAN_MAX, ALL_MEAN_MAX ->
                new TrainingStatisticPool(config, parameters, tokens, memory, maxBatch, arena);
            case PATCH_ATTENTION, ALL_ATTENTION -> new TrainingAttentionPool(config, parameters, tokens, memory, maxBatch, arena);
        };
    }

    /** (B, C): the pooled distillation token; null if the model has none. */
    Tensor distilled() {
        return null;
    }

    /** (B, C): its gradient, which the head writes. */
    Tensor ddistilled() {
        return null;
    }

    /** Pools the tokens x (B·T, C) into {@code to}. A barrier is at the end. */
    abstract void pool(Tensor to, Tensor x, int batch, Worker w);

    /** Writes the gradient of all tokens, given that of what was pooled. A barrier is at the end. */
    abstract void poolBackward(Tensor dx, Tensor dpooled, Tensor x, int batch, Worker w);

    /** Pools the output of the last block. A barrier is at the end. */
    final void forward(Tensor last, int batch, Worker w) {
        switch (place) {
            case BEFORE_POOLING -> {
                finalNorm.forward(m.normed, finalMean, finalRstd, last, batch * count, w);
                w.barrier();
                pool(pooled, m.normed, batch, w);
            }
            case AFTER_POOLING -> {
                pool(raw, last, batch, w);
                finalNorm.forward(pooled, finalMean, finalRstd, raw, batch, w);
                w.barrier();
            }
            case NONE -> pool(pooled, last, batch, w);
        }
    }

    /** Writes the gradient of the output of the last block into {@code m.dx}. Nothing has changed {@code m.normed} since {@link #forward}. */
    final void backward(Tensor dpooled, Tensor last, int batch, Worker w) {
        switch (place) {
            case BEFORE_POOLING -> {
                poolBackward(m.dnormed, dpooled, m.normed, batch, w);
                finalNorm.backward(m.dx, m.dnormed, last, finalMean, finalRstd, batch * count, w);
            }
            case AFTER_POOLING -> {
                finalNorm.backward(draw, dpooled, raw, finalMean, finalRstd, batch, w);
                poolBackward(m.dx, draw, last, batch, w);
            }
            case NONE -> poolBackward(m.dx, dpooled, last, batch, w);
        }
    }
}
