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
    private final Tensor logSumExp; // (B·H, T)
    final Tensor attended; // (B·T, H·D)
    final Tensor y; // (B·T', C): after attention, its residual and the merge of tokens
    final Tensor mean2; // (B·T')
    final Tensor rstd2; // (B·T')
    final Tensor z; // (B·T', outputs of fc1): before the GELU or the gate

    private final int maxBatch;
    private final int heads;

    /**
     * Plans it.
     *
     * @param tokens       T, those that the block is given
     * @param mergedTokens T', those that it leaves: fewer if it merges some, else T
     */
    BlockState(VitConfig config, int tokens, int mergedTokens, int maxBatch, TensorArena arena) {
        this.maxBatch = maxBatch;
        this.heads = config.heads();
        int rows = Math.multiplyExact(maxBatch, tokens);
        int mergedRows = Math.multiplyExact(maxBatch, mergedTokens);
        mean1 = arena.allocate(rows);
        rstd1 = arena.allocate(rows);
        qkv = arena.allocatePadded(rows, 3 * config.inner());
        logSumExp = arena.allocate(maxBatch * heads, tokens);
        attended = arena.allocatePadded(rows, config.inner());
        y = arena.allocatePadded(mergedRows, config.width());
        mean2 = arena.allocate(mergedRows);
        rstd2 = arena.allocate(mergedRows);
        z = arena.allocatePadded(mergedRows, config.mlpExpanded());
    }

    /** log Σ exp of the scores, (B·H, T), of a block that is given {@code tokens} tokens, at most those that were planned. */
    Tensor logSumExp(int tokens) {
        return tokens == logSumExp.columns() ? logSumExp
                : logSumExp.reshape(logSumExp.rows() * logSumExp.columns(), 1).rows(0, maxBatch * heads * tokens).reshape(maxBatch * heads, tokens);
    }
}
