package vit.kernels.rmsnorm;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * Root mean square normalisation of one row on the Vector API, for {@link RmsNorm} and for kernels whose rows are parts of a tensor's row. Sums use
 * the 16 virtual lanes of {@link Reduction}. Offsets are in bytes, lengths in floats. Arguments are not checked beyond the bounds of the memory itself.
 *
 * <p>The loops of {@link vit.kernels.layernorm.LayerNormSimd} with a mean of 0 would do more work for each element.
 */
public final class RmsNormSimd {

    /** Below this sum, the digits that the smallest squares lose as subnormal numbers could count. */
    private static final double LEAST_SUM = 0x1p-100;

    private RmsNormSimd() {}

    /**
     * 1/√(mean(x²) + epsilon) of {@code n} floats.
     *
     * @param x       the memory that holds the row
     * @param xOffset where the row begins
     * @param n       the length of the row
     * @param epsilon added to the mean of the squares
     * @param lanes   16 floats of the caller's own, overwritten
     * @return the factor that normalises the row
     */
    public static float reciprocalRoot(MemorySegment x, long xOffset, int n, double epsilon, float[] lanes) {
        double squares = Reduction.sumOfProducts(x, xOffset, x, xOffset, n, lanes);
        if (!(squares <= Float.MAX_VALUE && squares + n * epsilon >= LEAST_SUM)) {
            squares = wideSumOfSquares(x, xOffset, n);
        }
        return (float) (1 / Math.sqrt(squares / n + epsilon));
    }

    /** Σ x² in double, in ascending order, for rows whose squares leave the range of float. */
    private static double wideSumOfSquares(MemorySegment x, long xOffset, int n) {
        x = Tensor.offHeap(x);
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double value = x.get(Tensor.FLOAT, xOffset + (long) i * Float.BYTES);
            sum += value * value;
        }
        return sum;
    }

    /** y = x·rstd·weight over {@code n} floats; y may be x. */
    @VectorLoop
    public static void normalise(MemorySegment y, long yOffset, MemorySegment x, long xOffset, MemorySegment weight, int n, float rstd) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        weight = Tensor.offHeap(weight);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector normal = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER).mul(rstd);
            normal.mul(FloatVector.fromMemorySegment(SPECIES, weight, at, ORDER)).intoMemorySegment(y, yOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            y.set(Tensor.FLOAT, yOffset + at, x.get(Tensor.FLOAT, xOffset + at) * rstd * weight.get(Tensor.FLOAT, at));
        }
    }

    /** Normalises {@code n} floats of a row, from element {@code from} on, into an array. */
    @VectorLoop
    static void normalise(
            float[] y, int yStart, MemorySegment x, long xOffset, MemorySegment weight, int from, int n, float rstd) {
        x = Tensor.offHeap(x);
        weight = Tensor.offHeap(weight);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) (from + i) * Float.BYTES;
            FloatVector normal = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER).mul(rstd);
            normal.mul(FloatVector.fromMemorySegment(SPECIES, weight, at, ORDER)).intoArray(y, yStart + i);
        }
        for (; i < n; i++) {
            long at = (long) (from + i) * Float.BYTES;
            y[yStart + i] = x.get(Tensor.FLOAT, xOffset + at) * rstd * weight.get(Tensor.FLOAT, at);
        }
    }

    /** Σ dy·weight·x̂ over a row; overwrites {@code lanes}. Each x̂ is computed first, because Σ dy·weight·x could overflow in a row of huge elements. */
    @VectorLoop
    static float sumOfWeightedNormals(
            MemorySegment dy, long dyOffset, MemorySegment weight, MemorySegment x, long xOffset, int n, float rstd, float[] lanes) {
        dy = Tensor.offHeap(dy);
        weight = Tensor.offHeap(weight);
        x = Tensor.offHeap(x);
        FloatVector acc0 = FloatVector.zero(SPECIES);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int i = 0;
        for (; i <= n - Simd.VIRTUAL_LANES; i += Simd.VIRTUAL_LANES) {
            long at = (long) i * Float.BYTES;
            acc0 = addWeightedNormal(acc0, dy, dyOffset + at, weight, at, x, xOffset + at, rstd);
            if (Simd.LANES <= 8) {
                at += Simd.VECTOR_BYTES;
                acc1 = addWeightedNormal(acc1, dy, dyOffset + at, weight, at, x, xOffset + at, rstd);
            }
            if (Simd.LANES == 4) {
                at += Simd.VECTOR_BYTES;
                acc2 = addWeightedNormal(acc2, dy, dyOffset + at, weight, at, x, xOffset + at, rstd);
                at += Simd.VECTOR_BYTES;
                acc3 = addWeightedNormal(acc3, dy, dyOffset + at, weight, at, x, xOffset + at, rstd);
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
            long at = (long) i * Float.BYTES;
            float weighted = dy.get(Tensor.FLOAT, dyOffset + at) * weight.get(Tensor.FLOAT, at);
            lanes[lane] = Math.fma(weighted, x.get(Tensor.FLOAT, xOffset + at) * rstd, lanes[lane]);
        }
        return Reduction.sum(lanes);
    }

    @VectorHelper
    private static FloatVector addWeightedNormal(
            FloatVector sum, MemorySegment dy, long dyOffset, MemorySegment weight, long weightOffset, MemorySegment x,
            long xOffset, float rstd) {
        FloatVector weighted = FloatVector.fromMemorySegment(SPECIES, dy, dyOffset, ORDER)
                .mul(FloatVector.fromMemorySegment(SPECIES, weight, weightOffset, ORDER));
        return weighted.fma(FloatVector.fromMemorySegment(SPECIES, x, xOffset, ORDER).mul(rstd), sum);
    }

    /** dx = rstd·(dy·weight − x̂·meanOfGNormal) over a row. */
    @VectorLoop
    static void inputGradient(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset,
            MemorySegment weight, int n, float rstd, float meanOfGNormal) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        weight = Tensor.offHeap(weight);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector projection = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER).mul(rstd).mul(-meanOfGNormal);
            FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, weight, at, ORDER), projection).mul(rstd);
            gradient.intoMemorySegment(dx, dxOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float projection = x.get(Tensor.FLOAT, xOffset + at) * rstd * -meanOfGNormal;
            float gradient = Math.fma(dy.get(Tensor.FLOAT, dyOffset + at), weight.get(Tensor.FLOAT, at), projection) * rstd;
            dx.set(Tensor.FLOAT, dxOffset + at, gradient);
        }
    }

    /** dweight += dy·x̂ over columns {@code from} to {@code to} of one row. */
    @VectorLoop
    public static void addWeightGradient(
            MemorySegment dweight, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset, int from, int to, float rstd) {
        dweight = Tensor.offHeap(dweight);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        int i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector normal = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER).mul(rstd);
            FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER)
                    .fma(normal, FloatVector.fromMemorySegment(SPECIES, dweight, at, ORDER)).intoMemorySegment(dweight, at, ORDER);
        }
        for (; i < to; i++) {
            long at = (long) i * Float.BYTES;
            float normal = x.get(Tensor.FLOAT, xOffset + at) * rstd;
            dweight.set(Tensor.FLOAT, at, Math.fma(dy.get(Tensor.FLOAT, dyOffset + at), normal, dweight.get(Tensor.FLOAT, at)));
        }
    }
}
