package vit.kernels.gemm;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The GEMM tile for machines with 32 vector registers: 12 rows by 2 vectors, 24 accumulators, 2 panel vectors and up to
 * 2 broadcasts live. 13 and 14 rows spill (docs/gemm.md).
 *
 * <p>One flat method longer than a screen, as C2 keeps accumulators in registers only when they are named locals.
 */
final class MicroKernel12x2 {

    static final int ROWS = 12;

    private MicroKernel12x2() {}

    /**
     * C[12, 2 vectors] = (accumulate ? C : 0) + A·B, for each output one chain of fma with k ascending.
     *
     * @param a          packed rows, k-major: element (row, k) at {@code aStart + 12·k + row}
     * @param b          packed panel: vectors (k, 0) and (k, 1) at {@code bOffset} + 2·k vectors
     * @param c          element (row, column) at {@code cOffset + row·cRowBytes + 4·column}
     */
    static void multiply(float[] a, int aStart, MemorySegment b, long bOffset, int depth,
            MemorySegment c, long cOffset, long cRowBytes, boolean accumulate) {
        FloatVector acc0a;
        FloatVector acc0b;
        FloatVector acc1a;
        FloatVector acc1b;
        FloatVector acc2a;
        FloatVector acc2b;
        FloatVector acc3a;
        FloatVector acc3b;
        FloatVector acc4a;
        FloatVector acc4b;
        FloatVector acc5a;
        FloatVector acc5b;
        FloatVector acc6a;
        FloatVector acc6b;
        FloatVector acc7a;
        FloatVector acc7b;
        FloatVector acc8a;
        FloatVector acc8b;
        FloatVector acc9a;
        FloatVector acc9b;
        FloatVector acc10a;
        FloatVector acc10b;
        FloatVector acc11a;
        FloatVector acc11b;
        if (accumulate) {
            long row = cOffset;
            acc0a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc0b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc1a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc1b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc2a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc2b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc3a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc3b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc4a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc4b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc5a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc5b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc6a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc6b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc7a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc7b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc8a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc8b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc9a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc9b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc10a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc10b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
            row += cRowBytes;
            acc11a = FloatVector.fromMemorySegment(SPECIES, c, row, ORDER);
            acc11b = FloatVector.fromMemorySegment(SPECIES, c, row + VECTOR_BYTES, ORDER);
        } else {
            FloatVector zero = FloatVector.zero(SPECIES);
            acc0a = zero;
            acc0b = zero;
            acc1a = zero;
            acc1b = zero;
            acc2a = zero;
            acc2b = zero;
            acc3a = zero;
            acc3b = zero;
            acc4a = zero;
            acc4b = zero;
            acc5a = zero;
            acc5b = zero;
            acc6a = zero;
            acc6b = zero;
            acc7a = zero;
            acc7b = zero;
            acc8a = zero;
            acc8b = zero;
            acc9a = zero;
            acc9b = zero;
            acc10a = zero;
            acc10b = zero;
            acc11a = zero;
            acc11b = zero;
        }
        for (int k = 0; k < depth; k++) {
            long at = bOffset + (long) k * (2 * VECTOR_BYTES);
            FloatVector ba = FloatVector.fromMemorySegment(SPECIES, b, at, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(SPECIES, b, at + VECTOR_BYTES, ORDER);
            int i = aStart + k * 12;
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
        long row = cOffset;
        acc0a.intoMemorySegment(c, row, ORDER);
        acc0b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc1a.intoMemorySegment(c, row, ORDER);
        acc1b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc2a.intoMemorySegment(c, row, ORDER);
        acc2b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc3a.intoMemorySegment(c, row, ORDER);
        acc3b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc4a.intoMemorySegment(c, row, ORDER);
        acc4b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc5a.intoMemorySegment(c, row, ORDER);
        acc5b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc6a.intoMemorySegment(c, row, ORDER);
        acc6b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc7a.intoMemorySegment(c, row, ORDER);
        acc7b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc8a.intoMemorySegment(c, row, ORDER);
        acc8b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc9a.intoMemorySegment(c, row, ORDER);
        acc9b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc10a.intoMemorySegment(c, row, ORDER);
        acc10b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
        row += cRowBytes;
        acc11a.intoMemorySegment(c, row, ORDER);
        acc11b.intoMemorySegment(c, row + VECTOR_BYTES, ORDER);
    }
}
