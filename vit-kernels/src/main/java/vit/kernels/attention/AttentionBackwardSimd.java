package vit.kernels.attention;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.gemm.Panels;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Exp;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * Computes the gradient of one head at a time. The probabilities are recomputed from the scores and the log-sum-exp of each row. Each worker has
 * memory for the (T, T) matrices of one head; those of all heads never exist at once. A bias of keys is one row for all queries and heads of an image.
 *
 * <pre>
 *   p_ij  = exp(scale·q_i·k_j + bias_ij − lse_i)
 *   dp_ij = dout_i·v_j
 *   ds_ij = p_ij·(dp_ij − δ_i)·scale,   δ_i = Σ_j p_ij·dp_ij = Σ_d dout_id·out_id
 *   dbias_ij += p_ij·(dp_ij − δ_i)
 *   dq_i  = Σ_j ds_ij·k_j,   dk_j = Σ_i ds_ij·q_i,   dv_j = Σ_i p_ij·dout_i
 * </pre>
 *
 * The second form of δ follows from out_i = Σ_j p_ij·v_j. It needs no pass over the scores.
 */
final class AttentionBackwardSimd {

    private AttentionBackwardSimd() {}

    /** The workers divide the heads of all images. If the gradient of the bias is wanted, a worker has a head in all images, one after the other. */
    static void backward(Tensor dqkv, Tensor dbias, Tensor dout, Tensor out, Tensor logSumExp, Tensor qkv, Tensor bias, Tensor keyBias,
            int batch, int tokens, int heads, int headDim, float scale, AttentionGradientWorkspace workspace, Worker worker) {
        int images = dbias == null ? 1 : batch;
        worker.begin(dbias == null ? batch * heads : heads);
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            for (int b = 0; b < images; b++) {
                head(dqkv, dbias, dout, out, logSumExp, qkv, bias, keyBias, b * heads + item, tokens, heads, headDim, scale, workspace, worker.index());
            }
        }
    }

    private static void head(Tensor dqkv, Tensor dbias, Tensor dout, Tensor out, Tensor logSumExp, Tensor qkv, Tensor bias, Tensor keyBias,
            int item, int tokens, int heads, int headDim, float scale, AttentionGradientWorkspace workspace, int worker) {
        MemorySegment memory = workspace.memory(worker);
        float[] rows = workspace.rows(worker);
        float[] staged = workspace.staged(worker);
        float[] matrix = workspace.head(worker);
        long qkvRow = (long) qkv.rowStride() * Float.BYTES;
        long outRow = (long) out.rowStride() * Float.BYTES;
        long doutRow = (long) dout.rowStride() * Float.BYTES;
        long dqkvRow = (long) dqkv.rowStride() * Float.BYTES;
        int first = item / heads * tokens;
        int column = item % heads * headDim;
        int width = heads * headDim;
        long head = (long) column * Float.BYTES;
        long inner = (long) width * Float.BYTES;
        long q = first * qkvRow + head;
        long dq = first * dqkvRow + head;
        long o = first * outRow + head;
        long dO = first * doutRow + head;

        // p and ds, row tile by row tile
        AttentionSimd.gather(matrix, qkv, first, width + column, tokens, headDim);
        Panels.packOutputs(staged, 0, memory, workspace.wide(), matrix, 0, headDim, tokens, headDim);
        tiles(workspace.tile(worker), memory, workspace.wide(), staged, rows, qkv.segment(), q, qkvRow, tokens, headDim, workspace.probabilities(), tokens);
        AttentionSimd.gather(matrix, qkv, first, 2 * width + column, tokens, headDim);
        Panels.packOutputs(staged, 0, memory, workspace.wide(), matrix, 0, headDim, tokens, headDim);
        tiles(workspace.tile(worker), memory, workspace.wide(), staged, rows, dout.segment(), dO, doutRow, tokens, headDim, workspace.gradients(), tokens);
        long scoreRow = (long) Panels.padded(tokens) * Float.BYTES;
        for (int i = 0; i < tokens; i++) {
            float sum = logSumExp.segment().get(Tensor.FLOAT, ((long) item * logSumExp.rowStride() + i) * Float.BYTES);
            float delta = dot(dout.segment(), dO + i * doutRow, out.segment(), o + i * outRow, headDim);
            long p = workspace.probabilities() + i * scoreRow;
            long ds = workspace.gradients() + i * scoreRow;
            if (keyBias != null) {
                scoreGradientWithBias(memory, p, ds, keyBias, null, item / heads, tokens, scale, sum, delta);
            } else if (bias == null) {
                scoreGradient(memory, p, ds, tokens, scale, sum, delta);
            } else {
                scoreGradientWithBias(memory, p, ds, bias, dbias, item % heads * tokens + i, tokens, scale, sum, delta);
            }
        }

        // dq = ds·k
        AttentionSimd.gather(matrix, qkv, first, width + column, tokens, headDim);
        Panels.packDepth(staged, 0, memory, workspace.narrow(), matrix, 0, headDim, headDim, tokens);
        for (int i = 0; i < tokens; i += Panels.ROWS) {
            int count = Math.min(Panels.ROWS, tokens - i);
            Panels.packTile(rows, 0, memory, workspace.gradients() + i * scoreRow, scoreRow, count, tokens);
            product(workspace.tile(worker), memory, workspace, staged, rows, tokens, headDim, count, dqkv.segment(), dq + i * dqkvRow, dqkvRow);
        }
        // dk = dsᵀ·q
        AttentionSimd.gather(matrix, qkv, first, column, tokens, headDim);
        Panels.packDepth(staged, 0, memory, workspace.narrow(), matrix, 0, headDim, headDim, tokens);
        transposedProduct(workspace.tile(worker), memory, workspace, staged, workspace.columns(worker), workspace.square(worker), workspace.gradients(),
                tokens, headDim, dqkv.segment(), dq + inner, dqkvRow);
        // dv = pᵀ·dout
        AttentionSimd.gather(matrix, dout, first, column, tokens, headDim);
        Panels.packDepth(staged, 0, memory, workspace.narrow(), matrix, 0, headDim, headDim, tokens);
        transposedProduct(workspace.tile(worker), memory, workspace, staged, workspace.columns(worker), workspace.square(worker), workspace.probabilities(),
                tokens, headDim, dqkv.segment(), dq + 2 * inner, dqkvRow);
    }

    /** target (T, padded T) = source rows (T, D) · wide panels (T outputs of depth D). */
    private static void tiles(float[] tile, MemorySegment memory, long panels, float[] staged, float[] rows,
            MemorySegment source, long offset, long rowBytes, int tokens, int headDim, long target, int outputs) {
        long targetRow = (long) Panels.padded(outputs) * Float.BYTES;
        for (int i = 0; i < tokens; i += Panels.ROWS) {
            int count = Math.min(Panels.ROWS, tokens - i);
            Panels.packTile(rows, 0, source, offset + i * rowBytes, rowBytes, count, headDim);
            Panels.multiplyOutputs(tile, rows, 0, memory, panels, staged, 0, outputs, headDim, memory, target + i * targetRow, targetRow, count);
        }
    }

    /** target (T, D) = sᵀ · narrow panels, with s (T, padded T) at {@code scores}. */
    private static void transposedProduct(float[] tile, MemorySegment memory, AttentionGradientWorkspace workspace, float[] staged, float[] columns,
            float[] square, long scores, int tokens, int headDim, MemorySegment target, long offset, long rowBytes) {
        long scoreRow = (long) Panels.padded(tokens) * Float.BYTES;
        for (int j = 0; j < tokens; j += Panels.ROWS) {
            int first = j % Panels.MOST_COLUMNS;
            if (first == 0) {
                // Columns beyond the last token, up to whole panels, hold anything; their rows are not stored.
                int count = Math.min(Panels.MOST_COLUMNS, Panels.padded(tokens) - j);
                Panels.packColumns(columns, 0, memory, scores + (long) j * Float.BYTES, scoreRow, count, tokens, square);
            }
            for (int column = 0; column < headDim; column += Panels.COLUMNS) {
                Panels.multiplyColumns(tile, columns, first * Panels.ROW, memory, workspace.narrow() + (long) column * tokens * Float.BYTES, staged,
                        column * tokens, tokens, target, offset + j * rowBytes + (long) column * Float.BYTES, rowBytes,
                        Math.min(Panels.ROWS, tokens - j), Math.min(Panels.COLUMNS, headDim - column));
            }
        }
    }

    /** One tile of rows times the narrow panels (D outputs of depth T). */
    private static void product(float[] tile, MemorySegment memory, AttentionGradientWorkspace workspace, float[] staged, float[] rows,
            int tokens, int headDim, int count, MemorySegment target, long offset, long rowBytes) {
        for (int column = 0; column < headDim; column += Panels.COLUMNS) {
            Panels.multiply(tile, rows, 0, memory, workspace.narrow() + (long) column * tokens * Float.BYTES, staged, column * tokens, tokens,
                    target, offset + (long) column * Float.BYTES, rowBytes, count, Math.min(Panels.COLUMNS, headDim - column));
        }
    }

    /** s → p in place, and dp → ds in place. Before ds is scaled, it is the gradient of the bias. */
    private static void scoreGradientWithBias(MemorySegment memory, long p, long ds, Tensor bias, Tensor dbias, int row, int tokens, float scale,
            float logSumExp, float delta) {
        scaleAndAdd(memory, p, bias.segment(), bias.rowOffset(row), tokens, scale);
        scoreGradient(memory, p, ds, tokens, 1f, logSumExp, delta);
        if (dbias != null) {
            add(dbias.segment(), dbias.rowOffset(row), memory, ds, tokens);
        }
        multiply(memory, ds, tokens, scale);
    }

    /** s → scale·s + bias in place, with the bits of the forward pass. */
    @VectorLoop
    private static void scaleAndAdd(MemorySegment memory, long s, MemorySegment bias, long biasOffset, int n, float scale) {
        memory = Tensor.offHeap(memory);
        bias = Tensor.offHeap(bias);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, memory, s + at, ORDER)
                    .fma(FloatVector.broadcast(SPECIES, scale), FloatVector.fromMemorySegment(SPECIES, bias, biasOffset + at, ORDER))
                    .intoMemorySegment(memory, s + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            memory.set(Tensor.FLOAT, s + at, Math.fma(memory.get(Tensor.FLOAT, s + at), scale, bias.get(Tensor.FLOAT, biasOffset + at)));
        }
    }

    /** sum += x over {@code n} floats. */
    @VectorLoop
    private static void add(MemorySegment sum, long sumOffset, MemorySegment x, long xOffset, int n) {
        sum = Tensor.offHeap(sum);
        x = Tensor.offHeap(x);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER).add(FloatVector.fromMemorySegment(SPECIES, sum, sumOffset + at, ORDER))
                    .intoMemorySegment(sum, sumOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            sum.set(Tensor.FLOAT, sumOffset + at, x.get(Tensor.FLOAT, xOffset + at) + sum.get(Tensor.FLOAT, sumOffset + at));
        }
    }

    /** x = x·factor over {@code n} floats. */
    @VectorLoop
    private static void multiply(MemorySegment x, long xOffset, int n, float factor) {
        x = Tensor.offHeap(x);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            long at = xOffset + (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, x, at, ORDER).mul(factor).intoMemorySegment(x, at, ORDER);
        }
        for (; i < n; i++) {
            long at = xOffset + (long) i * Float.BYTES;
            x.set(Tensor.FLOAT, at, x.get(Tensor.FLOAT, at) * factor);
        }
    }

    /** s → p in place, and dp → ds in place. */
    @VectorLoop
    private static void scoreGradient(MemorySegment memory, long p, long ds, int tokens, float scale, float logSumExp, float delta) {
        memory = Tensor.offHeap(memory);
        int j = 0;
        for (; j <= tokens - LANES; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector probability = Exp.of(FloatVector.fromMemorySegment(SPECIES, memory, p + at, ORDER)
                    .fma(FloatVector.broadcast(SPECIES, scale), FloatVector.broadcast(SPECIES, -logSumExp)));
            probability.intoMemorySegment(memory, p + at, ORDER);
            FloatVector.fromMemorySegment(SPECIES, memory, ds + at, ORDER).sub(delta).mul(probability).mul(scale)
                    .intoMemorySegment(memory, ds + at, ORDER);
        }
        for (; j < tokens; j++) {
            long at = (long) j * Float.BYTES;
            float probability = Exp.of(Math.fma(memory.get(Tensor.FLOAT, p + at), scale, -logSumExp));
            memory.set(Tensor.FLOAT, p + at, probability);
            memory.set(Tensor.FLOAT, ds + at, (memory.get(Tensor.FLOAT, ds + at) - delta) * probability * scale);
        }
    }

    /** One chain of fma. It is short, and gives the same bits at every vector width. */
    private static float dot(MemorySegment a, long aOffset, MemorySegment b, long bOffset, int n) {
        a = Tensor.offHeap(a);
        b = Tensor.offHeap(b);
        float acc = 0;
        for (int i = 0; i < n; i++) {
            long at = (long) i * Float.BYTES;
            acc = Math.fma(a.get(Tensor.FLOAT, aOffset + at), b.get(Tensor.FLOAT, bOffset + at), acc);
        }
        return acc;
    }
}
