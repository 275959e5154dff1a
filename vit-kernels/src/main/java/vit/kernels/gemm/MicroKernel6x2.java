package vit.kernels.gemm;

import static vit.kernels.gemm.MicroKernel.ROW;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

// Written by MicroKernelSource, which is among the tests. Change that class, not this one.

/**
 * The GEMM tile for machines with 16 vector registers: 6 rows by 2 vectors, with 12 accumulators, 2 panel vectors, and one broadcast at a
 * time.
 *
 * <p>A fence follows every row. It costs no instruction, and C2 moves no load across it. Without it C2 would put the loads of all steps
 * first, and the accumulators would spill. The panel is in an array, because C2 would read the bounds and the state of a memory
 * segment again after each fence.
 *
 * <p>{@link MicroKernel} says what all kernels have in common and why they are written in this way.
 */
final class MicroKernel6x2 {

    /** Steps of k in one iteration of the loop. */
    static final int UNROLL = 4;

    /** Floats of one step of k in the panel. */
    private static final int STEP = 2 * LANES;

    private MicroKernel6x2() {}

    /** Computes {@code steps} steps of k, a multiple of {@link #UNROLL}. */
    @VectorLoop
    static void multiply(float[] a, int aStart, float[] b, int bStart, int steps, float[] from, float[] c) {
        if (steps == 0) {
            return;
        }
        FloatVector acc0a = FloatVector.fromArray(SPECIES, from, 0);
        FloatVector acc0b = FloatVector.fromArray(SPECIES, from, LANES);
        FloatVector acc1a = FloatVector.fromArray(SPECIES, from, 2 * LANES);
        FloatVector acc1b = FloatVector.fromArray(SPECIES, from, 3 * LANES);
        FloatVector acc2a = FloatVector.fromArray(SPECIES, from, 4 * LANES);
        FloatVector acc2b = FloatVector.fromArray(SPECIES, from, 5 * LANES);
        FloatVector acc3a = FloatVector.fromArray(SPECIES, from, 6 * LANES);
        FloatVector acc3b = FloatVector.fromArray(SPECIES, from, 7 * LANES);
        FloatVector acc4a = FloatVector.fromArray(SPECIES, from, 8 * LANES);
        FloatVector acc4b = FloatVector.fromArray(SPECIES, from, 9 * LANES);
        FloatVector acc5a = FloatVector.fromArray(SPECIES, from, 10 * LANES);
        FloatVector acc5b = FloatVector.fromArray(SPECIES, from, 11 * LANES);
        int bBase = bStart - aStart * STEP;
        for (int i = aStart, end = aStart + steps; i < end; i += UNROLL) {
            int at = bBase + i * STEP;
            FloatVector ba = FloatVector.fromArray(SPECIES, b, at);
            FloatVector bb = FloatVector.fromArray(SPECIES, b, at + LANES);
            FloatVector x = FloatVector.broadcast(SPECIES, a[i]);
            acc0a = x.fma(ba, acc0a);
            acc0b = x.fma(bb, acc0b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + ROW]);
            acc1a = x.fma(ba, acc1a);
            acc1b = x.fma(bb, acc1b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 2 * ROW]);
            acc2a = x.fma(ba, acc2a);
            acc2b = x.fma(bb, acc2b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 3 * ROW]);
            acc3a = x.fma(ba, acc3a);
            acc3b = x.fma(bb, acc3b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 4 * ROW]);
            acc4a = x.fma(ba, acc4a);
            acc4b = x.fma(bb, acc4b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 5 * ROW]);
            acc5a = x.fma(ba, acc5a);
            acc5b = x.fma(bb, acc5b);
            VarHandle.loadLoadFence();
            ba = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
            bb = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
            x = FloatVector.broadcast(SPECIES, a[i + 1]);
            acc0a = x.fma(ba, acc0a);
            acc0b = x.fma(bb, acc0b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + ROW + 1]);
            acc1a = x.fma(ba, acc1a);
            acc1b = x.fma(bb, acc1b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 2 * ROW + 1]);
            acc2a = x.fma(ba, acc2a);
            acc2b = x.fma(bb, acc2b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 3 * ROW + 1]);
            acc3a = x.fma(ba, acc3a);
            acc3b = x.fma(bb, acc3b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 4 * ROW + 1]);
            acc4a = x.fma(ba, acc4a);
            acc4b = x.fma(bb, acc4b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 5 * ROW + 1]);
            acc5a = x.fma(ba, acc5a);
            acc5b = x.fma(bb, acc5b);
            VarHandle.loadLoadFence();
            ba = FloatVector.fromArray(SPECIES, b, at + 4 * LANES);
            bb = FloatVector.fromArray(SPECIES, b, at + 5 * LANES);
            x = FloatVector.broadcast(SPECIES, a[i + 2]);
            acc0a = x.fma(ba, acc0a);
            acc0b = x.fma(bb, acc0b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + ROW + 2]);
            acc1a = x.fma(ba, acc1a);
            acc1b = x.fma(bb, acc1b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 2 * ROW + 2]);
            acc2a = x.fma(ba, acc2a);
            acc2b = x.fma(bb, acc2b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 3 * ROW + 2]);
            acc3a = x.fma(ba, acc3a);
            acc3b = x.fma(bb, acc3b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 4 * ROW + 2]);
            acc4a = x.fma(ba, acc4a);
            acc4b = x.fma(bb, acc4b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 5 * ROW + 2]);
            acc5a = x.fma(ba, acc5a);
            acc5b = x.fma(bb, acc5b);
            VarHandle.loadLoadFence();
            ba = FloatVector.fromArray(SPECIES, b, at + 6 * LANES);
            bb = FloatVector.fromArray(SPECIES, b, at + 7 * LANES);
            x = FloatVector.broadcast(SPECIES, a[i + 3]);
            acc0a = x.fma(ba, acc0a);
            acc0b = x.fma(bb, acc0b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + ROW + 3]);
            acc1a = x.fma(ba, acc1a);
            acc1b = x.fma(bb, acc1b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 2 * ROW + 3]);
            acc2a = x.fma(ba, acc2a);
            acc2b = x.fma(bb, acc2b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 3 * ROW + 3]);
            acc3a = x.fma(ba, acc3a);
            acc3b = x.fma(bb, acc3b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 4 * ROW + 3]);
            acc4a = x.fma(ba, acc4a);
            acc4b = x.fma(bb, acc4b);
            VarHandle.loadLoadFence();
            x = FloatVector.broadcast(SPECIES, a[i + 5 * ROW + 3]);
            acc5a = x.fma(ba, acc5a);
            acc5b = x.fma(bb, acc5b);
        }
        acc0a.intoArray(c, 0);
        acc0b.intoArray(c, LANES);
        acc1a.intoArray(c, 2 * LANES);
        acc1b.intoArray(c, 3 * LANES);
        acc2a.intoArray(c, 4 * LANES);
        acc2b.intoArray(c, 5 * LANES);
        acc3a.intoArray(c, 6 * LANES);
        acc3b.intoArray(c, 7 * LANES);
        acc4a.intoArray(c, 8 * LANES);
        acc4b.intoArray(c, 9 * LANES);
        acc5a.intoArray(c, 10 * LANES);
        acc5b.intoArray(c, 11 * LANES);
    }

    /** Reads the first {@code rows} rows of the tile from C in memory. */
    @VectorLoop
    static void load(float[] tile, int rows, MemorySegment c, long cOffset, long cRowBytes) {
        c = Tensor.offHeap(c);
        for (int r = 0; r < rows; r++) {
            long row = cOffset + r * cRowBytes;
            int at = r * 2 * LANES;
            FloatVector.fromMemorySegment(SPECIES, c, row, ORDER).intoArray(tile, at);
            FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER).intoArray(tile, at + LANES);
        }
    }

    /** Writes the first {@code rows} rows of the tile to C in memory. */
    @VectorLoop
    static void store(float[] tile, int rows, MemorySegment c, long cOffset, long cRowBytes) {
        c = Tensor.offHeap(c);
        for (int r = 0; r < rows; r++) {
            long row = cOffset + r * cRowBytes;
            int at = r * 2 * LANES;
            FloatVector.fromArray(SPECIES, tile, at).intoMemorySegment(c, row, ORDER);
            FloatVector.fromArray(SPECIES, tile, at + LANES).intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        }
    }

    /** Writes the first {@code rows} rows of the tile to C in an array. A call of the JDK's copy takes longer than a row does here. */
    @VectorLoop
    static void storeToArray(float[] tile, int rows, float[] c, int cStart, int cRow) {
        for (int r = 0; r < rows; r++) {
            int row = cStart + r * cRow;
            int at = r * 2 * LANES;
            FloatVector.fromArray(SPECIES, tile, at).intoArray(c, row);
            FloatVector.fromArray(SPECIES, tile, at + LANES).intoArray(c, row + LANES);
        }
    }
}
