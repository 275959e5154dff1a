package vit.kernels.simd;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static vit.kernels.simd.Simd.BROADCASTS_CONSTANTS;
import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The upper tail of the normal distribution, Q(t) = ½·erfc(t/√2) for t ≥ 0, with a bounded <em>relative</em> error. Erf, GELU and the derivative of
 * GELU are computed from it. Q(t) = e^(−t²/2) · P(t)/D(t).
 *
 * <p>P/D is the rational function of degrees 4 and 5 that minimises the largest relative error of e^(t²/2)·Q(t) on 0 ≤ t ≤ 13.3 (linearised least
 * squares with Lawson's weights, in 40 digits). D was rounded to float first, then P was fitted again for that D. In exact arithmetic the error left
 * is 0.22·2⁻²⁴. All coefficients are positive, so nothing cancels for t ≥ 0.
 *
 * <p>Callers pass a t of at most {@link #END}, or discard the result for a greater one. NaN gives NaN.
 */
public final class NormalTail {

    /** The greatest t at which e^(−t²/2) is a normal float. */
    public static final float END = 13.216f;

    /** The greatest t at which t·Q(t) is a normal float. */
    public static final float PRODUCT_END = 13.14624f;

    private static final float P0 = 0x1p-1f;
    private static final float P1 = 0x1.be298ap-2f;
    private static final float P2 = 0x1.73586cp-3f;
    private static final float P3 = 0x1.479718p-5f;
    private static final float P4 = 0x1.0783d4p-8f;

    private static final float D0 = 1f;
    private static final float D1 = 0x1.ab56f4p0f;
    private static final float D2 = 0x1.31cd92p0f;
    private static final float D3 = 0x1.db9066p-2f;
    private static final float D4 = 0x1.9a9a84p-4f;
    private static final float D5 = 0x1.4a432ap-7f;

    private static final class Lanes {
        static final FloatVector PRODUCT_END = Simd.broadcast(NormalTail.PRODUCT_END);
        static final FloatVector MINUS_HALF = Simd.broadcast(-0.5f);
        static final FloatVector P0 = Simd.broadcast(NormalTail.P0);
        static final FloatVector P1 = Simd.broadcast(NormalTail.P1);
        static final FloatVector P2 = Simd.broadcast(NormalTail.P2);
        static final FloatVector P3 = Simd.broadcast(NormalTail.P3);
        static final FloatVector P4 = Simd.broadcast(NormalTail.P4);
        static final FloatVector D0 = Simd.broadcast(NormalTail.D0);
        static final FloatVector D1 = Simd.broadcast(NormalTail.D1);
        static final FloatVector D2 = Simd.broadcast(NormalTail.D2);
        static final FloatVector D3 = Simd.broadcast(NormalTail.D3);
        static final FloatVector D4 = Simd.broadcast(NormalTail.D4);
        static final FloatVector D5 = Simd.broadcast(NormalTail.D5);
    }

    private NormalTail() {}

    /**
     * Replaces the first {@code count} floats x, whole vectors, by x·Φ(x) = max(x, 0) − t·Q(t) with t = |x|, where Φ is the normal distribution
     * function. This is the exact GELU, with the same bits. Where t·Q(t) is not a normal float, it counts as 0.
     *
     * <p>One loop contains all of it and repeats the code of {@link #ratio}, {@link #bell} and {@link Exp#ofSplit}. C2 does not inline such a method
     * once it has compiled it alone, or before it has seen many calls of it, and then the loop boxes a vector at every step.
     */
    @VectorLoop
    public static void timesProbability(float[] values, int count) {
        if (count == 0) {
            return;
        }
        FloatVector minusHalf = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, -0.5f) : Lanes.MINUS_HALF;
        FloatVector p0 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, P0) : Lanes.P0;
        FloatVector p1 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, P1) : Lanes.P1;
        FloatVector p2 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, P2) : Lanes.P2;
        FloatVector p3 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, P3) : Lanes.P3;
        FloatVector p4 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, P4) : Lanes.P4;
        FloatVector d1 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, D1) : Lanes.D1;
        FloatVector d2 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, D2) : Lanes.D2;
        FloatVector d3 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, D3) : Lanes.D3;
        FloatVector d4 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, D4) : Lanes.D4;
        FloatVector d5 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, D5) : Lanes.D5;
        FloatVector productEnd = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, PRODUCT_END) : Lanes.PRODUCT_END;
        FloatVector log2E = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.LOG2_E) : Exp.Lanes.LOG2_E;
        FloatVector round = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.ROUND) : Exp.Lanes.ROUND;
        FloatVector minusLn2High = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.MINUS_LN2_HIGH) : Exp.Lanes.MINUS_LN2_HIGH;
        FloatVector minusLn2Low = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.MINUS_LN2_LOW) : Exp.Lanes.MINUS_LN2_LOW;
        FloatVector q0 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.Q0) : Exp.Lanes.Q0;
        FloatVector q1 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.Q1) : Exp.Lanes.Q1;
        FloatVector q2 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.Q2) : Exp.Lanes.Q2;
        FloatVector q3 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.Q3) : Exp.Lanes.Q3;
        FloatVector q4 = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.Q4) : Exp.Lanes.Q4;
        FloatVector one = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, 1f) : Exp.Lanes.ONE;
        FloatVector zero = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, 0f) : Exp.Lanes.ZERO;
        IntVector oneBits = BROADCASTS_CONSTANTS ? IntVector.broadcast(INT_SPECIES, Exp.ONE_BITS) : Exp.Lanes.ONE_BITS;
        for (int i = 0; i < count; i += Simd.LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, values, i);
            FloatVector t = x.abs();
            FloatVector p = t.fma(p4, p3).fma(t, p2).fma(t, p1).fma(t, p0);
            FloatVector d = t.fma(d5, d4).fma(t, d3).fma(t, d2).fma(t, d1).fma(t, one);
            FloatVector half = t.mul(minusHalf);
            FloatVector high = half.mul(t);
            FloatVector low = half.fma(t, high.neg());
            FloatVector rounded = high.fma(log2E, round);
            FloatVector n = rounded.sub(round);
            FloatVector r = n.fma(minusLn2Low, n.fma(minusLn2High, high)).add(low);
            FloatVector e = r.fma(q4, q3).fma(r, q2).fma(r, q1).fma(r, q0);
            e = e.fma(r, one).fma(r, one);
            IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, Exp.EXPONENT_SHIFT).add(oneBits);
            // The factor e^(−t²/2) comes last, so that the other products do not become subnormal.
            FloatVector tail = p.div(d).mul(t).mul(e.mul(power.reinterpretAsFloats()));
            tail = tail.blend(zero, t.compare(GT, productEnd));
            x.blend(zero, x.compare(LT, zero)).sub(tail).intoArray(values, i);
        }
    }

    /** e^(−t²/2). The rounding of t² alone would cost up to 44 ulp at the far end, so what the rounding takes away is passed on to the exponential. */
    @VectorHelper
    public static FloatVector bell(FloatVector t) {
        FloatVector half = t.mul(Lanes.MINUS_HALF);
        FloatVector high = half.mul(t);
        return Exp.ofSplit(high, half.fma(t, high.neg()));
    }

    /** e^(−t²/2): the same bits as the vector form. */
    public static float bell(float t) {
        float half = t * -0.5f;
        float high = half * t;
        return Exp.ofSplit(high, Math.fma(half, t, -high));
    }

    /** P(t)/D(t). */
    @VectorHelper
    public static FloatVector ratio(FloatVector t) {
        FloatVector p = t.fma(Lanes.P4, Lanes.P3).fma(t, Lanes.P2).fma(t, Lanes.P1).fma(t, Lanes.P0);
        FloatVector d = t.fma(Lanes.D5, Lanes.D4).fma(t, Lanes.D3).fma(t, Lanes.D2).fma(t, Lanes.D1).fma(t, Lanes.D0);
        return p.div(d);
    }

    /** P(t)/D(t): the same bits as the vector form. */
    public static float ratio(float t) {
        float p = Math.fma(t, P4, P3);
        p = Math.fma(p, t, P2);
        p = Math.fma(p, t, P1);
        p = Math.fma(p, t, P0);
        float d = Math.fma(t, D5, D4);
        d = Math.fma(d, t, D3);
        d = Math.fma(d, t, D2);
        d = Math.fma(d, t, D1);
        d = Math.fma(d, t, D0);
        return p / d;
    }
}
