package vit.kernels.gemm;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The GEMM tile for machines with 32 vector registers: 12 rows by 2 vectors, 24 accumulators, 2 panel vectors, and
 * broadcasts.
 *
 * <p>One flat method longer than a screen, as C2 keeps accumulators in registers only when they are named locals. The tile
 * comes from an array and goes to an array: an access to a memory segment takes C2 several times as many nodes, and 48 of
 * them took this method over the limit, where every vector was boxed and the product ran 100 times slower (docs/gemm.md).
 */
final class MicroKernel12x2 {

    static final int ROWS = 12;

    private MicroKernel12x2() {}

    /**
     * C += A·B, for each output one chain of fma with k ascending that goes on from what C holds.
     *
     * @param a       packed rows: element (row, k) at {@code aStart + k·aStep + row}
     * @param b       packed panel: vectors (k, 0) and (k, 1) at {@code bOffset} + 2·k vectors
     * @param depth   steps of k
     * @param c       the tile, (12, 2 vectors), contiguous
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
        FloatVector acc6a = FloatVector.fromArray(SPECIES, c, 12 * LANES);
        FloatVector acc6b = FloatVector.fromArray(SPECIES, c, 13 * LANES);
        FloatVector acc7a = FloatVector.fromArray(SPECIES, c, 14 * LANES);
        FloatVector acc7b = FloatVector.fromArray(SPECIES, c, 15 * LANES);
        FloatVector acc8a = FloatVector.fromArray(SPECIES, c, 16 * LANES);
        FloatVector acc8b = FloatVector.fromArray(SPECIES, c, 17 * LANES);
        FloatVector acc9a = FloatVector.fromArray(SPECIES, c, 18 * LANES);
        FloatVector acc9b = FloatVector.fromArray(SPECIES, c, 19 * LANES);
        FloatVector acc10a = FloatVector.fromArray(SPECIES, c, 20 * LANES);
        FloatVector acc10b = FloatVector.fromArray(SPECIES, c, 21 * LANES);
        FloatVector acc11a = FloatVector.fromArray(SPECIES, c, 22 * LANES);
        FloatVector acc11b = FloatVector.fromArray(SPECIES, c, 23 * LANES);
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
            FloatVector x6 = FloatVector.broadcast(SPECIES, a[i + 6]);
            acc6a = x6.fma(ba, acc6a);
            acc6b = x6.fma(bb, acc6b);
            FloatVector x7 = FloatVector.broadcast(SPECIES, a[i + 7]);
            acc7a = x7.fma(ba, acc7a);
            acc7b = x7.fma(bb, acc7b);
            FloatVector x8 = FloatVector.broadcast(SPECIES, a[i + 8]);
            acc8a = x8.fma(ba, acc8a);
            acc8b = x8.fma(bb, acc8b);
            FloatVector x9 = FloatVector.broadcast(SPECIES, a[i + 9]);
            acc9a = x9.fma(ba, acc9a);
            acc9b = x9.fma(bb, acc9b);
            FloatVector x10 = FloatVector.broadcast(SPECIES, a[i + 10]);
            acc10a = x10.fma(ba, acc10a);
            acc10b = x10.fma(bb, acc10b);
            FloatVector x11 = FloatVector.broadcast(SPECIES, a[i + 11]);
            acc11a = x11.fma(ba, acc11a);
            acc11b = x11.fma(bb, acc11b);
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
        acc6a.intoArray(c, 12 * LANES);
        acc6b.intoArray(c, 13 * LANES);
        acc7a.intoArray(c, 14 * LANES);
        acc7b.intoArray(c, 15 * LANES);
        acc8a.intoArray(c, 16 * LANES);
        acc8b.intoArray(c, 17 * LANES);
        acc9a.intoArray(c, 18 * LANES);
        acc9b.intoArray(c, 19 * LANES);
        acc10a.intoArray(c, 20 * LANES);
        acc10b.intoArray(c, 21 * LANES);
        acc11a.intoArray(c, 22 * LANES);
        acc11b.intoArray(c, 23 * LANES);
    }
}
