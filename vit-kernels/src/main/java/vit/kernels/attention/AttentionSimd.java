package vit.kernels.attention;

import java.lang.foreign.MemorySegment;
import vit.kernels.gemm.Panels;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Simd;
import vit.kernels.softmax.SoftmaxSimd;
import vit.kernels.tensor.Tensor;

/**
 * One head at a time: keys and values are packed into panels once, then a tile of queries at a time makes its scores, their
 * softmax and its outputs without leaving the cache.
 */
final class AttentionSimd {

    private AttentionSimd() {}

    static void forward(Tensor out, Tensor logSumExp, Tensor probabilities, Tensor query, Tensor qkv,
            int batch, int queries, int tokens, int heads, int headDim, float scale, AttentionWorkspace workspace, Worker worker) {
        worker.begin(batch * heads);
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            head(out, logSumExp, probabilities, query, qkv, item, queries, tokens, heads, headDim, scale, workspace, worker);
        }
    }

    private static void head(Tensor out, Tensor logSumExp, Tensor probabilities, Tensor query, Tensor qkv,
            int item, int queries, int tokens, int heads, int headDim, float scale, AttentionWorkspace workspace, Worker worker) {
        MemorySegment memory = workspace.memory(worker.index());
        float[] rows = workspace.rows(worker.index());
        long qkvRowBytes = (long) qkv.rowStride() * Float.BYTES;
        long outRowBytes = (long) out.rowStride() * Float.BYTES;
        long headBytes = (long) (item % heads) * headDim * Float.BYTES;
        long innerBytes = (long) heads * headDim * Float.BYTES;
        long queryRowBytes = (long) query.rowStride() * Float.BYTES;
        int firstRow = item / heads * queries;
        long q = firstRow * queryRowBytes + headBytes;
        long k = item / heads * tokens * qkvRowBytes + innerBytes + headBytes;
        Panels.packOutputs(memory, 0, qkv.segment(), k, qkvRowBytes, tokens, headDim);
        Panels.packDepth(memory, workspace.valueOffset(), qkv.segment(), k + innerBytes, qkvRowBytes, headDim, tokens);
        float[] staged = workspace.staged(worker.index());
        Panels.stageOutputs(staged, 0, memory, 0, tokens, headDim);
        Panels.stageDepth(staged, workspace.valueStart(), memory, workspace.valueOffset(), headDim, tokens);
        for (int i = 0; i < queries; i += Panels.ROWS) {
            int count = Math.min(Panels.ROWS, queries - i);
            Panels.packTile(rows, 0, query.segment(), q + i * queryRowBytes, queryRowBytes, count, headDim);
            scores(workspace, memory, rows, count, tokens, headDim, worker.index());
            softmax(workspace, memory, logSumExp, probabilities, item, i, count, tokens, scale, worker);
            output(workspace, memory, rows, count, tokens, headDim, out, (firstRow + i) * outRowBytes + headBytes, worker.index());
        }
    }

    /** A tile of scores: (tile rows, T) = Q tile · Kᵀ. */
    private static void scores(AttentionWorkspace workspace, MemorySegment memory, float[] rows, int count, int tokens,
            int headDim, int worker) {
        Panels.multiplyOutputs(workspace.tile(worker), rows, 0, memory, 0, workspace.staged(worker), 0, tokens, headDim,
                memory, workspace.scoreOffset(), scoreRowBytes(tokens), count);
    }

    private static void softmax(AttentionWorkspace workspace, MemorySegment memory, Tensor logSumExp, Tensor probabilities,
            int item, int row, int count, int tokens, float scale, Worker worker) {
        // −∞ in the padding becomes 0 and changes no sum; a row without a ragged end has no scalar loops.
        int padded = scale > 0 ? (tokens + Simd.VIRTUAL_LANES - 1) / Simd.VIRTUAL_LANES * Simd.VIRTUAL_LANES : tokens;
        for (int r = 0; r < count; r++) {
            long offset = workspace.scoreOffset() + r * scoreRowBytes(tokens);
            for (int j = tokens; j < padded; j++) {
                memory.set(Tensor.FLOAT, offset + (long) j * Float.BYTES, Float.NEGATIVE_INFINITY);
            }
            float sum = SoftmaxSimd.row(memory, offset, memory, offset, padded, scale, worker.lanes());
            if (logSumExp != null) {
                logSumExp.segment().set(Tensor.FLOAT, ((long) item * logSumExp.rowStride() + row + r) * Float.BYTES, sum);
            }
            if (probabilities != null) {
                long to = ((long) item * tokens + row + r) * probabilities.rowStride() * Float.BYTES;
                MemorySegment.copy(memory, offset, probabilities.segment(), to, (long) tokens * Float.BYTES);
            }
        }
    }

    /** A tile of outputs: (tile rows, D) = P tile · V. */
    private static void output(AttentionWorkspace workspace, MemorySegment memory, float[] rows, int count, int tokens,
            int headDim, Tensor out, long outOffset, int worker) {
        Panels.packTile(rows, 0, memory, workspace.scoreOffset(), scoreRowBytes(tokens), count, tokens);
        long outRowBytes = (long) out.rowStride() * Float.BYTES;
        for (int column = 0; column < headDim; column += Panels.COLUMNS) {
            Panels.multiply(workspace.tile(worker), rows, 0,
                    memory, workspace.valueOffset() + (long) column * tokens * Float.BYTES,
                    workspace.staged(worker), workspace.valueStart() + column * tokens, tokens,
                    out.segment(), outOffset + (long) column * Float.BYTES, outRowBytes,
                    count, Math.min(Panels.COLUMNS, headDim - column));
        }
    }

    private static long scoreRowBytes(int tokens) {
        return (long) AttentionWorkspace.scoreRow(tokens) * Float.BYTES;
    }
}
