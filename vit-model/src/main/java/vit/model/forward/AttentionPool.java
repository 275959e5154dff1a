package vit.model.forward;

import vit.kernels.attention.Attention;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * Attention of one learned query to the tokens, then an MLP with a residual connection: SigLIP's multihead attention pooling (Zhai et al. 2022, appendix).
 *
 * <pre>
 *   t = norm(tokens);  a = output(attention(Wq·query, Wk·t, Wv·t));  pooled = a + MLP(norm(a))
 * </pre>
 *
 * Heads, hidden width, epsilon and activation are those of the blocks.
 */
final class AttentionPool extends Pool {

    private final VitConfig config;
    private final int first;
    private final Tensor used; // (B·(T − first), C): the tokens that are keys, or null if all are
    private final Tensor queries; // (B, C): the learned query, once for each image
    private final Tensor projectedQueries; // (B, 3·C), of which the first third is used
    private final Tensor attended; // (B, C)
    private final Tensor normed; // (B, C)
    private final Tensor hidden; // (B, F)

    // The layers are null where only memory is planned.
    private final Norm finalNorm;
    private final Linear qkv;
    private final Linear output;
    private final Norm norm;
    private final Linear fc1;
    private final Linear fc2;

    AttentionPool(Plan plan, int first) {
        super(plan.rows(1, plan.config().width()));
        this.config = plan.config();
        this.first = first;
        int width = config.width();
        used = first == 0 ? null : plan.rows(config.tokens() - first, width);
        queries = plan.rows(1, width);
        projectedQueries = plan.rows(1, 3 * width);
        attended = plan.rows(1, width);
        normed = plan.rows(1, width);
        hidden = plan.rows(1, config.mlp());
        finalNorm = plan.finalNorm();
        VitWeights weights = plan.weights();
        boolean real = weights != null;
        qkv = real ? linear(weights, Parameters.POOL_QKV) : null;
        output = real ? linear(weights, Parameters.POOL_OUTPUT) : null;
        norm = real ? Norm.of(config, weights, Parameters.POOL_NORM) : null;
        fc1 = real ? Linear.of(weights.matrix(Parameters.POOL_FC1), Epilogue.biasGelu(weights.vector(Parameters.POOL_FC1 + ".bias"), config.gelu())) : null;
        fc2 = real ? Linear.of(weights.matrix(Parameters.POOL_FC2), Epilogue.biasResidual(weights.vector(Parameters.POOL_FC2 + ".bias"), null, pooled)) : null;
        if (real) {
            Tensor query = weights.vector(Parameters.POOL_QUERY).reshape(1, width);
            for (int b = 0; b < plan.maxBatch(); b++) {
                Spans.copyRow(queries, b, 0, query, 0, width);
            }
        }
    }

    private static Linear linear(VitWeights weights, String name) {
        return Linear.of(weights.matrix(name), Epilogue.bias(weights.vector(name + ".bias")));
    }

    @Override
    void forward(Tensor last, int tokens, Sizes sizes, int batch, BlockMemory memory, Worker w) {
        int width = config.width();
        int keys = tokens - first;
        GemmWorkspace gemm = memory.gemm;
        Tensor from = last;
        if (used != null) {
            for (int row = w.from(batch * keys), end = w.to(batch * keys); row < end; row++) {
                Spans.copyRow(used, row, 0, last, row / keys * tokens + first + row % keys, width);
            }
            w.barrier();
            from = used;
        }
        finalNorm.forward(memory.normed, from, batch * keys, w);
        w.barrier();
        qkv.forwardOutputs(memory.qkv, memory.normed, batch * keys, width, 3 * width, gemm, w);
        qkv.forwardOutputs(projectedQueries, queries, batch, 0, width, gemm, w);
        w.barrier();
        Tensor keyBias = sizes == null ? null : sizes.logarithms();
        Attention.forwardQueries(attended, projectedQueries, memory.qkv, keyBias, batch, 1, keys, config.heads(), memory.scale, memory.attention, w);
        w.barrier();
        output.forward(pooled, attended, batch, gemm, w);
        w.barrier();
        norm.forward(normed, pooled, batch, w);
        w.barrier();
        fc1.forward(hidden, normed, batch, gemm, w);
        w.barrier();
        fc2.forward(pooled, hidden, batch, gemm, w);
        w.barrier();
    }
}
