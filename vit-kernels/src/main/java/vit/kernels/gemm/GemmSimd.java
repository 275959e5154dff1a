package vit.kernels.gemm;

import java.lang.foreign.MemorySegment;
import vit.kernels.gelu.GeluSimd;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;

/** Packing and blocking around the micro-kernel. */
final class GemmSimd {

    private GemmSimd() {}

    /**
     * The least number of items of a loop for each worker. It is small enough that handing out items is cheap, and large enough that nobody waits
     * long for the last item.
     */
    static final int ITEMS = 12;

    /**
     * C = A·Bᵀ for rows that are not packed yet. One block of rows after another is packed and multiplied, so that a block is still in the cache when
     * it is used. The workspace holds two blocks, used alternately. One barrier per block is enough: by the time a worker packs block n + 2, every
     * worker has passed the barrier of block n + 1 and so has finished with block n.
     */
    static void multiply(Tensor c, Tensor a, PackedMatrix b, Epilogue epilogue, int m, int firstColumn, int lastColumn,
            GemmWorkspace workspace, Worker worker) {
        packFirstBlock(workspace.rows(), a, m, worker);
        worker.barrier();
        multiplyFromFirstBlock(workspace.rows(), c, a, b, epilogue, m, firstColumn, lastColumn, workspace, worker);
    }

    /** Packs the first block of rows. */
    static void packFirstBlock(float[] packed, Tensor a, int m, Worker worker) {
        packRows(packed, 0, a, 0, Math.min(m, Tile.blockRows(m, a.columns())), worker);
    }

    /** The product of rows whose first block is packed; a barrier has passed since. */
    static void multiplyFromFirstBlock(float[] packed, Tensor c, Tensor a, PackedMatrix b, Epilogue epilogue, int m, int firstColumn, int lastColumn,
            GemmWorkspace workspace, Worker worker) {
        int blockRows = Tile.blockRows(m, b.depth());
        int block = GemmWorkspace.packedRows(Math.min(m, blockRows), b.depth());
        for (int row = 0, start = 0; row < m; row += blockRows, start = block - start) {
            int rows = Math.min(blockRows, m - row);
            if (row > 0) {
                packRows(packed, start, a, row, rows, worker);
                worker.barrier();
            }
            multiply(c, null, packed, start, b, epilogue, row, rows, firstColumn, lastColumn, workspace, worker);
        }
    }

    /**
     * Packs {@code m} rows of {@code a}; the team divides the tiles. The result is a sequence of blocks of k, and each block is a sequence of tiles.
     * Missing rows of the last tile become zeros.
     */
    private static void packRows(float[] target, int start, Tensor a, int firstRow, int m, Worker worker) {
        int depth = a.columns();
        int tiles = Tile.rowTiles(m);
        long rowBytes = (long) a.rowStride() * Float.BYTES;
        worker.begin(tiles);
        for (int tile = worker.claim(); tile >= 0; tile = worker.claim()) {
            int row = tile * Tile.ROWS;
            for (int from = 0; from < depth; from += Tile.DEPTH) {
                Panels.packBlock(target, start + block(from, tile, tiles), a.segment(), a.rowOffset(firstRow + row), rowBytes,
                        Math.min(Tile.ROWS, m - row), from, Math.min(depth, from + Tile.DEPTH));
            }
        }
    }

    /** Index at which a tile's block begins whose first step is k = {@code from}, in packed rows of {@code tiles} tiles. */
    static int block(int from, int tile, int tiles) {
        return (from / Tile.DEPTH * tiles + tile) * MicroKernel.BLOCK;
    }

    /**
     * The product for packed rows. The team divides the groups of panels that hold the columns of C. The rows are taken in blocks, and each worker
     * has arrays for all tiles of a block. If the groups alone are too few items to be divided well, each block is also cut into parts.
     *
     * @param c        where the product goes, or null
     * @param packedC  where the product goes if {@code c} is null
     * @param a        {@code m} packed rows, which begin at {@code aStart}
     * @param firstRow the row of C that belongs to the first of them
     */
    static void multiply(Tensor c, PackedRows packedC, float[] a, int aStart, PackedMatrix b, Epilogue epilogue, int firstRow, int m,
            int firstColumn, int lastColumn, GemmWorkspace workspace, Worker worker) {
        int firstPanel = firstColumn / Tile.COLUMNS;
        int panels = Tile.panels(lastColumn) - firstPanel;
        int blockRows = Tile.blockRows(m, b.depth());
        int blocks = (m + blockRows - 1) / blockRows;
        // If there were too few groups, blocks would be cut into parts, and each part would copy its panels for a few rows only. So a group is then a
        // single panel.
        int group = worker.count() == 1 || blocks * panels >= Tile.GROUP * ITEMS * worker.count() ? Tile.GROUP : 1;
        int groups = (panels + group - 1) / group;
        int partTiles = partTiles(Tile.rowTiles(Math.min(m, blockRows)), blocks * groups, worker.count());
        int partRows = partTiles * Tile.ROWS;
        int parts = (Math.min(m, blockRows) + partRows - 1) / partRows;
        int items = blocks * groups * parts;
        worker.begin(items);
        for (int item = worker.claim(); item >= 0; item = worker.claim()) {
            int panel = item / parts % groups * group;
            int block = item / parts / groups * blockRows;
            int rowFrom = block + item % parts * partRows;
            int rowTo = Math.min(Math.min(m, block + blockRows), rowFrom + partRows);
            // The panel that this worker will probably need next.
            int next = item + parts < items ? (panel + group) % panels : panel;
            multiplyGroup(c, packedC, a, aStart, b, epilogue, firstPanel + panel, Math.min(group, panels - panel), firstPanel + next,
                    firstRow, rowFrom, rowTo, block, m, workspace, worker.index());
        }
    }

    /** The number of tiles in each part of a block of {@code tiles} tiles. */
    static int partTiles(int tiles, int items, int workers) {
        int parts = workers == 1 || items == 0 ? 1 : (ITEMS * workers + items - 1) / items;
        return Math.max(1, (tiles + parts - 1) / parts);
    }

    /**
     * Multiplies a group of panels by some rows, one block of k after another, so that the block's part of the panels stays in the cache for all
     * rows. Between two blocks of k, the sums of the tiles stay in the worker's arrays.
     *
     * @param firstPanel the first of {@code panels} neighbouring panels
     * @param next       the panel to read ahead
     * @param block      first row of the block of rows; a tile's number in the block decides which part of the next panel it reads ahead
     */
    private static void multiplyGroup(Tensor c, PackedRows packedC, float[] a, int aStart, PackedMatrix b, Epilogue epilogue,
            int firstPanel, int panels, int next, int firstRow, int rowFrom, int rowTo, int block, int m, GemmWorkspace workspace, int worker) {
        float[][] tiles = workspace.tiles(worker);
        float[] staged = workspace.staged(worker);
        float[] residualTile = workspace.residual(worker);
        boolean narrow = b.storage().isNarrow();
        Tensor widened = narrow && !MicroKernel.STAGED ? workspace.widened(worker) : null;
        MemorySegment memory = widened == null ? b.segment() : widened.segment();
        Tensor residual = epilogue.residual();
        long residualBytes = residual == null ? 0 : (long) residual.rowStride() * Float.BYTES;
        int depth = b.depth();
        int kFrom = 0;
        do {
            int kTo = Math.min(depth, kFrom + Tile.DEPTH);
            boolean last = kTo == depth;
            // Each tile reads one slice ahead. If there are more tiles than slices, the remaining tiles read the last slice again.
            long ahead = last ? b.stepOffset(next, 0) : b.stepOffset(firstPanel, kTo);
            long slice = (long) (kTo - kFrom) * MicroKernel.TOUCHED;
            long lastSlice = ahead + (long) Math.min(Tile.DEPTH, last ? depth : depth - kTo) * Tile.PANEL_STEP - slice;
            for (int p = 0; p < panels; p++) {
                if (narrow) {
                    widen(b, firstPanel + p, kFrom, kTo, staged, p * Tile.STAGED_PANEL, widened);
                } else {
                    MicroKernel.stage(staged, p * Tile.STAGED_PANEL, b.segment(), b.stepOffset(firstPanel + p, kFrom), kTo - kFrom);
                }
            }
            for (int row = rowFrom; row < rowTo; row += Tile.ROWS) {
                int t = (row - block) / Tile.ROWS;
                int rows = Math.min(Tile.ROWS, rowTo - row);
                int tileStart = aStart + block(kFrom, row / Tile.ROWS, Tile.rowTiles(m));
                for (int p = 0; p < panels; p++) {
                    float[] tile = tiles[depth <= Tile.DEPTH ? 0 : t * Tile.GROUP + p];
                    float[] from = kFrom == 0 ? Tile.ZEROS : tile;
                    int column = (firstPanel + p) * Tile.COLUMNS;
                    int columns = Math.min(Tile.COLUMNS, b.outputs() - column);
                    if (last && residual != null) {
                        // Read before the product, whose arithmetic hides part of the latency of the L3 cache.
                        Tile.load(residualTile, rows, columns, residual.segment(), (firstRow + row) * residualBytes + (long) column * Float.BYTES, residualBytes);
                    }
                    MicroKernel.multiply(a, tileStart, memory, widened == null ? b.stepOffset(firstPanel + p, kFrom) : 0, staged, p * Tile.STAGED_PANEL,
                            kTo - kFrom, from, tile, widened == null ? Math.min(ahead + t * slice, lastSlice) : 0);
                    if (last) {
                        finish(tile, rows, columns, epilogue, residualTile, column);
                        store(c, packedC, tile, rows, columns, firstRow + row, column, m);
                    }
                }
            }
            kFrom = kTo;
        } while (kFrom < depth);
    }

    /** Widens steps {@code kFrom} to {@code kTo} of a panel to where the kernel reads them. */
    private static void widen(PackedMatrix b, int panel, int kFrom, int kTo, float[] staged, int to, Tensor widened) {
        int floats = (kTo - kFrom) * Tile.COLUMNS;
        long offset = b.stepOffset(panel, kFrom);
        if (b.storage() == Storage.INT8) {
            int words = Quantization.words(kTo - kFrom);
            if (widened == null) {
                Widening.int8(staged, to, b.segment(), offset, b.scales(), b.scaleOffset(panel), words);
            } else {
                Widening.int8(widened.segment(), b.segment(), offset, b.scales(), b.scaleOffset(panel), words);
            }
        } else if (widened == null) {
            Widening.widen(b.storage(), staged, to, b.segment(), offset, floats);
        } else {
            Widening.widen(b.storage(), widened.segment(), b.segment(), offset, floats);
        }
    }

    /** Writes a finished tile to C, which is either a tensor or packed rows; the other argument is null. */
    private static void store(Tensor c, PackedRows packedC, float[] tile, int rows, int columns, int row, int column, int m) {
        if (c != null) {
            long rowBytes = (long) c.rowStride() * Float.BYTES;
            Tile.store(tile, rows, columns, c.segment(), row * rowBytes + (long) column * Float.BYTES, rowBytes);
        } else {
            // A block of packed columns holds whole panels, so it never cuts one.
            Tile.store(tile, rows, Tile.COLUMNS, columns, packedC.values(), packedC.start(row, column, m), MicroKernel.ROW);
        }
    }

    /** Applies the epilogue. An epilogue never has both a GELU and a scale or residual. */
    private static void finish(float[] tile, int rows, int columns, Epilogue epilogue, float[] residualTile, int column) {
        long vectorOffset = (long) column * Float.BYTES;
        if (epilogue.bias() != null) {
            Tile.addVector(tile, rows, columns, epilogue.bias().segment(), vectorOffset);
        }
        if (epilogue.scale() != null) {
            Tile.multiplyVector(tile, rows, columns, epilogue.scale().segment(), vectorOffset);
        }
        if (epilogue.residual() != null) {
            Tile.add(tile, rows, residualTile);
        }
        if (epilogue.gelu() != null) {
            GeluSimd.apply(tile, rows * Tile.COLUMNS, epilogue.gelu());
        }
    }
}
