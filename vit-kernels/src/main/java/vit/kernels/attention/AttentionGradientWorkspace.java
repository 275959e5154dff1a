package vit.kernels.attention;

import vit.kernels.gemm.Panels;
import vit.kernels.tensor.TensorArena;

/**
 * What each worker needs for the gradient of one head: two (T, T) matrices and packed operands. A workspace is planned once. It serves one running
 * call at a time: each worker of that call has a part of its own. The staged array holds the panels in use, wide or narrow, from index 0 on.
 */
public final class AttentionGradientWorkspace extends HeadWorkspace {

    private final float[][] columns; // by worker: packed columns of a (T, T) matrix
    private final float[][] squares; // by worker: a square that is being transposed

    private AttentionGradientWorkspace(TensorArena arena, int tokens, int headDim, int workers, int wide, int narrow) {
        super(arena, tokens, headDim, workers, Math.max(tokens, headDim), Math.max(wide, narrow),
                Math.addExact(2 * matrixFloats(tokens), Panels.IN_MEMORY ? wide + narrow : 0));
        columns = new float[workers][];
        squares = new float[workers][];
        for (int i = 0; i < workers; i++) {
            columns[i] = arena.floats(Panels.packedColumns(tokens));
            squares[i] = arena.floats(Panels.TRANSPOSED);
        }
    }

    /**
     * A workspace for sequences of up to {@code tokens} and heads of {@code headDim}, for {@code workers} workers. Its memory belongs to {@code
     * arena}; a {@linkplain TensorArena#counting() counting} arena tells the bytes.
     */
    public static AttentionGradientWorkspace allocate(TensorArena arena, int tokens, int headDim, int workers) {
        return new AttentionGradientWorkspace(arena, tokens, headDim, workers, wideFloats(tokens, headDim), narrowFloats(tokens, headDim));
    }

    private static int matrixFloats(int tokens) {
        return Math.multiplyExact(Panels.paddedRows(tokens), Panels.padded(tokens));
    }

    /** A worker's packed columns of p or ds. */
    float[] columns(int worker) {
        return columns[worker];
    }

    /** What the packing of those columns needs. */
    float[] square(int worker) {
        return squares[worker];
    }

    /** Byte offset of p, (padded T, padded T). */
    long probabilities() {
        return 0;
    }

    /** Byte offset of ds, (padded T, padded T). */
    long gradients() {
        return (long) matrixFloats(tokens()) * Float.BYTES;
    }

    /** Byte offset of the wide panels, which have T outputs of depth D, if the kernels read them in memory. */
    long wide() {
        return 2 * gradients();
    }

    /** Byte offset of the narrow panels, which have D outputs of depth T, if the kernels read them in memory. */
    long narrow() {
        return wide() + (long) wideFloats(tokens(), headDim()) * Float.BYTES;
    }
}
