package vit.kernels.optim;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * {@link Sgd} on the Vector API: a lane is an element. Both kinds of momentum are one formula, {@code param − rate · (ahead · g + along · velocity)},
 * with (0, 1) for the plain kind and (1, momentum) for Nesterov's; a factor of 0 or 1 is exact. An infinite gradient times 0 does no harm, because it
 * has already made the velocity infinite or NaN.
 */
final class SgdSimd {

    private SgdSimd() {}

    @VectorLoop
    static void update(
            Tensor param, Tensor velocity, Tensor grad,
            Sgd sgd, double rate, double weightDecay, double gradientScale, int from, int to) {
        float scale = (float) gradientScale;
        float added = (float) weightDecay;
        float momentum = (float) sgd.momentum();
        float ahead = sgd.nesterov() ? 1 : 0;
        float along = sgd.nesterov() ? momentum : 1;
        float stepSize = (float) -rate;

        MemorySegment p = param.segment();
        MemorySegment v = velocity.segment();
        MemorySegment g = grad.segment();
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector p0 = FloatVector.fromMemorySegment(SPECIES, p, at, ORDER);
            FloatVector scaled = FloatVector.fromMemorySegment(SPECIES, g, at, ORDER).mul(scale);
            FloatVector g0 = p0.fma(FloatVector.broadcast(SPECIES, added), scaled);
            FloatVector v1 = FloatVector.fromMemorySegment(SPECIES, v, at, ORDER)
                    .fma(FloatVector.broadcast(SPECIES, momentum), g0);
            FloatVector direction = v1.fma(FloatVector.broadcast(SPECIES, along), g0.mul(ahead));
            v1.intoMemorySegment(v, at, ORDER);
            direction.fma(FloatVector.broadcast(SPECIES, stepSize), p0).intoMemorySegment(p, at, ORDER);
        }
        for (; i < to; i++) {
            float p0 = p.getAtIndex(Tensor.FLOAT, i);
            float g0 = Math.fma(p0, added, g.getAtIndex(Tensor.FLOAT, i) * scale);
            float v1 = Math.fma(v.getAtIndex(Tensor.FLOAT, i), momentum, g0);
            float direction = Math.fma(v1, along, g0 * ahead);
            v.setAtIndex(Tensor.FLOAT, i, v1);
            p.setAtIndex(Tensor.FLOAT, i, Math.fma(direction, stepSize, p0));
        }
    }
}
