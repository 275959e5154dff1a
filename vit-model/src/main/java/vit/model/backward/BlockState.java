package vit.model.backward;

import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;

/**
 * What one encoder block keeps from its forward pass for its backward pass. LayerNorm outputs, GELU outputs and attention
 * probabilities are not kept; the backward pass computes them again from what is here.
 */
final class BlockState {

    final Tensor mean1; // (B·T)
    final Tensor rstd1; // (B·T)
    final Tensor qkv; // (B·T, 3·H·D)
    final Tensor logSumExp; // (B·H, T)
    final Tensor attended; // (B·T, H·D)
    final Tensor y; // (B·T, C): after attention and its residual
    final Tensor mean2; // (B·T)
    final Tensor rstd2; // (B·T)
    final Tensor z; // (B·T, outputs of fc1): before the GELU or the gate

    BlockState(VitConfig config, int maxBatch, TensorArena arena) {
        int rows = Math.multiplyExact(maxBatch, config.tokens());
        mean1 = arena.allocate(rows);
        rstd1 = arena.allocate(rows);
        qkv = arena.allocatePadded(rows, 3 * config.inner());
        logSumExp = arena.allocate(maxBatch * config.heads(), config.tokens());
        attended = arena.allocatePadded(rows, config.inner());
        y = arena.allocatePadded(rows, config.width());
        mean2 = arena.allocate(rows);
        rstd2 = arena.allocate(rows);
        z = arena.allocatePadded(rows, config.mlpExpanded());
    }
}
