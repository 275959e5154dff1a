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
 * with g the optional layer scale. Its twin with a backward pass is {@code vit.model.backward.TrainingBlock}, which does the same steps in the
 * same order and keeps what the gradients need. {@link PooledBlock} does them for some tokens only.
 */
final class EncoderBlock {

    /** What an observer is told the block's output is. */
    final String stage;

    private final Norm norm1;
    private final AttentionLayer attention;
    private final Norm norm2;
    private final MlpLayer mlp;
    private final Tensor x; // (B·T, C): the residual stream
    private final PackedRows normed; // (B·T, C)
    private final int tokens;

    /**
     * Binds block {@code i} to the residual stream and to the memory that all blocks share.
     *
     * @param tables what attention adds for positions, or null
     */
    EncoderBlock(VitConfig config, VitWeights weights, int i, Tensor x, BlockMemory memory, PositionTables tables) {
        this.stage = "stage.block." + i;
        this.x = x;
        this.normed = memory.normed;
        this.tokens = memory.tokens;
        this.norm1 = Norm.of(config, weights, Parameters.block(i, Parameters.NORM_1));
        this.attention = BlockLayers.attention(config, weights, i, x, memory, tables);
        this.norm2 = Norm.of(config, weights, Parameters.block(i, Parameters.NORM_2));
        this.mlp = BlockLayers.mlp(config, weights, i, x, memory);
    }

    /** Replaces x by the block's output. The last barrier is inside. */
    void forward(int batch, Worker w) {
        int rows = batch * tokens;
        norm1.forward(normed, x, rows, w);
        w.barrier();
        attention.forward(normed, batch, w);
        norm2.forward(normed, x, rows, w);
        w.barrier();
        mlp.forward(normed, rows, w);
    }
}
