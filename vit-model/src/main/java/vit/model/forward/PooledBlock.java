package vit.model.forward;

import java.lang.foreign.MemorySegment;
import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;

/**
 * The last encoder block for models whose head looks at the first U tokens only: keys and values of every token, the rest for
 * those U. Rows of a block meet in attention alone, so what is computed has the bits of the whole block.
 */
final class PooledBlock {

    private final VitConfig config;
    private final int pooled; // U
    private final Tensor x; // (B·U, C): the residual stream
    private final Tensor normed; // (B·U, C)
    private final Tensor query; // (B·U, 3·H·D), of which the first third is used
    private final Tensor attended; // (B·U, H·D)
    private final Tensor hidden; // (B·U, F)

    private final BlockLayers layers; // or null, where only memory is planned
    private final float scale;

    /** Plans the block; with null weights, only its memory. */
    PooledBlock(VitConfig config, VitWeights weights, int maxBatch, TensorArena arena) {
        this.config = config;
        pooled = config.pooledTokens();
        int rows = Math.multiplyExact(maxBatch, pooled);
        x = arena.allocate(rows, config.width());
        normed = arena.allocate(rows, config.width());
        query = arena.allocate(rows, 3 * config.inner());
        attended = arena.allocate(rows, config.inner());
        hidden = arena.allocate(rows, config.mlp());
        layers = weights == null ? null : BlockLayers.of(config, weights, config.depth() - 1, x);
        scale = (float) (1 / Math.sqrt(config.headDim()));
    }

    /**
     * Runs the block; the result is complete at the last barrier, which is inside.
     *
     * @param tokens    (B·T, C): the residual stream
     * @param allNormed (B·T, C), overwritten
     * @param allQkv    (B·T, 3·H·D), overwritten
     * @return (B·U, C)
     */
    Tensor forward(Tensor tokens, PackedRows allNormed, PackedRows allQkv, int batch,
            GemmWorkspace gemm, AttentionWorkspace attention, Worker w) {
        int inner = config.inner();
        int rows = batch * config.tokens();
        int pooledRows = batch * pooled;
        layers.norm1().forward(allNormed, tokens, rows, w);
        gather(tokens, batch, w);
        w.barrier();
        // Once more for these rows: those of allNormed lie in blocks.
        layers.norm1().forward(normed, x, pooledRows, w);
        layers.qkv().forwardOutputs(allQkv, allNormed, rows, inner, 3 * inner, gemm, w);
        w.barrier();
        layers.qkv().forwardOutputs(query, normed, pooledRows, 0, inner, gemm, w);
        w.barrier();
        Attention.forwardQueries(attended, query, allQkv, batch, pooled, config.tokens(), config.heads(), scale, attention, w);
        w.barrier();
        layers.output().forward(x, attended, pooledRows, gemm, w);
        w.barrier();
        layers.norm2().forward(normed, x, pooledRows, w);
        w.barrier();
        layers.fc1().forward(hidden, normed, pooledRows, gemm, w);
        w.barrier();
        layers.fc2().forward(x, hidden, pooledRows, gemm, w);
        w.barrier();
        return x;
    }

    /** Copies the first U rows of every image. */
    private void gather(Tensor tokens, int batch, Worker w) {
        long bytes = (long) config.width() * Float.BYTES;
        for (int row = w.from(batch * pooled), end = w.to(batch * pooled); row < end; row++) {
            int from = row / pooled * config.tokens() + row % pooled;
            MemorySegment.copy(tokens.segment(), (long) from * tokens.rowStride() * Float.BYTES,
                    x.segment(), (long) row * x.rowStride() * Float.BYTES, bytes);
        }
    }
}
