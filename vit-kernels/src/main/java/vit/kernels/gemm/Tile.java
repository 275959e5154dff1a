package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import vit.kernels.simd.Simd;

/**
 * The tuned numbers of the GEMM, in one place, and the one branch that picks the micro-kernel. Both are constants to the
 * JIT.
 */
final class Tile {

    /**
     * Rows of C in a tile. 32 vector registers (512 bits) hold 12 × 2 accumulators; 16 hold 4 × 2 without spilling.
     * Measured on a Cascade Lake Xeon (512) and an EPYC Zen 3 (256), see docs/gemm.md.
     */
    static final int ROWS = Simd.BITS == 512 ? MicroKernel12x2.ROWS : MicroKernel4x2.ROWS;

    /** Columns of C in a tile, and width of a packed panel. */
    static final int COLUMNS = 2 * Simd.LANES;

    /** Bytes of one k of a packed panel. */
    static final int PANEL_STEP = COLUMNS * Float.BYTES;

    /** Steps of k between two stores of the accumulators: a panel block stays in L1 at 256 bits, in L2 at 512. */
    static final int DEPTH = Simd.BITS == 512 ? 768 : 384;

    /**
     * Most rows of A whose packed block of {@link #DEPTH} stays in L2 while the panels pass. More rows are split evenly, so
     * that no small rest streams all panels again: 197 rows are one block.
     */
    static final int BLOCK_ROWS = 208;

    private Tile() {}

    /** The number of row tiles that cover {@code m} rows. */
    static int rowTiles(int m) {
        return (m + ROWS - 1) / ROWS;
    }

    /** Rows of each block but the last when {@code m} rows are split: whole tiles. */
    static int blockRows(int m) {
        int blocks = (m + BLOCK_ROWS - 1) / BLOCK_ROWS;
        return blocks == 0 ? ROWS : rowTiles((m + blocks - 1) / blocks) * ROWS;
    }

    /** The number of panels that cover {@code n} columns. */
    static int panels(int n) {
        return (n + COLUMNS - 1) / COLUMNS;
    }

    /** See {@link MicroKernel4x2#multiply}. */
    static void multiply(float[] a, int aStart, MemorySegment b, long bOffset, int depth,
            MemorySegment c, long cOffset, long cRowBytes, boolean accumulate) {
        if (Simd.BITS == 512) {
            MicroKernel12x2.multiply(a, aStart, b, bOffset, depth, c, cOffset, cRowBytes, accumulate);
        } else {
            MicroKernel4x2.multiply(a, aStart, b, bOffset, depth, c, cOffset, cRowBytes, accumulate);
        }
    }
}
