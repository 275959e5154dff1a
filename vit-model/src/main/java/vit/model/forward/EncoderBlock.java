package vit.model.forward;

import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * One encoder block for inference (Dosovitskiy et al. 2020, equations 2 and 3):
 *
 * <pre>
 *   x += g₁·Attention(norm₁(x))
 *   x += g₂·MLP(norm₂(x))
 * </pre>
 *
 * with g the optional layer scale. A pass that merges tokens does so between the two. The block's twin with a backward pass is {@code
 * vit.model.backward.TrainingBlock}, which does the same steps in the same order and keeps what the gradients need. {@link PooledBlock} does them for some tokens only.
 */
final class EncoderBlock {

    /** What an observer is told the block's output is. */
    final String stage;

    private final Norm norm1;
    private final AttentionLayer attention;
    private final Norm norm2;
    private final MlpLayer mlp;
    final Tensor y; // (B·T', C): the residual stream after the block; x, unless it merges tokens

    final Tensor x; // (B·T, C): the residual stream
    private final PackedRows normed; // (B·T, C)
    private final int tokens; // T
    private final int mergedTokens; // T', which are T unless the block merges some
    private final MergedTokens.Step merge; // or null

    /**
     * Binds block {@code i} to the residual stream and to the memory that all blocks share.
     *
     * @param tables what attention adds for positions, or null
     * @param merged the tokens of a pass that merges them, or null
     */
    EncoderBlock(VitConfig config, VitWeights weights, int i, Tensor x, BlockMemory memory, PositionTables tables, MergedTokens merged) {
        this.stage = "stage.block." + i;
        this.x = merged == null ? x : merged.stream(i);
        this.y = merged == null ? x : merged.stream(i + 1);
        this.normed = memory.normed;
        this.tokens = merged == null ? memory.tokens : merged.count(i);
        this.mergedTokens = merged == null ? memory.tokens : merged.count(i + 1);
        this.merge = merged == null ? null : merged.step(i);
        this.norm1 = Norm.of(config, weights, Parameters.block(i, Parameters.NORM_1));
        this.attention = BlockLayers.attention(config, weights, i, this.x, memory, tables, merged);
        this.norm2 = Norm.of(config, weights, Parameters.block(i, Parameters.NORM_2));
        this.mlp = BlockLayers.mlp(config, weights, i, y, memory);
    }

    /** Writes the block's output to y. The last barrier is inside. */
    void forward(int batch, Worker w) {
        norm1.forward(normed, x, batch * tokens, w);
        w.barrier();
        attention.forward(normed, batch, w);
        if (merge != null) {
            merge.forward(batch, w);
        }
        int rows = batch * mergedTokens;
        norm2.forward(normed, y, rows, w);
        w.barrier();
        mlp.forward(normed, rows, w);
    }
}
