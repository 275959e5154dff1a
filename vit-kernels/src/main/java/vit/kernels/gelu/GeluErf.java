package vit.kernels.gelu;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.NormalTail;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorHelper;

/**
 * The exact GELU x·Φ(x) and its derivative, lane by lane, with a bounded relative error on both sides of 0:
 * at most 6.2 ulp, 5.4 ulp above −4, measured over all floats.
 *
 * <p>½·x·(1 + erf(x/√2)) cancels for negative x. With t = |x| and the upper tail Q(t) = 1 − Φ(t),
 *
 * <pre>
 *   x ≥ 0:  x·Φ(x) = x·(1 − Q(t)) = x − t·Q(t)
 *   x &lt; 0:  x·Φ(x) = x·Q(t)       = 0 − t·Q(t)
 * </pre>
 *
 * So one formula, max(x, 0) − t·Q(t), serves both cases, and it does not cancel because Q ≤ ½. The derivative is Φ(x) + x·φ(x), where φ is the
 * density:
 *
 * <pre>
 *   x &lt; 0:  h(t) = Q(t) − t·φ(t)
 *   x ≥ 0:  1 − h(t), since Φ(x) = 1 − Q(t) and φ is even
 * </pre>
 */
final class GeluErf {

    /** t·Q(t) is a normal float up to here and counts as 0 beyond. */
    private static final float END = NormalTail.PRODUCT_END;

    /** 1/√(2π). */
    private static final float DENSITY_AT_0 = 0x1.988454p-2f;

    private static final class Lanes {
        static final FloatVector ZERO = Simd.broadcast(0f);
        static final FloatVector ONE = Simd.broadcast(1f);
        static final FloatVector END = Simd.broadcast(GeluErf.END);
        static final FloatVector DERIVATIVE_END = Simd.broadcast(NormalTail.END);
        static final FloatVector DENSITY_AT_0 = Simd.broadcast(GeluErf.DENSITY_AT_0);
    }

    private GeluErf() {}

    @VectorHelper
    static FloatVector of(FloatVector x) {
        FloatVector t = x.abs();
        // The factor e^(−t²/2) comes last, so that the other products do not become subnormal.
        FloatVector tail = NormalTail.ratio(t).mul(t).mul(NormalTail.bell(t));
        tail = tail.blend(Lanes.ZERO, t.compare(GT, Lanes.END));
        return x.blend(Lanes.ZERO, x.compare(LT, Lanes.ZERO)).sub(tail);
    }

    static float of(float x) {
        float t = Math.abs(x);
        float tail = NormalTail.ratio(t) * t * NormalTail.bell(t);
        return (x < 0f ? 0f : x) - (t > END ? 0f : tail);
    }

    @VectorHelper
    static FloatVector derivative(FloatVector x) {
        FloatVector t = x.abs();
        FloatVector h = NormalTail.ratio(t).sub(t.mul(Lanes.DENSITY_AT_0)).mul(NormalTail.bell(t));
        h = h.blend(Lanes.ZERO, t.compare(GT, Lanes.DERIVATIVE_END));
        return Lanes.ONE.sub(h).blend(h, x.compare(LT, Lanes.ZERO));
    }

    static float derivative(float x) {
        float t = Math.abs(x);
        float h = (NormalTail.ratio(t) - t * DENSITY_AT_0) * NormalTail.bell(t);
        h = t > NormalTail.END ? 0f : h;
        return x < 0f ? h : 1f - h;
    }
}
