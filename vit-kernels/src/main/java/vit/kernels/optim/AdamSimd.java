package vit.kernels.optim;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link Adam} on the Vector API: a lane is an element. The scalars of a step are computed in double. */
final class AdamSimd {

    private AdamSimd() {}

    @VectorLoop
    static void update(
            Tensor param, Tensor mean, Tensor square, Tensor grad,
            Adam adam, double rate, double weightDecay, double gradientScale, int step, int from, int to) {
        float scale = (float) gradientScale;
        float kept = adam.decoupled() ? (float) (1 - rate * weightDecay) : 1;
        float added = adam.decoupled() ? 0 : (float) weightDecay;
        float meanShare = (float) (1 - adam.beta1());
        float squareKept = (float) adam.beta2();
        float squareShare = (float) (1 - adam.beta2());
        float rootScale = (float) (1 / Math.sqrt(Adam.biasCorrection(adam.beta2(), step)));
        float epsilon = (float) adam.epsilon();
        float stepSize = (float) (-rate / Adam.biasCorrection(adam.beta1(), step));

        MemorySegment p = param.segment();
        MemorySegment m = mean.segment();
        MemorySegment v = square.segment();
        MemorySegment g = grad.segment();
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector p0 = FloatVector.fromMemorySegment(SPECIES, p, at, ORDER);
            FloatVector m0 = FloatVector.fromMemorySegment(SPECIES, m, at, ORDER);
            FloatVector v0 = FloatVector.fromMemorySegment(SPECIES, v, at, ORDER);
            FloatVector scaled = FloatVector.fromMemorySegment(SPECIES, g, at, ORDER).mul(scale);
            FloatVector g0 = p0.fma(FloatVector.broadcast(SPECIES, added), scaled);
            FloatVector m1 = g0.sub(m0).fma(FloatVector.broadcast(SPECIES, meanShare), m0);
            FloatVector v1 = g0.mul(g0).fma(FloatVector.broadcast(SPECIES, squareShare), v0.mul(squareKept));
            FloatVector denominator = v1.sqrt()
                    .fma(FloatVector.broadcast(SPECIES, rootScale), FloatVector.broadcast(SPECIES, epsilon));
            FloatVector p1 = m1.div(denominator).fma(FloatVector.broadcast(SPECIES, stepSize), p0.mul(kept));
            m1.intoMemorySegment(m, at, ORDER);
            v1.intoMemorySegment(v, at, ORDER);
            p1.intoMemorySegment(p, at, ORDER);
        }
        for (; i < to; i++) {
            float p0 = p.getAtIndex(Tensor.FLOAT, i);
            float m0 = m.getAtIndex(Tensor.FLOAT, i);
            float g0 = Math.fma(p0, added, g.getAtIndex(Tensor.FLOAT, i) * scale);
            float m1 = Math.fma(g0 - m0, meanShare, m0);
            float v1 = Math.fma(g0 * g0, squareShare, v.getAtIndex(Tensor.FLOAT, i) * squareKept);
            float denominator = Math.fma((float) Math.sqrt(v1), rootScale, epsilon);
            m.setAtIndex(Tensor.FLOAT, i, m1);
            v.setAtIndex(Tensor.FLOAT, i, v1);
            p.setAtIndex(Tensor.FLOAT, i, Math.fma(m1 / denominator, stepSize, p0 * kept));
        }
    }
}
