package vit.kernels.relu;

import static jdk.incubator.vector.VectorOperators.LE;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * {@link Relu} on the Vector API, over n elements. A number is replaced by 0 if it is less than or equal to 0, so NaN stays and −0 becomes 0, as with
 * {@link Math#max}. On x86 the comparison takes fewer instructions than {@code FloatVector.max}.
 */
final class ReluSimd {

    private ReluSimd() {}

    @VectorLoop
    static void forward(MemorySegment y, long yOffset, MemorySegment x, long xOffset, int n) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        if (n == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(SPECIES, x, at(xOffset, i), ORDER);
            value.blend(zero, value.compare(LE, zero)).intoMemorySegment(y, at(yOffset, i), ORDER);
        }
        for (; i < n; i++) {
            float value = x.get(Tensor.FLOAT, at(xOffset, i));
            y.set(Tensor.FLOAT, at(yOffset, i), value <= 0 ? 0 : value);
        }
    }

    @VectorLoop
    static void forwardSum(MemorySegment y, long yOffset, MemorySegment a, long aOffset, MemorySegment b, long bOffset, int n) {
        y = Tensor.offHeap(y);
        a = Tensor.offHeap(a);
        b = Tensor.offHeap(b);
        if (n == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector sum = FloatVector.fromMemorySegment(SPECIES, a, at(aOffset, i), ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, b, at(bOffset, i), ORDER));
            sum.blend(zero, sum.compare(LE, zero)).intoMemorySegment(y, at(yOffset, i), ORDER);
        }
        for (; i < n; i++) {
            float sum = a.get(Tensor.FLOAT, at(aOffset, i)) + b.get(Tensor.FLOAT, at(bOffset, i));
            y.set(Tensor.FLOAT, at(yOffset, i), sum <= 0 ? 0 : sum);
        }
    }

    @VectorLoop
    static void backward(MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment y, long yOffset, int n) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        y = Tensor.offHeap(y);
        if (n == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, dy, at(dyOffset, i), ORDER);
            gradient.blend(zero, FloatVector.fromMemorySegment(SPECIES, y, at(yOffset, i), ORDER).compare(LE, zero))
                    .intoMemorySegment(dx, at(dxOffset, i), ORDER);
        }
        for (; i < n; i++) {
            float gradient = dy.get(Tensor.FLOAT, at(dyOffset, i));
            dx.set(Tensor.FLOAT, at(dxOffset, i), y.get(Tensor.FLOAT, at(yOffset, i)) <= 0 ? 0 : gradient);
        }
    }

    /** The byte offset of element {@code i} of a row. */
    private static long at(long rowOffset, int i) {
        return rowOffset + (long) i * Float.BYTES;
    }
}
