package vit.kernels.simd;

import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The hyperbolic tangent in float, the same bits as vector and as scalar.
 *
 * <p>Worst error 1.37 ulp, measured over all floats. The function is odd; ±0 gives ±0, ±∞ gives ±1, NaN gives NaN.
 *
 * <p>With t = |x|: below 0.625, tanh = t + t·t²·q(t²), q of degree 4, fitted like the polynomial of {@link Exp}; from
 * there on, tanh = 1 − 2/(e^(2t) + 1), where the subtrahend is below ½.
 */
public final class Tanh {

    private static final float NEAR = 0.625f;

    private static final float Q0 = -0x1.555532p-2f;
    private static final float Q1 = 0x1.1106fep-3f;
    private static final float Q2 = -0x1.b8379p-5f;
    private static final float Q3 = 0x1.520a24p-6f;
    private static final float Q4 = -0x1.756c9cp-8f;

    private static final class Lanes {
        static final FloatVector ONE = Simd.broadcast(1f);
        static final FloatVector TWO = Simd.broadcast(2f);
        static final FloatVector NEAR = Simd.broadcast(Tanh.NEAR);
        static final FloatVector Q0 = Simd.broadcast(Tanh.Q0);
        static final FloatVector Q1 = Simd.broadcast(Tanh.Q1);
        static final FloatVector Q2 = Simd.broadcast(Tanh.Q2);
        static final FloatVector Q3 = Simd.broadcast(Tanh.Q3);
        static final FloatVector Q4 = Simd.broadcast(Tanh.Q4);
    }

    private Tanh() {}

    /** tanh of each lane. */
    @VectorHelper
    public static FloatVector of(FloatVector x) {
        FloatVector t = x.abs();
        FloatVector far = Lanes.ONE.sub(Lanes.TWO.div(Exp.of(t.add(t)).add(Lanes.ONE)));
        FloatVector s = t.mul(t);
        FloatVector q = s.fma(Lanes.Q4, Lanes.Q3).fma(s, Lanes.Q2).fma(s, Lanes.Q1).fma(s, Lanes.Q0);
        FloatVector result = far.blend(q.mul(s).fma(t, t), t.compare(LT, Lanes.NEAR));
        IntVector sign = x.reinterpretAsInts().and(Integer.MIN_VALUE);
        return result.reinterpretAsInts().or(sign).reinterpretAsFloats();
    }

    /** tanh of {@code x}: the same bits as the vector form. */
    public static float of(float x) {
        float t = Math.abs(x);
        return Math.copySign(t < NEAR ? near(t) : 1f - 2f / (Exp.of(t + t) + 1f), x);
    }

    private static float near(float t) {
        float s = t * t;
        float q = Math.fma(s, Q4, Q3);
        q = Math.fma(q, s, Q2);
        q = Math.fma(q, s, Q1);
        q = Math.fma(q, s, Q0);
        return Math.fma(q * s, t, t);
    }
}
