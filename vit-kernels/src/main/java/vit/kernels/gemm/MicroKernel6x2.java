package vit.kernels.gemm;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The GEMM tile for machines with 16 vector registers: 6 rows by 2 vectors, 12 accumulators, 2 panel vectors, 1 broadcast.
 * With 32 registers it serves the last rows of a matrix. See {@link MicroKernel12x2} for why it is one flat method on arrays.
 */
final class MicroKernel6x2 {

    static final int ROWS = 6;

    private MicroKernel6x2() {}

    /**
     * C += A·B, for each output one chain of fma with k ascending that goes on from what C holds.
     *
     * @param a       packed rows: element (row, k) at {@code aStart + k·aStep + row}
     * @param b       packed panel: vectors (k, 0) and (k, 1) at {@code bOffset} + 2·k vectors
     * @param depth   steps of k
     * @param c       the tile, (6, 2 vectors), contiguous
     */
    static void multiply(float[] a, int aStart, int aStep, MemorySegment b, long bOffset, int depth, float[] c) {
        FloatVector acc0a = FloatVector.fromArray(SPECIES, c, 0);
        FloatVector acc0b = FloatVector.fromArray(SPECIES, c, LANES);
        FloatVector acc1a = FloatVector.fromArray(SPECIES, c, 2 * LANES);
        FloatVector acc1b = FloatVector.fromArray(SPECIES, c, 3 * LANES);
        FloatVector acc2a = FloatVector.fromArray(SPECIES, c, 4 * LANES);
        FloatVector acc2b = FloatVector.fromArray(SPECIES, c, 5 * LANES);
        FloatVector acc3a = FloatVector.fromArray(SPECIES, c, 6 * LANES);
        FloatVector acc3b = FloatVector.fromArray(SPECIES, c, 7 * LANES);
        FloatVector acc4a = FloatVector.fromArray(SPECIES, c, 8 * LANES);
        FloatVector acc4b = FloatVector.fromArray(SPECIES, c, 9 * LANES);
        FloatVector acc5a = FloatVector.fromArray(SPECIES, c, 10 * LANES);
        FloatVector acc5b = FloatVector.fromArray(SPECIES, c, 11 * LANES);
        for (int k = 0, i = aStart; k < depth; k++, i += aStep) {
            long at = bOffset + (long) k * 2 * VECTOR_BYTES;
            FloatVector ba = FloatVector.fromMemorySegment(SPECIES, b, at, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(SPECIES, b, at + VECTOR_BYTES, ORDER);
            FloatVector x0 = FloatVector.broadcast(SPECIES, a[i]);
            acc0a = x0.fma(ba, acc0a);
            acc0b = x0.fma(bb, acc0b);
            FloatVector x1 = FloatVector.broadcast(SPECIES, a[i + 1]);
            acc1a = x1.fma(ba, acc1a);
            acc1b = x1.fma(bb, acc1b);
            FloatVector x2 = FloatVector.broadcast(SPECIES, a[i + 2]);
            acc2a = x2.fma(ba, acc2a);
            acc2b = x2.fma(bb, acc2b);
            FloatVector x3 = FloatVector.broadcast(SPECIES, a[i + 3]);
            acc3a = x3.fma(ba, acc3a);
            acc3b = x3.fma(bb, acc3b);
            FloatVector x4 = FloatVector.broadcast(SPECIES, a[i + 4]);
            acc4a = x4.fma(ba, acc4a);
            acc4b = x4.fma(bb, acc4b);
            FloatVector x5 = FloatVector.broadcast(SPECIES, a[i + 5]);
            acc5a = x5.fma(ba, acc5a);
            acc5b = x5.fma(bb, acc5b);
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
}
