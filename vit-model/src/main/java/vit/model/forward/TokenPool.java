package vit.model.forward;

import vit.kernels.parallel.Worker;
import vit.kernels.pooling.Pooling;
import vit.kernels.tensor.Tensor;

/** The class token, normed; and the distillation token, if there is one. The norm sees only these. */
final class TokenPool extends Pool {

    /** (B, C): the distillation token, normed; or null. */
    final Tensor distilled;

    private final Tensor raw; // (B, C): before the norm
    private final Norm finalNorm; // or null

    TokenPool(Plan plan) {
        super(plan.rows(1, plan.config().width()));
        raw = plan.rows(1, plan.config().width());
        distilled = plan.config().distillationToken() ? plan.rows(1, plan.config().width()) : null;
        finalNorm = plan.finalNorm();
    }

    @Override
    void forward(Tensor last, int tokens, Sizes sizes, int batch, BlockMemory memory, Worker w) {
        Pooling.forward(finalNorm == null ? pooled : raw, last, 0, 1, batch, tokens, w);
        if (distilled != null) {
            Pooling.forward(distilled, last, 1, 2, batch, tokens, w);
        }
        w.barrier();
        if (finalNorm != null) {
            finalNorm.forward(pooled, raw, batch, w);
            if (distilled != null) {
                finalNorm.forward(distilled, distilled, batch, w);
            }
            w.barrier();
        }
    }
}
