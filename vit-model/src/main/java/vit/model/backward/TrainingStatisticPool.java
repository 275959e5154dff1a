package vit.model.backward;

import vit.kernels.parallel.Worker;
import vit.kernels.pooling.Pooling;
import vit.kernels.residual.Residual;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.forward.Spans;

/**
 * The class token, the mean or the maximum of tokens, or two of these, side by side or averaged. With DeiT's second head the distillation token is pooled
 * as well.
 */
final class TrainingStatisticPool extends TrainingPool {

    private final int first; // of the tokens whose mean or maximum is taken
    private final Tensor one; // (B, C): the first of two parts, or null
    private final Tensor other; // (B, C): the second, or null
    private final Tensor distilled; // (B, C): the distillation token, or null
    private final Tensor ddistilled; // (B, C): its gradient, or null

    TrainingStatisticPool(VitConfig config, TrainingParameters parameters, TrainingMemory memory, int maxBatch, TensorArena arena) {
        super(config, parameters, memory, maxBatch, arena);
        first = config.pooling().includesPrefix() ? 0 : config.prefixTokens();
        boolean two = switch (config.pooling()) {
            case TOKEN_AND_PATCH_MEAN, PATCH_MEAN_MAX, ALL_MEAN_MAX -> true;
            default -> false;
        };
        one = two ? arena.allocate(maxBatch, config.width()) : null;
        other = two ? arena.allocate(maxBatch, config.width()) : null;
        distilled = config.distillationToken() ? arena.allocate(maxBatch, config.width()) : null;
        ddistilled = config.distillationToken() ? arena.allocate(maxBatch, config.width()) : null;
    }

    @Override
    Tensor distilled() {
        return distilled;
    }

    @Override
    Tensor ddistilled() {
        return ddistilled;
    }

    @Override
    void pool(Tensor to, Tensor tokens, int batch, Worker w) {
        int t = config.tokens();
        switch (config.pooling()) {
            case TOKEN -> {
                Pooling.forward(to, tokens, 0, 1, batch, t, w);
                if (distilled != null) {
                    Pooling.forward(distilled, tokens, 1, 2, batch, t, w);
                }
            }
            case PATCH_MEAN, ALL_MEAN -> Pooling.forward(to, tokens, first, t, batch, t, w);
            case PATCH_MAX, ALL_MAX -> Pooling.forwardMax(to, tokens, first, t, batch, t, w);
            case TOKEN_AND_PATCH_MEAN -> {
                Pooling.forward(one, tokens, 0, 1, batch, t, w);
                Pooling.forward(other, tokens, first, t, batch, t, w);
                w.barrier();
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    Spans.copyRow(to, row, 0, one, row, config.width());
                    Spans.copyRow(to, row, config.width(), other, row, config.width());
                }
            }
            case PATCH_MEAN_MAX, ALL_MEAN_MAX -> {
                Pooling.forward(one, tokens, first, t, batch, t, w);
                Pooling.forwardMax(other, tokens, first, t, batch, t, w);
                w.barrier();
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    for (int c = 0; c < config.width(); c++) {
                        to.set(row, c, 0.5f * (one.get(row, c) + other.get(row, c)));
                    }
                }
            }
            case PATCH_ATTENTION, ALL_ATTENTION -> throw new IllegalStateException("pooling by attention is no statistic");
        }
        w.barrier();
    }

    @Override
    void poolBackward(Tensor dtokens, Tensor dpooled, Tensor tokens, int batch, Worker w) {
        int t = config.tokens();
        switch (config.pooling()) {
            case TOKEN -> {
                Pooling.backward(dtokens, dpooled, 0, 1, batch, t, w);
                if (distilled != null) {
                    Pooling.backward(m.dbranch, ddistilled, 1, 2, batch, t, w);
                    w.barrier();
                    Residual.add(dtokens, dtokens, m.dbranch, batch * t, w);
                }
            }
            case PATCH_MEAN, ALL_MEAN -> Pooling.backward(dtokens, dpooled, first, t, batch, t, w);
            case PATCH_MAX, ALL_MAX -> Pooling.backwardMax(dtokens, dpooled, tokens, first, t, batch, t, w);
            case TOKEN_AND_PATCH_MEAN -> {
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    Spans.copyRowFrom(one, row, dpooled, row, 0, config.width());
                    Spans.copyRowFrom(other, row, dpooled, row, config.width(), config.width());
                }
                w.barrier();
                Pooling.backward(dtokens, one, 0, 1, batch, t, w);
                Pooling.backward(m.dbranch, other, first, t, batch, t, w);
                w.barrier();
                Residual.add(dtokens, dtokens, m.dbranch, batch * t, w);
            }
            case PATCH_MEAN_MAX, ALL_MEAN_MAX -> {
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    for (int c = 0; c < config.width(); c++) {
                        one.set(row, c, 0.5f * dpooled.get(row, c));
                    }
                }
                w.barrier();
                Pooling.backward(dtokens, one, first, t, batch, t, w);
                Pooling.backwardMax(m.dbranch, one, tokens, first, t, batch, t, w);
                w.barrier();
                Residual.add(dtokens, dtokens, m.dbranch, batch * t, w);
            }
            case PATCH_ATTENTION, ALL_ATTENTION -> throw new IllegalStateException("pooling by attention is no statistic");
        }
        w.barrier();
    }
}
