package vit.kernels.attention;

import vit.kernels.gemm.Panels;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.TensorArena;

/**
 * What each worker needs to compute one head: packed keys and values, a packed tile of queries, and a tile of scores. A workspace is planned once. It
 * serves one running call at a time: each worker of that call has a part of its own.
 */
public final class AttentionWorkspace extends HeadWorkspace {

    private final float[][] scores; // by worker: (tile rows, score row)
    private final float[][] probabilities; // by worker: a packed tile of them

    private AttentionWorkspace(TensorArena arena, int tokens, int headDim, int workers, int keysAndValues) {
        super(arena, tokens, headDim, workers, headDim, keysAndValues, Panels.IN_MEMORY ? keysAndValues : 0);
        this.scores = new float[workers][];
        this.probabilities = new float[workers][];
        for (int i = 0; i < workers; i++) {
            scores[i] = arena.floats(Panels.ROWS * scoreRow());
            probabilities[i] = scoreRow() == Panels.ROW ? scores[i] : arena.floats(Panels.packedTile(tokens));
        }
    }

    /**
     * A workspace for sequences of up to {@code tokens} and heads of {@code headDim}, for {@code workers} workers. Its memory belongs to {@code
     * arena}; a {@linkplain TensorArena#counting() counting} arena tells the bytes.
     */
    public static AttentionWorkspace allocate(TensorArena arena, int tokens, int headDim, int workers) {
        return new AttentionWorkspace(arena, tokens, headDim, workers, wideFloats(tokens, headDim) + narrowFloats(tokens, headDim));
    }

    /**
     * Floats from one row of scores to the next: whole panels, and a multiple of the virtual lanes. If the scores fit, they are laid out as packed
     * rows, so that the probabilities which replace them need no packing.
     */
    int scoreRow() {
        int padded = Panels.padded(tokens());
        int row = (padded + Simd.VIRTUAL_LANES - 1) / Simd.VIRTUAL_LANES * Simd.VIRTUAL_LANES;
        return Math.max(row, Panels.ROW);
    }

    float[] scores(int worker) {
        return scores[worker];
    }

    /** The array that holds a packed tile of probabilities: the scores themselves if they are laid out as packed rows. */
    float[] probabilities(int worker) {
        return probabilities[worker];
    }

    /** The index at which the values begin in the staged array; the keys begin at 0. */
    int valueStart() {
        return wideFloats(tokens(), headDim());
    }

    /** Byte offset of the packed values in a worker's memory; the packed keys are at 0. */
    long valueOffset() {
        return (long) valueStart() * Float.BYTES;
    }
}
