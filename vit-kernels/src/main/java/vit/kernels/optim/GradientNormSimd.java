package vit.kernels.optim;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;
import static vit.kernels.simd.Simd.VIRTUAL_LANES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import vit.kernels.gemm.Panels;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * {@link GradientNorm} on the Vector API, in double. There the square of a float is exact, so an fma has the same result as a product and an
 * addition. The chains are the same at every width. A column of a packed panel is one chain. In a chunk of a tensor, element i goes to lane i mod 16;
 * the 16 lanes take one pass at 512 bits, two at 256, and four at 128.
 */
final class GradientNormSimd {

    /** The number of doubles that a worker needs as scratch memory: the virtual lanes. */
    static final int SCRATCH = VIRTUAL_LANES;

    private static final VectorSpecies<Double> DOUBLES =
            VectorSpecies.of(double.class, VectorShape.forBitSize(Simd.BITS));

    private GradientNormSimd() {}

    /** The columns of a panel, {@link Panels#COLUMNS} wide: two vectors of floats at a time, which are four vectors of doubles. */
    static void columnSums(double[] sums, int firstSum, Tensor panels, int from, int to) {
        for (int column = 0; column < Panels.COLUMNS; column += 2 * LANES) {
            twoVectors(sums, firstSum + column, panels.segment(), from + column, to);
        }
    }

    @VectorLoop
    static void twoVectors(double[] sums, int firstSum, MemorySegment segment, int from, int to) {
        segment = Tensor.offHeap(segment);
        if (from >= to) {
            Arrays.fill(sums, firstSum, firstSum + 2 * LANES, 0);
            return;
        }
        DoubleVector acc0 = DoubleVector.zero(DOUBLES);
        DoubleVector acc1 = DoubleVector.zero(DOUBLES);
        DoubleVector acc2 = DoubleVector.zero(DOUBLES);
        DoubleVector acc3 = DoubleVector.zero(DOUBLES);
        for (int i = from; i < to; i += Panels.COLUMNS) {
            FloatVector left = FloatVector.fromMemorySegment(SPECIES, segment, (long) i * Float.BYTES, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(SPECIES, segment, (long) i * Float.BYTES + VECTOR_BYTES, ORDER);
            DoubleVector g0 = (DoubleVector) left.convertShape(VectorOperators.F2D, DOUBLES, 0);
            DoubleVector g1 = (DoubleVector) left.convertShape(VectorOperators.F2D, DOUBLES, 1);
            DoubleVector g2 = (DoubleVector) right.convertShape(VectorOperators.F2D, DOUBLES, 0);
            DoubleVector g3 = (DoubleVector) right.convertShape(VectorOperators.F2D, DOUBLES, 1);
            acc0 = g0.fma(g0, acc0);
            acc1 = g1.fma(g1, acc1);
            acc2 = g2.fma(g2, acc2);
            acc3 = g3.fma(g3, acc3);
        }
        acc0.intoArray(sums, firstSum);
        acc1.intoArray(sums, firstSum + LANES / 2);
        acc2.intoArray(sums, firstSum + LANES);
        acc3.intoArray(sums, firstSum + LANES + LANES / 2);
    }

    /** The sum of the squares of one chunk. */
    @VectorLoop
    static double sumOfSquares(Tensor tensor, int from, int to, double[] lanes) {
        MemorySegment segment = tensor.segment();
        if (from == to) {
            return 0;
        }
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
