package vit.kernels.gemm;

import vit.kernels.tensor.TensorArena;

/**
 * Activations (M, K) as the micro-kernel reads the left-hand operand of a product. Who computes them can write them so at once: then
 * nobody packs a tensor, and the team waits for each other once less. Blocks of {@link MicroKernel#ROW} steps of k, in each the tiles of six
 * rows, in a tile row after row, on the heap: so a block of k is a matrix with {@code ROW} floats from one row to the next. Where a row lies
 * depends on how many rows are in use, so writer and reader name the same number.
 *
 * <p>Planned once for a largest M; like a tensor it may be used by any thread.
 */
public final class PackedRows {

    private final float[] values; // [⌈K / ROW⌉][⌈M / 6⌉][6][ROW]
    private final int rows;
    private final int columns;

    private PackedRows(float[] values, int rows, int columns) {
        this.values = values;
        this.rows = rows;
        this.columns = columns;
    }

    /** Room for {@code m} rows of {@code k}, zeros. */
    public static PackedRows allocate(TensorArena arena, int m, int k) {
        return new PackedRows(arena.floats(GemmWorkspace.packedRows(m, k)), m, k);
    }

    /** M, the most rows. */
    public int rows() {
        return rows;
    }

    /** K. */
    public int columns() {
        return columns;
    }

    /** The memory of {@link #start}. */
    public float[] values() {
        return values;
    }

    /**
     * Where columns {@code column} to {@code column + }{@link #run} of a row lie, side by side.
     *
     * @param m rows in use
     */
    public int start(int row, int column, int m) {
        return GemmSimd.block(column, row / Tile.ROWS, Tile.rowTiles(m)) + row % Tile.ROWS * MicroKernel.ROW + column % MicroKernel.ROW;
    }

    /** How many columns from {@code column} on lie side by side. */
    public int run(int column) {
        return Math.min(columns - column, MicroKernel.ROW - column % MicroKernel.ROW);
    }

    /** Copies {@code count} floats of {@code source} to a row from {@code column} on, {@code m} rows being in use. */
    public void writeRun(int row, int column, int m, float[] source, int from, int count) {
        for (int done = 0; done < count; ) {
            int run = Math.min(count - done, run(column + done));
            System.arraycopy(source, from + done, values, start(row, column + done, m), run);
            done += run;
        }
    }

    /** Copies {@code count} floats of a row from {@code column} on to {@code target}, {@code m} rows being in use. */
    public void readRun(int row, int column, int m, float[] target, int to, int count) {
        for (int done = 0; done < count; ) {
            int run = Math.min(count - done, run(column + done));
            System.arraycopy(values, start(row, column + done, m), target, to + done, run);
            done += run;
        }
    }

    @Override
    public String toString() {
        return "(" + rows + ", " + columns + ")";
    }

    /** The first {@code m} rows, for reference implementations and tests. */
    public double[] read(int m) {
        double[] read = new double[Math.multiplyExact(m, columns)];
        for (int i = 0; i < read.length; i++) {
            read[i] = values[start(i / columns, i % columns, m)];
        }
        return read;
    }

    /** Rounds to float and writes the first {@code m} rows. */
    public void write(double[] source, int m) {
        for (int i = 0; i < m * columns; i++) {
            values[start(i / columns, i % columns, m)] = (float) source[i];
        }
    }
}
