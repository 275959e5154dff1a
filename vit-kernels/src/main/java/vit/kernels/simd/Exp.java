package vit.kernels.simd;

import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static vit.kernels.simd.Simd.BROADCASTS_CONSTANTS;
import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import vit.kernels.tensor.Tensor;

/**
 * eˣ in float: a polynomial over fma, the same bits as vector and as scalar.
 *
 * <p>Worst error 0.90 ulp, measured over all floats. Below {@link #LOWEST} the result is exactly 0, so that no result is subnormal. Above {@link
 * #HIGHEST} it is +∞. NaN gives NaN.
 *
 * <p>x = n·ln 2 + r with n the integer nearest to x/ln 2, so |r| ≤ ln 2 / 2, and eˣ = 2ⁿ·eʳ. ln 2 is held in two floats, and each product with n is
 * exact inside its fma. eʳ = 1 + r·(1 + r·q(r)), where q, of degree 4, minimises the largest relative error of eʳ. It was found by Lawson's iteration
 * in 40 digits; the coefficients were rounded to float one after the other, and after each the rest were fitted again. In exact arithmetic the error
 * left is 0.053·2⁻²⁴; the remainder of the error is rounding.
 *
 * <p>The vector forms call no method but the JDK's. C2 stops inlining other methods once a method has 18,000 nodes, and a vector operation makes
 * about 430. A vector that is passed to a method that is not inlined is boxed.
 */
public final class Exp {

    /** The least argument with a result other than 0: the first float above −126·ln 2. */
    public static final float LOWEST = -87.33654f;

    /** The greatest argument with a finite result. */
    public static final float HIGHEST = 88.72283f;

    /** 1.5·2²³. The sum of this and a float below 2²² in size has the nearest integer of that float in its low bits. */
    static final float ROUND = 0x1.8p23f;

    static final float LOG2_E = 0x1.715476p0f;

    /** −ln 2, in two floats. */
    static final float MINUS_LN2_HIGH = -0x1.62e43p-1f;

    static final float MINUS_LN2_LOW = 0x1.05c61p-29f;

    static final float Q0 = 0x1.fffffcp-2f;
    static final float Q1 = 0x1.555492p-3f;
    static final float Q2 = 0x1.5558bp-5f;
    static final float Q3 = 0x1.12398ep-7f;
    static final float Q4 = 0x1.6a4d6p-10f;

    /** Shifts an integer from the low bits to the position of a float's exponent. */
    static final int EXPONENT_SHIFT = 23;

    /** The bits of 1. */
    static final int ONE_BITS = 0x3f800000;

    /** The constants in every lane. A constant vector is loaded where it is used, while a broadcast takes a register. */
    static final class Lanes {
        static final FloatVector ROUND = Simd.broadcast(Exp.ROUND);
        static final FloatVector LOG2_E = Simd.broadcast(Exp.LOG2_E);
        static final FloatVector MINUS_LN2_HIGH = Simd.broadcast(Exp.MINUS_LN2_HIGH);
        static final FloatVector MINUS_LN2_LOW = Simd.broadcast(Exp.MINUS_LN2_LOW);
        static final FloatVector Q0 = Simd.broadcast(Exp.Q0);
        static final FloatVector Q1 = Simd.broadcast(Exp.Q1);
        static final FloatVector Q2 = Simd.broadcast(Exp.Q2);
        static final FloatVector Q3 = Simd.broadcast(Exp.Q3);
        static final FloatVector Q4 = Simd.broadcast(Exp.Q4);
        static final FloatVector ONE = Simd.broadcast(1f);
        static final FloatVector ZERO = Simd.broadcast(0f);
        static final FloatVector INFINITY = Simd.broadcast(Float.POSITIVE_INFINITY);
        static final FloatVector LOWEST = Simd.broadcast(Exp.LOWEST);
        static final FloatVector HIGHEST = Simd.broadcast(Exp.HIGHEST);
        static final IntVector ONE_BITS = IntVector.broadcast(INT_SPECIES, Exp.ONE_BITS);
    }

    private Exp() {}

    /** e to the power of each lane. */
    @VectorHelper
    public static FloatVector of(FloatVector x) {
        FloatVector rounded = x.fma(Lanes.LOG2_E, Lanes.ROUND);
        FloatVector n = rounded.sub(Lanes.ROUND);
        FloatVector r = n.fma(Lanes.MINUS_LN2_LOW, n.fma(Lanes.MINUS_LN2_HIGH, x));
        FloatVector p = r.fma(Lanes.Q4, Lanes.Q3).fma(r, Lanes.Q2).fma(r, Lanes.Q1).fma(r, Lanes.Q0);
        p = p.fma(r, Lanes.ONE).fma(r, Lanes.ONE);
        // The exponent is added to the bits. The float 2ⁿ itself would overflow at n = 128, where the result is still finite if eʳ < 1.
        IntVector exponent = rounded.reinterpretAsInts().lanewise(LSHL, EXPONENT_SHIFT);
        FloatVector scaled = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
        return x.add(Lanes.INFINITY)
                .blend(scaled, x.compare(LE, Lanes.HIGHEST))
                .blend(Lanes.ZERO, x.compare(LT, Lanes.LOWEST));
    }

    /** e to the power of {@code x}: the same bits as the vector form. */
    public static float of(float x) {
        float rounded = Math.fma(x, LOG2_E, ROUND);
        float p = ofReduced(reduce(x, rounded));
        int exponent = Float.floatToRawIntBits(rounded) << EXPONENT_SHIFT;
        float scaled = Float.intBitsToFloat(Float.floatToRawIntBits(p) + exponent);
        float result = x <= HIGHEST ? scaled : x + Float.POSITIVE_INFINITY;
        return x < LOWEST ? 0f : result;
    }

    /**
     * y = e to the power of scale · x − max over {@code n} floats, for softmax. No exponent may be above 0, but NaN is allowed. The bits are those of
     * {@link #of(FloatVector)}, computed in fewer instructions. y may be x; nothing beyond n is read or written.
     *
     * <p>The polynomial is written out in the loop, and again for the remainder of the row, instead of in a method of its own. Once C2 has compiled
     * such a method alone, it may find it too big to inline, and then the loop boxes a vector at every step.
     *
     * @param lanes 16 floats of the caller's own, overwritten
     */
    @VectorLoop
    public static void ofNonPositive(MemorySegment y, long yByteOffset, MemorySegment x, long xByteOffset, int n,
            float scale, float max, float[] lanes) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector exponent = FloatVector.fromMemorySegment(SPECIES, x, xByteOffset + at, ORDER).mul(scale).sub(max);
            FloatVector rounded = exponent.fma(Lanes.LOG2_E, Lanes.ROUND);
            FloatVector m = rounded.sub(Lanes.ROUND);
            FloatVector r = m.fma(Lanes.MINUS_LN2_LOW, m.fma(Lanes.MINUS_LN2_HIGH, exponent));
            FloatVector p = r.fma(Lanes.Q4, Lanes.Q3).fma(r, Lanes.Q2).fma(r, Lanes.Q1).fma(r, Lanes.Q0);
            p = p.fma(r, Lanes.ONE).fma(r, Lanes.ONE);
            IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, EXPONENT_SHIFT).add(Lanes.ONE_BITS);
            p.mul(power.reinterpretAsFloats()).blend(Lanes.ZERO, exponent.compare(LT, Lanes.LOWEST))
                    .intoMemorySegment(y, yByteOffset + at, ORDER);
        }
        if (i < n) {
            ofNonPositiveRest(y, yByteOffset + (long) i * Float.BYTES, x, xByteOffset + (long) i * Float.BYTES, n - i, scale, max, lanes);
        }
    }

    /**
     * Replaces {@code count} floats x from {@code from} on, whole vectors, by e to the power of x − max. The bits are those of the other form with a
     * scale of 1. A vector costs a third of what it costs in a memory segment, because C2 reads the bounds and the state of a segment again after
     * every store.
     */
    @VectorLoop
    public static void ofNonPositive(float[] values, int from, int count, float max) {
        if (count == 0) {
            return;
        }
        FloatVector log2E = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, LOG2_E) : Lanes.LOG2_E;
        FloatVector round = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, ROUND) : Lanes.ROUND;
        FloatVector minusLn2High = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, MINUS_LN2_HIGH) : Lanes.MINUS_LN2_HIGH;
        FloatVector minusLn2Low = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, MINUS_LN2_LOW) : Lanes.MINUS_LN2_LOW;
        FloatVector q0 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Q0) : Lanes.Q0;
        FloatVector q1 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Q1) : Lanes.Q1;
        FloatVector q2 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Q2) : Lanes.Q2;
        FloatVector q3 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Q3) : Lanes.Q3;
        FloatVector q4 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Q4) : Lanes.Q4;
        FloatVector one = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, 1f) : Lanes.ONE;
        FloatVector zero = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, 0f) : Lanes.ZERO;
        FloatVector lowest = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, LOWEST) : Lanes.LOWEST;
        IntVector oneBits = BROADCASTS_CONSTANTS ? IntVector.broadcast(INT_SPECIES, ONE_BITS) : Lanes.ONE_BITS;
        for (int i = from; i < from + count; i += Simd.LANES) {
            FloatVector exponent = FloatVector.fromArray(SPECIES, values, i).sub(max);
            FloatVector rounded = exponent.fma(log2E, round);
            FloatVector m = rounded.sub(round);
            FloatVector r = m.fma(minusLn2Low, m.fma(minusLn2High, exponent));
            FloatVector p = r.fma(q4, q3).fma(r, q2).fma(r, q1).fma(r, q0);
            p = p.fma(r, one).fma(r, one);
            IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, EXPONENT_SHIFT).add(oneBits);
            p.mul(power.reinterpretAsFloats()).blend(zero, exponent.compare(LT, lowest)).intoArray(values, i);
        }
    }

    /** Computes the last elements, fewer than a vector, as one vector that is copied through {@code lanes}. */
    private static void ofNonPositiveRest(MemorySegment y, long yByteOffset, MemorySegment x, long xByteOffset, int count,
            float scale, float max, float[] lanes) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        for (int i = 0; i < count; i++) {
            lanes[i] = x.get(Tensor.FLOAT, xByteOffset + (long) i * Float.BYTES) * scale - max;
        }
        FloatVector exponent = FloatVector.fromArray(SPECIES, lanes, 0);
        FloatVector rounded = exponent.fma(Lanes.LOG2_E, Lanes.ROUND);
        FloatVector m = rounded.sub(Lanes.ROUND);
        FloatVector r = m.fma(Lanes.MINUS_LN2_LOW, m.fma(Lanes.MINUS_LN2_HIGH, exponent));
        FloatVector p = r.fma(Lanes.Q4, Lanes.Q3).fma(r, Lanes.Q2).fma(r, Lanes.Q1).fma(r, Lanes.Q0);
        p = p.fma(r, Lanes.ONE).fma(r, Lanes.ONE);
        IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, EXPONENT_SHIFT).add(Lanes.ONE_BITS);
        p.mul(power.reinterpretAsFloats()).blend(Lanes.ZERO, exponent.compare(LT, Lanes.LOWEST)).intoArray(lanes, 0);
        for (int i = 0; i < count; i++) {
            y.set(Tensor.FLOAT, yByteOffset + (long) i * Float.BYTES, lanes[i]);
        }
    }

    /**
     * e to the power of {@code high + low}, where {@code high} is a rounded product and {@code low} is what the rounding took away. Without {@code
     * low}, the relative error of the argument would reach the result multiplied by the size of the argument. For {@link #LOWEST} ≤ high ≤ 0 and NaN;
     * callers discard results for smaller arguments.
     */
    @VectorHelper
    public static FloatVector ofSplit(FloatVector high, FloatVector low) {
        FloatVector rounded = high.fma(Lanes.LOG2_E, Lanes.ROUND);
        FloatVector n = rounded.sub(Lanes.ROUND);
        FloatVector r = n.fma(Lanes.MINUS_LN2_LOW, n.fma(Lanes.MINUS_LN2_HIGH, high)).add(low);
        FloatVector p = r.fma(Lanes.Q4, Lanes.Q3).fma(r, Lanes.Q2).fma(r, Lanes.Q1).fma(r, Lanes.Q0);
        p = p.fma(r, Lanes.ONE).fma(r, Lanes.ONE);
        IntVector exponent = rounded.reinterpretAsInts().lanewise(LSHL, EXPONENT_SHIFT);
        return p.mul(exponent.add(Lanes.ONE_BITS).reinterpretAsFloats());
    }

    /** e to the power of {@code high + low}: the same bits as the vector form. */
    public static float ofSplit(float high, float low) {
        float rounded = Math.fma(high, LOG2_E, ROUND);
        float p = ofReduced(reduce(high, rounded) + low);
        int exponent = Float.floatToRawIntBits(rounded) << EXPONENT_SHIFT;
        return p * Float.intBitsToFloat(exponent + ONE_BITS);
    }

    /** r = x − n·ln 2. */
    private static float reduce(float x, float rounded) {
        float n = rounded - ROUND;
        return Math.fma(n, MINUS_LN2_LOW, Math.fma(n, MINUS_LN2_HIGH, x));
    }

    /** eʳ for |r| ≤ ln 2 / 2. */
    private static float ofReduced(float r) {
        float p = Math.fma(r, Q4, Q3);
        p = Math.fma(p, r, Q2);
        p = Math.fma(p, r, Q1);
        p = Math.fma(p, r, Q0);
        p = Math.fma(p, r, 1f);
        return Math.fma(p, r, 1f);
    }
}
