package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import vit.kernels.gelu.GeluSimd;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/** Packing and blocking around the micro-kernel. Workers share the row tiles when packing, the panels when multiplying. */
final class GemmSimd {

    private GemmSimd() {}

    /** This worker's share of packing rows 0 … m of {@code a}: tile by tile, k-major, missing rows as zeros. */
    static void packRows(float[] target, Tensor a, int m, Worker worker) {
        int tiles = Tile.rowTiles(m);
        int depth = a.columns();
        long rowBytes = (long) a.rowStride() * Float.BYTES;
        for (int tile = worker.from(tiles), end = worker.to(tiles); tile < end; tile++) {
            int row = tile * Tile.ROWS;
            Panels.packTile(target, tile * Panels.packedTile(depth), a.segment(), row * rowBytes, rowBytes, Math.min(Tile.ROWS, m - row), depth);
        }
    }

    /** This worker's panels of those that hold the columns of C, from the packed rows in {@code workspace}. */
    static void multiply(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue, int m,
            int firstColumn, int lastColumn, Worker worker) {
        int firstPanel = firstColumn / Tile.COLUMNS;
        int panels = Tile.panels(lastColumn) - firstPanel;
        int from = firstPanel + worker.from(panels);
        int to = firstPanel + worker.to(panels);
        int depth = b.depth();
        int blockRows = Tile.blockRows(m);
        int kFrom = 0;
        do {
            int kTo = Math.min(depth, kFrom + Tile.DEPTH);
            for (int rowFrom = 0; rowFrom < m; rowFrom += blockRows) {
                int rowTo = Math.min(m, rowFrom + blockRows);
                for (int panel = from; panel < to; panel++) {
                    int next = panel + 1 < to ? panel + 1 : from;
                    multiplyPanel(c, workspace, b, epilogue, panel, next, rowFrom, rowTo, kFrom, kTo, worker.index());
                }
            }
            kFrom = kTo;
        } while (kFrom < depth);
    }

    private static void multiplyPanel(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue,
            int panel, int next, int rowFrom, int rowTo, int kFrom, int kTo, int worker) {
        float[] tile = workspace.tile(worker);
        int depth = b.depth();
        int column = panel * Tile.COLUMNS;
        int columns = Math.min(Tile.COLUMNS, b.outputs() - column);
        long bOffset = b.panelOffset(panel) + (long) kFrom * Tile.PANEL_STEP;
        long nextOffset = b.panelOffset(next) + (long) kFrom * Tile.PANEL_STEP;
        long nextEnd = nextOffset + (long) (kTo - kFrom) * Tile.PANEL_STEP;
        int touched = (kTo - kFrom) * MicroKernel.TOUCHED;
        long cRowBytes = (long) c.rowStride() * Float.BYTES;
        for (int row = rowFrom; row < rowTo; row += Tile.ROWS) {
            int rows = Math.min(Tile.ROWS, rowTo - row);
            long cOffset = row * cRowBytes + (long) column * Float.BYTES;
            if (kFrom == 0) {
                Tile.clear(tile);
            } else {
                Tile.load(tile, rows, columns, c.segment(), cOffset, cRowBytes);
            }
            int a = row / Tile.ROWS * Panels.packedTile(depth) + kFrom * MicroKernel.STEP;
            MicroKernel.multiply(workspace.rows(), a, b.segment(), bOffset, kTo - kFrom, tile, nextOffset);
            nextOffset = nextOffset + touched < nextEnd ? nextOffset + touched : nextOffset;
            if (kTo == depth && epilogue != Epilogue.NONE) {
                finish(tile, rows, columns, c.segment(), cOffset, cRowBytes, epilogue, row, column);
            } else {
                Tile.store(tile, rows, columns, c.segment(), cOffset, cRowBytes);
            }
        }
    }

    /** Applies the epilogue and writes to C. The GELU, which no scale or residual follows, runs over C while it is in L1. */
    private static void finish(float[] tile, int rows, int columns, MemorySegment c, long cOffset, long cRowBytes,
            Epilogue epilogue, int row, int column) {
        long vectorOffset = (long) column * Float.BYTES;
        if (epilogue.bias() != null) {
            Tile.addVector(tile, rows, columns, epilogue.bias().segment(), vectorOffset);
        }
        if (epilogue.scale() != null) {
            Tile.multiplyVector(tile, rows, columns, epilogue.scale().segment(), vectorOffset);
        }
        Tensor residual = epilogue.residual();
        if (residual != null) {
            long rowBytes = (long) residual.rowStride() * Float.BYTES;
            Tile.addMatrix(tile, rows, columns, residual.segment(), row * rowBytes + vectorOffset, rowBytes);
        }
        Tile.store(tile, rows, columns, c, cOffset, cRowBytes);
        if (epilogue.gelu() != null) {
            for (int r = 0; r < rows; r++) {
                GeluSimd.apply(c, cOffset + r * cRowBytes, columns, epilogue.gelu());
            }
        }
    }
}
