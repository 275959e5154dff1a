package vit.kernels.attention;

import java.lang.foreign.MemorySegment;
import vit.kernels.gemm.PackedRows;
import vit.kernels.gemm.Panels;
import vit.kernels.parallel.Worker;
import vit.kernels.softmax.SoftmaxSimd;
import vit.kernels.tensor.Tensor;

/**
 * One head at a time: keys and values are packed into panels once, then a tile of queries at a time makes its scores, their
 * softmax and its outputs without leaving the cache.
 */
final class AttentionSimd {

    private AttentionSimd() {}

    static void forward(Tensor out, PackedRows packedOut, Tensor logSumExp, Tensor probabilities, Tensor query, Tensor qkv,
            int batch, int queries, int tokens, int heads, int headDim, float scale, AttentionWorkspace workspace, Worker worker) {
        worker.begin(batch * heads);
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            head(out, packedOut, logSumExp, probabilities, query, qkv, item, batch * queries, queries, tokens, heads, headDim, scale, workspace, worker);
        }
    }

    private static void head(Tensor out, PackedRows packedOut, Tensor logSumExp, Tensor probabilities, Tensor query, Tensor qkv,
            int item, int outRows, int queries, int tokens, int heads, int headDim, float scale, AttentionWorkspace workspace, Worker worker) {
        MemorySegment memory = workspace.memory(worker.index());
        float[] staged = workspace.staged(worker.index());
        float[] rows = workspace.rows(worker.index());
        long qkvRowBytes = (long) qkv.rowStride() * Float.BYTES;
        long headBytes = (long) (item % heads) * headDim * Float.BYTES;
        long innerBytes = (long) heads * headDim * Float.BYTES;
        long queryRowBytes = (long) query.rowStride() * Float.BYTES;
        int firstRow = item / heads * queries;
        long q = firstRow * queryRowBytes + headBytes;
        long k = item / heads * tokens * qkvRowBytes + innerBytes + headBytes;
        Panels.packOutputs(staged, 0, memory, 0, qkv.segment(), k, qkvRowBytes, tokens, headDim);
        Panels.packDepth(staged, workspace.valueStart(), memory, workspace.valueOffset(),
                qkv.segment(), k + innerBytes, qkvRowBytes, headDim, tokens);
        for (int i = 0; i < queries; i += Panels.ROWS) {
            int count = Math.min(Panels.ROWS, queries - i);
            Panels.packTile(rows, 0, query.segment(), q + i * queryRowBytes, queryRowBytes, count, headDim);
            Panels.multiplyOutputs(workspace.tile(worker.index()), rows, 0, memory, 0, staged, 0, tokens, headDim,
                    workspace.scores(worker.index()), 0, workspace.scoreRow(), count);
            softmax(workspace, logSumExp, probabilities, item, i, count, tokens, scale, worker);
            output(workspace, memory, staged, count, tokens, headDim, out, packedOut, outRows, firstRow + i, item % heads * headDim, worker.index());
        }
    }

    private static void softmax(AttentionWorkspace workspace, Tensor logSumExp, Tensor probabilities,
            int item, int row, int count, int tokens, float scale, Worker worker) {
        float[] scores = workspace.scores(worker.index());
        for (int r = 0; r < count; r++) {
            int from = r * workspace.scoreRow();
            float sum = SoftmaxSimd.row(scores, from, tokens, scale, worker.lanes());
            if (logSumExp != null) {
                logSumExp.segment().set(Tensor.FLOAT, ((long) item * logSumExp.rowStride() + row + r) * Float.BYTES, sum);
            }
            if (probabilities != null) {
                long to = ((long) item * tokens + row + r) * probabilities.rowStride() * Float.BYTES;
                MemorySegment.copy(scores, from, probabilities.segment(), Tensor.FLOAT, to, tokens);
            }
        }
    }

    /** A tile of outputs: (tile rows, D) = P tile · V, to a tensor or to packed rows: the other is null. */
    private static void output(AttentionWorkspace workspace, MemorySegment memory, float[] staged, int count, int tokens,
            int headDim, Tensor out, PackedRows packedOut, int outRows, int row, int firstColumn, int worker) {
        float[] probabilities = workspace.probabilities(worker);
        float[] tile = workspace.tile(worker);
        if (probabilities != workspace.scores(worker)) {
            Panels.packTile(probabilities, 0, workspace.scores(worker), 0, workspace.scoreRow(), count, tokens);
        }
        for (int column = 0; column < headDim; column += Panels.COLUMNS) {
            int columns = Math.min(Panels.COLUMNS, headDim - column);
            Panels.product(tile, probabilities, 0, memory, workspace.valueOffset() + (long) column * tokens * Float.BYTES,
                    staged, workspace.valueStart() + column * tokens, tokens);
            if (out != null) {
                long rowBytes = (long) out.rowStride() * Float.BYTES;
                Panels.store(tile, count, columns, out.segment(), row * rowBytes + (long) (firstColumn + column) * Float.BYTES, rowBytes);
            } else {
                for (int r = 0; r < count; r++) {
                    packedOut.writeRun(row + r, firstColumn + column, outRows, tile, r * Panels.COLUMNS, columns);
                }
            }
        }
    }
}
