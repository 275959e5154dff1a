package vit.model.forward;

import java.lang.foreign.MemorySegment;
import vit.kernels.attention.Attention;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * The last encoder block for models whose head looks at the first U tokens only: keys and values of every token, the rest for
 * those U. Rows of a block meet in attention alone, so what is computed has the bits of the whole block. It serves models with plain attention and a plain
 * MLP; for the others the whole block is computed.
 */
final class PooledBlock {

    private final VitConfig config;
    private final int pooled; // U
    private final Tensor x; // (B·U, C): the residual stream
    private final Tensor normed; // (B·U, C)
    private final Tensor query; // (B·U, 3·H·D), of which the first third is used
    private final Tensor attended; // (B·U, H·D)
    private final Tensor hidden; // (B·U, F)

    // The layers are null where only memory is planned.
    private final Norm norm1;
    private final Linear qkvLayer;
    private final Linear output;
    private final Norm norm2;
    private final Linear fc1;
    private final Linear fc2;

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
        int last = config.depth() - 1;
        norm1 = weights == null ? null : Norm.of(config, weights, Parameters.block(last, Parameters.NORM_1));
        qkvLayer = weights == null ? null : BlockLayers.qkv(weights, last);
        output = weights == null ? null : BlockLayers.output(weights, last, x);
        norm2 = weights == null ? null : Norm.of(config, weights, Parameters.block(last, Parameters.NORM_2));
        fc1 = weights == null ? null : BlockLayers.fc1(config, weights, last);
        fc2 = weights == null ? null : BlockLayers.fc2(weights, last, x);
    }

    /** Whether the last block of a model can be computed for the pooled tokens alone, and that is less than the whole. */
    static boolean serves(VitConfig config) {
        return config.depth() > 0 && config.pooledTokens() < config.tokens() && config.block().attention().isPlain()
                && BlockMemory.isPlain(config.block().mlp());
    }

    /**
     * Runs the block; the result is complete at the last barrier, which is inside.
     *
     * @param tokens   (B·T, C): the residual stream
     * @param count    T
     * @param logSizes (B, T): the logarithms of the tokens' sizes; null if none are merged
     * @param memory   what the other blocks use; overwritten
     * @return (B·U, C)
     */
    Tensor forward(Tensor tokens, int count, Tensor logSizes, int batch, BlockMemory memory, Worker w) {
        int inner = config.inner();
        int rows = batch * count;
        int pooledRows = batch * pooled;
        GemmWorkspace gemm = memory.gemm;
        norm1.forward(memory.normed, tokens, rows, w);
        gather(tokens, count, batch, w);
        w.barrier();
        // Once more for these rows: those of memory.normed lie in blocks.
        norm1.forward(normed, x, pooledRows, w);
        qkvLayer.forwardOutputs(memory.qkv, memory.normed, rows, inner, 3 * inner, gemm, w);
        w.barrier();
        qkvLayer.forwardOutputs(query, normed, pooledRows, 0, inner, gemm, w);
        w.barrier();
        Attention.forwardQueries(attended, query, memory.qkv, logSizes, batch, pooled, count, config.heads(), memory.scale, memory.attention, w);
        w.barrier();
        output.forward(x, attended, pooledRows, gemm, w);
        w.barrier();
        norm2.forward(normed, x, pooledRows, w);
        w.barrier();
        fc1.forward(hidden, normed, pooledRows, gemm, w);
        w.barrier();
        fc2.forward(x, hidden, pooledRows, gemm, w);
        w.barrier();
        return x;
    }

    /** Copies the first U rows of every image. */
    private void gather(Tensor tokens, int count, int batch, Worker w) {
        long bytes = (long) config.width() * Float.BYTES;
        for (int row = w.from(batch * pooled), end = w.to(batch * pooled); row < end; row++) {
            int from = row / pooled * count + row % pooled;
            MemorySegment.copy(tokens.segment(), (long) from * tokens.rowStride() * Float.BYTES,
                    x.segment(), (long) row * x.rowStride() * Float.BYTES, bytes);
        }
    }
}
