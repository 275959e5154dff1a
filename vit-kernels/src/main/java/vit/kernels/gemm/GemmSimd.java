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
     * The panels that hold the columns of C, shared by the team, from the packed rows in {@code workspace}. The rows pass in blocks whose
     * packed form stays in the cache; where the panels alone are too few items to be shared well, a block is cut into parts. Blocks of
     * k follow one another with a barrier between, since C carries the sums from one to the next.
     */
    static void multiply(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue, int m,
            int firstColumn, int lastColumn, Worker worker) {
        int firstPanel = firstColumn / Tile.COLUMNS;
        int panels = Tile.panels(lastColumn) - firstPanel;
        int depth = b.depth();
        int blockRows = Tile.blockRows(m);
        int blocks = (m + blockRows - 1) / blockRows;
        int partTiles = partTiles(Tile.rowTiles(Math.min(m, blockRows)), blocks * panels, worker.count());
        int partRows = partTiles * Tile.ROWS;
        int parts = (Math.min(m, blockRows) + partRows - 1) / partRows;
        int kFrom = 0;
        do {
            int kTo = Math.min(depth, kFrom + Tile.DEPTH);
            if (kFrom > 0) {
                worker.barrier();
            }
            int items = blocks * panels * parts;
            int ownFirst = worker.from(items);
            int ownLast = worker.to(items) - 1;
            worker.begin(items);
            for (int item = worker.claim(); item >= 0; item = worker.claim()) {
                int panel = item / parts % panels;
                int block = item / parts / panels * blockRows;
                int rowFrom = block + item % parts * partRows;
                int rowTo = Math.min(Math.min(m, block + blockRows), rowFrom + partRows);
                // What this worker will probably multiply by next: its share's next panel, or its first one in the next block of k.
                boolean last = item / parts == ownLast / parts && kTo < depth;
                int next = last ? ownFirst / parts % panels : Math.min(panel + 1, panels - 1);
                multiplyPanel(c, workspace, b, epilogue, firstPanel + panel, b.stepOffset(firstPanel + next, last ? kTo : kFrom),
                        last ? Math.min(depth - kTo, kTo - kFrom) : kTo - kFrom, rowFrom, rowTo,
                        (rowFrom - block) / Tile.ROWS, Tile.rowTiles(m), kFrom, kTo, worker.index());
            }
            kFrom = kTo;
        } while (kFrom < depth);
    }

    /** Tiles in a part of a block of {@code tiles}. */
    private static int partTiles(int tiles, int items, int workers) {
        int parts = workers == 1 || items == 0 ? 1 : (ITEMS * workers + items - 1) / items;
        return Math.max(1, (tiles + parts - 1) / parts);
    }

    /**
     * One panel times some rows.
     *
     * @param next      offset of what this worker will probably multiply by next, which has {@code nextDepth} steps of k
     * @param firstTile the place of the rows in their block: each tile reads its part of the next panel ahead
     * @param tiles     tiles of all rows
     */
    private static void multiplyPanel(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue,
            int panel, long next, int nextDepth, int rowFrom, int rowTo, int firstTile, int tiles, int kFrom, int kTo, int worker) {
        float[] tile = workspace.tile(worker);
        int depth = b.depth();
        int column = panel * Tile.COLUMNS;
        int columns = Math.min(Tile.COLUMNS, b.outputs() - column);
        long bOffset = b.stepOffset(panel, kFrom);
        // A tile reads this much of the next panel, and the last of them lie where all of it has been read.
        long slice = (long) (kTo - kFrom) * MicroKernel.TOUCHED;
        long lastSlice = next + (long) nextDepth * Tile.PANEL_STEP - slice;
        long cRowBytes = (long) c.rowStride() * Float.BYTES;
        for (int row = rowFrom, t = firstTile; row < rowTo; row += Tile.ROWS, t++) {
            int rows = Math.min(Tile.ROWS, rowTo - row);
            long cOffset = row * cRowBytes + (long) column * Float.BYTES;
            if (kFrom > 0) {
                Tile.load(tile, rows, columns, c.segment(), cOffset, cRowBytes);
            }
            int a = block(kFrom, row / Tile.ROWS, tiles);
            MicroKernel.multiply(workspace.rows(), a, b.segment(), bOffset, kTo - kFrom, kFrom == 0 ? Tile.ZEROS : tile, tile,
                    Math.min(next + t * slice, lastSlice));
            if (kTo == depth && epilogue != Epilogue.NONE) {
                finish(tile, rows, columns, c.segment(), cOffset, cRowBytes, epilogue, row, column);
            } else {
                Tile.store(tile, rows, columns, c.segment(), cOffset, cRowBytes);
            }
        }
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
