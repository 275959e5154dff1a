package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/**
 * dW += dYᵀ·X, with dW in the packed layout of W. A packed panel of W is a (K, tile columns) matrix whose rows lie side by side. So the product is
 * computed as (K, N) = Xᵀ·dY: its rows are inputs of the layer, its columns are outputs, and each finished tile is stored straight into the panel.
 * Both operands are packed by copying, because the sum runs over the rows of the batch.
 */
final class OuterSimd {

    private OuterSimd() {}

    /** Packs Xᵀ as rows and dY as panels. The team divides the tiles and the panels. */
    static void pack(GemmWorkspace workspace, Tensor dy, Tensor x, int m, Worker worker) {
        int inputs = x.columns();
        int tiles = Tile.rowTiles(inputs);
        float[] rows = workspace.rows();
        worker.begin(tiles);
        for (int tile = worker.claim(); tile >= 0; tile = worker.claim()) {
            int count = Math.min(Tile.ROWS, inputs - tile * Tile.ROWS);
            for (int from = 0; from < m; from += Tile.DEPTH) {
                Panels.packColumnBlock(rows, GemmSimd.block(from, tile, tiles), x.segment(),
                        x.rowOffset(from) + (long) tile * Tile.ROWS * Float.BYTES, (long) x.rowStride() * Float.BYTES, count,
                        Math.min(Tile.DEPTH, m - from));
            }
        }
        int outputs = dy.columns();
        worker.begin(Tile.panels(outputs));
        for (int panel = worker.claim(); panel >= 0; panel = worker.claim()) {
            int column = panel * Tile.COLUMNS;
            Panels.packDepth(workspace.panels().segment(), (long) panel * m * Tile.PANEL_STEP, dy.segment(),
                    (long) column * Float.BYTES, (long) dy.rowStride() * Float.BYTES, Math.min(Tile.COLUMNS, outputs - column), m);
        }
    }

    /** Accumulates into dW. The items that the team divides are a panel and a block of its rows. */
    static void accumulate(PackedMatrix dw, GemmWorkspace workspace, int m, Worker worker) {
        int panels = Tile.panels(dw.outputs());
        int inputs = dw.depth();
        int blockRows = Tile.blockRows(inputs);
        int blocks = (inputs + blockRows - 1) / blockRows;
        worker.begin(blocks * panels);
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            int rowFrom = item / panels * blockRows;
            accumulatePanel(dw, workspace, m, item % panels, rowFrom, Math.min(inputs, rowFrom + blockRows), worker.index());
        }
    }

    private static void accumulatePanel(PackedMatrix dw, GemmWorkspace workspace, int m, int panel, int rowFrom, int rowTo, int worker) {
        float[][] tiles = workspace.tiles(worker);
        float[] staged = workspace.staged(worker);
        MemorySegment panels = workspace.panels().segment();
        int rowTiles = Tile.rowTiles(dw.depth());
        for (int from = 0; from < m; from += Tile.DEPTH) {
            int depth = Math.min(Tile.DEPTH, m - from);
            boolean last = from + depth == m;
            long b = ((long) panel * m + from) * Tile.PANEL_STEP;
            MicroKernel.stage(staged, 0, panels, b, depth);
            for (int row = rowFrom, t = 0; row < rowTo; row += Tile.ROWS, t++) {
                float[] tile = tiles[from == 0 && last ? 0 : t];
                int a = GemmSimd.block(from, row / Tile.ROWS, rowTiles);
                long c = dw.panelOffset(panel) + (long) row * Tile.PANEL_STEP;
                int count = Math.min(Tile.ROWS, rowTo - row);
                if (from == 0) {
                    Tile.load(tile, count, Tile.COLUMNS, dw.segment(), c, Tile.PANEL_STEP);
                }
                MicroKernel.multiply(workspace.rows(), a, panels, b, staged, 0, depth, tile, tile, b);
                if (last) {
                    Tile.store(tile, count, Tile.COLUMNS, dw.segment(), c, Tile.PANEL_STEP);
                }
            }
        }
    }
}
