package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/**
 * dW = dYᵀ·X or dW += dYᵀ·X, with dW in the packed layout of W. A packed panel of W is a (K, tile columns) matrix whose rows lie side by side. So it is
 * computed as (K, N) = Xᵀ·dY: its rows are inputs of the layer, its columns are outputs, and each finished tile is stored straight into the panel.
 *
 * <p>The sum runs over the rows of the batch. Their number is rounded up to whole iterations of the micro-kernel. The rows that are added hold −0 in X
 * and +0 in dY. Their products are −0, and x + (−0) = x for every x, −0 included, so they change no bit.
 */
final class OuterSimd {

    private OuterSimd() {}

    /**
     * Columns of X that are transposed together: two cache lines of each row, which the hardware fetches as a pair. On a Zen 5, (1576, 768) took 0.32 ms
     * at 512 bits, 0.38 with 16 columns and 0.63 with 64. At 256 bits it took 0.57, 0.43 and 0.59 ms.
     */
    private static final int STRIP = 32;

    /** Packs Xᵀ as rows and dY as panels. The team divides strips of X by blocks of its rows, and the panels. */
    static void pack(GemmWorkspace workspace, Tensor dy, Tensor x, int m, Worker worker) {
        int inputs = x.columns();
        int tiles = Tile.rowTiles(inputs);
        int strips = (inputs + STRIP - 1) / STRIP;
        float[] rows = workspace.rows();
        worker.begin(strips * Tile.depthBlocks(m));
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            int from = item / strips * Tile.DEPTH;
            int column = item % strips * STRIP;
            int steps = Math.min(Tile.DEPTH, m - from);
            // The tiles of a block follow one another, so the packed rows of a block are equally far apart.
            int block = GemmSimd.block(from, 0, tiles);
            TransposeSimd.transpose(rows, block + column * MicroKernel.ROW, MicroKernel.ROW, x.segment(), x.rowOffset(from) + (long) column * Float.BYTES,
                    (long) x.rowStride() * Float.BYTES, Math.min(STRIP, inputs - column), steps, workspace.transposing(worker.index()).square());
            int padded = MicroKernel.wholeIterations(steps);
            for (int row = column; row < Math.min(inputs, column + STRIP); row++) {
                Arrays.fill(rows, block + row * MicroKernel.ROW + steps, block + row * MicroKernel.ROW + padded, -0f);
            }
            if (column + STRIP >= inputs) {
                for (int row = inputs; row < tiles * Tile.ROWS; row++) {
                    Arrays.fill(rows, block + row * MicroKernel.ROW, block + row * MicroKernel.ROW + padded, 0);
                }
            }
        }
        int outputs = dy.columns();
        worker.begin(Tile.panels(outputs));
        for (int panel = worker.claim(); panel >= 0; panel = worker.claim()) {
            int column = panel * Tile.COLUMNS;
            long to = panel * panelBytes(m);
            Panels.packDepth(workspace.panels().segment(), to, dy.segment(), (long) column * Float.BYTES, (long) dy.rowStride() * Float.BYTES,
                    Math.min(Tile.COLUMNS, outputs - column), m);
            clear(workspace.panels().segment(), to + (long) m * Tile.PANEL_STEP, to + panelBytes(m));
        }
    }

    private static void clear(MemorySegment panels, long from, long to) {
        for (long at = from; at < to; at += Float.BYTES) {
            panels.set(Tensor.FLOAT, at, 0);
        }
    }

    /** Bytes of a panel of dY. */
    private static long panelBytes(int m) {
        return (long) MicroKernel.wholeIterations(m) * Tile.PANEL_STEP;
    }

    /**
     * Computes dW from what is packed. The items that the team divides are a panel and a block of its rows, or a part of a block if there are few.
     *
     * @param add whether the sums begin at what dW holds; otherwise they begin at 0, and dW is not read
     */
    static void multiply(PackedMatrix dw, boolean add, GemmWorkspace workspace, int m, Worker worker) {
        int panels = Tile.panels(dw.outputs());
        int inputs = dw.depth();
        int blockRows = Tile.blockRows(inputs, Tile.DEPTH);
        int blocks = (inputs + blockRows - 1) / blockRows;
        int partRows = GemmSimd.partTiles(Tile.rowTiles(Math.min(inputs, blockRows)), blocks * panels, worker.count()) * Tile.ROWS;
        int parts = (Math.min(inputs, blockRows) + partRows - 1) / partRows;
        worker.begin(blocks * panels * parts);
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            int block = item / parts / panels * blockRows;
            int rowFrom = block + item % parts * partRows;
            int rowTo = Math.min(Math.min(inputs, block + blockRows), rowFrom + partRows);
            multiplyPanel(dw, add, workspace, m, item / parts % panels, rowFrom, rowTo, worker.index());
        }
    }

    private static void multiplyPanel(PackedMatrix dw, boolean add, GemmWorkspace workspace, int m, int panel, int rowFrom, int rowTo, int worker) {
        float[][] tiles = workspace.tiles(worker);
        float[] staged = workspace.staged(worker);
        MemorySegment panels = workspace.panels().segment();
        int rowTiles = Tile.rowTiles(dw.depth());
        int from = 0;
        do {
            boolean last = m - from <= Tile.DEPTH;
            int depth = last ? MicroKernel.wholeIterations(m - from) : Tile.DEPTH;
            long b = panel * panelBytes(m) + (long) from * Tile.PANEL_STEP;
            MicroKernel.stage(staged, 0, panels, b, depth);
            for (int row = rowFrom, t = 0; row < rowTo; row += Tile.ROWS, t++) {
                float[] tile = tiles[from == 0 && last ? 0 : t];
                int a = GemmSimd.block(from, row / Tile.ROWS, rowTiles);
                long c = dw.panelOffset(panel) + (long) row * Tile.PANEL_STEP;
                int count = Math.min(Tile.ROWS, rowTo - row);
                if (from == 0 && add) {
                    Tile.load(tile, count, Tile.COLUMNS, dw.segment(), c, Tile.PANEL_STEP);
                }
                MicroKernel.multiply(workspace.rows(), a, panels, b, staged, 0, depth, from > 0 || add ? tile : Tile.ZEROS, tile, b);
                if (last) {
                    Tile.store(tile, count, Tile.COLUMNS, dw.segment(), c, Tile.PANEL_STEP);
                }
            }
            from += Tile.DEPTH;
        } while (from < m);
    }
}
