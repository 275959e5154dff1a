package vit.kernels.gemm;

import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * What a GEMM needs besides its operands: the packed rows of A, which the team fills together, and for each worker
 * tiles of C and a panel. Planned once for the largest product; serves one running product at a time.
 *
 * <p>They lie on the heap: C2 makes less of an array access than of one to memory (docs/gemm.md).
 */
public final class GemmWorkspace {

    private final float[] rows; // [blocks of K][⌈M / 6⌉][6][MicroKernel.ROW]
    private final Tensor panels; // [⌈N / tile columns⌉][K][tile columns], for a right-hand operand packed on the way
    private final float[][][] tiles; // by worker, by tile of a block of rows and panel of a group: (tile rows, tile columns)
    private final float[][] residuals; // by worker: a tile of the residual
    private final float[][] staged; // by worker: a group of panels, or nothing where the kernel reads them in memory

    private GemmWorkspace(float[] rows, Tensor panels, float[][][] tiles, float[][] residuals, float[][] staged) {
        this.rows = rows;
        this.panels = panels;
        this.tiles = tiles;
        this.residuals = residuals;
        this.staged = staged;
    }

    /**
     * A workspace for products whose rows take up to {@code packedRows} floats (see {@link #packedInput}) by a team of up to
     * {@code workers}.
     */
    public static GemmWorkspace allocate(TensorArena arena, int packedRows, int workers) {
        return allocateForTraining(arena, packedRows, 0, workers);
    }

    /** A workspace for one product of {@code m} rows of {@code k}. */
    public static GemmWorkspace allocate(TensorArena arena, int m, int k, int workers) {
        return allocate(arena, packedInput(m, k), workers);
    }

    /** The same with room for {@code packedPanels} floats (see {@link #packedPanels}), which weight gradients need. */
    public static GemmWorkspace allocateForTraining(TensorArena arena, int packedRows, int packedPanels, int workers) {
        float[][][] tiles = new float[workers][Tile.rowTiles(Tile.BLOCK_ROWS) * Tile.GROUP][];
        float[][] residuals = new float[workers][];
        float[][] staged = new float[workers][];
        for (int i = 0; i < workers; i++) {
            for (int t = 0; t < tiles[i].length; t++) {
                tiles[i][t] = arena.floats(Tile.ROWS * Tile.COLUMNS);
            }
            residuals[i] = arena.floats(Tile.ROWS * Tile.COLUMNS);
            staged[i] = arena.floats(Tile.GROUP * Tile.STAGED_PANEL);
        }
        return new GemmWorkspace(arena.floats(packedRows), arena.allocate(packedPanels), tiles, residuals, staged);
    }

    /**
     * Floats that {@code m} rows of {@code k} take when packed.
     *
     * @throws ArithmeticException if they are 2³¹ or more
     */
    public static int packedRows(int m, int k) {
        return Math.multiplyExact(Tile.rowTiles(m), Panels.packedTile(k));
    }

    /**
     * Floats that products of up to {@code m} rows of {@code k} which are not packed need room for: all rows, or two of their blocks.
     *
     * @throws ArithmeticException if they are 2³¹ or more
     */
    public static int packedInput(int m, int k) {
        // Rows are split evenly, so of fewer rows a block may have more.
        int tiles = m <= Tile.BLOCK_ROWS ? Tile.rowTiles(m) : Math.min(Tile.rowTiles(m) + 1, 2 * Tile.rowTiles(Tile.BLOCK_ROWS));
        return Math.multiplyExact(tiles, Panels.packedTile(k));
    }

    /**
     * Floats that {@code n} outputs of depth {@code k} take when packed.
     *
     * @throws ArithmeticException if they are 2³¹ or more
     */
    public static int packedPanels(int n, int k) {
        return Math.multiplyExact(Math.multiplyExact(Tile.panels(n), Tile.COLUMNS), k);
    }

    float[] rows() {
        return rows;
    }

    Tensor panels() {
        return panels;
    }

    int workers() {
        return tiles.length;
    }

    /** Where a worker keeps the tile of the residual that it will add. */
    float[] residual(int worker) {
        return residuals[worker];
    }

    /** A worker's tiles, as many as a block of rows has in a group of panels. */
    float[][] tiles(int worker) {
        return tiles[worker];
    }

    /** A worker's copy of the panels in use, where {@link MicroKernel#STAGED}. */
    float[] staged(int worker) {
        return staged[worker];
    }
}
