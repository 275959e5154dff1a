package vit.kernels.gemm;

import vit.kernels.tensor.TensorArena;

/**
 * Packed rows: activations (M, K) in the order in which the micro-kernel reads the left-hand operand of a product. If the layer that computes them
 * writes this form at once, nobody has to pack a tensor and the team needs one barrier less.
 *
 * <p>The columns are cut into blocks of {@link MicroKernel#ROW} steps of k. A block holds one tile of six rows after another, and a tile holds one
 * row after another, so a block is a matrix with {@code ROW} floats from one row to the next. All of it is one array on the heap. Where a row lies
 * depends on how many rows are in use, so the writer and the reader must give the same number.
 *
 * <p>Packed rows are planned once for the largest M. Like a tensor, they may be used by any thread.
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

    /** Room for {@code m} rows of {@code k} elements, all zero. */
    public static PackedRows allocate(TensorArena arena, int m, int k) {
        return new PackedRows(arena.floats(GemmWorkspace.packedRows(m, k)), m, k);
    }

    /** M, the largest number of rows. */
    public int rows() {
        return rows;
    }

    /** K. */
    public int columns() {
        return columns;
    }

    /** The array in which {@link #start} gives an index. */
    public float[] values() {
        return values;
    }

    /**
     * The index at which a row's elements begin from {@code column} on. The elements up to {@code column + }{@link #run} lie side by side.
     *
     * @param row    the row
     * @param column the first column
     * @param m      the number of rows in use
     */
    public int start(int row, int column, int m) {
        return GemmSimd.block(column, row / Tile.ROWS, Tile.rowTiles(m)) + row % Tile.ROWS * MicroKernel.ROW + column % MicroKernel.ROW;
    }

    /** The number of columns from {@code column} on whose elements lie side by side in every row. */
    public int run(int column) {
        return Math.min(columns - column, MicroKernel.ROW - column % MicroKernel.ROW);
    }

    /** Copies {@code count} floats of {@code source}, from index {@code from} on, to a row, from {@code column} on; {@code m} rows are in use. */
    public void writeRun(int row, int column, int m, float[] source, int from, int count) {
        for (int done = 0; done < count; ) {
            int run = Math.min(count - done, run(column + done));
            System.arraycopy(source, from + done, values, start(row, column + done, m), run);
            done += run;
        }
    }

    /** Copies {@code count} floats of a row, from {@code column} on, to {@code target}, from index {@code to} on; {@code m} rows are in use. */
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

    /** The first {@code m} rows, row-major, for reference implementations and tests; {@code m} rows are in use. */
    public double[] read(int m) {
        double[] read = new double[Math.multiplyExact(m, columns)];
        for (int i = 0; i < read.length; i++) {
            read[i] = values[start(i / columns, i % columns, m)];
        }
        return read;
    }

    /** Writes the first {@code m} rows from row-major values, each rounded to the nearest float. */
    public void write(double[] source, int m) {
        for (int i = 0; i < m * columns; i++) {
            values[start(i / columns, i % columns, m)] = (float) source[i];
        }
    }
}
