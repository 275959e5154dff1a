package vit.kernels.layernorm;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * Layer normalisation of one row on the Vector API, for {@link LayerNorm} and for kernels whose rows are parts of a tensor's row. Sums use the 16
 * virtual lanes of {@link Reduction}. Offsets are in bytes, lengths in floats. Arguments are not checked beyond the bounds of the memory itself.
 */
public final class LayerNormSimd {

    /** Index in the lanes at which {@link #statistics} leaves the mean. */
    public static final int MEAN = 0;

    /** Index in the lanes at which {@link #statistics} leaves 1/√(variance + epsilon). */
    public static final int RSTD = 1;

    private LayerNormSimd() {}

    /**
     * The statistics of {@code n} floats, by the corrected two-pass algorithm.
     *
     * @param x       the memory that holds the row
     * @param xOffset where the row begins
     * @param n       the length of the row
     * @param epsilon added to the variance
     * @param lanes   32 floats of the caller's own, overwritten; the results are in {@code lanes[MEAN]} and {@code lanes[RSTD]}
     */
    public static void statistics(MemorySegment x, long xOffset, int n, double epsilon, float[] lanes) {
        float centre = Reduction.sum(x, xOffset, n, lanes) / n;
        deviations(x, xOffset, n, centre, lanes);
        float shift = Reduction.sum(lanes) / n;
        float squares = Reduction.sum(lanes, Simd.VIRTUAL_LANES);
        lanes[MEAN] = centre + shift;
        lanes[RSTD] = reciprocalDeviation(squares, shift, n, epsilon);
    }

    /**
     * 1/√(variance + epsilon). The squares are of deviations from the centre, so the part that is due to the distance of the centre from the mean is
     * subtracted.
     */
    private static float reciprocalDeviation(float squares, float shift, int n, double epsilon) {
        double variance = (double) squares / n - (double) shift * shift;
        return (float) (1 / Math.sqrt(Math.max(0, variance) + epsilon));
    }

    /**
     * Σ d and Σ d² of the deviations d = x − centre of {@code n} floats, as virtual lanes: {@code lanes[0..15]} and
     * {@code lanes[16..31]}.
     */
    @VectorLoop
    static void deviations(MemorySegment x, long xOffset, int n, float centre, float[] lanes) {
        x = Tensor.offHeap(x);
        if (n == 0) {
            Arrays.fill(lanes, 0, 2 * Simd.VIRTUAL_LANES, 0f);
            return;
        }
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        FloatVector squares0 = sum0;
        FloatVector squares1 = sum0;
        FloatVector squares2 = sum0;
        FloatVector squares3 = sum0;
        int i = 0;
        for (; i <= n - Simd.VIRTUAL_LANES; i += Simd.VIRTUAL_LANES) {
            long offset = xOffset + (long) i * Float.BYTES;
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, x, offset, ORDER).sub(centre);
            sum0 = d0.add(sum0);
            squares0 = d0.fma(d0, squares0);
            if (Simd.LANES <= 8) {
                FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, x, offset + Simd.VECTOR_BYTES, ORDER).sub(centre);
                sum1 = d1.add(sum1);
                squares1 = d1.fma(d1, squares1);
            }
            if (Simd.LANES == 4) {
                FloatVector d2 = FloatVector.fromMemorySegment(SPECIES, x, offset + 2 * Simd.VECTOR_BYTES, ORDER).sub(centre);
                sum2 = d2.add(sum2);
                squares2 = d2.fma(d2, squares2);
                FloatVector d3 = FloatVector.fromMemorySegment(SPECIES, x, offset + 3 * Simd.VECTOR_BYTES, ORDER).sub(centre);
                sum3 = d3.add(sum3);
                squares3 = d3.fma(d3, squares3);
            }
        }
        sum0.intoArray(lanes, 0);
        if (Simd.LANES <= 8) {
            sum1.intoArray(lanes, Simd.LANES);
        }
        if (Simd.LANES == 4) {
            sum2.intoArray(lanes, 2 * Simd.LANES);
            sum3.intoArray(lanes, 3 * Simd.LANES);
        }
        squares0.intoArray(lanes, Simd.VIRTUAL_LANES);
        if (Simd.LANES <= 8) {
            squares1.intoArray(lanes, Simd.VIRTUAL_LANES + Simd.LANES);
        }
        if (Simd.LANES == 4) {
            squares2.intoArray(lanes, Simd.VIRTUAL_LANES + 2 * Simd.LANES);
            squares3.intoArray(lanes, Simd.VIRTUAL_LANES + 3 * Simd.LANES);
        }
        for (int lane = 0; i < n; i++, lane++) {
            float d = x.get(Tensor.FLOAT, xOffset + (long) i * Float.BYTES) - centre;
            lanes[lane] += d;
            lanes[Simd.VIRTUAL_LANES + lane] = Math.fma(d, d, lanes[Simd.VIRTUAL_LANES + lane]);
        }
    }

    /** y = (x − mean)·rstd·weight + bias over {@code n} floats; y may be x. */
    @VectorLoop
    public static void normalise(
            MemorySegment y, long yOffset, MemorySegment x, long xOffset, MemorySegment weight, MemorySegment bias, int n,
            float mean, float rstd) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        weight = Tensor.offHeap(weight);
        bias = Tensor.offHeap(bias);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector normal = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER).sub(mean).mul(rstd);
            FloatVector scaled = normal
                    .fma(FloatVector.fromMemorySegment(SPECIES, weight, at, ORDER), FloatVector.fromMemorySegment(SPECIES, bias, at, ORDER));
            scaled.intoMemorySegment(y, yOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float normal = (x.get(Tensor.FLOAT, xOffset + at) - mean) * rstd;
            y.set(Tensor.FLOAT, yOffset + at, Math.fma(normal, weight.get(Tensor.FLOAT, at), bias.get(Tensor.FLOAT, at)));
        }
    }

    /** Normalises {@code n} floats of a row, from element {@code from} on, into an array. */
    @VectorLoop
    static void normalise(
            float[] y, int yStart, MemorySegment x, long xOffset, MemorySegment weight, MemorySegment bias, int from, int n,
            float mean, float rstd) {
        x = Tensor.offHeap(x);
        weight = Tensor.offHeap(weight);
        bias = Tensor.offHeap(bias);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) (from + i) * Float.BYTES;
            FloatVector normal = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER).sub(mean).mul(rstd);
            normal.fma(FloatVector.fromMemorySegment(SPECIES, weight, at, ORDER), FloatVector.fromMemorySegment(SPECIES, bias, at, ORDER))
                    .intoArray(y, yStart + i);
        }
        for (; i < n; i++) {
            long at = (long) (from + i) * Float.BYTES;
            float normal = (x.get(Tensor.FLOAT, xOffset + at) - mean) * rstd;
            y[yStart + i] = Math.fma(normal, weight.get(Tensor.FLOAT, at), bias.get(Tensor.FLOAT, at));
        }
    }

    /** Σ dy·weight·(x − mean) over a row; overwrites {@code lanes}. */
    @VectorLoop
    public static float sumOfWeightedDeviations(
            MemorySegment dy, long dyOffset, MemorySegment weight, MemorySegment x, long xOffset, int n, float mean,
            float[] lanes) {
        dy = Tensor.offHeap(dy);
        weight = Tensor.offHeap(weight);
        x = Tensor.offHeap(x);
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int i = 0;
        for (; i <= n - Simd.VIRTUAL_LANES; i += Simd.VIRTUAL_LANES) {
            acc0 = addWeightedDeviation(acc0, dy, at(dyOffset, i), weight, at(0, i), x, at(xOffset, i), mean);
            if (Simd.LANES <= 8) {
                int j = i + Simd.LANES;
                acc1 = addWeightedDeviation(acc1, dy, at(dyOffset, j), weight, at(0, j), x, at(xOffset, j), mean);
            }
            if (Simd.LANES == 4) {
                int j = i + 2 * Simd.LANES;
                int k = i + 3 * Simd.LANES;
                acc2 = addWeightedDeviation(acc2, dy, at(dyOffset, j), weight, at(0, j), x, at(xOffset, j), mean);
                acc3 = addWeightedDeviation(acc3, dy, at(dyOffset, k), weight, at(0, k), x, at(xOffset, k), mean);
            }
        }
        acc0.intoArray(lanes, 0);
        if (Simd.LANES <= 8) {
            acc1.intoArray(lanes, Simd.LANES);
        }
        if (Simd.LANES == 4) {
            acc2.intoArray(lanes, 2 * Simd.LANES);
            acc3.intoArray(lanes, 3 * Simd.LANES);
        }
        for (int lane = 0; i < n; i++, lane++) {
            float weighted = get(dy, at(dyOffset, i)) * get(weight, at(0, i));
            lanes[lane] = Math.fma(weighted, get(x, at(xOffset, i)) - mean, lanes[lane]);
        }
        return Reduction.sum(lanes);
    }

    @VectorHelper
    private static FloatVector addWeightedDeviation(
            FloatVector sum, MemorySegment dy, long dyOffset, MemorySegment weight, long weightOffset, MemorySegment x,
            long xOffset, float mean) {
        FloatVector weighted = FloatVector.fromMemorySegment(SPECIES, dy, dyOffset, ORDER)
                .mul(FloatVector.fromMemorySegment(SPECIES, weight, weightOffset, ORDER));
        return weighted.fma(FloatVector.fromMemorySegment(SPECIES, x, xOffset, ORDER).sub(mean), sum);
    }

    /** dx = rstd·(dy·weight − meanOfG − x̂·meanOfGNormal) over a row; dx may be dy. */
    @VectorLoop
    public static void inputGradient(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset,
            MemorySegment weight, int n, float mean, float rstd, float meanOfG, float meanOfGNormal) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        weight = Tensor.offHeap(weight);
        FloatVector minusMeanOfG = Simd.broadcast(-meanOfG);
        FloatVector minusMeanOfGNormal = Simd.broadcast(-meanOfGNormal);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            FloatVector normal = FloatVector.fromMemorySegment(SPECIES, x, at(xOffset, i), ORDER).sub(mean).mul(rstd);
            FloatVector projections = normal.fma(minusMeanOfGNormal, minusMeanOfG);
            FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, dy, at(dyOffset, i), ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, weight, at(0, i), ORDER), projections).mul(rstd);
            gradient.intoMemorySegment(dx, at(dxOffset, i), ORDER);
        }
        for (; i < n; i++) {
            float normal = (get(x, at(xOffset, i)) - mean) * rstd;
            float projections = Math.fma(normal, -meanOfGNormal, -meanOfG);
            float gradient = Math.fma(get(dy, at(dyOffset, i)), get(weight, at(0, i)), projections) * rstd;
            dx.set(Tensor.FLOAT, at(dxOffset, i), gradient);
        }
    }

    /** dweight += dy·x̂ and dbias += dy over columns {@code from} to {@code to} of one row. */
    @VectorLoop
    public static void addParameterGradients(
            MemorySegment dweight, MemorySegment dbias, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset,
            int from, int to, float mean, float rstd) {
        dweight = Tensor.offHeap(dweight);
        dbias = Tensor.offHeap(dbias);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        int i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            FloatVector upstream = FloatVector.fromMemorySegment(SPECIES, dy, at(dyOffset, i), ORDER);
            FloatVector normal = FloatVector.fromMemorySegment(SPECIES, x, at(xOffset, i), ORDER).sub(mean).mul(rstd);
            FloatVector ofWeight = upstream.fma(normal, FloatVector.fromMemorySegment(SPECIES, dweight, at(0, i), ORDER));
            FloatVector ofBias = upstream.add(FloatVector.fromMemorySegment(SPECIES, dbias, at(0, i), ORDER));
            ofWeight.intoMemorySegment(dweight, at(0, i), ORDER);
            ofBias.intoMemorySegment(dbias, at(0, i), ORDER);
        }
        for (; i < to; i++) {
            float upstream = get(dy, at(dyOffset, i));
            float normal = (get(x, at(xOffset, i)) - mean) * rstd;
            dweight.set(Tensor.FLOAT, at(0, i), Math.fma(upstream, normal, get(dweight, at(0, i))));
            dbias.set(Tensor.FLOAT, at(0, i), upstream + get(dbias, at(0, i)));
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
