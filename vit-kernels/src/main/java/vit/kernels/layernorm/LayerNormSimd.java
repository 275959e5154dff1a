package vit.kernels.layernorm;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * Layer normalisation of one row on the Vector API. Sums have {@link Reduction}'s 16 virtual lanes.
 */
final class LayerNormSimd {

    private LayerNormSimd() {}

    /** The mean of {@code n} floats; overwrites {@code lanes}. */
    static float mean(MemorySegment x, long xOffset, int n, float[] lanes) {
        return Reduction.sum(x, xOffset, n, lanes) / n;
    }

    /** 1/√(variance + epsilon) of {@code n} floats of known mean; overwrites {@code lanes}. */
    static float reciprocalDeviation(MemorySegment x, long xOffset, int n, float mean, double epsilon, float[] lanes) {
        FloatVector acc0 = FloatVector.zero(Simd.SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int i = 0;
        for (; i <= n - Simd.VIRTUAL_LANES; i += Simd.VIRTUAL_LANES) {
            long offset = at(xOffset, i);
            acc0 = addSquare(acc0, Simd.load(x, offset).sub(mean));
            if (Simd.LANES <= 8) {
                acc1 = addSquare(acc1, Simd.load(x, offset + Simd.VECTOR_BYTES).sub(mean));
            }
            if (Simd.LANES == 4) {
                acc2 = addSquare(acc2, Simd.load(x, offset + 2 * Simd.VECTOR_BYTES).sub(mean));
                acc3 = addSquare(acc3, Simd.load(x, offset + 3 * Simd.VECTOR_BYTES).sub(mean));
            }
        }
        Reduction.store(lanes, acc0, acc1, acc2, acc3);
        for (int lane = 0; i < n; i++, lane++) {
            float deviation = get(x, at(xOffset, i)) - mean;
            lanes[lane] = Math.fma(deviation, deviation, lanes[lane]);
        }
        double variance = (double) Reduction.sum(lanes) / n;
        return (float) (1 / Math.sqrt(variance + epsilon));
    }

    private static FloatVector addSquare(FloatVector sum, FloatVector deviation) {
        return deviation.fma(deviation, sum);
    }

    /** y = (x − mean)·rstd·weight + bias over {@code n} floats; y may be x. */
    static void normalise(
            MemorySegment y, long yOffset, MemorySegment x, long xOffset, MemorySegment weight, MemorySegment bias, int n,
            float mean, float rstd) {
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            FloatVector normal = Simd.load(x, at(xOffset, i)).sub(mean).mul(rstd);
            FloatVector scaled = normal.fma(Simd.load(weight, at(0, i)), Simd.load(bias, at(0, i)));
            scaled.intoMemorySegment(y, at(yOffset, i), Simd.ORDER);
        }
        for (; i < n; i++) {
            float normal = (get(x, at(xOffset, i)) - mean) * rstd;
            y.set(Tensor.FLOAT, at(yOffset, i), Math.fma(normal, get(weight, at(0, i)), get(bias, at(0, i))));
        }
    }

    private static float get(MemorySegment segment, long byteOffset) {
        return segment.get(Tensor.FLOAT, byteOffset);
    }

    /** The byte offset of element {@code i} of a row. */
    private static long at(long rowOffset, int i) {
        return rowOffset + (long) i * Float.BYTES;
    }
}
