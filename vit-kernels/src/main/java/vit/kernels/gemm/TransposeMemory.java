package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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

    /** Writes the transpose of {@code width} steps of a panel, of which the first {@code steps} outputs are used, to the block, with zeros beyond the width. */
    void transpose(MemorySegment panel, long offset, int steps, int width) {
        if (width < Tile.COLUMNS) {
            Arrays.fill(block, 0);
        }
        if (MicroKernel.WIDE) {
            // A row of a block is four cache lines there, and a square takes one of each. The hardware reads ahead from memory only if the block is
            // first read from beginning to end: 115 µs instead of 190 for 768 × 768. With rows of one or two lines the copy is lost time.
            MemorySegment.copy(panel, offset, copy.segment(), 0, (long) width * Tile.PANEL_STEP);
            TransposeSimd.transpose(block, 0, Tile.COLUMNS, copy.segment(), 0, Tile.PANEL_STEP, steps, width, square);
        } else {
            TransposeSimd.transpose(block, 0, Tile.COLUMNS, panel, offset, Tile.PANEL_STEP, steps, width, square);
        }
    }
}
