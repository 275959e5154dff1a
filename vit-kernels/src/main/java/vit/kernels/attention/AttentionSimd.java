package vit.kernels.attention;

import java.lang.foreign.MemorySegment;
import vit.kernels.gemm.PackedRows;
import vit.kernels.gemm.Panels;
import vit.kernels.parallel.Worker;
import vit.kernels.softmax.SoftmaxSimd;
import vit.kernels.tensor.Tensor;

/**
 * Computes one head at a time. The keys and values of the head are packed into panels once. Then, for one tile of queries after another, the scores,
 * their softmax and the outputs are computed without leaving the cache.
 */
final class AttentionSimd {

    /** With at least this many heads for each worker, a head is one item: it then matters little that one worker gets a head more than another. */
    private static final int ENOUGH_ITEMS = 8;

    /** The least number of tiles of queries in a part of a head. Packing its keys and values takes as long as two or three tiles. */
    private static final int LEAST_TILES = 4;

    private AttentionSimd() {}

    static void forward(Tensor out, Tensor logSumExp, Tensor probabilities, Tensor qkv, Tensor bias, Tensor keyBias,
            int batch, int tokens, int heads, int headDim, float scale, AttentionWorkspace workspace, Worker worker) {
        forward(out, null, logSumExp, probabilities, qkv, null, qkv, null, bias, keyBias, batch, tokens, tokens, heads, headDim, scale, workspace, worker);
    }

    static void forward(PackedRows out, PackedRows qkv, Tensor keyBias, int batch, int tokens, int heads, int headDim, float scale,
            AttentionWorkspace workspace, Worker worker) {
        forward(null, out, null, null, null, qkv, null, qkv, null, keyBias, batch, tokens, tokens, heads, headDim, scale, workspace, worker);
    }

    static void forwardQueries(Tensor out, Tensor query, PackedRows qkv, Tensor keyBias, int batch, int queries, int tokens, int heads, int headDim,
            float scale, AttentionWorkspace workspace, Worker worker) {
        forward(out, null, null, null, query, null, null, qkv, null, keyBias, batch, queries, tokens, heads, headDim, scale, workspace, worker);
    }

    /** Each operand is given either as a tensor or as packed rows; the other is null. */
    private static void forward(Tensor out, PackedRows packedOut, Tensor logSumExp, Tensor probabilities, Tensor query, PackedRows packedQuery,
            Tensor qkv, PackedRows packedQkv, Tensor bias, Tensor keyBias, int batch, int queries, int tokens, int heads, int headDim, float scale,
            AttentionWorkspace workspace, Worker worker) {
        int parts = parts(batch * heads, queries, worker.count());
        int packed = -1;
        worker.begin(batch * heads * parts);
        for (int part = worker.claim(); part >= 0; part = worker.claim()) {
            int item = part / parts;
            if (item != packed) {
                if (qkv != null) {
                    packKeysAndValues(qkv, item, tokens, heads, headDim, workspace, worker);
                } else {
                    packKeysAndValues(packedQkv, item, batch * tokens, tokens, heads, headDim, workspace, worker);
                }
                packed = item;
            }
            queries(out, packedOut, logSumExp, probabilities, query, packedQuery, bias, keyBias, item, batch * queries,
                    firstQuery(part % parts, parts, queries), firstQuery(part % parts + 1, parts, queries), queries, tokens, heads, headDim, scale, workspace, worker);
        }
    }

    /**
     * The number of parts into which the queries of each of {@code items} heads are divided. It is one, unless there are so few heads that some of
     * the workers would wait. A worker that has two parts of the same head packs its keys and values only once.
     */
    static int parts(int items, int queries, int workers) {
        if (items == 0 || items >= ENOUGH_ITEMS * workers) {
            return 1;
        }
        int parts = workers;
        for (int divisor = 2; divisor <= workers; divisor++) {
            if (workers % divisor == 0 && items % divisor == 0) {
                parts = workers / divisor;
            }
        }
        return Math.max(1, Math.min(parts, queries / (LEAST_TILES * Panels.ROWS)));
    }

    /** The first query of a part. Parts are whole tiles. */
    private static int firstQuery(int part, int parts, int queries) {
        int tiles = (queries + Panels.ROWS - 1) / Panels.ROWS;
        return Math.min(queries, part * tiles / parts * Panels.ROWS);
    }

    /** Copies {@code rows} rows of {@code columns} to an array, where they lie one after the other. */
    static void gather(float[] target, Tensor source, int row, int column, int rows, int columns) {
        long rowBytes = (long) source.rowStride() * Float.BYTES;
        long from = row * rowBytes + (long) column * Float.BYTES;
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(source.segment(), Tensor.FLOAT, from + r * rowBytes, target, r * columns, columns);
        }
    }

    /** Copies from packed rows, of which {@code m} are in use. */
    private static void gather(float[] target, PackedRows source, int row, int column, int m, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            source.readRun(row + r, column, m, target, r * columns, columns);
        }
    }

    /** Packs K and V of a head from copies of them. */
    private static void packKeysAndValues(Tensor qkv, int item, int tokens, int heads, int headDim, AttentionWorkspace workspace, Worker worker) {
        int row = item / heads * tokens;
        int keys = heads * headDim + item % heads * headDim;
        float[] head = workspace.head(worker.index());
        gather(head, qkv, row, keys, tokens, headDim);
        packKeys(head, 0, headDim, tokens, headDim, workspace, worker);
        gather(head, qkv, row, heads * headDim + keys, tokens, headDim);
        packValues(head, 0, headDim, tokens, headDim, workspace, worker);
    }

    /** Packs K and V of a head straight from the packed rows, or from a copy if they cross the end of a block of packed rows. */
    private static void packKeysAndValues(PackedRows qkv, int item, int m, int tokens, int heads, int headDim,
            AttentionWorkspace workspace, Worker worker) {
        int row = item / heads * tokens;
        int keys = heads * headDim + item % heads * headDim;
        int values = heads * headDim + keys;
        float[] head = workspace.head(worker.index());
        if (qkv.run(keys) >= headDim) {
            packKeys(qkv.values(), qkv.start(row, keys, m), Panels.ROW, tokens, headDim, workspace, worker);
        } else {
            gather(head, qkv, row, keys, m, tokens, headDim);
            packKeys(head, 0, headDim, tokens, headDim, workspace, worker);
        }
        if (qkv.run(values) >= headDim) {
            packValues(qkv.values(), qkv.start(row, values, m), Panels.ROW, tokens, headDim, workspace, worker);
        } else {
            gather(head, qkv, row, values, m, tokens, headDim);
            packValues(head, 0, headDim, tokens, headDim, workspace, worker);
        }
    }

    private static void packKeys(float[] source, int from, int stride, int tokens, int headDim, AttentionWorkspace workspace, Worker worker) {
        Panels.packOutputs(workspace.staged(worker.index()), 0, workspace.memory(worker.index()), 0, source, from, stride, tokens, headDim);
    }

    private static void packValues(float[] source, int from, int stride, int tokens, int headDim, AttentionWorkspace workspace, Worker worker) {
        Panels.packDepth(workspace.staged(worker.index()), workspace.valueStart(), workspace.memory(worker.index()), workspace.valueOffset(),
                source, from, stride, headDim, tokens);
    }

    /**
     * Computes a head's outputs for some queries, after its keys and values have been packed. One of {@code out} and {@code packedOut} is null, and
     * so is one of {@code query} and {@code packedQuery}.
     *
     * @param bias    (H·T, T), added to the scores; null if there is none
     * @param keyBias (B, T), added to the scores of every query and head; null if there is none, or a bias
     * @param m       the number of rows of queries and outputs in use
     * @param from    the first of the head's {@code queries}, where a tile begins
     * @param to      one past the last query
     */
    private static void queries(Tensor out, PackedRows packedOut, Tensor logSumExp, Tensor probabilities, Tensor query, PackedRows packedQuery,
            Tensor bias, Tensor keyBias, int item, int m, int from, int to, int queries, int tokens, int heads, int headDim, float scale,
            AttentionWorkspace workspace, Worker worker) {
        MemorySegment memory = workspace.memory(worker.index());
        float[] staged = workspace.staged(worker.index());
        float[] rows = workspace.rows(worker.index());
        int firstRow = item / heads * queries;
        int column = item % heads * headDim;
        for (int i = from; i < to; i += Panels.ROWS) {
            int count = Math.min(Panels.ROWS, to - i);
            if (query != null) {
                long rowBytes = (long) query.rowStride() * Float.BYTES;
                Panels.packTile(rows, 0, query.segment(), (firstRow + i) * rowBytes + (long) column * Float.BYTES, rowBytes, count, headDim);
            } else {
                Panels.packTile(rows, 0, packedQuery, firstRow + i, column, m, count, headDim);
            }
            Panels.multiplyOutputs(workspace.tile(worker.index()), rows, 0, memory, 0, staged, 0, tokens, headDim,
                    workspace.scores(worker.index()), 0, workspace.scoreRow(), count);
            softmax(workspace, logSumExp, probabilities, bias == null ? keyBias : bias, bias == null ? item / heads : item % heads * tokens + i,
                    bias == null ? 0 : 1, item, i, count, tokens, scale, worker);
            output(workspace, memory, staged, count, tokens, headDim, out, packedOut, m, firstRow + i, column, worker.index());
        }
    }

    /**
     * The softmax of a tile of scores.
     *
     * @param bias     what is added to the scores; null if there is nothing
     * @param biasRow  the row of it that the first query has
     * @param biasStep from one query's row to the next: 1, or 0 if all have the same
     */
    private static void softmax(AttentionWorkspace workspace, Tensor logSumExp, Tensor probabilities, Tensor bias, int biasRow, int biasStep,
            int item, int row, int count, int tokens, float scale, Worker worker) {
        float[] scores = workspace.scores(worker.index());
        for (int r = 0; r < count; r++) {
            int from = r * workspace.scoreRow();
            float sum = bias == null
                    ? SoftmaxSimd.row(scores, from, tokens, scale, worker.lanes())
                    : SoftmaxSimd.row(scores, from, tokens, scale, bias.segment(), bias.rowOffset(biasRow + r * biasStep), worker.lanes());
            if (logSumExp != null) {
                logSumExp.segment().set(Tensor.FLOAT, ((long) item * logSumExp.rowStride() + row + r) * Float.BYTES, sum);
            }
            if (probabilities != null) {
                long to = ((long) item * tokens + row + r) * probabilities.rowStride() * Float.BYTES;
                MemorySegment.copy(scores, from, probabilities.segment(), Tensor.FLOAT, to, tokens);
            }
        }
    }

    /** A tile of outputs, (tile rows, D) = (tile of P)·V. It goes either to a tensor or to packed rows; the other is null. */
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
            } else if (packedOut.run(firstColumn + column) >= columns) {
                Panels.store(tile, count, columns, packedOut.values(), packedOut.start(row, firstColumn + column, outRows), Panels.ROW);
            } else {
                for (int r = 0; r < count; r++) {
                    packedOut.writeRun(row + r, firstColumn + column, outRows, tile, r * Panels.COLUMNS, columns);
                }
            }
        }
    }
}
