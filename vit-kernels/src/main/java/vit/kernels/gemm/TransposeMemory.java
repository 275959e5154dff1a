package vit.kernels.gemm;

import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * What one worker needs to transpose rows and weights.
 *
 * @param square {@link TransposeSimd#SCRATCH} floats: a square between its exchanges
 * @param copy   (tile columns, tile columns): a block of a weight before it is transposed, if its rows are several cache lines
 * @param block  (tile columns, tile columns): the same block afterwards
 */
record TransposeMemory(float[] square, Tensor copy, float[] block) {

    static TransposeMemory allocate(TensorArena arena) {
        int block = Tile.COLUMNS * Tile.COLUMNS;
        return new TransposeMemory(arena.floats(TransposeSimd.SCRATCH), arena.allocate(block), arena.floats(block));
    }
}
