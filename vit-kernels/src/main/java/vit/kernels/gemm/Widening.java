package vit.kernels.gemm;

import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * Makes floats of the 16-bit and 8-bit elements of a {@link PackedMatrix}, which are finite. For 16 bits this is exact: subnormal numbers keep their value,
 * and zeros their sign. For 8 bits the product with the scale is rounded once.
 *
 * <p>Two neighbouring vectors of a panel share their words of 32 bits: each word has an element of the first vector in its lower half and the element
 * of the second vector in the same lane in its upper half. So both are made by shifts and masks of one vector of words, and no element changes its
 * lane. Four neighbouring vectors of 8-bit elements share theirs in the same way. They are one step of k of a panel, or two ({@link Quantization}).
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

    /** The lowest byte of a word. */
    private static final int BYTE = 0xFF;

    /** The signs of the four bytes of a word. Inverting them adds 128 to each of four signed bytes and makes them unsigned. */
    private static final int BYTE_SIGNS = 0x8080_8080;

    /** The bits of 2²³. A float of that size has units in its last bits, so an unsigned byte there is added to it. */
    private static final int UNITS = 0x4B00_0000;

    /** What such a float has more than the signed byte. */
    private static final float EXCESS = 0x1p23f + 128;

    /** Where the scales of the third vector of a word's bytes are. With two vectors in a step of k, it is the first vector of the next step. */
    private static final int THIRD_SCALE = MicroKernel.VECTORS == 4 ? 2 * VECTOR_BYTES : 0;

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

    /**
     * Makes floats of the signed bytes of {@code words} words, whole vectors, from byte {@code offset} of {@code source}, and multiplies each by the scale
     * of its output.
     *
     * @param target receives four floats for each word, from {@code to} on
     * @param scales those of the panel's outputs, from byte {@code scaleOffset} on
     */
    @VectorLoop
    static void int8(float[] target, int to, MemorySegment source, long offset, MemorySegment scales, long scaleOffset, int words) {
        source = Tensor.offHeap(source);
        scales = Tensor.offHeap(scales);
        if (words == 0) {
            return;
        }
        FloatVector scale0 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset, ORDER);
        FloatVector scale1 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + VECTOR_BYTES, ORDER);
        FloatVector scale2 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + THIRD_SCALE, ORDER);
        FloatVector scale3 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + THIRD_SCALE + VECTOR_BYTES, ORDER);
        for (int i = 0; i < words; i += LANES) {
            IntVector all = IntVector.fromMemorySegment(INT_SPECIES, source, offset + (long) i * Integer.BYTES, ORDER).lanewise(VectorOperators.XOR, BYTE_SIGNS);
            int at = to + 4 * i;
            all.lanewise(VectorOperators.AND, BYTE).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale0).intoArray(target, at);
            all.lanewise(VectorOperators.LSHR, 8).lanewise(VectorOperators.AND, BYTE).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale1).intoArray(target, at + LANES);
            all.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, BYTE).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale2).intoArray(target, at + 2 * LANES);
            all.lanewise(VectorOperators.LSHR, 24).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale3).intoArray(target, at + 3 * LANES);
        }
    }

    /** As {@link #int8(float[], int, MemorySegment, long, MemorySegment, long, int)}, to memory from its first byte on. */
    @VectorLoop
    static void int8(MemorySegment target, MemorySegment source, long offset, MemorySegment scales, long scaleOffset, int words) {
        target = Tensor.offHeap(target);
        source = Tensor.offHeap(source);
        scales = Tensor.offHeap(scales);
        if (words == 0) {
            return;
        }
        FloatVector scale0 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset, ORDER);
        FloatVector scale1 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + VECTOR_BYTES, ORDER);
        FloatVector scale2 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + THIRD_SCALE, ORDER);
        FloatVector scale3 = FloatVector.fromMemorySegment(SPECIES, scales, scaleOffset + THIRD_SCALE + VECTOR_BYTES, ORDER);
        for (int i = 0; i < words; i += LANES) {
            IntVector all = IntVector.fromMemorySegment(INT_SPECIES, source, offset + (long) i * Integer.BYTES, ORDER).lanewise(VectorOperators.XOR, BYTE_SIGNS);
            long at = 4L * i * Float.BYTES;
            all.lanewise(VectorOperators.AND, BYTE).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale0).intoMemorySegment(target, at, ORDER);
            all.lanewise(VectorOperators.LSHR, 8).lanewise(VectorOperators.AND, BYTE).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale1).intoMemorySegment(target, at + VECTOR_BYTES, ORDER);
            all.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, BYTE).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale2).intoMemorySegment(target, at + 2 * VECTOR_BYTES, ORDER);
            all.lanewise(VectorOperators.LSHR, 24).lanewise(VectorOperators.OR, UNITS)
                    .reinterpretAsFloats().sub(EXCESS).mul(scale3).intoMemorySegment(target, at + 3 * VECTOR_BYTES, ORDER);
        }
    }
}
