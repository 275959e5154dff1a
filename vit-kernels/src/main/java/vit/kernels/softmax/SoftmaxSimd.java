package vit.kernels.softmax;

import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import vit.kernels.simd.Exp;
import vit.kernels.simd.Log;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * Softmax of one row on the Vector API. It makes four passes over a row that stays in the L1 cache: maximum, exponentials, their sum, and division.
 * If the exponentials and their sum were computed in one loop, two or four exponentials would be inlined beside one another. That was seen to exceed
 * C2's node budget: the accumulators were then boxed, and the row took eight times as long.
 */
public final class SoftmaxSimd {

    /** A vector of zeros and a vector of −∞. Where it is read decides from which lane on there is −∞. */
    private static final float[] BEYOND = new float[2 * Simd.LANES];

    static {
        Arrays.fill(BEYOND, Simd.LANES, BEYOND.length, Float.NEGATIVE_INFINITY);
    }

    private SoftmaxSimd() {}

    /**
     * y = softmax(scale · x) over {@code n} ≥ 1 floats; y may be x. Nothing beyond them is read or written.
     *
     * <p>An element −∞ of scale · x gives 0. A NaN or +∞ there, or nothing but −∞, makes the whole row NaN, as in PyTorch.
     *
     * @param lanes 32 floats of the caller's own, overwritten
     * @return log Σ exp(scale · x), from which a backward pass can recompute the row
     */
    public static float row(
            MemorySegment y, long yByteOffset, MemorySegment x, long xByteOffset, int n, float scale, float[] lanes) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        float max = max(x, xByteOffset, n, scale);
        Exp.ofNonPositive(y, yByteOffset, x, xByteOffset, n, scale, max, lanes);
        float sum = Reduction.sum(y, yByteOffset, n, lanes);
        divide(y, yByteOffset, n, sum);
        return max + Log.of(sum);
    }

    /**
     * Replaces {@code n} ≥ 1 floats x of a row in an array by softmax(scale · x). It is faster than the other form and gives the same bits. Whatever
     * follows the row, up to the next multiple of 16 floats, is overwritten and is zero in the end.
     *
     * @param row   the array that holds the row
     * @param from  index of the row's first element
     * @param n     the length of the row
     * @param scale the factor on x
     * @param lanes 16 floats of the caller's own, overwritten
     * @return log Σ exp(scale · x), from which a backward pass can recompute the row
     */
    public static float row(float[] row, int from, int n, float scale, float[] lanes) {
        int padded = (n + Simd.VIRTUAL_LANES - 1) / Simd.VIRTUAL_LANES * Simd.VIRTUAL_LANES;
        float max = scale(row, from, n, scale);
        Exp.ofNonPositive(row, from, padded, max);
        float sum = Reduction.sum(row, from, padded, lanes);
        multiply(row, from, padded, 1f / sum);
        return max + Log.of(sum);
    }

    /**
     * Replaces {@code n} ≥ 1 floats x of a row in an array by softmax(scale · x + bias), with one rounding for each element of the sum. In all else it
     * is like {@link #row(float[], int, int, float, float[])}. Nothing beyond the {@code n} floats of the bias is read.
     *
     * @param row            the array that holds the row
     * @param from           index of the row's first element
     * @param n              the length of the row
     * @param scale          the factor on x
     * @param bias           the memory that holds the bias
     * @param biasByteOffset where the bias of the row's first element begins
     * @param lanes          16 floats of the caller's own, overwritten
     * @return log Σ exp(scale · x + bias)
     */
    public static float row(float[] row, int from, int n, float scale, MemorySegment bias, long biasByteOffset, float[] lanes) {
        scaleAndAdd(row, from, n, scale, bias, biasByteOffset);
        return row(row, from, n, 1f, lanes);
    }

    /** x = scale · x + bias over {@code n} floats, one fma each. */
    @VectorLoop
    static void scaleAndAdd(float[] row, int from, int n, float scale, MemorySegment bias, long biasOffset) {
        bias = Tensor.offHeap(bias);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromArray(SPECIES, row, from + i)
                    .fma(FloatVector.broadcast(SPECIES, scale), FloatVector.fromMemorySegment(SPECIES, bias, biasOffset + at, ORDER))
                    .intoArray(row, from + i);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            row[from + i] = Math.fma(row[from + i], scale, bias.get(Tensor.FLOAT, biasOffset + at));
        }
    }

    /**
     * Multiplies {@code n} floats by {@code scale}, and returns the greatest product, which is NaN if one of the products is a NaN without a sign. Whatever
     * follows, up to the next multiple of 16 floats, becomes −∞, whose exponential is 0 and changes no sum.
     *
     * <p>The products are compared as integers. For a negative float all bits but the sign are inverted, and then integers have the order of floats. A
     * maximum of integers is one instruction, and the next turn waits for it less long than for a comparison and a blend.
     */
    @VectorLoop
    static float scale(float[] row, int from, int n, float scale) {
        if (n == 0) {
            return Float.NEGATIVE_INFINITY;
        }
        IntVector acc0 = IntVector.broadcast(INT_SPECIES, Integer.MIN_VALUE);
        IntVector acc1 = acc0;
        int end = from + n;
        int i = from;
        for (; i <= end - 2 * Simd.LANES; i += 2 * Simd.LANES) {
            FloatVector x0 = FloatVector.fromArray(SPECIES, row, i).mul(scale);
            FloatVector x1 = FloatVector.fromArray(SPECIES, row, i + Simd.LANES).mul(scale);
            x0.intoArray(row, i);
            x1.intoArray(row, i + Simd.LANES);
            IntVector bits0 = x0.reinterpretAsInts();
            IntVector bits1 = x1.reinterpretAsInts();
            acc0 = bits0.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1).lanewise(VectorOperators.XOR, bits0).max(acc0);
            acc1 = bits1.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1).lanewise(VectorOperators.XOR, bits1).max(acc1);
        }
        int padded = (n + Simd.VIRTUAL_LANES - 1) / Simd.VIRTUAL_LANES * Simd.VIRTUAL_LANES;
        for (; i < from + padded; i += Simd.LANES) {
            FloatVector beyond = FloatVector.fromArray(SPECIES, BEYOND, Simd.LANES - Math.max(0, Math.min(Simd.LANES, end - i)));
            FloatVector x = FloatVector.fromArray(SPECIES, row, i).mul(scale).blend(beyond, beyond.compare(VectorOperators.LT, 0f));
            x.intoArray(row, i);
            IntVector bits = x.reinterpretAsInts();
            acc0 = bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1).lanewise(VectorOperators.XOR, bits).max(acc0);
        }
        int max = acc0.max(acc1).reduceLanes(VectorOperators.MAX);
        return Float.intBitsToFloat(max ^ max >> 31 >>> 1);
    }

    /** Multiplies {@code n} floats, whole vectors, by {@code factor}. */
    @VectorLoop
    static void multiply(float[] row, int from, int n, float factor) {
        for (int i = from; i < from + n; i += Simd.LANES) {
            FloatVector.fromArray(SPECIES, row, i).mul(factor).intoArray(row, i);
        }
    }

    /** The greatest value of scale · x, ignoring NaN. A NaN reaches the result through the exponentials. */
    @VectorLoop
    public static float max(MemorySegment x, long xOffset, int n, float scale) {
        x = Tensor.offHeap(x);
        FloatVector acc0 = Simd.broadcast(Float.NEGATIVE_INFINITY);
        FloatVector acc1 = acc0;
        FloatVector acc2 = acc0;
        FloatVector acc3 = acc0;
        int i = 0;
        for (; i <= n - Simd.VIRTUAL_LANES; i += Simd.VIRTUAL_LANES) {
            long offset = xOffset + (long) i * Float.BYTES;
            // Where x is NaN, the accumulator keeps its value. A comparison and a blend are fewer instructions than max. The accumulator is not the
            // receiver, for the reason that Reduction gives.
            FloatVector x0 = FloatVector.fromMemorySegment(SPECIES, x, offset, ORDER).mul(scale);
            acc0 = x0.blend(acc0, x0.compare(VectorOperators.GT, acc0).not());
            if (Simd.LANES <= 8) {
                FloatVector x1 = FloatVector.fromMemorySegment(SPECIES, x, offset + Simd.VECTOR_BYTES, ORDER).mul(scale);
                acc1 = x1.blend(acc1, x1.compare(VectorOperators.GT, acc1).not());
            }
            if (Simd.LANES == 4) {
                FloatVector x2 = FloatVector.fromMemorySegment(SPECIES, x, offset + 2 * Simd.VECTOR_BYTES, ORDER).mul(scale);
                FloatVector x3 = FloatVector.fromMemorySegment(SPECIES, x, offset + 3 * Simd.VECTOR_BYTES, ORDER).mul(scale);
                acc2 = x2.blend(acc2, x2.compare(VectorOperators.GT, acc2).not());
                acc3 = x3.blend(acc3, x3.compare(VectorOperators.GT, acc3).not());
            }
        }
        if (Simd.LANES <= 8) {
            acc0 = acc0.max(acc1);
        }
        if (Simd.LANES == 4) {
            acc0 = acc0.max(acc2.max(acc3));
        }
        // No lane is NaN, and a maximum has the same value in any order.
        float max = acc0.reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float scaled = x.get(Tensor.FLOAT, xOffset + at) * scale;
            max = scaled > max ? scaled : max;
        }
        return max;
    }

    /** y = y · (1 / sum), over {@code n} floats, because a division takes as long as sixteen multiplications. */
    @VectorLoop
    public static void divide(MemorySegment y, long yOffset, int n, float sum) {
        y = Tensor.offHeap(y);
        float factor = 1f / sum;
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, ORDER).mul(factor)
                    .intoMemorySegment(y, yOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            y.set(Tensor.FLOAT, yOffset + at, y.get(Tensor.FLOAT, yOffset + at) * factor);
        }
    }

    /** dx = y·(dy − Σ dy·y) over {@code n} floats; dx may be dy or y. Overwrites {@code lanes}. */
    @VectorLoop
    static void rowBackward(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment y, long yOffset, int n,
            float[] lanes) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        y = Tensor.offHeap(y);
        float dot = Reduction.sumOfProducts(dy, dyOffset, y, yOffset, n, lanes);
        int i = 0;
        for (; i <= n - Simd.LANES; i += Simd.LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector probability = FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, ORDER);
            FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER).sub(dot).mul(probability)
                    .intoMemorySegment(dx, dxOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float upstream = dy.get(Tensor.FLOAT, dyOffset + at);
            dx.set(Tensor.FLOAT, dxOffset + at, (upstream - dot) * y.get(Tensor.FLOAT, yOffset + at));
        }
    }
}
