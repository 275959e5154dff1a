package vit.kernels.tokenmerge;

import vit.kernels.gemm.Panels;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * What each worker needs to match the tokens of one image. A workspace is planned once. It serves one running call at a time: each worker of that call has
 * a part of its own.
 */
public final class TokenMergeWorkspace {

    private final int tokens;
    private final int inner;
    private final int headDim;
    private final Part[] parts;

    /**
     * The part of a worker.
     *
     * @param keys     (H·D): the keys of one token
     * @param squares  (stride): the squares of a direction
     * @param sources  (⌈T/2⌉, stride): the directions of the sources' keys
     * @param targets  (⌊T/2⌋, stride): those of the targets'
     * @param rows     a packed tile of sources
     * @param staged   the targets in panels
     * @param memory   the same off the heap, if the kernels of this machine read them there
     * @param tile     a tile of sums
     * @param cosines  (tile rows, targets in whole panels)
     * @param nearest  (⌈T/2⌉): the best target of every source
     * @param ranked   (⌈T/2⌉): the sources that join, the best first
     * @param rankings (⌈T/2⌉): their cosines
     */
    record Part(float[] keys, float[] squares, float[] sources, float[] targets, float[] rows, float[] staged, Tensor memory, float[] tile, float[] cosines,
            int[] nearest, int[] ranked, float[] rankings) {}

    private TokenMergeWorkspace(TensorArena arena, int tokens, int inner, int headDim, int workers) {
        this.tokens = tokens;
        this.inner = inner;
        this.headDim = headDim;
        this.parts = new Part[workers];
        int sources = (tokens + 1) / 2;
        int panels = Math.multiplyExact(Panels.padded(tokens / 2), headDim);
        int stride = stride(headDim);
        for (int i = 0; i < workers; i++) {
            parts[i] = new Part(arena.floats(inner), arena.floats(stride), arena.floats(Math.multiplyExact(sources, stride)),
                    arena.floats(Math.multiplyExact(tokens / 2, stride)), arena.floats(Panels.packedTile(headDim)), arena.floats(panels),
                    arena.allocate(Panels.IN_MEMORY ? panels : 0), arena.floats(Panels.ROWS * Panels.COLUMNS),
                    arena.floats(Panels.ROWS * Panels.padded(tokens / 2)), arena.ints(sources), arena.ints(sources), arena.floats(sources));
        }
    }

    /**
     * A workspace for sequences of up to {@code tokens} with {@code heads} heads of {@code headDim}, for {@code workers} workers. Its memory belongs to
     * {@code arena}.
     */
    public static TokenMergeWorkspace allocate(TensorArena arena, int tokens, int heads, int headDim, int workers) {
        return new TokenMergeWorkspace(arena, tokens, Math.multiplyExact(heads, headDim), headDim, workers);
    }

    /** Floats from one direction to the next: a multiple of the virtual lanes. */
    static int stride(int headDim) {
        return (headDim + Simd.VIRTUAL_LANES - 1) / Simd.VIRTUAL_LANES * Simd.VIRTUAL_LANES;
    }

    boolean serves(int wantedTokens, int wantedInner, int wantedHeadDim, int workers) {
        return wantedTokens <= tokens && wantedInner == inner && wantedHeadDim == headDim && workers <= parts.length;
    }

    Part part(int worker) {
        return parts[worker];
    }

    @Override
    public String toString() {
        return "for " + tokens + " tokens, " + inner / headDim + " heads of " + headDim + ", " + parts.length + " workers";
    }
}
