package vit.kernels.gemm;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.gelu.GeluSimd;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Simd;
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
            for (int r = 0; r < Tile.ROWS; r++) {
                int row = tile * Tile.ROWS + r;
                int start = tile * Tile.ROWS * depth + r;
                if (row < m) {
                    packRow(target, start, a.segment(), row * rowBytes, depth);
                } else {
                    clearRow(target, start, depth);
                }
            }
        }
    }

    static void packRow(float[] target, int start, MemorySegment a, long offset, int depth) {
        for (int k = 0; k < depth; k++) {
            target[start + k * Tile.ROWS] = a.get(Tensor.FLOAT, offset + (long) k * Float.BYTES);
        }
    }

    static void clearRow(float[] target, int start, int depth) {
        for (int k = 0; k < depth; k++) {
            target[start + k * Tile.ROWS] = 0;
        }
    }

    /** This worker's panels of C, from the packed rows in {@code workspace}. */
    static void multiply(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue, int m, Worker worker) {
        int panels = Tile.panels(b.outputs());
        int from = worker.from(panels);
        int to = worker.to(panels);
        int depth = b.depth();
        int blockRows = Tile.blockRows(m);
        int kFrom = 0;
        do {
            int kTo = Math.min(depth, kFrom + Tile.DEPTH);
            for (int rowFrom = 0; rowFrom < m; rowFrom += blockRows) {
                int rowTo = Math.min(m, rowFrom + blockRows);
                for (int panel = from; panel < to; panel++) {
                    multiplyPanel(c, workspace, b, epilogue, panel, rowFrom, rowTo, kFrom, kTo, worker.index());
                }
            }
            kFrom = kTo;
        } while (kFrom < depth);
    }

    private static void multiplyPanel(Tensor c, GemmWorkspace workspace, PackedMatrix b, Epilogue epilogue,
            int panel, int rowFrom, int rowTo, int kFrom, int kTo, int worker) {
        float[] rows = workspace.rows();
        int depth = b.depth();
        boolean first = kFrom == 0;
        boolean last = kTo == depth;
        int column = panel * Tile.COLUMNS;
        int columns = Math.min(Tile.COLUMNS, b.outputs() - column);
        long bOffset = b.panelOffset(panel) + (long) kFrom * Tile.PANEL_STEP;
        long cRowBytes = (long) c.rowStride() * Float.BYTES;
        for (int row = rowFrom; row < rowTo; row += Tile.ROWS) {
            int count = Math.min(Tile.ROWS, rowTo - row);
            int aStart = row * depth + kFrom * Tile.ROWS;
            long cOffset = row * cRowBytes + (long) column * Float.BYTES;
            if (count == Tile.ROWS && columns == Tile.COLUMNS) {
                Tile.multiply(rows, aStart, b.segment(), bOffset, kTo - kFrom, c.segment(), cOffset, cRowBytes, !first);
            } else {
                multiplyEdge(rows, aStart, b.segment(), bOffset, kTo - kFrom, c.segment(), cOffset, cRowBytes, !first,
                        count, columns, workspace.edgeSegment(), GemmWorkspace.edgeOffset(worker));
            }
            if (last && epilogue != Epilogue.NONE) {
                applyEpilogue(c, epilogue, row, count, column, columns);
            }
        }
    }

    /** A tile that sticks out of C: computed whole in the worker's own tile, then the part inside is copied. */
    static void multiplyEdge(float[] a, int aStart, MemorySegment b, long bOffset, int depth,
            MemorySegment c, long cOffset, long cRowBytes, boolean accumulate,
            int rows, int columns, MemorySegment edge, long edgeOffset) {
        long bytes = (long) columns * Float.BYTES;
        if (accumulate) {
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(c, cOffset + r * cRowBytes, edge, edgeOffset + (long) r * Tile.PANEL_STEP, bytes);
            }
        }
        Tile.multiply(a, aStart, b, bOffset, depth, edge, edgeOffset, Tile.PANEL_STEP, accumulate);
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(edge, edgeOffset + (long) r * Tile.PANEL_STEP, c, cOffset + r * cRowBytes, bytes);
        }
    }

    private static void applyEpilogue(Tensor c, Epilogue epilogue, int row, int rows, int column, int columns) {
        MemorySegment out = c.segment();
        MemorySegment bias = epilogue.bias() == null ? null : epilogue.bias().segment();
        MemorySegment scale = epilogue.scale() == null ? null : epilogue.scale().segment();
        Tensor residual = epilogue.residual();
        for (int r = row; r < row + rows; r++) {
            long offset = ((long) r * c.rowStride() + column) * Float.BYTES;
            long vectorOffset = (long) column * Float.BYTES;
            if (bias != null) {
                add(out, offset, bias, vectorOffset, columns);
            }
            if (epilogue.gelu() != null) {
                GeluSimd.apply(out, offset, columns, epilogue.gelu());
            }
            if (scale != null) {
                multiply(out, offset, scale, vectorOffset, columns);
            }
            if (residual != null) {
                add(out, offset, residual.segment(), ((long) r * residual.rowStride() + column) * Float.BYTES, columns);
            }
        }
    }

    /** x[0 … n) = y[0 … n) + x[0 … n). */
    private static void add(MemorySegment x, long xOffset, MemorySegment y, long yOffset, int n) {
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER))
                    .intoMemorySegment(x, xOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            x.set(Tensor.FLOAT, xOffset + at, y.get(Tensor.FLOAT, yOffset + at) + x.get(Tensor.FLOAT, xOffset + at));
        }
    }

    /** x[0 … n) = x[0 … n) · y[0 … n). */
    private static void multiply(MemorySegment x, long xOffset, MemorySegment y, long yOffset, int n) {
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)
                    .mul(FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, ORDER))
                    .intoMemorySegment(x, xOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            x.set(Tensor.FLOAT, xOffset + at, x.get(Tensor.FLOAT, xOffset + at) * y.get(Tensor.FLOAT, yOffset + at));
        }
    }
}
