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

/**
 * The GEMM tile for machines with 32 vector registers: 6 rows by 4 vectors, 24 accumulators, 4 panel vectors, and broadcasts.
 * {@link MicroKernel} says what all of them do and why they are written as they are.
 */
final class MicroKernel6x4 {

    /** Bytes of one k of the panel. */
    private static final int B_BYTES = 4 * VECTOR_BYTES;

    /** Steps of k in one iteration of the loop. */
    static final int UNROLL = 3;

    private MicroKernel6x4() {}

    /** Does {@code steps} steps of k, a multiple of {@link #UNROLL}, or the first of them, and returns how many. */
    static int multiply(float[] a, int aStart, MemorySegment b, long bOffset, int steps, float[] from, float[] c, long nextOffset) {
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
        long bBase = bOffset - (long) aStart * B_BYTES;
        long nextBase = nextOffset - (long) aStart * TOUCHED;
        int never = -steps;
        int done = steps;
        for (int i = aStart, end = aStart + steps; i < end; i += UNROLL) {
            long at = bBase + (long) i * B_BYTES;
            FloatVector ba = FloatVector.fromMemorySegment(SPECIES, b, at, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(SPECIES, b, at + VECTOR_BYTES, ORDER);
            FloatVector bc = FloatVector.fromMemorySegment(SPECIES, b, at + 2 * VECTOR_BYTES, ORDER);
            FloatVector bd = FloatVector.fromMemorySegment(SPECIES, b, at + 3 * VECTOR_BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, a[i]);
            acc0a = x.fma(ba, acc0a);
            acc0b = x.fma(bb, acc0b);
            acc0c = x.fma(bc, acc0c);
            acc0d = x.fma(bd, acc0d);
            x = FloatVector.broadcast(SPECIES, a[i + ROW]);
            acc1a = x.fma(ba, acc1a);
            acc1b = x.fma(bb, acc1b);
            acc1c = x.fma(bc, acc1c);
            acc1d = x.fma(bd, acc1d);
            x = FloatVector.broadcast(SPECIES, a[i + 2 * ROW]);
            acc2a = x.fma(ba, acc2a);
            acc2b = x.fma(bb, acc2b);
            acc2c = x.fma(bc, acc2c);
            acc2d = x.fma(bd, acc2d);
            x = FloatVector.broadcast(SPECIES, a[i + 3 * ROW]);
            acc3a = x.fma(ba, acc3a);
            acc3b = x.fma(bb, acc3b);
            acc3c = x.fma(bc, acc3c);
            acc3d = x.fma(bd, acc3d);
            x = FloatVector.broadcast(SPECIES, a[i + 4 * ROW]);
            acc4a = x.fma(ba, acc4a);
            acc4b = x.fma(bb, acc4b);
            acc4c = x.fma(bc, acc4c);
            acc4d = x.fma(bd, acc4d);
            x = FloatVector.broadcast(SPECIES, a[i + 5 * ROW]);
            acc5a = x.fma(ba, acc5a);
            acc5b = x.fma(bb, acc5b);
            acc5c = x.fma(bc, acc5c);
            acc5d = x.fma(bd, acc5d);
            if (b.get(ValueLayout.JAVA_INT_UNALIGNED, nextBase + (long) i * TOUCHED) == UNUSED_BITS) {
                done = i - aStart + 1;
                break;
            }
            ba = FloatVector.fromMemorySegment(SPECIES, b, at + 4 * VECTOR_BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(SPECIES, b, at + 5 * VECTOR_BYTES, ORDER);
            bc = FloatVector.fromMemorySegment(SPECIES, b, at + 6 * VECTOR_BYTES, ORDER);
            bd = FloatVector.fromMemorySegment(SPECIES, b, at + 7 * VECTOR_BYTES, ORDER);
            x = FloatVector.broadcast(SPECIES, a[i + 1]);
            acc0a = x.fma(ba, acc0a);
            acc0b = x.fma(bb, acc0b);
            acc0c = x.fma(bc, acc0c);
            acc0d = x.fma(bd, acc0d);
            x = FloatVector.broadcast(SPECIES, a[i + ROW + 1]);
            acc1a = x.fma(ba, acc1a);
            acc1b = x.fma(bb, acc1b);
            acc1c = x.fma(bc, acc1c);
            acc1d = x.fma(bd, acc1d);
            x = FloatVector.broadcast(SPECIES, a[i + 2 * ROW + 1]);
            acc2a = x.fma(ba, acc2a);
            acc2b = x.fma(bb, acc2b);
            acc2c = x.fma(bc, acc2c);
            acc2d = x.fma(bd, acc2d);
            x = FloatVector.broadcast(SPECIES, a[i + 3 * ROW + 1]);
            acc3a = x.fma(ba, acc3a);
            acc3b = x.fma(bb, acc3b);
            acc3c = x.fma(bc, acc3c);
            acc3d = x.fma(bd, acc3d);
            x = FloatVector.broadcast(SPECIES, a[i + 4 * ROW + 1]);
            acc4a = x.fma(ba, acc4a);
            acc4b = x.fma(bb, acc4b);
            acc4c = x.fma(bc, acc4c);
            acc4d = x.fma(bd, acc4d);
            x = FloatVector.broadcast(SPECIES, a[i + 5 * ROW + 1]);
            acc5a = x.fma(ba, acc5a);
            acc5b = x.fma(bb, acc5b);
            acc5c = x.fma(bc, acc5c);
            acc5d = x.fma(bd, acc5d);
            if (i == never) {
                break;
            }
            ba = FloatVector.fromMemorySegment(SPECIES, b, at + 8 * VECTOR_BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(SPECIES, b, at + 9 * VECTOR_BYTES, ORDER);
            bc = FloatVector.fromMemorySegment(SPECIES, b, at + 10 * VECTOR_BYTES, ORDER);
            bd = FloatVector.fromMemorySegment(SPECIES, b, at + 11 * VECTOR_BYTES, ORDER);
            x = FloatVector.broadcast(SPECIES, a[i + 2]);
            acc0a = x.fma(ba, acc0a);
            acc0b = x.fma(bb, acc0b);
            acc0c = x.fma(bc, acc0c);
            acc0d = x.fma(bd, acc0d);
            x = FloatVector.broadcast(SPECIES, a[i + ROW + 2]);
            acc1a = x.fma(ba, acc1a);
            acc1b = x.fma(bb, acc1b);
            acc1c = x.fma(bc, acc1c);
            acc1d = x.fma(bd, acc1d);
            x = FloatVector.broadcast(SPECIES, a[i + 2 * ROW + 2]);
            acc2a = x.fma(ba, acc2a);
            acc2b = x.fma(bb, acc2b);
            acc2c = x.fma(bc, acc2c);
            acc2d = x.fma(bd, acc2d);
            x = FloatVector.broadcast(SPECIES, a[i + 3 * ROW + 2]);
            acc3a = x.fma(ba, acc3a);
            acc3b = x.fma(bb, acc3b);
            acc3c = x.fma(bc, acc3c);
            acc3d = x.fma(bd, acc3d);
            x = FloatVector.broadcast(SPECIES, a[i + 4 * ROW + 2]);
            acc4a = x.fma(ba, acc4a);
            acc4b = x.fma(bb, acc4b);
            acc4c = x.fma(bc, acc4c);
            acc4d = x.fma(bd, acc4d);
            x = FloatVector.broadcast(SPECIES, a[i + 5 * ROW + 2]);
            acc5a = x.fma(ba, acc5a);
            acc5b = x.fma(bb, acc5b);
            acc5c = x.fma(bc, acc5c);
            acc5d = x.fma(bd, acc5d);
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
}
