package vit.kernels.gelu;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import vit.kernels.simd.Exp;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorHelper;

/**
 * The tanh form of GELU, ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), and its derivative, lane by lane.
 *
 * <p>½·(1 + tanh(u)) = 1/(1 + e^(−2u)), which does not cancel. With t = |x|, v = 2u(t) = t·(A + B·t²) and z = e^(−v):
 *
 * <pre>
 *   x ≥ 0:  x/(1 + z)          x &lt; 0:  x·z/(1 + z)
 * </pre>
 *
 * The relative error of v reaches the result multiplied by |v|. So far below 0, where v is large and the result tiny, the relative error of the
 * result grows like v. The derivative, with q = z/(1 + z) and v′ = A + 3·B·t²:
 *
 * <pre>
 *   x &lt; 0:  h(t) = q − t·v′·q/(1 + z)
 *   x ≥ 0:  1 − h(t), since 1/(1 + z) = 1 − q and the second term changes its sign
 * </pre>
 */
final class GeluTanh {

    /** 2·√(2/π). */
    private static final float A = 0x1.988454p0f;

    /** 0.044715 · A. */
    private static final float B = 0x1.2444f2p-4f;

    /** 3 · B. */
    private static final float B_3 = 0x1.b6676cp-3f;

    /** z is a normal float up to this t. Beyond it z counts as 0, and so does the result, which is below 1.2e−37. */
    private static final float END = 10.001f;

    private static final class Lanes {
        static final FloatVector ZERO = Simd.broadcast(0f);
        static final FloatVector ONE = Simd.broadcast(1f);
        static final FloatVector MINUS_A = Simd.broadcast(-GeluTanh.A);
        static final FloatVector MINUS_B = Simd.broadcast(-GeluTanh.B);
        static final FloatVector A = Simd.broadcast(GeluTanh.A);
        static final FloatVector B_3 = Simd.broadcast(GeluTanh.B_3);
        static final FloatVector END = Simd.broadcast(GeluTanh.END);
    }

    private GeluTanh() {}

    @VectorHelper
    static FloatVector of(FloatVector x) {
        FloatVector t = x.abs();
        FloatVector z = power(t);
        VectorMask<Float> beyond = t.compare(GT, Lanes.END);
        FloatVector negative = x.mul(z).blend(Lanes.ZERO, beyond);
        FloatVector numerator = x.blend(negative, x.compare(LT, Lanes.ZERO));
        return numerator.div(z.blend(Lanes.ZERO, beyond).add(Lanes.ONE));
    }

    static float of(float x) {
        float t = Math.abs(x);
        boolean beyond = t > END;
        float z = power(t);
        float negative = beyond ? 0f : x * z;
        return (x < 0f ? negative : x) / ((beyond ? 0f : z) + 1f);
    }

    @VectorHelper
    static FloatVector derivative(FloatVector x) {
        FloatVector t = x.abs();
        FloatVector z = power(t);
        FloatVector whole = z.add(Lanes.ONE);
        FloatVector q = z.div(whole);
        FloatVector slope = t.mul(t).fma(Lanes.B_3, Lanes.A);
        FloatVector h = q.sub(t.mul(slope).mul(q).div(whole)).blend(Lanes.ZERO, t.compare(GT, Lanes.END));
        return Lanes.ONE.sub(h).blend(h, x.compare(LT, Lanes.ZERO));
    }

    static float derivative(float x) {
        float t = Math.abs(x);
        float z = power(t);
        float whole = z + 1f;
        float q = z / whole;
        float slope = Math.fma(t * t, B_3, A);
        float h = t > END ? 0f : q - t * slope * q / whole;
        return x < 0f ? h : 1f - h;
    }

    /** z = e^(−t·(A + B·t²)). */
    @VectorHelper
    private static FloatVector power(FloatVector t) {
        FloatVector minusSlope = t.mul(t).fma(Lanes.MINUS_B, Lanes.MINUS_A);
        FloatVector high = t.mul(minusSlope);
        return Exp.ofSplit(high, t.fma(minusSlope, high.neg()));
    }

    private static float power(float t) {
        float minusSlope = Math.fma(t * t, -B, -A);
        float high = t * minusSlope;
        return Exp.ofSplit(high, Math.fma(t, minusSlope, -high));
    }
}
