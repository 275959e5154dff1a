package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import vit.kernels.gelu.GeluSimd;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/** Packing and blocking around the micro-kernel. */
final class GemmSimd {

    private GemmSimd() {}

    /** Items of a loop for each worker, at least: few enough to be cheap, many enough that nobody waits long for the last one. */
    private static final int ITEMS = 12;

    /** Packs rows 0 … m of {@code a}, shared by the team: blocks of k, in each the tiles, missing rows as zeros. */
    static void packRows(float[] target, Tensor a, int m, Worker worker) {
        int depth = a.columns();
        int tiles = Tile.rowTiles(m);
        long rowBytes = (long) a.rowStride() * Float.BYTES;
        worker.begin(tiles);
        for (int tile = worker.claim(); tile >= 0; tile = worker.claim()) {
            int row = tile * Tile.ROWS;
            for (int from = 0; from < depth; from += Tile.DEPTH) {
                Panels.packBlock(target, block(from, tile, tiles), a.segment(), a.rowOffset(row), rowBytes, Math.min(Tile.ROWS, m - row),
                        from, Math.min(depth, from + Tile.DEPTH));
            }
        }
    }

    /** Where the block of a tile begins that holds k = {@code from} and what follows, in the packed rows of {@code tiles} tiles. */
    static int block(int from, int tile, int tiles) {
        return (from / Tile.DEPTH * tiles + tile) * MicroKernel.BLOCK;
    }

    /**
     * The panels that hold the columns of C, shared by the team, from the packed rows in {@code workspace}. The rows pass in blocks, for
     * whose tiles there is room beside each other; where the panels alone are too few items to be shared well, a block is cut into parts.
     */
    static void multiply(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue, int m,
            int firstColumn, int lastColumn, Worker worker) {
        int firstPanel = firstColumn / Tile.COLUMNS;
        int panels = Tile.panels(lastColumn) - firstPanel;
        int blockRows = Tile.blockRows(m);
        int blocks = (m + blockRows - 1) / blockRows;
        int partTiles = partTiles(Tile.rowTiles(Math.min(m, blockRows)), blocks * panels, worker.count());
        int partRows = partTiles * Tile.ROWS;
        int parts = (Math.min(m, blockRows) + partRows - 1) / partRows;
        int items = blocks * panels * parts;
        worker.begin(items);
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            int panel = item / parts % panels;
            int block = item / parts / panels * blockRows;
            int rowFrom = block + item % parts * partRows;
            int rowTo = Math.min(Math.min(m, block + blockRows), rowFrom + partRows);
            // What this worker will probably multiply by next.
            int next = item + parts < items ? (panel + 1) % panels : panel;
            multiplyPanel(c, workspace, b, epilogue, firstPanel + panel, firstPanel + next, rowFrom, rowTo, block, m, worker.index());
        }
    }

    /** Tiles in a part of a block of {@code tiles}. */
    private static int partTiles(int tiles, int items, int workers) {
        int parts = workers == 1 || items == 0 ? 1 : (ITEMS * workers + items - 1) / items;
        return Math.max(1, (tiles + parts - 1) / parts);
    }

    /**
     * One panel times some rows. Blocks of k follow one another as long as both fit the caches; between them the sums of the tiles stay
     * in the worker's arrays.
     *
     * @param next  the panel to read ahead
     * @param block first row of the block of rows: each tile reads its part of the next panel ahead
     */
    private static void multiplyPanel(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue,
            int panel, int next, int rowFrom, int rowTo, int block, int m, int worker) {
        float[][] tiles = workspace.tiles(worker);
        float[] staged = workspace.staged(worker);
        int depth = b.depth();
        int column = panel * Tile.COLUMNS;
        int columns = Math.min(Tile.COLUMNS, b.outputs() - column);
        long cRowBytes = (long) c.rowStride() * Float.BYTES;
        int kFrom = 0;
        do {
            int kTo = Math.min(depth, kFrom + Tile.DEPTH);
            boolean last = kTo == depth;
            long bOffset = b.stepOffset(panel, kFrom);
            // A tile reads this much of what comes next, and the last of them lie where all of it has been read.
            long ahead = last ? b.stepOffset(next, 0) : b.stepOffset(panel, kTo);
            long slice = (long) (kTo - kFrom) * MicroKernel.TOUCHED;
            long lastSlice = ahead + (long) Math.min(Tile.DEPTH, last ? depth : depth - kTo) * Tile.PANEL_STEP - slice;
            MicroKernel.stage(staged, b.segment(), bOffset, kTo - kFrom);
            for (int row = rowFrom; row < rowTo; row += Tile.ROWS) {
                int t = (row - block) / Tile.ROWS;
                float[] tile = tiles[depth <= Tile.DEPTH ? 0 : t];
                float[] from = kFrom == 0 ? Tile.ZEROS : tile;
                int a = block(kFrom, row / Tile.ROWS, Tile.rowTiles(m));
                MicroKernel.multiply(workspace.rows(), a, b.segment(), bOffset, staged, 0, kTo - kFrom, from, tile,
                        Math.min(ahead + t * slice, lastSlice));
                if (last) {
                    finish(tile, Math.min(Tile.ROWS, rowTo - row), columns, c.segment(), row * cRowBytes + (long) column * Float.BYTES,
                            cRowBytes, epilogue, row, column);
                }
            }
            kFrom = kTo;
        } while (kFrom < depth);
    }

    /** Applies the epilogue and writes to C. No scale or residual follows a GELU. */
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
        if (epilogue.gelu() != null) {
            GeluSimd.apply(tile, rows * Tile.COLUMNS, epilogue.gelu());
        }
        Tile.store(tile, rows, columns, c, cOffset, cRowBytes);
    }
}
