package vit.kernels.gemm;

import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/**
 * dW += dYᵀ·X with dW in W's packed layout. A packed panel of W is a (K, tile columns) matrix with its rows side by side, so
 * the product is computed as (K, N) = Xᵀ·dY: rows of the product are inputs, columns are outputs, and the micro-kernel
 * writes tiles straight into the panel. Both operands pack by copying, as the rows of the batch are what is summed over.
 */
final class OuterSimd {

    private OuterSimd() {}

    /** This worker's share of packing Xᵀ as rows and dY as panels. */
    static void pack(GemmWorkspace workspace, Tensor dy, Tensor x, int m, Worker worker) {
        int inputs = x.columns();
        int tiles = Tile.rowTiles(inputs);
        float[] rows = workspace.rows();
        for (int tile = worker.from(tiles), end = worker.to(tiles); tile < end; tile++) {
            int count = Math.min(Tile.ROWS, inputs - tile * Tile.ROWS);
            Panels.packColumns(rows, tile * Panels.packedTile(m), x.segment(), (long) tile * Tile.ROWS * Float.BYTES,
                    (long) x.rowStride() * Float.BYTES, count, m);
        }
        int outputs = dy.columns();
        int panels = Tile.panels(outputs);
        for (int panel = worker.from(panels), end = worker.to(panels); panel < end; panel++) {
            int column = panel * Tile.COLUMNS;
            Panels.packDepth(workspace.panels().segment(), (long) panel * m * Tile.PANEL_STEP, dy.segment(),
                    (long) column * Float.BYTES, (long) dy.rowStride() * Float.BYTES, Math.min(Tile.COLUMNS, outputs - column), m);
        }
    }

    /** This worker's panels of dW. */
    static void accumulate(PackedMatrix dw, GemmWorkspace workspace, int m, Worker worker) {
        int panels = Tile.panels(dw.outputs());
        int inputs = dw.depth();
        int blockRows = Tile.blockRows(inputs);
        float[] tile = workspace.tile(worker.index());
        for (int from = 0; from < m; from += Tile.DEPTH) {
            int depth = Math.min(Tile.DEPTH, m - from);
            for (int rowFrom = 0; rowFrom < inputs; rowFrom += blockRows) {
                int rowTo = Math.min(inputs, rowFrom + blockRows);
                for (int panel = worker.from(panels), end = worker.to(panels); panel < end; panel++) {
                    long b = ((long) panel * m + from) * Tile.PANEL_STEP;
                    for (int row = rowFrom; row < rowTo; row += Tile.ROWS) {
                        int a = row / Tile.ROWS * Panels.packedTile(m) + from * MicroKernel.STEP;
                        long c = dw.panelOffset(panel) + (long) row * Tile.PANEL_STEP;
                        int count = Math.min(Tile.ROWS, inputs - row);
                        Tile.load(tile, count, Tile.COLUMNS, dw.segment(), c, Tile.PANEL_STEP);
                        MicroKernel.multiply(workspace.rows(), a, workspace.panels().segment(), b, depth, tile, b);
                        Tile.store(tile, count, Tile.COLUMNS, dw.segment(), c, Tile.PANEL_STEP);
                    }
                }
            }
        }
    }
}
