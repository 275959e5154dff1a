package vit.kernels.simd;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static vit.kernels.simd.Simd.BROADCASTS_CONSTANTS;
import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import vit.kernels.tensor.Tensor;

/**
 * Loops over products of x with the logistic function, x·σ(s·x) with σ(x) = 1/(1 + e^(−x)) and a slope s. With t = |x| and z = e^(−s·t), nothing
 * cancels:
 *
 * <pre>
 *   x ≥ 0:  x/(1 + z)          x &lt; 0:  x·z/(1 + z)
 * </pre>
 *
 * Where z is not a normal float, it counts as 0. NaN gives NaN.
 *
 * <p>Each loop contains all of its arithmetic and repeats the code of {@link Exp}, for the reason given at {@link
 * NormalTail#timesProbability}.
 */
public final class Logistic {

    /** 1.702, the slope with which σ is close to the normal distribution (Hendrycks and Gimpel 2016, section 2), rounded to float. */
    public static final float QUICK_SLOPE = 0x1.b3b646p0f;

    /** What the rounding of 1.702 took away. */
    public static final float QUICK_SLOPE_LOW = -0x1.78d4fep-26f;

    private static final class Lanes {
        static final FloatVector MINUS_SLOPE = Simd.broadcast(-QUICK_SLOPE);
        static final FloatVector MINUS_SLOPE_LOW = Simd.broadcast(-QUICK_SLOPE_LOW);
    }

    private Logistic() {}

    /** Replaces the first {@code count} floats x, whole vectors, by x·σ(1.702·x). This is the quick GELU, with the same bits. */
    @VectorLoop
    public static void timesQuick(float[] values, int count) {
        if (count == 0) {
            return;
        }
        FloatVector minusSlope = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, -QUICK_SLOPE) : Lanes.MINUS_SLOPE;
        FloatVector minusSlopeLow = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, -QUICK_SLOPE_LOW) : Lanes.MINUS_SLOPE_LOW;
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
        FloatVector lowest = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.LOWEST) : Exp.Lanes.LOWEST;
        IntVector oneBits = BROADCASTS_CONSTANTS ? IntVector.broadcast(INT_SPECIES, Exp.ONE_BITS) : Exp.Lanes.ONE_BITS;
        for (int i = 0; i < count; i += Simd.LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, values, i);
            FloatVector t = x.abs();
            FloatVector high = t.mul(minusSlope);
            FloatVector low = t.fma(minusSlopeLow, t.fma(minusSlope, high.neg()));
            FloatVector rounded = high.fma(log2E, round);
            FloatVector n = rounded.sub(round);
            FloatVector r = n.fma(minusLn2Low, n.fma(minusLn2High, high)).add(low);
            FloatVector e = r.fma(q4, q3).fma(r, q2).fma(r, q1).fma(r, q0);
            e = e.fma(r, one).fma(r, one);
            IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, Exp.EXPONENT_SHIFT).add(oneBits);
            VectorMask<Float> beyond = high.compare(LT, lowest);
            FloatVector z = e.mul(power.reinterpretAsFloats()).blend(zero, beyond);
            FloatVector negative = x.mul(z).blend(zero, beyond);
            x.blend(negative, x.compare(LT, zero)).div(z.add(one)).intoArray(values, i);
        }
    }

    /**
     * out = a·σ(a)·b over {@code n} floats, SwiGLU with a slope of 1. Where a is below {@link Exp#LOWEST}, a·σ(a) counts as 0.
     *
     * @param in holds the elements of a from {@code aOffset} on and those of b from {@code bOffset} on, in bytes; it shares no memory with {@code out}
     */
    @VectorLoop
    public static void gated(MemorySegment out, long outOffset, MemorySegment in, long aOffset, long bOffset, int n) {
        out = Tensor.offHeap(out);
        in = Tensor.offHeap(in);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, in, aOffset + at, ORDER);
            FloatVector exponent = a.abs().neg();
            FloatVector rounded = exponent.fma(Exp.Lanes.LOG2_E, Exp.Lanes.ROUND);
            FloatVector m = rounded.sub(Exp.Lanes.ROUND);
            FloatVector r = m.fma(Exp.Lanes.MINUS_LN2_LOW, m.fma(Exp.Lanes.MINUS_LN2_HIGH, exponent));
            FloatVector e = r.fma(Exp.Lanes.Q4, Exp.Lanes.Q3).fma(r, Exp.Lanes.Q2).fma(r, Exp.Lanes.Q1).fma(r, Exp.Lanes.Q0);
            e = e.fma(r, Exp.Lanes.ONE).fma(r, Exp.Lanes.ONE);
            IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, Exp.EXPONENT_SHIFT).add(Exp.Lanes.ONE_BITS);
            VectorMask<Float> beyond = exponent.compare(LT, Exp.Lanes.LOWEST);
            FloatVector z = e.mul(power.reinterpretAsFloats()).blend(Exp.Lanes.ZERO, beyond);
            FloatVector negative = a.mul(z).blend(Exp.Lanes.ZERO, beyond);
            a.blend(negative, a.compare(LT, Exp.Lanes.ZERO)).div(z.add(Exp.Lanes.ONE))
                    .mul(FloatVector.fromMemorySegment(SPECIES, in, bOffset + at, ORDER)).intoMemorySegment(out, outOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            out.set(Tensor.FLOAT, outOffset + at, gated(in.get(Tensor.FLOAT, aOffset + at), in.get(Tensor.FLOAT, bOffset + at)));
        }
    }

    /** The same, with the same bits, into an array from {@code outStart} on. */
    @VectorLoop
    public static void gated(float[] out, int outStart, MemorySegment in, long aOffset, long bOffset, int n) {
        in = Tensor.offHeap(in);
        if (n == 0) {
            return;
        }
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
        FloatVector lowest = BROADCASTS_CONSTANTS ? FloatVector.broadcast(SPECIES, Exp.LOWEST) : Exp.Lanes.LOWEST;
        IntVector oneBits = BROADCASTS_CONSTANTS ? IntVector.broadcast(INT_SPECIES, Exp.ONE_BITS) : Exp.Lanes.ONE_BITS;
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, in, aOffset + at, ORDER);
            FloatVector exponent = a.abs().neg();
            FloatVector rounded = exponent.fma(log2E, round);
            FloatVector m = rounded.sub(round);
            FloatVector r = m.fma(minusLn2Low, m.fma(minusLn2High, exponent));
            FloatVector e = r.fma(q4, q3).fma(r, q2).fma(r, q1).fma(r, q0);
            e = e.fma(r, one).fma(r, one);
            IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, Exp.EXPONENT_SHIFT).add(oneBits);
            VectorMask<Float> beyond = exponent.compare(LT, lowest);
            FloatVector z = e.mul(power.reinterpretAsFloats()).blend(zero, beyond);
            FloatVector negative = a.mul(z).blend(zero, beyond);
            a.blend(negative, a.compare(LT, zero)).div(z.add(one))
                    .mul(FloatVector.fromMemorySegment(SPECIES, in, bOffset + at, ORDER)).intoArray(out, outStart + i);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            out[outStart + i] = gated(in.get(Tensor.FLOAT, aOffset + at), in.get(Tensor.FLOAT, bOffset + at));
        }
    }

    private static float gated(float a, float b) {
        return silu(a, Exp.of(-Math.abs(a))) * b;
    }

    private static float silu(float a, float z) {
        float negative = -Math.abs(a) < Exp.LOWEST ? 0f : a * z;
        return (a < 0f ? negative : a) / (z + 1f);
    }

    /**
     * The gradients of {@link #gated} over {@code n} floats: da = dout·b·(a·σ(a))′ and db = dout·a·σ(a). With q = z/(1 + z) = σ(−t):
     *
     * <pre>
     *   a &lt; 0:  (a·σ(a))′ = h(t) = q − t·q/(1 + z)
     *   a ≥ 0:  (a·σ(a))′ = 1 − h(t)
     * </pre>
     *
     * The elements of a and da begin at {@code inOffset} and {@code dinOffset}, those of b and db lie {@code n} floats behind; din may be in itself.
     */
    @VectorLoop
    public static void gatedGradient(MemorySegment din, long dinOffset, MemorySegment dout, long doutOffset, MemorySegment in, long inOffset, int n) {
        din = Tensor.offHeap(din);
        dout = Tensor.offHeap(dout);
        in = Tensor.offHeap(in);
        long half = (long) n * Float.BYTES;
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector upstream = FloatVector.fromMemorySegment(SPECIES, dout, doutOffset + at, ORDER);
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, in, inOffset + at, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, in, inOffset + half + at, ORDER);
            FloatVector exponent = a.abs().neg();
            FloatVector rounded = exponent.fma(Exp.Lanes.LOG2_E, Exp.Lanes.ROUND);
            FloatVector m = rounded.sub(Exp.Lanes.ROUND);
            FloatVector r = m.fma(Exp.Lanes.MINUS_LN2_LOW, m.fma(Exp.Lanes.MINUS_LN2_HIGH, exponent));
            FloatVector e = r.fma(Exp.Lanes.Q4, Exp.Lanes.Q3).fma(r, Exp.Lanes.Q2).fma(r, Exp.Lanes.Q1).fma(r, Exp.Lanes.Q0);
            e = e.fma(r, Exp.Lanes.ONE).fma(r, Exp.Lanes.ONE);
            IntVector power = rounded.reinterpretAsInts().lanewise(LSHL, Exp.EXPONENT_SHIFT).add(Exp.Lanes.ONE_BITS);
            VectorMask<Float> beyond = exponent.compare(LT, Exp.Lanes.LOWEST);
            VectorMask<Float> isNegative = a.compare(LT, Exp.Lanes.ZERO);
            FloatVector z = e.mul(power.reinterpretAsFloats()).blend(Exp.Lanes.ZERO, beyond);
            FloatVector whole = z.add(Exp.Lanes.ONE);
            FloatVector q = z.div(whole);
            FloatVector h = exponent.mul(q).div(whole).add(q).blend(Exp.Lanes.ZERO, beyond);
            FloatVector slope = Exp.Lanes.ONE.sub(h).blend(h, isNegative);
            FloatVector silu = a.blend(a.mul(z).blend(Exp.Lanes.ZERO, beyond), isNegative).div(whole);
            slope.mul(upstream.mul(b)).intoMemorySegment(din, dinOffset + at, ORDER);
            silu.mul(upstream).intoMemorySegment(din, dinOffset + half + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float upstream = dout.get(Tensor.FLOAT, doutOffset + at);
            float a = in.get(Tensor.FLOAT, inOffset + at);
            float b = in.get(Tensor.FLOAT, inOffset + half + at);
            float z = Exp.of(-Math.abs(a));
            din.set(Tensor.FLOAT, dinOffset + at, siluSlope(a, z) * (upstream * b));
            din.set(Tensor.FLOAT, dinOffset + half + at, silu(a, z) * upstream);
        }
    }

    private static float siluSlope(float a, float z) {
        float exponent = -Math.abs(a);
        float whole = z + 1f;
        float q = z / whole;
        float h = exponent < Exp.LOWEST ? 0f : exponent * q / whole + q;
        return a < 0f ? h : 1f - h;
    }
}
