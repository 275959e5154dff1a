package vit.kernels.gemm;

import static vit.kernels.gemm.MicroKernel.ROW;
import static vit.kernels.gemm.MicroKernel.TOUCHED;
import static vit.kernels.gemm.MicroKernel.UNUSED_BITS;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

// Written by MicroKernelSource, which is among the tests. Change that class, not this one.

/**
 * The GEMM tile for machines with 32 vector registers: 6 rows by 4 vectors, with 24 accumulators, 6 broadcasts, and one panel vector at a
 * time. When four panel vectors were live and the rows used them one after another, C2 spilled an accumulator.
 *
 * <p>{@link MicroKernel} says what all kernels have in common and why they are written in this way.
 */
final class MicroKernel6x4 {

    /** Steps of k in one iteration of the loop. */
    static final int UNROLL = 3;

    /** Bytes of one step of k in the panel. */
    private static final int STEP_BYTES = 4 * VECTOR_BYTES;

    private MicroKernel6x4() {}

    /** Computes {@code steps} steps of k, a multiple of {@link #UNROLL}, or only the first of them. Returns how many steps it has computed. */
    @VectorLoop
    static int multiply(float[] a, int aStart, MemorySegment b, long bOffset, int steps, float[] from, float[] c, long nextOffset) {
        b = Tensor.offHeap(b);
        if (steps == 0) {
            return 0;
        }
        FloatVector acc0a = FloatVector.fromArray(SPECIES, from, 0);
        FloatVector acc0b = FloatVector.fromArray(SPECIES, from, LANES);
        FloatVector acc0c = FloatVector.fromArray(SPECIES, from, 2 * LANES);
        FloatVector acc0d = FloatVector.fromArray(SPECIES, from, 3 * LANES);
        FloatVector acc1a = FloatVector.fromArray(SPECIES, from, 4 * LANES);
        FloatVector acc1b = FloatVector.fromArray(SPECIES, from, 5 * LANES);
        FloatVector acc1c = FloatVector.fromArray(SPECIES, from, 6 * LANES);
        FloatVector acc1d = FloatVector.fromArray(SPECIES, from, 7 * LANES);
        FloatVector acc2a = FloatVector.fromArray(SPECIES, from, 8 * LANES);
        FloatVector acc2b = FloatVector.fromArray(SPECIES, from, 9 * LANES);
        FloatVector acc2c = FloatVector.fromArray(SPECIES, from, 10 * LANES);
        FloatVector acc2d = FloatVector.fromArray(SPECIES, from, 11 * LANES);
        FloatVector acc3a = FloatVector.fromArray(SPECIES, from, 12 * LANES);
        FloatVector acc3b = FloatVector.fromArray(SPECIES, from, 13 * LANES);
        FloatVector acc3c = FloatVector.fromArray(SPECIES, from, 14 * LANES);
        FloatVector acc3d = FloatVector.fromArray(SPECIES, from, 15 * LANES);
        FloatVector acc4a = FloatVector.fromArray(SPECIES, from, 16 * LANES);
        FloatVector acc4b = FloatVector.fromArray(SPECIES, from, 17 * LANES);
        FloatVector acc4c = FloatVector.fromArray(SPECIES, from, 18 * LANES);
        FloatVector acc4d = FloatVector.fromArray(SPECIES, from, 19 * LANES);
        FloatVector acc5a = FloatVector.fromArray(SPECIES, from, 20 * LANES);
        FloatVector acc5b = FloatVector.fromArray(SPECIES, from, 21 * LANES);
        FloatVector acc5c = FloatVector.fromArray(SPECIES, from, 22 * LANES);
        FloatVector acc5d = FloatVector.fromArray(SPECIES, from, 23 * LANES);
        int never = -steps;
        int end = Math.min(steps, ROW); // so C2 knows the range of the offsets and checks those of the panel with 300 instructions fewer
        int done = end;
        for (int i = 0; i < end; i += UNROLL) {
            long at = bOffset + (long) i * STEP_BYTES;
            FloatVector x0 = FloatVector.broadcast(SPECIES, a[aStart + i]);
            FloatVector x1 = FloatVector.broadcast(SPECIES, a[aStart + i + ROW]);
            FloatVector x2 = FloatVector.broadcast(SPECIES, a[aStart + i + 2 * ROW]);
            FloatVector x3 = FloatVector.broadcast(SPECIES, a[aStart + i + 3 * ROW]);
            FloatVector x4 = FloatVector.broadcast(SPECIES, a[aStart + i + 4 * ROW]);
            FloatVector x5 = FloatVector.broadcast(SPECIES, a[aStart + i + 5 * ROW]);
            FloatVector y = FloatVector.fromMemorySegment(SPECIES, b, at, ORDER);
            acc0a = x0.fma(y, acc0a);
            acc1a = x1.fma(y, acc1a);
            acc2a = x2.fma(y, acc2a);
            acc3a = x3.fma(y, acc3a);
            acc4a = x4.fma(y, acc4a);
            acc5a = x5.fma(y, acc5a);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + VECTOR_BYTES, ORDER);
            acc0b = x0.fma(y, acc0b);
            acc1b = x1.fma(y, acc1b);
            acc2b = x2.fma(y, acc2b);
            acc3b = x3.fma(y, acc3b);
            acc4b = x4.fma(y, acc4b);
            acc5b = x5.fma(y, acc5b);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 2 * VECTOR_BYTES, ORDER);
            acc0c = x0.fma(y, acc0c);
            acc1c = x1.fma(y, acc1c);
            acc2c = x2.fma(y, acc2c);
            acc3c = x3.fma(y, acc3c);
            acc4c = x4.fma(y, acc4c);
            acc5c = x5.fma(y, acc5c);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 3 * VECTOR_BYTES, ORDER);
            acc0d = x0.fma(y, acc0d);
            acc1d = x1.fma(y, acc1d);
            acc2d = x2.fma(y, acc2d);
            acc3d = x3.fma(y, acc3d);
            acc4d = x4.fma(y, acc4d);
            acc5d = x5.fma(y, acc5d);
            if (b.get(ValueLayout.JAVA_INT_UNALIGNED, nextOffset + (long) i * TOUCHED) == UNUSED_BITS) {
                done = i + 1;
                break;
            }
            x0 = FloatVector.broadcast(SPECIES, a[aStart + i + 1]);
            x1 = FloatVector.broadcast(SPECIES, a[aStart + i + ROW + 1]);
            x2 = FloatVector.broadcast(SPECIES, a[aStart + i + 2 * ROW + 1]);
            x3 = FloatVector.broadcast(SPECIES, a[aStart + i + 3 * ROW + 1]);
            x4 = FloatVector.broadcast(SPECIES, a[aStart + i + 4 * ROW + 1]);
            x5 = FloatVector.broadcast(SPECIES, a[aStart + i + 5 * ROW + 1]);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 4 * VECTOR_BYTES, ORDER);
            acc0a = x0.fma(y, acc0a);
            acc1a = x1.fma(y, acc1a);
            acc2a = x2.fma(y, acc2a);
            acc3a = x3.fma(y, acc3a);
            acc4a = x4.fma(y, acc4a);
            acc5a = x5.fma(y, acc5a);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 5 * VECTOR_BYTES, ORDER);
            acc0b = x0.fma(y, acc0b);
            acc1b = x1.fma(y, acc1b);
            acc2b = x2.fma(y, acc2b);
            acc3b = x3.fma(y, acc3b);
            acc4b = x4.fma(y, acc4b);
            acc5b = x5.fma(y, acc5b);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 6 * VECTOR_BYTES, ORDER);
            acc0c = x0.fma(y, acc0c);
            acc1c = x1.fma(y, acc1c);
            acc2c = x2.fma(y, acc2c);
            acc3c = x3.fma(y, acc3c);
            acc4c = x4.fma(y, acc4c);
            acc5c = x5.fma(y, acc5c);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 7 * VECTOR_BYTES, ORDER);
            acc0d = x0.fma(y, acc0d);
            acc1d = x1.fma(y, acc1d);
            acc2d = x2.fma(y, acc2d);
            acc3d = x3.fma(y, acc3d);
            acc4d = x4.fma(y, acc4d);
            acc5d = x5.fma(y, acc5d);
            if (i == never) {
                break;
            }
            x0 = FloatVector.broadcast(SPECIES, a[aStart + i + 2]);
            x1 = FloatVector.broadcast(SPECIES, a[aStart + i + ROW + 2]);
            x2 = FloatVector.broadcast(SPECIES, a[aStart + i + 2 * ROW + 2]);
            x3 = FloatVector.broadcast(SPECIES, a[aStart + i + 3 * ROW + 2]);
            x4 = FloatVector.broadcast(SPECIES, a[aStart + i + 4 * ROW + 2]);
            x5 = FloatVector.broadcast(SPECIES, a[aStart + i + 5 * ROW + 2]);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 8 * VECTOR_BYTES, ORDER);
            acc0a = x0.fma(y, acc0a);
            acc1a = x1.fma(y, acc1a);
            acc2a = x2.fma(y, acc2a);
            acc3a = x3.fma(y, acc3a);
            acc4a = x4.fma(y, acc4a);
            acc5a = x5.fma(y, acc5a);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 9 * VECTOR_BYTES, ORDER);
            acc0b = x0.fma(y, acc0b);
            acc1b = x1.fma(y, acc1b);
            acc2b = x2.fma(y, acc2b);
            acc3b = x3.fma(y, acc3b);
            acc4b = x4.fma(y, acc4b);
            acc5b = x5.fma(y, acc5b);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 10 * VECTOR_BYTES, ORDER);
            acc0c = x0.fma(y, acc0c);
            acc1c = x1.fma(y, acc1c);
            acc2c = x2.fma(y, acc2c);
            acc3c = x3.fma(y, acc3c);
            acc4c = x4.fma(y, acc4c);
            acc5c = x5.fma(y, acc5c);
            y = FloatVector.fromMemorySegment(SPECIES, b, at + 11 * VECTOR_BYTES, ORDER);
            acc0d = x0.fma(y, acc0d);
            acc1d = x1.fma(y, acc1d);
            acc2d = x2.fma(y, acc2d);
            acc3d = x3.fma(y, acc3d);
            acc4d = x4.fma(y, acc4d);
            acc5d = x5.fma(y, acc5d);
        }
        acc0a.intoArray(c, 0);
        acc0b.intoArray(c, LANES);
        acc0c.intoArray(c, 2 * LANES);
        acc0d.intoArray(c, 3 * LANES);
        acc1a.intoArray(c, 4 * LANES);
        acc1b.intoArray(c, 5 * LANES);
        acc1c.intoArray(c, 6 * LANES);
        acc1d.intoArray(c, 7 * LANES);
        acc2a.intoArray(c, 8 * LANES);
        acc2b.intoArray(c, 9 * LANES);
        acc2c.intoArray(c, 10 * LANES);
        acc2d.intoArray(c, 11 * LANES);
        acc3a.intoArray(c, 12 * LANES);
        acc3b.intoArray(c, 13 * LANES);
        acc3c.intoArray(c, 14 * LANES);
        acc3d.intoArray(c, 15 * LANES);
        acc4a.intoArray(c, 16 * LANES);
        acc4b.intoArray(c, 17 * LANES);
        acc4c.intoArray(c, 18 * LANES);
        acc4d.intoArray(c, 19 * LANES);
        acc5a.intoArray(c, 20 * LANES);
        acc5b.intoArray(c, 21 * LANES);
        acc5c.intoArray(c, 22 * LANES);
        acc5d.intoArray(c, 23 * LANES);
        return done;
    }

    /** Reads the first {@code rows} rows of the tile from C in memory. */
    @VectorLoop
    static void load(float[] tile, int rows, MemorySegment c, long cOffset, long cRowBytes) {
        c = Tensor.offHeap(c);
        for (int r = 0; r < rows; r++) {
            long row = cOffset + r * cRowBytes;
            int at = r * 4 * LANES;
            FloatVector.fromMemorySegment(SPECIES, c, row, ORDER).intoArray(tile, at);
            FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER).intoArray(tile, at + LANES);
            FloatVector.fromMemorySegment(SPECIES, c, row + 2 * VECTOR_BYTES, ORDER).intoArray(tile, at + 2 * LANES);
            FloatVector.fromMemorySegment(SPECIES, c, row + 3 * VECTOR_BYTES, ORDER).intoArray(tile, at + 3 * LANES);
        }
    }

    /** Writes the first {@code rows} rows of the tile to C in memory. */
    @VectorLoop
    static void store(float[] tile, int rows, MemorySegment c, long cOffset, long cRowBytes) {
        c = Tensor.offHeap(c);
        for (int r = 0; r < rows; r++) {
            long row = cOffset + r * cRowBytes;
            int at = r * 4 * LANES;
            FloatVector.fromArray(SPECIES, tile, at).intoMemorySegment(c, row, ORDER);
            FloatVector.fromArray(SPECIES, tile, at + LANES).intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
            FloatVector.fromArray(SPECIES, tile, at + 2 * LANES).intoMemorySegment(c, row + 2 * VECTOR_BYTES, ORDER);
            FloatVector.fromArray(SPECIES, tile, at + 3 * LANES).intoMemorySegment(c, row + 3 * VECTOR_BYTES, ORDER);
        }
    }

    /** Writes the first {@code rows} rows of the tile to C in an array. A call of the JDK's copy takes longer than a row does here. */
    @VectorLoop
    static void storeToArray(float[] tile, int rows, float[] c, int cStart, int cRow) {
        for (int r = 0; r < rows; r++) {
            int row = cStart + r * cRow;
            int at = r * 4 * LANES;
            FloatVector.fromArray(SPECIES, tile, at).intoArray(c, row);
            FloatVector.fromArray(SPECIES, tile, at + LANES).intoArray(c, row + LANES);
            FloatVector.fromArray(SPECIES, tile, at + 2 * LANES).intoArray(c, row + 2 * LANES);
            FloatVector.fromArray(SPECIES, tile, at + 3 * LANES).intoArray(c, row + 3 * LANES);
        }
    }
}
