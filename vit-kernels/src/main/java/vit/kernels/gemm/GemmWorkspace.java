package vit.kernels.gemm;

import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/**
 * The memory that a product needs besides its operands: the packed rows of A, which the team fills together, and for each worker its tiles of C and
 * its copy of a panel. A workspace is planned once for the largest product. It serves one running product at a time.
 *
 * <p>Most of it lies on the heap, because C2 makes fewer nodes of an access to an array than of an access to a memory segment (docs/gemm.md).
 */
public final class GemmWorkspace {

    private final float[] rows; // [blocks of K][⌈M / 6⌉][6][MicroKernel.ROW]
    private final Tensor panels; // [⌈N / tile columns⌉][K][tile columns], for a right-hand operand packed on the way
    private final float[][][] tiles; // by worker, by tile of a block of rows and panel of a group: (tile rows, tile columns)
    private final float[][] residuals; // by worker: a tile of the residual
    private final float[][] staged; // by worker: a group of panels, or nothing where the kernel reads them in memory
    private final Tensor[] widened; // by worker: a block of k of a panel of narrow elements as floats, if the kernel reads it in memory; null: takes none
    private final float[] gradientRows; // as rows, for the gradient of an input, which is computed beside that of the weight
    private final TransposeMemory[] transposes; // by worker; null: not for training

    private GemmWorkspace(float[] rows, float[] gradientRows, Tensor panels, float[][][] tiles, float[][] residuals, float[][] staged, Tensor[] widened,
            TransposeMemory[] transposes) {
        this.rows = rows;
        this.gradientRows = gradientRows;
        this.panels = panels;
        this.tiles = tiles;
        this.residuals = residuals;
        this.staged = staged;
        this.widened = widened;
        this.transposes = transposes;
    }

    /**
     * A workspace for products whose rows take up to {@code packedRows} floats (see {@link #packedInput}), for a team of up to {@code workers}. Its
     * memory belongs to {@code arena}; a {@linkplain TensorArena#counting() counting} arena tells the bytes.
     */
    public static GemmWorkspace allocate(TensorArena arena, int packedRows, int workers) {
        return allocate(arena, packedRows, workers, false);
    }

    /**
     * As {@link #allocate(TensorArena, int, int)}, and with {@code narrow} for matrices of 16-bit and 8-bit elements as well ({@link Storage}). On machines whose kernels
     * read panels in memory, each worker then needs up to 192 KB more.
     */
    public static GemmWorkspace allocate(TensorArena arena, int packedRows, int workers, boolean narrow) {
        Tensor[] widened = narrow ? new Tensor[workers] : null;
        for (int i = 0; narrow && i < workers; i++) {
            widened[i] = arena.allocate(Tile.WIDENED_PANEL);
        }
        return allocate(arena, packedRows, 0, 0, workers, widened, null);
    }

    /** A workspace for products of up to {@code m} rows of {@code k} elements, for a team of up to {@code workers}. */
    public static GemmWorkspace allocate(TensorArena arena, int m, int k, int workers) {
        return allocate(arena, packedInput(m, k), workers);
    }

    /**
     * A workspace for training as well.
     *
     * @param packedRows   floats of the rows of products, and of the transposed input in the gradient of a weight (see {@link #packedInput} and {@link
     *                     #packedRows})
     * @param packedPanels floats of the panels that the gradient of a weight needs (see {@link #packedPanels})
     * @param gradientRows floats of the rows that the gradient of an input needs: {@link #packedInput} of its upstream gradient
     */
    public static GemmWorkspace allocateForTraining(TensorArena arena, int packedRows, int packedPanels, int gradientRows, int workers) {
        TransposeMemory[] transposes = new TransposeMemory[workers];
        for (int i = 0; i < workers; i++) {
            transposes[i] = TransposeMemory.allocate(arena);
        }
        return allocate(arena, packedRows, packedPanels, gradientRows, workers, null, transposes);
    }

    /** A workspace for both passes of a layer of {@code k} inputs and {@code n} outputs, for up to {@code m} rows and a team of up to {@code workers}. */
    public static GemmWorkspace allocateForLayer(TensorArena arena, int m, int n, int k, int workers) {
        return allocateForTraining(arena, Math.max(Math.max(packedInput(m, k), packedInput(m, n)), packedRows(k, m)), packedPanels(n, m),
                packedInput(m, n), workers);
    }

    private static GemmWorkspace allocate(TensorArena arena, int packedRows, int packedPanels, int gradientRows, int workers, Tensor[] widened,
            TransposeMemory[] transposes) {
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
        return new GemmWorkspace(arena.floats(packedRows), arena.floats(gradientRows), arena.allocate(packedPanels), tiles, residuals, staged, widened,
                transposes);
    }

    /**
     * The number of floats that {@code m} rows of {@code k} elements take when packed.
     *
     * @throws ArithmeticException if they are 2³¹ or more
     */
    public static int packedRows(int m, int k) {
        return Math.multiplyExact(Tile.rowTiles(m), Panels.packedTile(k));
    }

    /**
     * The number of floats that products of up to {@code m} rows of up to {@code k} elements need when the rows are not packed beforehand. If all rows are
     * one block, that is the packed size of the rows; otherwise it is that of two blocks, which have more rows the shorter the rows are.
     *
     * @throws ArithmeticException if they are 2³¹ or more
     */
    public static int packedInput(int m, int k) {
        // Rows are split evenly into blocks, so fewer rows in all may mean more rows in a block. Shorter rows may have larger blocks.
        return Math.max(Math.multiplyExact(blockTiles(m, k), Panels.packedTile(k)), Math.multiplyExact(blockTiles(m, 1), Panels.packedTile(1)));
    }

    /** The largest number of tiles in two blocks of up to {@code m} rows of {@code k} elements or more, or in one if that is all. */
    private static int blockTiles(int m, int k) {
        return m <= Tile.BLOCK_ROWS ? Tile.rowTiles(m) : Math.min(Tile.rowTiles(m) + 1, 2 * Tile.rowTiles(Tile.mostBlockRows(k)));
    }

    /**
     * The number of floats that {@code n} outputs of depth {@code k} take when packed for the gradient of a weight.
     *
     * @throws ArithmeticException if they are 2³¹ or more
     */
    public static int packedPanels(int n, int k) {
        return Math.multiplyExact(Math.multiplyExact(Tile.panels(n), Tile.COLUMNS), MicroKernel.wholeIterations(k));
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

    /** Whether matrices of elements of fewer than 32 bits may be multiplied by. */
    boolean takesNarrow() {
        return widened != null;
    }

    /** A worker's block of k of a panel of narrow elements as floats; empty where the kernels read them in {@link #staged}. */
    Tensor widened(int worker) {
        return widened[worker];
    }

    /** The array in which a worker keeps the tile of the residual that it will add. */
    float[] residual(int worker) {
        return residuals[worker];
    }

    /** A worker's tiles: as many as a block of rows has in a group of panels. */
    float[][] tiles(int worker) {
        return tiles[worker];
    }

    /** The rows of an upstream gradient, for the gradient of an input; empty in a workspace that is not for training. */
    float[] gradientRows() {
        return gradientRows;
    }

    /** What a worker needs to transpose. */
    TransposeMemory transposing(int worker) {
        return transposes[worker];
    }

    /** Refuses a workspace that has no memory for this team's transpositions. */
    void checkTransposes(Worker worker) {
        if (transposes == null || transposes.length < worker.count()) {
            throw new IllegalArgumentException(transposes == null ? "the workspace is not planned for training"
                    : "the workspace is planned for " + transposes.length + " workers; needed are " + worker.count());
        }
    }

    /** A worker's copy of the panels in use if the kernels read a copy ({@link MicroKernel#STAGED}); otherwise empty. */
    float[] staged(int worker) {
        return staged[worker];
    }
}
