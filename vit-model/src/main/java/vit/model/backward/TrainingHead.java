package vit.model.backward;

import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * The last layer, forward and backward. With DeiT's distillation token (Touvron et al. 2020) there are two, and the logits are the mean of theirs. The twin
 * for inference is {@code vit.model.forward.Head}.
 */
final class TrainingHead {

    private final TrainingMemory m;
    private final TrainingPool pool;
    private final Tensor logits; // (B, classes)
    private final TrainingLayer head;
    private final TrainingLayer distillation; // or null
    private final Tensor distilledLogits; // (B, classes), or null
    private final Tensor half; // (B, classes): half of the gradient of the logits, or null

    TrainingHead(VitConfig config, TrainingParameters parameters, TrainingMemory memory, TrainingPool pool, Tensor logits, int maxBatch, TensorArena arena) {
        this.m = memory;
        this.pool = pool;
        this.logits = logits;
        boolean two = pool.distilled() != null;
        head = parameters.layer(Parameters.HEAD);
        distillation = two ? parameters.layer(Parameters.DISTILLATION_HEAD) : null;
        distilledLogits = two ? arena.allocate(maxBatch, config.classes()) : null;
        half = two ? arena.allocate(maxBatch, config.classes()) : null;
    }

    /** Computes the logits. A barrier is at the end. */
    void forward(int batch, Worker w) {
        head.forward(logits, pool.pooled, batch, m.gemm, w);
        if (distillation != null) {
            distillation.forward(distilledLogits, pool.distilled(), batch, m.gemm, w);
            for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                for (int c = 0; c < logits.columns(); c++) {
                    logits.set(row, c, (logits.get(row, c) + distilledLogits.get(row, c)) / 2);
                }
            }
            w.barrier();
        }
    }

    /** Writes the gradient of the pooled vectors unless {@code dpooled} is null, and adds to the gradients of the parameters. A barrier is at the end. */
    void backward(Tensor dpooled, Tensor dlogits, int batch, Worker w) {
        Tensor gradient = dlogits;
        if (distillation != null) {
            for (int row = w.from(batch), end = w.to(batch); row < end; row++) {
                for (int c = 0; c < half.columns(); c++) {
                    half.set(row, c, dlogits.get(row, c) / 2);
                }
            }
            w.barrier();
            gradient = half;
            distillation.backward(dpooled == null ? null : pool.ddistilled(), gradient, pool.distilled(), batch, m.gemm, w);
        }
        head.backward(dpooled, gradient, pool.pooled, batch, m.gemm, w);
    }
}
