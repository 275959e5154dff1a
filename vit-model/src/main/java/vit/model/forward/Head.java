package vit.model.forward;

import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Tanh;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * From the pooled vector to logits or to an embedding. The JAX models of 2020 have a layer with tanh before the last one, and DeiT (Touvron et al. 2020)
 * has a second head, for the distillation token; its logits, and its embedding, are the means of both.
 */
final class Head {

    final Tensor pooled; // (B, C) or (B, 2·C): what the last layer is given
    final Tensor logits; // (B, classes): the outputs of the last layer; null if there is none
    final Tensor embedding; // (B, E): the image's embedding

    private final VitConfig config;
    private final Tensor input; // (B, C): what the pooling gives
    private final Tensor distilled; // (B, C), or null
    private final Tensor distilledLogits; // (B, classes), or null
    private final Tensor activated; // (B, C): before tanh, or null

    // The layers are null where only memory is planned.
    private final Linear preLogits; // or null
    private final Linear last; // or null
    private final Linear distillation; // or null

    /** Plans the head for what {@code pool} gives. */
    Head(Pool.Plan plan, Pool pool) {
        config = plan.config();
        VitWeights weights = plan.weights();
        input = pool.pooled;
        pooled = config.preLogits() ? plan.rows(1, config.width()) : input;
        activated = config.preLogits() ? plan.rows(1, config.width()) : null;
        distilled = pool instanceof TokenPool token ? token.distilled : null;
        logits = config.classes() == 0 ? null : plan.rows(1, config.classes());
        distilledLogits = distilled != null && logits != null ? plan.rows(1, config.classes()) : null;
        embedding = config.isProjection() ? logits : distilled == null ? pooled : plan.rows(1, config.width());
        preLogits = weights == null || !config.preLogits() ? null : linear(weights, Parameters.PRE_LOGITS);
        last = weights == null || logits == null ? null : linear(weights, Parameters.HEAD);
        distillation = weights == null || distilledLogits == null ? null : linear(weights, Parameters.DISTILLATION_HEAD);
    }

    private static Linear linear(VitWeights weights, String name) {
        return Linear.of(weights.matrix(name), Epilogue.bias(weights.vector(name + ".bias")));
    }

    void forward(int batch, GemmWorkspace gemm, Worker w) {
        if (preLogits != null) {
            preLogits.forward(activated, input, batch, gemm, w);
            w.barrier();
            tanh(batch, w);
            w.barrier();
        }
        if (distilled != null) {
            mean(embedding, pooled, distilled, batch, w);
        }
        if (last == null) {
            return;
        }
        last.forward(logits, pooled, batch, gemm, w);
        w.barrier();
        if (distillation != null) {
            distillation.forward(distilledLogits, distilled, batch, gemm, w);
            w.barrier();
            mean(logits, logits, distilledLogits, batch, w);
        }
    }

    private void tanh(int batch, Worker w) {
        for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
            for (int c = 0; c < config.width(); c++) {
                pooled.set(row, c, Tanh.of(activated.get(row, c)));
            }
        }
    }

    private static void mean(Tensor to, Tensor a, Tensor b, int batch, Worker w) {
        for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
            for (int c = 0; c < to.columns(); c++) {
                to.set(row, c, (a.get(row, c) + b.get(row, c)) / 2);
            }
        }
    }
}
