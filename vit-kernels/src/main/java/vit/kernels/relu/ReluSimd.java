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
            long at = (long) i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER);
            value.blend(zero, value.compare(LE, zero)).intoMemorySegment(y, yOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float value = x.get(Tensor.FLOAT, xOffset + at);
            y.set(Tensor.FLOAT, yOffset + at, value <= 0 ? 0 : value);
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
            long at = (long) i * Float.BYTES;
            FloatVector sum = FloatVector.fromMemorySegment(SPECIES, a, aOffset + at, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, b, bOffset + at, ORDER));
            sum.blend(zero, sum.compare(LE, zero)).intoMemorySegment(y, yOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float sum = a.get(Tensor.FLOAT, aOffset + at) + b.get(Tensor.FLOAT, bOffset + at);
            y.set(Tensor.FLOAT, yOffset + at, sum <= 0 ? 0 : sum);
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
            long at = (long) i * Float.BYTES;
            FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER);
            gradient.blend(zero, FloatVector.fromMemorySegment(SPECIES, y, yOffset + at, ORDER).compare(LE, zero))
                    .intoMemorySegment(dx, dxOffset + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            float gradient = dy.get(Tensor.FLOAT, dyOffset + at);
            dx.set(Tensor.FLOAT, dxOffset + at, y.get(Tensor.FLOAT, yOffset + at) <= 0 ? 0 : gradient);
        }
    }
}
