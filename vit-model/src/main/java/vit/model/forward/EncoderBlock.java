package vit.model.forward;

import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;

/**
 * One encoder block for inference (Dosovitskiy et al. 2020, equations 2 and 3):
 *
 * <pre>
 *   x += g₁·Attention(LN₁(x))
 *   x += g₂·MLP(LN₂(x))
 * </pre>
 *
 * with g the optional layer scale. Its twin with a backward pass is {@code vit.model.backward.TrainingBlock}, which does the same steps in the
 * same order and keeps what the gradients need. {@link PooledBlock} does them for some tokens only.
 */
final class EncoderBlock {

    /** What an observer is told the block's output is. */
    final String stage;

    private final VitConfig config;
    private final BlockLayers layers;
    private final float scale;

    private final Tensor x; // (B·T, C): the residual stream
    private final PackedRows normed; // (B·T, C)
    private final PackedRows qkv; // (B·T, 3·H·D)
    private final PackedRows attended; // (B·T, H·D)
    private final PackedRows hidden; // (B·T, F)
    private final GemmWorkspace gemm;
    private final AttentionWorkspace attention;

    /** Binds block {@code i} to the memory that all blocks share. */
    EncoderBlock(VitConfig config, VitWeights weights, int i, Tensor x, PackedRows normed, PackedRows qkv, PackedRows attended, PackedRows hidden,
            GemmWorkspace gemm, AttentionWorkspace attention) {
        this.config = config;
        this.stage = "stage.block." + i;
        this.layers = BlockLayers.of(config, weights, i, x);
        this.scale = (float) (1 / Math.sqrt(config.headDim()));
        this.x = x;
        this.normed = normed;
        this.qkv = qkv;
        this.attended = attended;
        this.hidden = hidden;
        this.gemm = gemm;
        this.attention = attention;
    }

    /** Replaces x by the block's output. The last barrier is inside. */
    void forward(int batch, Worker w) {
        int rows = batch * config.tokens();
        layers.norm1().forward(normed, x, rows, w);
        w.barrier();
        layers.qkv().forward(qkv, normed, rows, gemm, w);
        w.barrier();
        Attention.forward(attended, qkv, batch, config.tokens(), config.heads(), scale, attention, w);
        w.barrier();
        layers.output().forward(x, attended, rows, gemm, w);
        w.barrier();
        layers.norm2().forward(normed, x, rows, w);
        w.barrier();
        layers.fc1().forward(hidden, normed, rows, gemm, w);
        w.barrier();
        layers.fc2().forward(x, hidden, rows, gemm, w);
        w.barrier();
    }
}
