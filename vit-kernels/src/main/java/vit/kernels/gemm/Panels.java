package vit.kernels.gemm;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import vit.kernels.jit.Rehearsal;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * The pieces of the GEMM from which attention builds its own loops: packing panels from strided rows, packing rows, and the product of a tile and a
 * panel. Offsets and strides are in bytes for memory segments and in floats for arrays. Arguments are not checked beyond the bounds of the memory
 * itself.
 */
public final class Panels {

    /** Rows in a tile. */
    public static final int ROWS = Tile.ROWS;

    /** Columns in a tile and in a panel. */
    public static final int COLUMNS = Tile.COLUMNS;

    /** Bytes of one step of k in a panel. */
    public static final int STEP = Tile.PANEL_STEP;

    /** Whether the kernels of this machine read panels in a memory segment; otherwise they read them in an array. */
    public static final boolean IN_MEMORY = !MicroKernel.STAGED;

    private Panels() {}

    /** Floats from one packed row to the next. */
    public static final int ROW = MicroKernel.ROW;

    /** Columns of a panel of two vectors. */
    private static final int NARROW = 2 * Simd.LANES;

    /** Floats of a block of packed rows: {@link #ROWS} of {@link #ROW}. */
    private static final int BLOCK = MicroKernel.BLOCK;

    /** Rehearsals of the packing of keys and values, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        return GemmRehearsals.panels();
    }

    /** The number of floats of one tile of packed rows of {@code k} elements: blocks of {@link #ROWS} by {@link #ROW}, one after the other. */
    public static int packedTile(int k) {
        return Math.multiplyExact(Tile.depthBlocks(k), BLOCK);
    }

    /** {@code n} rounded up to whole panels. */
    public static int padded(int n) {
        return Tile.panels(n) * Tile.COLUMNS;
    }

    /** {@code m} rounded up to whole tiles. */
    public static int paddedRows(int m) {
        return Tile.rowTiles(m) * Tile.ROWS;
    }

    /**
     * Packs an (n, k) matrix whose row j, an output, begins at {@code from + j·stride} with its k elements side by side. The packing transposes; the
     * result is for {@link #multiplyOutputs}. Missing outputs of the last panel become zeros.
     *
     * @param target receives the panels, from {@code to} on
     * @param memory receives a copy of the panels, from {@code memoryOffset} on, if the kernels of this machine read them in memory
     */
    public static void packOutputs(float[] target, int to, MemorySegment memory, long memoryOffset,
            float[] source, int from, int stride, int n, int k) {
        int wide = wideOutputs(n, k);
        for (int panel = 0; panel < n; panel += COLUMNS) {
            int width = panel < wide ? COLUMNS : NARROW;
            for (int j = 0; j < width; j++) {
                packOutput(target, to + panel * k + j, width, source, from + (panel + j) * stride, panel + j < n ? k : 0, k);
            }
        }
        if (IN_MEMORY) {
            MemorySegment.copy(target, to, memory, Tensor.FLOAT, memoryOffset, padded(wide) * k);
        }
    }

    /** Packs one output of a panel: {@code count} elements, then zeros up to {@code k}. */
    static void packOutput(float[] target, int to, int step, float[] source, int from, int count, int k) {
        for (int i = 0; i < count; i++) {
            target[to + i * step] = source[from + i];
        }
        for (int i = count; i < k; i++) {
            target[to + i * step] = 0;
        }
    }

    /**
     * How many of {@code n} outputs of depth {@code k} are put in panels of the usual width. If the last panel would be mostly padding, the remaining
     * outputs are put in a panel of two vectors instead.
     */
    private static int wideOutputs(int n, int k) {
        int rest = n % COLUMNS;
        return NARROW < COLUMNS && k <= ROW && rest > 0 && rest <= NARROW ? n - rest : n;
    }

    /**
     * Packs an (n, k) matrix that is stored with one row for each k: row k begins at {@code from + k·stride} and holds one element of every output
     * side by side. The packing copies; the result is for {@link #multiply}. Missing outputs of the last panel become zeros.
     *
     * @param target receives the panels, from {@code to} on
     * @param memory receives a copy of the panels, from {@code memoryOffset} on, if the kernels of this machine read them in memory
     */
    public static void packDepth(float[] target, int to, MemorySegment memory, long memoryOffset,
            float[] source, int from, int stride, int n, int k) {
        for (int column = 0; column < n; column += COLUMNS) {
            packSteps(target, to + column * k, source, from + column, stride, Math.min(COLUMNS, n - column), k);
        }
        if (IN_MEMORY) {
            MemorySegment.copy(target, to, memory, Tensor.FLOAT, memoryOffset, padded(n) * k);
        }
    }

    /** Packs one panel of {@code width} outputs. */
    @VectorLoop
    static void packSteps(float[] target, int to, float[] source, int from, int stride, int width, int k) {
        int whole = width / Simd.LANES * Simd.LANES;
        for (int i = 0; i < k; i++) {
            int row = from + i * stride;
            int at = to + i * COLUMNS;
            for (int j = 0; j < whole; j += Simd.LANES) {
                FloatVector.fromArray(SPECIES, source, row + j).intoArray(target, at + j);
            }
            for (int j = whole; j < width; j++) {
                target[at + j] = source[row + j];
            }
            for (int j = width; j < COLUMNS; j++) {
                target[at + j] = 0;
            }
        }
    }

    /**
     * Packs an (n, k) matrix that is stored in memory with one row for each k: row k begins at {@code offset + k·rowBytes} and holds one element of
     * every output side by side. Missing outputs of the last panel become zeros.
     */
    @VectorLoop
    public static void packDepth(MemorySegment target, long to, MemorySegment source, long offset, long rowBytes, int n, int k) {
        target = Tensor.offHeap(target);
        source = Tensor.offHeap(source);
        for (int column = 0; column < n; column += COLUMNS) {
            long panel = to + (long) (column / COLUMNS) * k * STEP;
            long from = offset + (long) column * Float.BYTES;
            int width = Math.min(COLUMNS, n - column);
            for (int i = 0; i < k; i++) {
                if (width == COLUMNS) {
                    for (int j = 0; j < STEP; j += Simd.VECTOR_BYTES) {
                        FloatVector.fromMemorySegment(SPECIES, source, from + i * rowBytes + j, ORDER)
                                .intoMemorySegment(target, panel + (long) i * STEP + j, ORDER);
                    }
                } else {
                    copyRaggedStep(target, panel + (long) i * STEP, source, from + i * rowBytes, width);
                }
            }
        }
    }

    /**
     * Copies the first {@code width} outputs of a step and then writes zeros. The reads have a loop of their own, so that C2 can check its bounds
     * before it begins.
     */
    private static void copyRaggedStep(MemorySegment target, long to, MemorySegment source, long from, int width) {
        target = Tensor.offHeap(target);
        source = Tensor.offHeap(source);
        for (int j = 0; j < width; j++) {
            target.set(Tensor.FLOAT, to + (long) j * Float.BYTES, source.get(Tensor.FLOAT, from + (long) j * Float.BYTES));
        }
        for (int j = width; j < COLUMNS; j++) {
            target.set(Tensor.FLOAT, to + (long) j * Float.BYTES, 0);
        }
    }

    /**
     * Packs steps {@code from} to {@code to} of k, at most {@link #ROW}, of {@code count} ≤ {@link #ROWS} rows into a block. Missing rows become
     * zeros.
     */
    static void packBlock(float[] target, int start, MemorySegment source, long offset, long rowBytes, int count, int from, int to) {
        for (int r = 0; r < ROWS; r++) {
            int at = start + r * ROW;
            if (r < count) {
                MemorySegment.copy(source, Tensor.FLOAT, offset + r * rowBytes + (long) from * Float.BYTES, target, at, to - from);
            } else {
                Arrays.fill(target, at, at + to - from, 0);
            }
        }
    }

    /** Packs one tile of {@code count} ≤ {@link #ROWS} rows of {@code k} elements. Missing rows become zeros. */
    public static void packTile(float[] target, int start, MemorySegment source, long offset, long rowBytes, int count, int k) {
        for (int from = 0; from < k; from += ROW) {
            packBlock(target, start + from / ROW * BLOCK, source, offset, rowBytes, count, from, Math.min(k, from + ROW));
        }
    }

    /** Packs one tile from an array whose rows lie {@code stride} floats apart. Missing rows are left as they are. */
    public static void packTile(float[] target, int start, float[] source, int from, int stride, int count, int k) {
        for (int i = 0; i < k; i += ROW) {
            for (int r = 0; r < count; r++) {
                System.arraycopy(source, from + r * stride + i, target, start + i / ROW * BLOCK + r * ROW, Math.min(ROW, k - i));
            }
        }
    }

    /**
     * Packs one tile from columns {@code column} to {@code column + k} of packed rows of which {@code m} are in use. The tile may begin at any row.
     * Missing rows are left as they are.
     */
    public static void packTile(float[] target, int start, PackedRows source, int row, int column, int m, int count, int k) {
        for (int i = 0; i < k; i += ROW) {
            for (int r = 0; r < count; r++) {
                source.readRun(row + r, column + i, m, target, start + i / ROW * BLOCK + r * ROW, Math.min(ROW, k - i));
            }
        }
    }

    /** Floats of scratch memory that {@link #packColumns} needs. */
    public static final int TRANSPOSED = TransposeSimd.SCRATCH;

    /** Tiles that {@link #packColumns} packs at once. Their 48 rows are whole vectors at every width. */
    public static final int COLUMN_TILES = 8;

    /** The largest number of columns that {@link #packColumns} packs. */
    public static final int MOST_COLUMNS = COLUMN_TILES * ROWS;

    /** Floats of the tiles that {@link #packColumns} packs. */
    public static int packedColumns(int k) {
        return Math.multiplyExact(COLUMN_TILES, packedTile(k));
    }

    /**
     * Packs up to {@link #COLUMN_TILES} tiles whose rows are columns of the source: row r of all tiles, counted through, is column r of the source,
     * counted from {@code offset}. A block of k holds the tiles one after the other, each of {@link #ROWS} by {@link #ROW}; {@link #multiplyColumns}
     * reads this layout. Missing rows of the last tile are left as they are.
     *
     * @param target  receives {@link #packedColumns} floats, from {@code start} on
     * @param count   the number of columns, at most {@link #MOST_COLUMNS}
     * @param scratch {@link #TRANSPOSED} floats, overwritten
     */
    public static void packColumns(float[] target, int start, MemorySegment source, long offset, long rowBytes, int count, int k, float[] scratch) {
        for (int from = 0; from < k; from += ROW) {
            TransposeSimd.transpose(target, start + from / ROW * COLUMN_TILES * BLOCK, ROW, source, offset + from * rowBytes, rowBytes, count,
                    Math.min(ROW, k - from), scratch);
        }
    }

    /**
     * C = (tile of A)·B, for {@code count} rows and all {@code n} outputs of B, whose panels {@link #packOutputs} has packed. Columns of C beyond n
     * are overwritten up to the end of the last panel.
     *
     * @param tile   {@link #ROWS} · {@link #COLUMNS} floats of the caller's own, overwritten
     * @param staged the panels as {@link #packOutputs} packed them, from {@code stagedAt} on
     */
    public static void multiplyOutputs(float[] tile, float[] rows, int start, MemorySegment panels, long panelOffset,
            float[] staged, int stagedAt, int n, int k, MemorySegment c, long cOffset, long cRowBytes, int count) {
        int wide = wideOutputs(n, k);
        for (int column = 0; column < wide; column += COLUMNS) {
            multiply(tile, rows, start, panels, panelOffset + (long) column * k * Float.BYTES, staged, stagedAt + column * k, k,
                    c, cOffset + (long) column * Float.BYTES, cRowBytes, count, COLUMNS);
        }
        if (wide < n) {
            MicroKernel.multiplyNarrow(rows, start, staged, stagedAt + wide * k, k, Tile.ZEROS, tile);
            MicroKernel6x2.store(tile, count, c, cOffset + (long) wide * Float.BYTES, cRowBytes);
        }
    }

    /**
     * {@link #multiplyOutputs(float[], float[], int, MemorySegment, long, float[], int, int, int, MemorySegment, long, long, int) multiplyOutputs} with
     * C in an array, whose rows lie {@code cRow} floats apart.
     */
    public static void multiplyOutputs(float[] tile, float[] rows, int start, MemorySegment panels, long panelOffset,
            float[] staged, int stagedAt, int n, int k, float[] c, int cStart, int cRow, int count) {
        int wide = wideOutputs(n, k);
        for (int column = 0; column < wide; column += COLUMNS) {
            product(tile, rows, start, panels, panelOffset + (long) column * k * Float.BYTES, staged, stagedAt + column * k, k);
            Tile.store(tile, count, COLUMNS, COLUMNS, c, cStart + column, cRow);
        }
        if (wide < n) {
            MicroKernel.multiplyNarrow(rows, start, staged, stagedAt + wide * k, k, Tile.ZEROS, tile);
            Tile.store(tile, count, NARROW, NARROW, c, cStart + wide, cRow);
        }
    }

    /**
     * C = (tile of A)·panel, for the first {@code count} rows and {@code columns} columns.
     *
     * @param tile   {@link #ROWS} · {@link #COLUMNS} floats of the caller's own, overwritten
     * @param staged the panel as {@link #packDepth} or {@link #packOutputs} packed it, from {@code stagedAt} on
     */
    public static void multiply(float[] tile, float[] rows, int start, MemorySegment panels, long panelOffset,
            float[] staged, int stagedAt, int k, MemorySegment c, long cOffset, long cRowBytes, int count, int columns) {
        product(tile, rows, start, panels, panelOffset, staged, stagedAt, k);
        Tile.store(tile, count, columns, c, cOffset, cRowBytes);
    }

    /**
     * As {@link #multiply}, for a tile that {@link #packColumns} has packed.
     *
     * @param start where the tile begins in the packed columns: {@link #ROWS} · {@link #ROW} floats after the one before
     */
    public static void multiplyColumns(float[] tile, float[] rows, int start, MemorySegment panels, long panelOffset,
            float[] staged, int stagedAt, int k, MemorySegment c, long cOffset, long cRowBytes, int count, int columns) {
        product(tile, rows, start, COLUMN_TILES * BLOCK, panels, panelOffset, staged, stagedAt, k);
        Tile.store(tile, count, columns, c, cOffset, cRowBytes);
    }

    /** Writes the first {@code rows} by {@code columns} elements of a tile to C. */
    public static void store(float[] tile, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes) {
        Tile.store(tile, rows, columns, c, cOffset, cRowBytes);
    }

    /** Writes the first {@code rows} by {@code columns} elements of a tile to C in an array, whose rows lie {@code cRow} floats apart. */
    public static void store(float[] tile, int rows, int columns, float[] c, int cStart, int cRow) {
        Tile.store(tile, rows, COLUMNS, columns, c, cStart, cRow);
    }

    /** Overwrites {@code tile} with (tile of A)·panel, {@link #ROWS} by {@link #COLUMNS} floats. The parameters are those of {@link #multiply}. */
    public static void product(float[] tile, float[] rows, int start, MemorySegment panels, long panelOffset,
            float[] staged, int stagedAt, int k) {
        product(tile, rows, start, BLOCK, panels, panelOffset, staged, stagedAt, k);
    }

    /** The product of a tile whose blocks of k begin {@code blockFloats} apart. */
    private static void product(float[] tile, float[] rows, int start, int blockFloats, MemorySegment panels, long panelOffset,
            float[] staged, int stagedAt, int k) {
        float[] from = Tile.ZEROS;
        for (int i = 0; i < k; i += ROW) {
            long offset = panelOffset + (long) i * STEP;
            MicroKernel.multiply(rows, start + i / ROW * blockFloats, panels, offset, staged, stagedAt + i * COLUMNS, Math.min(ROW, k - i),
                    from, tile, offset);
            from = tile;
        }
    }
}
