package vit.model.forward;

import java.lang.foreign.MemorySegment;
import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedRows;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

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

    private final Tensor norm1Weight;
    private final Tensor norm1Bias;
    private final Tensor norm2Weight;
    private final Tensor norm2Bias;
    private final Linear qkv;
    private final Linear output;
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
        if (weights == null) {
            norm1Weight = norm1Bias = norm2Weight = norm2Bias = null;
            qkv = output = fc1 = fc2 = null;
            return;
        }
        int last = config.depth() - 1;
        norm1Weight = vector(weights, last, Parameters.NORM_1 + ".weight");
        norm1Bias = vector(weights, last, Parameters.NORM_1 + ".bias");
        norm2Weight = vector(weights, last, Parameters.NORM_2 + ".weight");
        norm2Bias = vector(weights, last, Parameters.NORM_2 + ".bias");
        qkv = linear(weights, last, Parameters.QKV, Epilogue.bias(bias(weights, last, Parameters.QKV)));
        output = linear(weights, last, Parameters.ATTENTION_OUTPUT, Epilogue.biasResidual(
                bias(weights, last, Parameters.ATTENTION_OUTPUT), vector(weights, last, Parameters.LAYER_SCALE_1), x));
        fc1 = linear(weights, last, Parameters.FC1, Epilogue.biasGelu(bias(weights, last, Parameters.FC1), config.gelu()));
        fc2 = linear(weights, last, Parameters.FC2, Epilogue.biasResidual(
                bias(weights, last, Parameters.FC2), vector(weights, last, Parameters.LAYER_SCALE_2), x));
    }

    private static Tensor vector(VitWeights weights, int block, String part) {
        return weights.vector(Parameters.block(block, part));
    }

    private static Tensor bias(VitWeights weights, int block, String part) {
        return vector(weights, block, part + ".bias");
    }

    private static Linear linear(VitWeights weights, int block, String part, Epilogue epilogue) {
        return Linear.of(weights.matrix(Parameters.block(block, part)), epilogue);
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
        float scale = (float) (1 / Math.sqrt(config.headDim()));
        LayerNorm.forward(allNormed, tokens, norm1Weight, norm1Bias, config.layerNormEps(), rows, w);
        gather(tokens, batch, w);
        w.barrier();
        // Once more for these rows: those of allNormed lie in blocks.
        LayerNorm.forward(normed, null, null, x, norm1Weight, norm1Bias, config.layerNormEps(), pooledRows, w);
        qkv.forwardOutputs(allQkv, allNormed, rows, inner, 3 * inner, gemm, w);
        w.barrier();
        qkv.forwardOutputs(query, normed, pooledRows, 0, inner, gemm, w);
        w.barrier();
        Attention.forwardQueries(attended, query, allQkv, batch, pooled, config.tokens(), config.heads(), scale, attention, w);
        w.barrier();
        output.forward(x, attended, pooledRows, gemm, w);
        w.barrier();
        LayerNorm.forward(normed, null, null, x, norm2Weight, norm2Bias, config.layerNormEps(), pooledRows, w);
        w.barrier();
        fc1.forward(hidden, normed, pooledRows, gemm, w);
        w.barrier();
        fc2.forward(x, hidden, pooledRows, gemm, w);
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
