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

    TrainingStatisticPool(VitConfig config, TrainingParameters parameters, TrainingTokens tokens, TrainingMemory memory, int maxBatch, TensorArena arena) {
        super(config, parameters, tokens, memory, maxBatch, arena);
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
    void pool(Tensor to, Tensor x, int batch, Worker w) {
        int t = count;
        switch (config.pooling()) {
            case TOKEN -> {
                Pooling.forward(to, x, 0, 1, batch, t, w);
                if (distilled != null) {
                    Pooling.forward(distilled, x, 1, 2, batch, t, w);
                }
            }
            case PATCH_MEAN, ALL_MEAN -> mean(to, x, batch, w);
            case PATCH_MAX, ALL_MAX -> Pooling.forwardMax(to, x, first, t, batch, t, w);
            case TOKEN_AND_PATCH_MEAN -> {
                Pooling.forward(one, x, 0, 1, batch, t, w);
                mean(other, x, batch, w);
                w.barrier();
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    Spans.copyRow(to, row, 0, one, row, config.width());
                    Spans.copyRow(to, row, config.width(), other, row, config.width());
                }
            }
            case PATCH_MEAN_MAX, ALL_MEAN_MAX -> {
                mean(one, x, batch, w);
                Pooling.forwardMax(other, x, first, t, batch, t, w);
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
    void poolBackward(Tensor dx, Tensor dpooled, Tensor x, int batch, Worker w) {
        int t = count;
        switch (config.pooling()) {
            case TOKEN -> {
                Pooling.backward(dx, dpooled, 0, 1, batch, t, w);
                if (distilled != null) {
                    Pooling.backward(m.dbranch, ddistilled, 1, 2, batch, t, w);
                    w.barrier();
                    Residual.add(dx, dx, m.dbranch, batch * t, w);
                }
            }
            case PATCH_MEAN, ALL_MEAN -> meanBackward(dx, dpooled, batch, w);
            case PATCH_MAX, ALL_MAX -> Pooling.backwardMax(dx, dpooled, x, first, t, batch, t, w);
            case TOKEN_AND_PATCH_MEAN -> {
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    Spans.copyRowFrom(one, row, dpooled, row, 0, config.width());
                    Spans.copyRowFrom(other, row, dpooled, row, config.width(), config.width());
                }
                w.barrier();
                Pooling.backward(dx, one, 0, 1, batch, t, w);
                meanBackward(m.dbranch, other, batch, w);
                w.barrier();
                Residual.add(dx, dx, m.dbranch, batch * t, w);
            }
            case PATCH_MEAN_MAX, ALL_MEAN_MAX -> {
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    for (int c = 0; c < config.width(); c++) {
                        one.set(row, c, 0.5f * dpooled.get(row, c));
                    }
                }
                w.barrier();
                meanBackward(dx, one, batch, w);
                Pooling.backwardMax(m.dbranch, one, x, first, t, batch, t, w);
                w.barrier();
                Residual.add(dx, dx, m.dbranch, batch * t, w);
            }
            case PATCH_ATTENTION, ALL_ATTENTION -> throw new IllegalStateException("pooling by attention is no statistic");
        }
        w.barrier();
    }

    /** The mean of the tokens from the first one on, weighted by their sizes if there are any. */
    private void mean(Tensor to, Tensor x, int batch, Worker w) {
        if (tokens.lastSizes() == null) {
            Pooling.forward(to, x, first, count, batch, count, w);
        } else {
            Pooling.forwardWeighted(to, x, tokens.lastSizes(), first, count, batch, count, w);
        }
    }

    private void meanBackward(Tensor dx, Tensor dmean, int batch, Worker w) {
        if (tokens.lastSizes() == null) {
            Pooling.backward(dx, dmean, first, count, batch, count, w);
        } else {
            Pooling.backwardWeighted(dx, dmean, tokens.lastSizes(), first, count, batch, count, w);
        }
    }
}
