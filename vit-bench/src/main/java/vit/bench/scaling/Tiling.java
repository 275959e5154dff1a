package vit.bench.scaling;

import java.util.ArrayList;
import java.util.List;
import vit.kernels.simd.Simd;

/**
 * How products and attention are divided into items: the rules of {@code vit.kernels.gemm.GemmSimd}, {@code vit.kernels.gemm.Tile} and
 * {@code vit.kernels.attention.AttentionSimd}, written once more, because they are not public and a prediction needs them for teams that are larger than
 * the machine. {@code TilingTest} compares both.
 *
 * @param columns columns of a panel
 * @param group   panels of a group
 * @param items   the least number of items for each worker
 */
record Tiling(int columns, int group, int items) {

    static final int ROWS = 6;
    static final int DEPTH = 768;
    static final int BLOCK_ROWS = 216;
    static final int ITEMS = 12;
    static final int ENOUGH_HEADS = 8;
    static final int LEAST_TILES = 4;

    /** Packing the keys and values of a head takes as long as two or three tiles of queries ({@code AttentionSimd.LEAST_TILES}). */
    static final double PACKING_TILES = 2.5;

    /** The tiling of this JVM's vectors. */
    static Tiling ofThisMachine() {
        boolean wide = Simd.REGISTERS == 32;
        return new Tiling((wide ? 4 : 2) * Simd.LANES, wide ? 1 : 2, ITEMS);
    }

    /** The same with another least number of items for each worker. */
    Tiling withItems(int number) {
        return new Tiling(columns, group, number);
    }

    static int ceil(int n, int d) {
        return (n + d - 1) / d;
    }

    /** Rows of each block of a product. */
    static int blockRows(int m, int depth) {
        int most = BLOCK_ROWS * Math.max(1, Math.min(8, DEPTH / Math.max(1, depth)));
        int blocks = ceil(m, most);
        return ceil(ceil(m, blocks), ROWS) * ROWS;
    }

    /** Tiles in each part of a block of {@code tiles} tiles. */
    int partTiles(int tiles, int count, int workers) {
        int parts = workers == 1 || count == 0 ? 1 : ceil(items * workers, count);
        return Math.max(1, ceil(tiles, parts));
    }

    /** The loop of a product of {@code m} packed rows with {@code outputs} outputs. */
    Loop product(Kernel kernel, int m, int outputs, int depth, int workers) {
        int panels = ceil(outputs, columns);
        int blockRows = blockRows(m, depth);
        int blocks = ceil(m, blockRows);
        int grouped = workers == 1 || blocks * panels >= group * items * workers ? group : 1;
        int groups = ceil(panels, grouped);
        int partRows = partTiles(ceil(Math.min(m, blockRows), ROWS), blocks * groups, workers) * ROWS;
        int parts = ceil(Math.min(m, blockRows), partRows);
        int count = blocks * groups * parts;
        double[] units = new double[count];
        double[] flops = new double[count];
        double[] bytes = new double[count];
        for (int item = 0; item < count; item++) {
            int panel = item / parts % groups * grouped;
            int block = item / parts / groups * blockRows;
            int from = block + item % parts * partRows;
            int rows = Math.max(0, Math.min(Math.min(m, block + blockRows), from + partRows) - from);
            int width = Math.min(grouped, panels - panel) * columns;
            units[item] = (double) ceil(rows, ROWS) * ROWS * width * depth;
            flops[item] = 2.0 * rows * Math.min(width, outputs - panel * columns) * depth;
            bytes[item] = rows == 0 ? 0 : (double) width * depth * Float.BYTES;
        }
        return new Loop(kernel, true, units, flops, bytes, 1, 0, (double) panels * columns * depth * Float.BYTES);
    }

    /** The loop that packs {@code m} rows of a tensor. */
    static Loop packing(int m, int depth) {
        int tiles = ceil(m, ROWS);
        Loop fixed = Loop.fixed(Kernel.COPY, tiles, 2.0 * ROWS * depth * Float.BYTES);
        return new Loop(Kernel.COPY, true, fixed.units(), fixed.flops(), fixed.weightBytes(), 1, 0, 0);
    }

    /** The regions of a product whose rows are not packed. Every block of rows is packed beside the product of the block before. */
    List<Region> packedProduct(String name, Kernel kernel, int m, int outputs, int depth, int workers) {
        List<Region> regions = new ArrayList<>();
        int blockRows = blockRows(m, depth);
        regions.add(new Region(name, List.of(packing(Math.min(m, blockRows), depth))));
        for (int row = 0; row < m; row += blockRows) {
            Loop product = product(kernel, Math.min(blockRows, m - row), outputs, depth, workers);
            int next = Math.min(blockRows, m - row - blockRows);
            regions.add(new Region(name, next > 0 ? List.of(product, packing(next, depth)) : List.of(product)));
        }
        return regions;
    }

    /** The number of parts of a head's queries. */
    static int headParts(int heads, int queries, int workers) {
        if (heads == 0 || heads >= ENOUGH_HEADS * workers) {
            return 1;
        }
        int parts = workers;
        for (int divisor = 2; divisor <= workers; divisor++) {
            if (workers % divisor == 0 && heads % divisor == 0) {
                parts = workers / divisor;
            }
        }
        return Math.max(1, Math.min(parts, queries / (LEAST_TILES * ROWS)));
    }

    /** The loop of attention over {@code heads} heads of all images. */
    static Loop attention(int heads, int queries, int tokens, int headDim, int workers) {
        int parts = headParts(heads, queries, workers);
        int tiles = ceil(queries, ROWS);
        double[] units = new double[heads * parts];
        double[] flops = new double[heads * parts];
        for (int i = 0; i < units.length; i++) {
            int part = i % parts;
            int first = Math.min(queries, part * tiles / parts * ROWS);
            int last = Math.min(queries, (part + 1) * tiles / parts * ROWS);
            units[i] = ceil(last - first, ROWS);
            flops[i] = 4.0 * (last - first) * tokens * headDim;
        }
        return new Loop(Kernel.ATTENTION, true, units, flops, new double[units.length], parts, PACKING_TILES, 0);
    }
}
