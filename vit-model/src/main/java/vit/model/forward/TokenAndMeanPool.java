package vit.model.forward;

import vit.kernels.parallel.Worker;
import vit.kernels.pooling.Pooling;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;

/** The class token followed by the mean of the patches, of normed tokens: what DINOv2's classifiers read (Oquab et al. 2023). */
final class TokenAndMeanPool extends Pool {

    private final int prefix;
    private final int width;
    private final Norm finalNorm; // or null
    private final Tensor normed; // (B·T, C), or null
    private final Tensor token; // (B, C)
    private final Tensor mean; // (B, C)

    TokenAndMeanPool(Plan plan) {
        super(plan.rows(1, plan.config().pooledWidth()));
        VitConfig config = plan.config();
        prefix = config.prefixTokens();
        width = config.width();
        normed = config.finalNorm() == VitConfig.FinalNorm.NONE ? null : plan.rows(config.tokens(), width);
        finalNorm = plan.finalNorm();
        token = plan.rows(1, width);
        mean = plan.rows(1, width);
    }

    @Override
    void forward(Tensor last, int tokens, Sizes sizes, int batch, BlockMemory memory, Worker w) {
        Tensor from = last;
        if (finalNorm != null) {
            finalNorm.forward(normed, last, batch * tokens, w);
            w.barrier();
            from = normed;
        }
        Pooling.forward(token, from, 0, 1, batch, tokens, w);
        mean(mean, from, prefix, tokens, sizes, batch, w);
        w.barrier();
        for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
            Spans.copyRow(pooled, row, 0, token, row, width);
            Spans.copyRow(pooled, row, width, mean, row, width);
        }
        w.barrier();
    }
}
