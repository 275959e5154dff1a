package vit.kernels.simd;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.tensor.Tensor;

/**
 * Reductions inside a row, in an order that does not depend on the vector width. Element i belongs to virtual lane i % 16, and each lane takes its
 * elements in ascending order. Then the lanes are combined in one tree: lane j with lane j + 8, then + 4, + 2, + 1. {@code
 * FloatVector.reduceLanes(ADD)} does not define its order and was seen to change its result when C2 compiled it.
 *
 * <p>The 16 lanes are one, two or four accumulators; the conditions on the width are constants to the JIT. Each reduction stores its accumulators to
 * an array itself. If a method took them as arguments, C2 would sometimes not inline it, once it has compiled it alone, and every call would box four
 * vectors (seen in three of nine JVMs, 11 MB a forward pass).
 *
 * <p>An accumulator is an argument of an operation, never its receiver. C2 knows the class of a variable that a loop changes only from the profile.
 * Without a profile it does not inline the receiver's method, and boxes the vectors.
 *
 * <p>Offsets are in bytes, lengths in floats. {@code lanes} is an array that only the calling worker uses ({@link
 * vit.kernels.parallel.Worker#lanes}). Arguments are not checked beyond the bounds of the memory itself.
 */
public final class Reduction {

    private Reduction() {}

    /** The sum of {@code n} floats from {@code byteOffset} on; overwrites {@code lanes[0..15]}. */
    @VectorLoop
    public static float sum(MemorySegment segment, long byteOffset, int n, float[] lanes) {
        segment = Tensor.offHeap(segment);
        if (n == 0) {
            return 0f;
        }
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int i = 0;
        for (; i <= n - Simd.VIRTUAL_LANES; i += Simd.VIRTUAL_LANES) {
            long offset = byteOffset + (long) i * Float.BYTES;
            acc0 = FloatVector.fromMemorySegment(SPECIES, segment, offset, ORDER).add(acc0);
            if (Simd.LANES <= 8) {
                acc1 = FloatVector.fromMemorySegment(SPECIES, segment, offset + Simd.VECTOR_BYTES, ORDER).add(acc1);
            }
            if (Simd.LANES == 4) {
                acc2 = FloatVector.fromMemorySegment(SPECIES, segment, offset + 2 * Simd.VECTOR_BYTES, ORDER).add(acc2);
                acc3 = FloatVector.fromMemorySegment(SPECIES, segment, offset + 3 * Simd.VECTOR_BYTES, ORDER).add(acc3);
            }
        }
        acc0.intoArray(lanes, 0);
        if (Simd.LANES <= 8) {
            acc1.intoArray(lanes, Simd.LANES);
        }
        if (Simd.LANES == 4) {
            acc2.intoArray(lanes, 2 * Simd.LANES);
            acc3.intoArray(lanes, 3 * Simd.LANES);
        }
        for (int lane = 0; i < n; i++, lane++) {
            lanes[lane] += segment.get(Tensor.FLOAT, byteOffset + (long) i * Float.BYTES);
        }
        return sum(lanes);
    }

    /** The sum of {@code n} floats from {@code from} on, n a multiple of 16; overwrites {@code lanes[0..15]}. */
    @VectorLoop
    public static float sum(float[] values, int from, int n, float[] lanes) {
        if (n == 0) {
            return 0f;
        }
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        for (int i = from; i < from + n; i += Simd.VIRTUAL_LANES) {
            acc0 = FloatVector.fromArray(SPECIES, values, i).add(acc0);
            if (Simd.LANES <= 8) {
                acc1 = FloatVector.fromArray(SPECIES, values, i + Simd.LANES).add(acc1);
            }
            if (Simd.LANES == 4) {
                acc2 = FloatVector.fromArray(SPECIES, values, i + 2 * Simd.LANES).add(acc2);
                acc3 = FloatVector.fromArray(SPECIES, values, i + 3 * Simd.LANES).add(acc3);
            }
        }
        acc0.intoArray(lanes, 0);
        if (Simd.LANES <= 8) {
            acc1.intoArray(lanes, Simd.LANES);
        }
        if (Simd.LANES == 4) {
            acc2.intoArray(lanes, 2 * Simd.LANES);
            acc3.intoArray(lanes, 3 * Simd.LANES);
        }
        return sum(lanes);
    }

    /** Σ a·b over {@code n} floats, each lane a chain of fma; overwrites {@code lanes[0..15]}. */
    @VectorLoop
    public static float sumOfProducts(
            MemorySegment a, long aOffset, MemorySegment b, long bOffset, int n, float[] lanes) {
        a = Tensor.offHeap(a);
        b = Tensor.offHeap(b);
        if (n == 0) {
            return 0f;
        }
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int i = 0;
        for (; i <= n - Simd.VIRTUAL_LANES; i += Simd.VIRTUAL_LANES) {
            long p = aOffset + (long) i * Float.BYTES;
            long q = bOffset + (long) i * Float.BYTES;
            acc0 = FloatVector.fromMemorySegment(SPECIES, a, p, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, b, q, ORDER), acc0);
            if (Simd.LANES <= 8) {
                acc1 = FloatVector.fromMemorySegment(SPECIES, a, p + Simd.VECTOR_BYTES, ORDER)
                        .fma(FloatVector.fromMemorySegment(SPECIES, b, q + Simd.VECTOR_BYTES, ORDER), acc1);
            }
            if (Simd.LANES == 4) {
                acc2 = FloatVector.fromMemorySegment(SPECIES, a, p + 2 * Simd.VECTOR_BYTES, ORDER)
                        .fma(FloatVector.fromMemorySegment(SPECIES, b, q + 2 * Simd.VECTOR_BYTES, ORDER), acc2);
                acc3 = FloatVector.fromMemorySegment(SPECIES, a, p + 3 * Simd.VECTOR_BYTES, ORDER)
                        .fma(FloatVector.fromMemorySegment(SPECIES, b, q + 3 * Simd.VECTOR_BYTES, ORDER), acc3);
            }
        }
        acc0.intoArray(lanes, 0);
        if (Simd.LANES <= 8) {
            acc1.intoArray(lanes, Simd.LANES);
        }
        if (Simd.LANES == 4) {
            acc2.intoArray(lanes, 2 * Simd.LANES);
            acc3.intoArray(lanes, 3 * Simd.LANES);
        }
        for (int lane = 0; i < n; i++, lane++) {
            long at = (long) i * Float.BYTES;
            lanes[lane] = Math.fma(a.get(Tensor.FLOAT, aOffset + at), b.get(Tensor.FLOAT, bOffset + at), lanes[lane]);
        }
        return sum(lanes);
    }

    /** The sum of {@code lanes[0..15]}. */
    public static float sum(float[] lanes) {
        return sum(lanes, 0);
    }

    /** The sum of the 16 lanes that begin at {@code lanes[from]}: the tree is computed in local variables, so that no sum goes through memory. */
    public static float sum(float[] lanes, int from) {
        float s0 = lanes[from] + lanes[from + 8];
        float s1 = lanes[from + 1] + lanes[from + 9];
        float s2 = lanes[from + 2] + lanes[from + 10];
        float s3 = lanes[from + 3] + lanes[from + 11];
        float s4 = lanes[from + 4] + lanes[from + 12];
        float s5 = lanes[from + 5] + lanes[from + 13];
        float s6 = lanes[from + 6] + lanes[from + 14];
        float s7 = lanes[from + 7] + lanes[from + 15];
        return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
    }
}
