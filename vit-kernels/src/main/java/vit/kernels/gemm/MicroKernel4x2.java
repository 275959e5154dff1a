package vit.kernels.gemm;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The GEMM tile for machines with 16 vector registers: 4 rows by 2 vectors, 8 accumulators. Two multiply pipes of latency 4
 * are just covered by 8 chains. Larger tiles would cover them with room to spare, but C2 hoists the broadcasts of a row
 * above the arithmetic, and from 10 accumulators on it spills some of them in some compilations: seen at 5×2 (90 or
 * 32 GFLOP/s, by luck) and 6×2 (38), against 90 for this one (docs/gemm.md).
 *
 * <p>One flat method longer than a screen, as C2 keeps accumulators in registers only when they are named locals.
 */
final class MicroKernel4x2 {

    static final int ROWS = 4;

    private MicroKernel4x2() {}

    /**
     * C[4, 2 vectors] = (accumulate ? C : 0) + A·B, for each output one chain of fma with k ascending.
     *
     * @param a          packed rows, k-major: element (row, k) at {@code aStart + 4·k + row}
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
        }
        for (int k = 0; k < depth; k++) {
            long at = bOffset + (long) k * (2 * VECTOR_BYTES);
            FloatVector ba = FloatVector.fromMemorySegment(SPECIES, b, at, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(SPECIES, b, at + VECTOR_BYTES, ORDER);
            int i = aStart + k * 4;
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
    }
}
