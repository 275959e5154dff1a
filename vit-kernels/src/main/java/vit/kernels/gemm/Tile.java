package vit.kernels.gemm;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * A tile of C while its sums grow: an array of {@link #ROWS} by {@link #COLUMNS} floats that stays in the L1 cache. This class also holds the tuned
 * numbers of the GEMM, which are constants to the JIT.
 */
final class Tile {

    /** Rows of C in a tile. */
    static final int ROWS = MicroKernel.ROWS;

    /** Columns of C in a tile, and width of a packed panel. */
    static final int COLUMNS = MicroKernel.VECTORS * LANES;

    /** Bytes of one step of k in a packed panel. */
    static final int PANEL_STEP = COLUMNS * Float.BYTES;

    /** Steps of k between two stores of the accumulators. */
    static final int DEPTH = MicroKernel.ROW;

    /**
     * The largest number of rows of A whose packed block of {@link #DEPTH} steps stays in L2 while the panels are used. More rows are split evenly
     * into blocks, so that no small remainder reads all panels again. 197 rows are one block.
     */
    static final int BLOCK_ROWS = 216;

    /**
     * The number of panels by which the rows of a tile are multiplied before the next rows are taken. For all panels but the first, those rows are in
     * the L2 cache already. More than two copied panels leave less of that cache to the rows. On machines that read panels in memory, two were
     * slower: with four vectors they fill the cache.
     */
    static final int GROUP = MicroKernel.STAGED ? 2 : 1;

    /** Floats of a worker's copy of one block of k of a panel; 0 where the kernels do not read a copy. */
    static final int STAGED_PANEL = MicroKernel.STAGED ? DEPTH * COLUMNS : 0;

    /** Floats of a worker's widened block of k of a panel in memory; 0 where the kernels read a copy in an array, which then holds the widened block. */
    static final int WIDENED_PANEL = MicroKernel.STAGED ? 0 : DEPTH * COLUMNS;

    /** A tile of zeros, from which sums begin; never written. */
    static final float[] ZEROS = new float[ROWS * COLUMNS];

    private Tile() {}

    /** The number of row tiles that cover {@code m} rows. */
    static int rowTiles(int m) {
        return (m + ROWS - 1) / ROWS;
    }

    /** The largest number of rows of a block of this depth: {@link #BLOCK_ROWS}, or more rows if they are short, up to eight times as many. */
    static int mostBlockRows(int depth) {
        return BLOCK_ROWS * Math.max(1, Math.min(8, DEPTH / Math.max(1, depth)));
    }

    /** Rows of each block but the last when {@code m} rows are split: whole tiles. */
    static int blockRows(int m, int depth) {
        int most = mostBlockRows(depth);
        int blocks = (m + most - 1) / most;
        return blocks == 0 ? ROWS : rowTiles((m + blocks - 1) / blocks) * ROWS;
    }

    /** The number of blocks of k that cover {@code depth} steps. */
    static int depthBlocks(int depth) {
        return (depth + DEPTH - 1) / DEPTH;
    }

    /** The number of panels that cover {@code n} columns. */
    static int panels(int n) {
        return (n + COLUMNS - 1) / COLUMNS;
    }

    /** Reads the first {@code rows} by {@code columns} elements of the tile from C; the others are left as they are. */
    static void load(float[] tile, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes) {
        if (columns < COLUMNS) {
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(c, Tensor.FLOAT, cOffset + r * cRowBytes, tile, r * COLUMNS, columns);
            }
        } else if (MicroKernel.WIDE) {
            MicroKernel6x4.load(tile, rows, c, cOffset, cRowBytes);
        } else {
            MicroKernel6x2.load(tile, rows, c, cOffset, cRowBytes);
        }
    }

    /** Writes the first {@code rows} by {@code columns} elements of the tile to C. */
    static void store(float[] tile, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes) {
        if (columns < COLUMNS) {
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(tile, r * COLUMNS, c, Tensor.FLOAT, cOffset + r * cRowBytes, columns);
            }
        } else if (MicroKernel.WIDE) {
            MicroKernel6x4.store(tile, rows, c, cOffset, cRowBytes);
        } else {
            MicroKernel6x2.store(tile, rows, c, cOffset, cRowBytes);
        }
    }

    /** Copies the first {@code columns} elements of each of the first {@code rows} rows of a tile of {@code width} columns to C in an array. */
    static void store(float[] tile, int rows, int width, int columns, float[] c, int cStart, int cRow) {
        if (columns < COLUMNS || width < COLUMNS) {
            for (int r = 0; r < rows; r++) {
                System.arraycopy(tile, r * width, c, cStart + r * cRow, columns);
            }
        } else if (MicroKernel.WIDE) {
            MicroKernel6x4.storeToArray(tile, rows, c, cStart, cRow);
        } else {
            MicroKernel6x2.storeToArray(tile, rows, c, cStart, cRow);
        }
    }

    /** tile[r] = vector + tile[r], for every row r below {@code rows}. */
    @VectorLoop
    static void addVector(float[] tile, int rows, int columns, MemorySegment vector, long offset) {
        vector = Tensor.offHeap(vector);
        int whole = columns / LANES * LANES;
        for (int j = 0; j < whole; j += LANES) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, vector, offset + (long) j * Float.BYTES, ORDER);
            for (int r = 0; r < rows; r++) {
                x.add(FloatVector.fromArray(SPECIES, tile, r * COLUMNS + j)).intoArray(tile, r * COLUMNS + j);
            }
        }
        for (int j = whole; j < columns; j++) {
            float x = vector.get(Tensor.FLOAT, offset + (long) j * Float.BYTES);
            for (int r = 0; r < rows; r++) {
                tile[r * COLUMNS + j] = x + tile[r * COLUMNS + j];
            }
        }
    }

    /** tile = x + tile, for the first {@code rows} rows. */
    @VectorLoop
    static void add(float[] tile, int rows, float[] x) {
        for (int i = 0; i < rows * COLUMNS; i += LANES) {
            FloatVector.fromArray(SPECIES, x, i).add(FloatVector.fromArray(SPECIES, tile, i)).intoArray(tile, i);
        }
    }

    /** tile[r] = tile[r] · vector, for every row r below {@code rows}. */
    static void multiplyVector(float[] tile, int rows, int columns, MemorySegment vector, long offset) {
        for (int r = 0; r < rows; r++) {
            multiplyRow(tile, r * COLUMNS, columns, vector, offset);
        }
    }

    @VectorLoop
    private static void multiplyRow(float[] tile, int start, int columns, MemorySegment x, long offset) {
        x = Tensor.offHeap(x);
        int i = 0;
        for (; i <= columns - LANES; i += LANES) {
            FloatVector.fromArray(SPECIES, tile, start + i)
                    .mul(FloatVector.fromMemorySegment(SPECIES, x, offset + (long) i * Float.BYTES, ORDER))
                    .intoArray(tile, start + i);
        }
        for (; i < columns; i++) {
            tile[start + i] *= x.get(Tensor.FLOAT, offset + (long) i * Float.BYTES);
        }
    }
}
