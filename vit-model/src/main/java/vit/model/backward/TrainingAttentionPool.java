package vit.model.backward;

import vit.kernels.attention.Attention;
import vit.kernels.gelu.Gelu;
import vit.kernels.parallel.Worker;
import vit.kernels.residual.Residual;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.forward.Spans;
import vit.model.parameters.Parameters;

/**
 * Attention of one learned query to the tokens, then an MLP with a residual connection, forward and backward (Zhai et al. 2022). The twin for inference is
 * {@code vit.model.forward.AttentionPool}.
 *
 * <p>Attention runs for K queries for each of the K tokens, of which the first is the learned one and the others are zero. Their outputs are not used and
 * their gradients are zero, so the kernels of the blocks serve here too.
 */
final class TrainingAttentionPool extends TrainingPool {

    private final int width; // C
    private final int first;
    private final int keys; // K
    private final Tensor keySizes; // (B, K): the logarithms of their sizes; null if none are merged. A model with tokens before the keys merges none
    private final float scale;

    private final TrainingLayer qkv;
    private final TrainingLayer output;
    private final TrainingNorm norm;
    private final TrainingLayer fc1;
    private final TrainingLayer fc2;
    private final Tensor query; // (1, C)
    private final Tensor dquery;

    private final Tensor used; // (B·K, C): the tokens that are keys, or null if all are
    private final Tensor dused; // (B·K, C)
    private final Tensor queries; // (B, C): the learned query, once for each image
    private final Tensor dqueries; // (B, C)
    private final Tensor projectedQueries; // (B, 3·C), and its gradient
    private final Tensor projected; // (B·K, 3·C)
    private final Tensor dprojected; // (B·K, 3·C)
    private final Tensor logSumExp; // (B·H, K)
    private final Tensor attendedAll; // (B·K, C)
    private final Tensor dattendedAll; // (B·K, C)
    private final Tensor attended; // (B, C), and its gradient
    private final Tensor dattended; // (B, C)
    private final Tensor a; // (B, C): after the output projection
    private final Tensor da; // (B, C)
    private final Tensor normed; // (B, C)
    private final Tensor dnormed; // (B, C)
    private final Tensor mean; // (B)
    private final Tensor rstd; // (B)
    private final Tensor z; // (B, F)
    private final Tensor hidden; // (B, F)
    private final Tensor dhidden; // (B, F)
    private final Tensor branch; // (B, C)

    TrainingAttentionPool(VitConfig config, TrainingParameters parameters, TrainingTokens tokens, TrainingMemory memory, int maxBatch, TensorArena arena) {
        super(config, parameters, tokens, memory, maxBatch, arena);
        width = config.width();
        first = config.pooling().includesPrefix() ? 0 : config.prefixTokens();
        keys = count - first;
        keySizes = tokens.logSizes(config.depth());
        scale = (float) (1 / Math.sqrt(config.headDim()));
        qkv = parameters.layer(Parameters.POOL_QKV);
        output = parameters.layer(Parameters.POOL_OUTPUT);
        norm = parameters.norm(Parameters.POOL_NORM);
        fc1 = parameters.layer(Parameters.POOL_FC1);
        fc2 = parameters.layer(Parameters.POOL_FC2);
        query = parameters.weights().vector(Parameters.POOL_QUERY).reshape(1, width);
        Tensor gradient = parameters.gradients().vector(Parameters.POOL_QUERY); // null if it is frozen
        dquery = gradient == null ? null : gradient.reshape(1, width);
        int rows = Math.multiplyExact(maxBatch, keys);
        used = first == 0 ? null : arena.allocatePadded(rows, width);
        dused = arena.allocatePadded(rows, width);
        queries = arena.allocate(maxBatch, width);
        dqueries = arena.allocate(maxBatch, width);
        projectedQueries = arena.allocate(maxBatch, 3 * width);
        projected = arena.allocatePadded(rows, 3 * width);
        dprojected = arena.allocatePadded(rows, 3 * width);
        logSumExp = arena.allocate(Math.multiplyExact(maxBatch, config.heads()), keys);
        attendedAll = arena.allocatePadded(rows, width);
        dattendedAll = arena.allocatePadded(rows, width);
        attended = arena.allocate(maxBatch, width);
        dattended = arena.allocate(maxBatch, width);
        a = arena.allocate(maxBatch, width);
        da = arena.allocate(maxBatch, width);
        normed = arena.allocate(maxBatch, width);
        dnormed = arena.allocate(maxBatch, width);
        mean = arena.allocate(maxBatch);
        rstd = arena.allocate(maxBatch);
        z = arena.allocate(maxBatch, config.mlp());
        hidden = arena.allocate(maxBatch, config.mlp());
        dhidden = arena.allocate(maxBatch, config.mlp());
        branch = arena.allocate(maxBatch, width);
    }

    @Override
    void pool(Tensor to, Tensor x, int batch, Worker w) {
        int rows = batch * keys;
        for (int b = w.from(batch), end = w.to(batch); b < end; b++) {
            Spans.copyRow(queries, b, 0, query, 0, width);
            for (int key = 0; used != null && key < keys; key++) {
                Spans.copyRow(used, b * keys + key, 0, x, b * count + first + key, width);
            }
        }
        w.barrier();
        qkv.forward(projected, used == null ? x : used, rows, m.gemm, w);
        qkv.forward(projectedQueries, queries, batch, m.gemm, w);
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            if (row % keys == 0) {
                Spans.copyRow(projected, row, 0, projectedQueries, row / keys, width);
            } else {
                Spans.clearRow(projected, row, 0, width);
            }
        }
        w.barrier();
        Attention.forward(attendedAll, logSumExp, null, projected, null, keySizes, batch, keys, config.heads(), scale, m.attention, w);
        w.barrier();
        for (int b = w.from(batch), end = w.to(batch); b < end; b++) {
            Spans.copyRow(attended, b, 0, attendedAll, b * keys, width);
        }
        w.barrier();
        output.forward(a, attended, batch, m.gemm, w);
        norm.forward(normed, mean, rstd, a, batch, w);
        w.barrier();
        fc1.forward(z, normed, batch, m.gemm, w);
        Gelu.forward(hidden, z, config.gelu(), batch, w);
        w.barrier();
        fc2.forward(branch, hidden, batch, m.gemm, w);
        Residual.add(to, a, branch, batch, w);
        w.barrier();
    }

    @Override
    void poolBackward(Tensor dx, Tensor dpooled, Tensor x, int batch, Worker w) {
        int rows = batch * keys;
        // pooled = a + fc2(gelu(fc1(norm(a))))
        fc2.backward(dhidden, dpooled, hidden, batch, m.gemm, w);
        Gelu.backward(dhidden, dhidden, z, config.gelu(), batch, w);
        w.barrier();
        fc1.backward(dnormed, dhidden, normed, batch, m.gemm, w);
        norm.backward(branch, dnormed, a, mean, rstd, batch, w);
        Residual.add(da, dpooled, branch, batch, w);
        w.barrier();
        // a = output(attended)
        output.backward(dattended, da, attended, batch, m.gemm, w);
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            if (row % keys == 0) {
                Spans.copyRow(dattendedAll, row, 0, dattended, row / keys, width);
            } else {
                Spans.clearRow(dattendedAll, row, 0, width);
            }
        }
        w.barrier();
        Attention.backward(dprojected, null, dattendedAll, attendedAll, logSumExp, projected, null, keySizes, batch, keys, config.heads(), scale, m.attentionGradient, w);
        w.barrier();
        // The query's third of the projection is given the query, the others the tokens.
        for (int row = w.from(rows), end = w.to(rows); row < end; row++) {
            if (row % keys == 0) {
                Spans.copyRow(projectedQueries, row / keys, 0, dprojected, row, width);
                Spans.clearRow(projectedQueries, row / keys, width, 2 * width);
            }
            Spans.clearRow(dprojected, row, 0, width);
        }
        w.barrier();
        qkv.backward(dqueries, projectedQueries, queries, batch, m.gemm, w);
        qkv.backwardAgain(dused, dprojected, used == null ? x : used, rows, m.gemm, w);
        if (w.isFirst()) {
            for (int b = 0; b < batch; b++) {
                for (int c = 0; c < width; c++) {
                    dquery.set(0, c, dquery.get(0, c) + dqueries.get(b, c));
                }
            }
        }
        for (int row = w.from(batch * count), end = w.to(batch * count); row < end; row++) {
            int key = row % count - first;
            if (key < 0) {
                Spans.clearRow(dx, row, 0, width);
            } else {
                Spans.copyRow(dx, row, 0, dused, row / count * keys + key, width);
            }
        }
        w.barrier();
    }
}
