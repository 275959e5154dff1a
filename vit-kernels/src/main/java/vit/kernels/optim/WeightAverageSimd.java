package vit.kernels.optim;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link WeightAverage} on the Vector API: a lane is an element. */
final class WeightAverageSimd {

    private WeightAverageSimd() {}

    @VectorLoop
    static void update(Tensor average, Tensor param, double decay, int from, int to) {
        float share = (float) (1 - decay);
        MemorySegment a = average.segment();
        MemorySegment p = param.segment();
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector a0 = FloatVector.fromMemorySegment(SPECIES, a, at, ORDER);
            FloatVector p0 = FloatVector.fromMemorySegment(SPECIES, p, at, ORDER);
            p0.sub(a0).fma(FloatVector.broadcast(SPECIES, share), a0).intoMemorySegment(a, at, ORDER);
        }
        for (; i < to; i++) {
            float a0 = a.getAtIndex(Tensor.FLOAT, i);
            a.setAtIndex(Tensor.FLOAT, i, Math.fma(p.getAtIndex(Tensor.FLOAT, i) - a0, share, a0));
        }
    }
}
