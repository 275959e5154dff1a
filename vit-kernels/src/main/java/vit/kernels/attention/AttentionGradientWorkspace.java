package vit.kernels.attention;

import java.lang.foreign.MemorySegment;
import vit.kernels.gemm.Panels;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * What each worker needs for the gradient of one head: two (T, T) matrices and packed operands. Planned once; serves one
 * running call at a time, as each worker has its own part.
 */
public final class AttentionGradientWorkspace {

    private final int tokens;
    private final int headDim;
    private final Tensor[] memory; // by worker
    private final float[][] staged; // by worker: the panels again, where some kernels read them
    private final float[][] tiles; // by worker: a tile of sums
    private final float[][] heads; // by worker: one operand of a head, (T, D)
    private final float[][] rows; // by worker: a packed tile of rows

    private AttentionGradientWorkspace(TensorArena arena, int tokens, int headDim, int workers) {
        this.tokens = tokens;
        this.headDim = headDim;
        this.memory = new Tensor[workers];
        this.staged = new float[workers][];
        this.tiles = new float[workers][];
        this.heads = new float[workers][];
        this.rows = new float[workers][];
        for (int i = 0; i < workers; i++) {
            tiles[i] = arena.floats(Panels.ROWS * Panels.COLUMNS);
            heads[i] = arena.floats(tokens * headDim);
            rows[i] = arena.floats(Panels.packedTile(Math.max(tokens, headDim)));
            staged[i] = arena.floats(Math.max(wideFloats(), narrowFloats()));
            memory[i] = arena.allocate(Math.addExact(2 * matrixFloats(), Panels.IN_MEMORY ? wideFloats() + narrowFloats() : 0));
        }
    }

    /**
     * A workspace for sequences of up to {@code tokens} and heads of {@code headDim}, for {@code workers} workers. Its memory
     * belongs to {@code arena}; a {@linkplain TensorArena#counting() counting} one tells the bytes.
     */
    public static AttentionGradientWorkspace allocate(TensorArena arena, int tokens, int headDim, int workers) {
        return new AttentionGradientWorkspace(arena, tokens, headDim, workers);
    }

    int tokens() {
        return tokens;
    }

    int headDim() {
        return headDim;
    }

    int workers() {
        return memory.length;
    }

    MemorySegment memory(int worker) {
        return memory[worker].segment();
    }

    float[] tile(int worker) {
        return tiles[worker];
    }

    /** The panels in use, wide or narrow, from 0 on. */
    float[] staged(int worker) {
        return staged[worker];
    }

    float[] head(int worker) {
        return heads[worker];
    }

    float[] rows(int worker) {
        return rows[worker];
    }

    private int matrixFloats() {
        return Math.multiplyExact(Panels.paddedRows(tokens), Panels.padded(tokens));
    }

    private int wideFloats() {
        return Panels.padded(tokens) * headDim;
    }

    private int narrowFloats() {
        return tokens * Panels.padded(headDim);
    }

    /** Byte offset of p, (padded T, padded T). */
    long probabilities() {
        return 0;
    }

    /** Byte offset of ds, (padded T, padded T). */
    long gradients() {
        return (long) matrixFloats() * Float.BYTES;
    }

    /** Byte offset of panels with T outputs of depth D, where kernels read them in memory. */
    long wide() {
        return 2 * gradients();
    }

    /** Byte offset of panels with D outputs of depth T, where kernels read them in memory. */
    long narrow() {
        return wide() + (long) wideFloats() * Float.BYTES;
    }
}
