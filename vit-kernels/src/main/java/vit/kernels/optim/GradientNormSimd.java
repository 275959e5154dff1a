package vit.kernels.optim;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VIRTUAL_LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * {@link GradientNorm} on the Vector API. Element i of a chunk goes to lane i mod 16, in double, where the square of a
 * float is exact. The 16 lanes take one pass at 512 bits, two at 256, four at 128: the accumulators stay in registers and
 * each lane's chain is the same.
 */
final class GradientNormSimd {

    /** Doubles that a worker needs beside: the virtual lanes. */
    static final int SCRATCH = VIRTUAL_LANES;

    private static final VectorSpecies<Double> DOUBLES =
            VectorSpecies.of(double.class, VectorShape.forBitSize(Simd.BITS));

    private GradientNormSimd() {}

    static double sumOfSquares(Tensor tensor, int from, int to, double[] lanes) {
        MemorySegment segment = tensor.segment();
        int whole = from + (to - from) / VIRTUAL_LANES * VIRTUAL_LANES;
        for (int lane = 0; lane < VIRTUAL_LANES; lane += LANES) {
            DoubleVector acc0 = DoubleVector.zero(DOUBLES);
            DoubleVector acc1 = DoubleVector.zero(DOUBLES);
            for (int i = from + lane; i < whole; i += VIRTUAL_LANES) {
                FloatVector g = FloatVector.fromMemorySegment(SPECIES, segment, (long) i * Float.BYTES, ORDER);
                DoubleVector low = (DoubleVector) g.convertShape(VectorOperators.F2D, DOUBLES, 0);
                DoubleVector high = (DoubleVector) g.convertShape(VectorOperators.F2D, DOUBLES, 1);
                acc0 = low.fma(low, acc0);
                acc1 = high.fma(high, acc1);
            }
            acc0.intoArray(lanes, lane);
            acc1.intoArray(lanes, lane + LANES / 2);
        }
        for (int i = whole; i < to; i++) {
            double g = segment.getAtIndex(Tensor.FLOAT, i);
            lanes[i - whole] = Math.fma(g, g, lanes[i - whole]);
        }
        for (int half = VIRTUAL_LANES / 2; half > 0; half /= 2) {
            for (int j = 0; j < half; j++) {
                lanes[j] += lanes[j + half];
            }
        }
        return lanes[0];
    }
}
