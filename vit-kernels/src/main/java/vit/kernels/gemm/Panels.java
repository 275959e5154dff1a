package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * The pieces of the GEMM that attention builds its own loops from: panels packed from strided memory, packed rows, and the
 * tile product. Offsets and strides are in bytes for memory, in floats for the packed rows. Nothing is checked but what the
 * memory itself checks.
 */
public final class Panels {

    /** Rows in a tile. */
    public static final int ROWS = Tile.ROWS;

    /** Columns in a tile and in a panel. */
    public static final int COLUMNS = Tile.COLUMNS;

    /** Bytes of one k of a panel. */
    public static final int STEP = Tile.PANEL_STEP;

    private Panels() {}

    /** Floats that one tile of packed rows of {@code k} elements takes. */
    public static int packedTile(int k) {
        return Math.multiplyExact(MicroKernel.STEP, k);
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
     * Packs the (n, k) matrix whose row j (an output) lies at {@code offset + j·rowBytes}, k contiguous: the transposing
     * case. Missing outputs of the last panel become zeros.
     */
    public static void packOutputs(MemorySegment target, long to, MemorySegment source, long offset, long rowBytes, int n, int k) {
        for (int j = 0, padded = padded(n); j < padded; j++) {
            long at = to + (long) (j / COLUMNS) * k * STEP + (long) (j % COLUMNS) * Float.BYTES;
            long from = offset + j * rowBytes;
            if (j < n) {
                for (int i = 0; i < k; i++) {
                    target.set(Tensor.FLOAT, at + (long) i * STEP, source.get(Tensor.FLOAT, from + (long) i * Float.BYTES));
                }
            } else {
                for (int i = 0; i < k; i++) {
                    target.set(Tensor.FLOAT, at + (long) i * STEP, 0);
                }
            }
        }
    }

    /**
     * Packs the (n, k) matrix whose k-th row (one element of every output) lies at {@code offset + k·rowBytes}, outputs
     * contiguous: the copying case. Missing outputs of the last panel become zeros.
     */
    public static void packDepth(MemorySegment target, long to, MemorySegment source, long offset, long rowBytes, int n, int k) {
        for (int column = 0; column < n; column += COLUMNS) {
            long panel = to + (long) (column / COLUMNS) * k * STEP;
            long from = offset + (long) column * Float.BYTES;
            int width = Math.min(COLUMNS, n - column);
            for (int i = 0; i < k; i++) {
                if (width == COLUMNS) {
                    copyStep(target, panel + (long) i * STEP, source, from + i * rowBytes);
                } else {
                    copyRaggedStep(target, panel + (long) i * STEP, source, from + i * rowBytes, width);
                }
            }
        }
    }

    /** The first {@code width} outputs of a step, then zeros. Reads in a loop of its own: C2 checks a loop's bounds ahead. */
    private static void copyRaggedStep(MemorySegment target, long to, MemorySegment source, long from, int width) {
        for (int j = 0; j < width; j++) {
            target.set(Tensor.FLOAT, to + (long) j * Float.BYTES, source.get(Tensor.FLOAT, from + (long) j * Float.BYTES));
        }
        for (int j = width; j < COLUMNS; j++) {
            target.set(Tensor.FLOAT, to + (long) j * Float.BYTES, 0);
        }
    }

    private static void copyStep(MemorySegment target, long to, MemorySegment source, long from) {
        for (int j = 0; j < STEP; j += Simd.VECTOR_BYTES) {
            Simd.load(source, from + j).intoMemorySegment(target, to + j, Simd.ORDER);
        }
    }

    /** Packs one tile of {@code count} ≤ {@link #ROWS} rows of {@code k} elements, k-major, missing rows as zeros. */
    public static void packTile(float[] target, int start, MemorySegment source, long offset, long rowBytes, int count, int k) {
        for (int r = 0; r < ROWS; r++) {
            if (r < count) {
                packRow(target, start + r, source, offset + r * rowBytes, k);
            } else {
                clearRow(target, start + r, k);
            }
        }
    }

    private static void packRow(float[] target, int start, MemorySegment source, long offset, int k) {
        for (int i = 0; i < k; i++) {
            target[start + i * MicroKernel.STEP] = source.get(Tensor.FLOAT, offset + (long) i * Float.BYTES);
        }
    }

    private static void clearRow(float[] target, int start, int k) {
        for (int i = 0; i < k; i++) {
            target[start + i * MicroKernel.STEP] = 0;
        }
    }

    /**
     * Packs one tile whose rows are {@code count} ≤ {@link #ROWS} columns of the source, from {@code offset} on: element
     * (row r, k) is column r of source row k. Missing rows become zeros.
     */
    public static void packColumns(float[] target, int start, MemorySegment source, long offset, long rowBytes, int count, int k) {
        for (int i = 0; i < k; i++) {
            long from = offset + i * rowBytes;
            int to = start + i * MicroKernel.STEP;
            for (int r = 0; r < count; r++) {
                target[to + r] = source.get(Tensor.FLOAT, from + (long) r * Float.BYTES);
            }
            for (int r = count; r < ROWS; r++) {
                target[to + r] = 0;
            }
        }
    }

    /**
     * C = A tile · panel, for the first {@code count} rows and {@code columns} columns.
     *
     * @param tile {@link #ROWS} · {@link #COLUMNS} floats of the caller's own, overwritten
     */
    public static void multiply(float[] tile, float[] rows, int start, MemorySegment panels, long panelOffset, int k,
            MemorySegment c, long cOffset, long cRowBytes, int count, int columns) {
        Tile.clear(tile);
        MicroKernel.multiply(rows, start, panels, panelOffset, k, tile, panelOffset);
        Tile.store(tile, count, columns, c, cOffset, cRowBytes);
    }
}
