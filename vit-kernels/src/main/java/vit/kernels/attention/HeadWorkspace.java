package vit.kernels.attention;

import java.lang.foreign.MemorySegment;
import vit.kernels.gemm.Panels;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * What each worker needs to compute with one head at a time, forward or backward. A workspace is planned once. It serves one running call at a time:
 * each worker of that call has a part of its own.
 */
abstract sealed class HeadWorkspace permits AttentionWorkspace, AttentionGradientWorkspace {

    private final int tokens;
    private final int headDim;
    private final Tensor[] memory; // by worker: panels, and other matrices that are read in memory
    private final float[][] staged; // by worker: panels in an array
    private final float[][] tiles; // by worker: a tile of sums
    private final float[][] heads; // by worker: one operand of a head, (T, D)
    private final float[][] rows; // by worker: a packed tile of rows

    /**
     * Plans the memory of all workers.
     *
     * @param rowDepth     the largest number of steps of k of a packed tile of rows
     * @param stagedFloats floats of a worker's panels in an array
     * @param memoryFloats floats of a worker's off-heap memory
     */
    HeadWorkspace(TensorArena arena, int tokens, int headDim, int workers, int rowDepth, int stagedFloats, int memoryFloats) {
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
            rows[i] = arena.floats(Panels.packedTile(rowDepth));
            staged[i] = arena.floats(stagedFloats);
            memory[i] = arena.allocate(memoryFloats);
        }
    }

    /** Floats of panels with T outputs of depth D. */
    static int wideFloats(int tokens, int headDim) {
        return Panels.padded(tokens) * headDim;
    }

    /** Floats of panels with D outputs of depth T. */
    static int narrowFloats(int tokens, int headDim) {
        return tokens * Panels.padded(headDim);
    }

    final int tokens() {
        return tokens;
    }

    final int headDim() {
        return headDim;
    }

    final int workers() {
        return memory.length;
    }

    final MemorySegment memory(int worker) {
        return memory[worker].segment();
    }

    final float[] staged(int worker) {
        return staged[worker];
    }

    final float[] tile(int worker) {
        return tiles[worker];
    }

    final float[] head(int worker) {
        return heads[worker];
    }

    final float[] rows(int worker) {
        return rows[worker];
    }
}
