package vit.model.forward;

import vit.kernels.parallel.Worker;
import vit.kernels.pooling.Pooling;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;

/** A statistic over all tokens from a first one on, with the final norm before it, after it, or nowhere. */
final class SpanPool extends Pool {

    /** What is computed, element by element. */
    enum Statistic { MEAN, MAX, MEAN_MAX }

    private final int first;
    private final Statistic statistic;
    private final Norm before; // or null
    private final Norm after; // or null
    private final Tensor normed; // (B·T, C): all tokens normed, or null
    private final Tensor raw; // (B, C): before the norm that follows, or null
    private final Tensor maxima; // (B, C), or null

    SpanPool(Plan plan, int first, Statistic statistic) {
        super(plan.rows(1, plan.config().width()));
        VitConfig config = plan.config();
        this.first = first;
        this.statistic = statistic;
        FinalNorm place = config.finalNorm();
        normed = place == FinalNorm.BEFORE_POOLING ? plan.rows(config.tokens(), config.width()) : null;
        raw = place == FinalNorm.AFTER_POOLING ? plan.rows(1, config.width()) : null;
        maxima = statistic == Statistic.MEAN_MAX ? plan.rows(1, config.width()) : null;
        before = place == FinalNorm.BEFORE_POOLING ? plan.finalNorm() : null;
        after = place == FinalNorm.AFTER_POOLING ? plan.finalNorm() : null;
    }

    @Override
    void forward(Tensor last, int tokens, Sizes sizes, int batch, BlockMemory memory, Worker w) {
        Tensor from = last;
        if (before != null) {
            before.forward(normed, last, batch * tokens, w);
            w.barrier();
            from = normed;
        }
        pool(after == null ? pooled : raw, from, tokens, sizes, batch, w);
        w.barrier();
        if (after != null) {
            after.forward(pooled, raw, batch, w);
            w.barrier();
        }
    }

    private void pool(Tensor to, Tensor from, int tokens, Sizes sizes, int batch, Worker w) {
        switch (statistic) {
            case MEAN -> mean(to, from, first, tokens, sizes, batch, w);
            case MAX -> Pooling.forwardMax(to, from, first, tokens, batch, tokens, w);
            case MEAN_MAX -> {
                mean(to, from, first, tokens, sizes, batch, w);
                Pooling.forwardMax(maxima, from, first, tokens, batch, tokens, w);
                w.barrier();
                for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                    for (int c = 0; c < to.columns(); c++) {
                        to.set(row, c, 0.5f * (to.get(row, c) + maxima.get(row, c)));
                    }
                }
            }
        }
    }
}
