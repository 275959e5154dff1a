package vit.kernels.attention;

import java.lang.foreign.MemorySegment;
import vit.kernels.gemm.Panels;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * What each worker needs to compute one head: packed keys and values, a tile of scores. Planned once; serves one running
 * call at a time, as each worker has its own part.
 */
public final class AttentionWorkspace {

    private final int tokens;
    private final int headDim;
    private final Tensor[] memory; // by worker: keys and values, or nothing where no kernel reads them in memory
    private final float[][] staged; // by worker: keys and values in an array
    private final float[][] tiles; // by worker: a tile of sums
    private final float[][] heads; // by worker: the keys or the values of a head, (T, D), where they must be copied
    private final float[][] rows; // by worker: a packed tile of queries
    private final float[][] scores; // by worker: (tile rows, score row)
    private final float[][] probabilities; // by worker: a packed tile of them

    private AttentionWorkspace(TensorArena arena, int tokens, int headDim, int workers) {
        this.tokens = tokens;
        this.headDim = headDim;
        this.memory = new Tensor[workers];
        this.staged = new float[workers][];
        this.tiles = new float[workers][];
        this.heads = new float[workers][];
        this.rows = new float[workers][];
        this.scores = new float[workers][];
        this.probabilities = new float[workers][];
        for (int i = 0; i < workers; i++) {
            tiles[i] = arena.floats(Panels.ROWS * Panels.COLUMNS);
            heads[i] = arena.floats(tokens * headDim);
            rows[i] = arena.floats(Panels.packedTile(headDim));
            scores[i] = arena.floats(Panels.ROWS * scoreRow());
            probabilities[i] = scoreRow() == Panels.ROW ? scores[i] : arena.floats(Panels.packedTile(tokens));
            staged[i] = arena.floats(keyFloats() + valueFloats());
            memory[i] = arena.allocate(Panels.IN_MEMORY ? keyFloats() + valueFloats() : 0);
        }
    }

    /**
     * A workspace for sequences of up to {@code tokens} and heads of {@code headDim}, for {@code workers} workers. Its memory
     * belongs to {@code arena}; a {@linkplain TensorArena#counting() counting} one tells the bytes.
     */
    public static AttentionWorkspace allocate(TensorArena arena, int tokens, int headDim, int workers) {
        return new AttentionWorkspace(arena, tokens, headDim, workers);
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

    /** Keys from 0 on, values from {@link #valueStart} on. */
    float[] staged(int worker) {
        return staged[worker];
    }

    float[] head(int worker) {
        return heads[worker];
    }

    float[] rows(int worker) {
        return rows[worker];
    }

    private int keyFloats() {
        return Panels.padded(tokens) * headDim;
    }

    private int valueFloats() {
        return tokens * Panels.padded(headDim);
    }

    /**
     * Floats from one row of scores to the next: whole panels, and whole steps of a reduction. Where they fit, the scores lie as packed rows
     * do, so that the probabilities that they become need no packing.
     */
    int scoreRow() {
        int padded = Panels.padded(tokens);
        int row = (padded + Simd.VIRTUAL_LANES - 1) / Simd.VIRTUAL_LANES * Simd.VIRTUAL_LANES;
        return Math.max(row, Panels.ROW);
    }

    float[] scores(int worker) {
        return scores[worker];
    }

    /** Where a tile of probabilities is packed; the scores themselves if they lie so. */
    float[] probabilities(int worker) {
        return probabilities[worker];
    }

    /** Where the values begin in what is staged. */
    int valueStart() {
        return keyFloats();
    }

    /** Byte offset of the packed values in a worker's memory; the packed keys are at 0. */
    long valueOffset() {
        return (long) keyFloats() * Float.BYTES;
    }
}
