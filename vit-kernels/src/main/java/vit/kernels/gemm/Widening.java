package vit.kernels.gemm;

import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * Makes floats of the 16-bit elements of a {@link PackedMatrix}, which are finite. This is exact: subnormal numbers keep their value, and zeros their
 * sign.
 *
 * <p>Two neighbouring vectors of a panel share their words of 32 bits: each word has an element of the first vector in its lower half and the element
 * of the second vector in the same lane in its upper half. So both are made by shifts and masks of one vector of words, and no element changes its
 * lane.
 */
final class Widening {

    /** Exponent and fraction of a binary16 in the upper half of a word. */
    private static final int MAGNITUDE = 0x7FFF_0000;

    private static final int SIGN = 0x8000_0000;

    private static final int UPPER_HALF = 0xFFFF_0000;

    /** One in the exponent of a binary32. */
    private static final int EXPONENT_UNIT = 0x0080_0000;

    /** The difference of the two exponents' biases, 127 − 15. */
    private static final int REBIAS = 112 * EXPONENT_UNIT;

    /** The smallest normal number of a binary16. A subnormal number is as far above 0 as the number with its fraction and an exponent of 1 is above this. */
    private static final float SMALLEST_NORMAL = 0x1p-14f;

    private Widening() {}

    /** Widens {@code floats} elements, whole pairs of vectors, from byte {@code offset} of {@code source} to {@code target}, from {@code to} on. */
    static void widen(Storage storage, float[] target, int to, MemorySegment source, long offset, int floats) {
        if (storage == Storage.BFLOAT16) {
            bfloat16(target, to, source, offset, floats / 2);
        } else {
            float16(target, to, source, offset, floats / 2);
        }
    }

    /** As {@link #widen(Storage, float[], int, MemorySegment, long, int)}, to memory from its first byte on. */
    static void widen(Storage storage, MemorySegment target, MemorySegment source, long offset, int floats) {
        if (storage == Storage.BFLOAT16) {
            bfloat16(target, source, offset, floats / 2);
        } else {
            float16(target, source, offset, floats / 2);
        }
    }

    @VectorLoop
    static void bfloat16(float[] target, int to, MemorySegment source, long offset, int words) {
        source = Tensor.offHeap(source);
        for (int i = 0; i < words; i += LANES) {
            IntVector both = IntVector.fromMemorySegment(INT_SPECIES, source, offset + (long) i * Float.BYTES, ORDER);
            both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(target, to + 2 * i);
            both.lanewise(VectorOperators.AND, UPPER_HALF).reinterpretAsFloats().intoArray(target, to + 2 * i + LANES);
        }
    }

    @VectorLoop
    static void bfloat16(MemorySegment target, MemorySegment source, long offset, int words) {
        target = Tensor.offHeap(target);
        source = Tensor.offHeap(source);
        for (int i = 0; i < words; i += LANES) {
            IntVector both = IntVector.fromMemorySegment(INT_SPECIES, source, offset + (long) i * Float.BYTES, ORDER);
            long at = 2L * i * Float.BYTES;
            both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoMemorySegment(target, at, ORDER);
            both.lanewise(VectorOperators.AND, UPPER_HALF).reinterpretAsFloats().intoMemorySegment(target, at + VECTOR_BYTES, ORDER);
        }
    }

    /**
     * Of a binary16 with exponent e and fraction f, a normal number is x = 2^(e − 15)·(1 + f): its exponent has another bias. A subnormal one is
     * y = 2^(e − 14)·(1 + f) − 2⁻¹⁴ with e = 0. The smaller of the two is right, because y ≥ x if e ≥ 1, and y is below x if e = 0. The bits of floats that are not
     * negative compare like ints.
     *
     * <p>A product with 2¹¹² would do the same in fewer instructions, but on some processors each subnormal operand takes a hundred cycles and more.
     */
    @VectorLoop
    static void float16(float[] target, int to, MemorySegment source, long offset, int words) {
        source = Tensor.offHeap(source);
        for (int i = 0; i < words; i += LANES) {
            IntVector both = IntVector.fromMemorySegment(INT_SPECIES, source, offset + (long) i * Float.BYTES, ORDER);
            IntVector lower = both.lanewise(VectorOperators.LSHL, 16);
            IntVector first = lower.lanewise(VectorOperators.AND, MAGNITUDE).lanewise(VectorOperators.LSHR, 3);
            IntVector small = first.lanewise(VectorOperators.ADD, REBIAS + EXPONENT_UNIT).reinterpretAsFloats().sub(SMALLEST_NORMAL).reinterpretAsInts();
            first.lanewise(VectorOperators.ADD, REBIAS).min(small).lanewise(VectorOperators.OR, lower.lanewise(VectorOperators.AND, SIGN))
                    .reinterpretAsFloats().intoArray(target, to + 2 * i);
            IntVector second = both.lanewise(VectorOperators.AND, MAGNITUDE).lanewise(VectorOperators.LSHR, 3);
            small = second.lanewise(VectorOperators.ADD, REBIAS + EXPONENT_UNIT).reinterpretAsFloats().sub(SMALLEST_NORMAL).reinterpretAsInts();
            second.lanewise(VectorOperators.ADD, REBIAS).min(small).lanewise(VectorOperators.OR, both.lanewise(VectorOperators.AND, SIGN))
                    .reinterpretAsFloats().intoArray(target, to + 2 * i + LANES);
        }
    }

    /** As {@link #float16(float[], int, MemorySegment, long, int)}, to memory. */
    @VectorLoop
    static void float16(MemorySegment target, MemorySegment source, long offset, int words) {
        target = Tensor.offHeap(target);
        source = Tensor.offHeap(source);
        for (int i = 0; i < words; i += LANES) {
            long at = 2L * i * Float.BYTES;
            IntVector both = IntVector.fromMemorySegment(INT_SPECIES, source, offset + (long) i * Float.BYTES, ORDER);
            IntVector lower = both.lanewise(VectorOperators.LSHL, 16);
            IntVector first = lower.lanewise(VectorOperators.AND, MAGNITUDE).lanewise(VectorOperators.LSHR, 3);
            IntVector small = first.lanewise(VectorOperators.ADD, REBIAS + EXPONENT_UNIT).reinterpretAsFloats().sub(SMALLEST_NORMAL).reinterpretAsInts();
            first.lanewise(VectorOperators.ADD, REBIAS).min(small).lanewise(VectorOperators.OR, lower.lanewise(VectorOperators.AND, SIGN))
                    .reinterpretAsFloats().intoMemorySegment(target, at, ORDER);
            IntVector second = both.lanewise(VectorOperators.AND, MAGNITUDE).lanewise(VectorOperators.LSHR, 3);
            small = second.lanewise(VectorOperators.ADD, REBIAS + EXPONENT_UNIT).reinterpretAsFloats().sub(SMALLEST_NORMAL).reinterpretAsInts();
            second.lanewise(VectorOperators.ADD, REBIAS).min(small).lanewise(VectorOperators.OR, both.lanewise(VectorOperators.AND, SIGN))
                    .reinterpretAsFloats().intoMemorySegment(target, at + VECTOR_BYTES, ORDER);
        }
    }
}
