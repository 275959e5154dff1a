package vit.kernels.rotary;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * {@link Rotary} on the Vector API: {@code heads} heads of one token, side by side, with the same row of the tables. An element is the fma of its
 * product with the cosine and of the rounded product with the sine, in vectors and in scalars alike. Offsets are in bytes.
 */
final class RotarySimd {

    private static final class Lanes {
        /** Exchanges neighbours. */
        static final VectorShuffle<Float> NEIGHBOURS = VectorShuffle.fromOp(SPECIES, i -> i ^ 1);

        static final FloatVector MINUS_PLUS = FloatVector.fromArray(SPECIES, signs(-1), 0);
        static final FloatVector PLUS_MINUS = FloatVector.fromArray(SPECIES, signs(1), 0);

        private static float[] signs(int first) {
            float[] signs = new float[LANES];
            for (int i = 0; i < LANES; i++) {
                signs[i] = i % 2 == 0 ? first : -first;
            }
            return signs;
        }
    }

    private RotarySimd() {}

    /** x₁ = x₁·cos₁ − x₂·sin₁ and x₂ = x₂·cos₂ + x₁·sin₂, with the halves of a head and of the tables. */
    static void halves(MemorySegment x, long xOffset, MemorySegment cos, long cosOffset, MemorySegment sin, long sinOffset, int heads, int headDim) {
        long middle = (long) headDim / 2 * Float.BYTES;
        halves(x, xOffset, xOffset + middle, cos, cosOffset, cosOffset + middle, sin, sinOffset, sinOffset + middle, heads, headDim);
    }

    /** dx₁ = dx₁·cos₁ + dx₂·sin₂ and dx₂ = dx₂·cos₂ − dx₁·sin₁: the forward pass with the halves of x and of the cosines exchanged. */
    static void halvesBackward(
            MemorySegment dx, long dxOffset, MemorySegment cos, long cosOffset, MemorySegment sin, long sinOffset, int heads, int headDim) {
        long middle = (long) headDim / 2 * Float.BYTES;
        halves(dx, dxOffset + middle, dxOffset, cos, cosOffset + middle, cosOffset, sin, sinOffset, sinOffset + middle, heads, headDim);
    }

    /** The forward pass, with the offset of each half in the first head and in the tables. */
    @VectorLoop
    static void halves(
            MemorySegment x, long x1Offset, long x2Offset, MemorySegment cos, long cos1Offset, long cos2Offset, MemorySegment sin, long sin1Offset,
            long sin2Offset, int heads, int headDim) {
        x = Tensor.offHeap(x);
        cos = Tensor.offHeap(cos);
        sin = Tensor.offHeap(sin);
        int half = headDim / 2;
        for (int h = 0; h < heads; h++) {
            long head = (long) h * headDim * Float.BYTES;
            long first = x1Offset + head;
            long second = x2Offset + head;
            int i = 0;
            for (; i <= half - LANES; i += LANES) {
                long at = (long) i * Float.BYTES;
                FloatVector x1 = FloatVector.fromMemorySegment(SPECIES, x, first + at, ORDER);
                FloatVector x2 = FloatVector.fromMemorySegment(SPECIES, x, second + at, ORDER);
                FloatVector turned1 = x2.mul(FloatVector.fromMemorySegment(SPECIES, sin, sin1Offset + at, ORDER)).neg();
                FloatVector turned2 = x1.mul(FloatVector.fromMemorySegment(SPECIES, sin, sin2Offset + at, ORDER));
                x1.fma(FloatVector.fromMemorySegment(SPECIES, cos, cos1Offset + at, ORDER), turned1)
                        .intoMemorySegment(x, first + at, ORDER);
                x2.fma(FloatVector.fromMemorySegment(SPECIES, cos, cos2Offset + at, ORDER), turned2)
                        .intoMemorySegment(x, second + at, ORDER);
            }
            for (; i < half; i++) {
                long at = (long) i * Float.BYTES;
                float x1 = x.get(Tensor.FLOAT, first + at);
                float x2 = x.get(Tensor.FLOAT, second + at);
                x.set(Tensor.FLOAT, first + at, Math.fma(x1, cos.get(Tensor.FLOAT, cos1Offset + at), -(x2 * sin.get(Tensor.FLOAT, sin1Offset + at))));
                x.set(Tensor.FLOAT, second + at, Math.fma(x2, cos.get(Tensor.FLOAT, cos2Offset + at), x1 * sin.get(Tensor.FLOAT, sin2Offset + at)));
            }
        }
    }

    /** x₀ = x₀·cos₀ − x₁·sin₀ and x₁ = x₁·cos₁ + x₀·sin₁, with neighbours. */
    @VectorLoop
    static void pairs(MemorySegment x, long xOffset, MemorySegment cos, long cosOffset, MemorySegment sin, long sinOffset, int heads, int headDim) {
        x = Tensor.offHeap(x);
        cos = Tensor.offHeap(cos);
        sin = Tensor.offHeap(sin);
        for (int h = 0; h < heads; h++) {
            long first = xOffset + (long) h * headDim * Float.BYTES;
            int i = 0;
            for (; i <= headDim - LANES; i += LANES) {
                long at = (long) i * Float.BYTES;
                FloatVector v = FloatVector.fromMemorySegment(SPECIES, x, first + at, ORDER);
                FloatVector turned = v.rearrange(Lanes.NEIGHBOURS)
                        .mul(FloatVector.fromMemorySegment(SPECIES, sin, sinOffset + at, ORDER)).mul(Lanes.MINUS_PLUS);
                v.fma(FloatVector.fromMemorySegment(SPECIES, cos, cosOffset + at, ORDER), turned).intoMemorySegment(x, first + at, ORDER);
            }
            for (; i < headDim; i += 2) {
                long at = (long) i * Float.BYTES;
                long next = at + Float.BYTES;
                float x0 = x.get(Tensor.FLOAT, first + at);
                float x1 = x.get(Tensor.FLOAT, first + next);
                x.set(Tensor.FLOAT, first + at, Math.fma(x0, cos.get(Tensor.FLOAT, cosOffset + at), -(x1 * sin.get(Tensor.FLOAT, sinOffset + at))));
                x.set(Tensor.FLOAT, first + next, Math.fma(x1, cos.get(Tensor.FLOAT, cosOffset + next), x0 * sin.get(Tensor.FLOAT, sinOffset + next)));
            }
        }
    }

    /**
     * dx₀ = dx₀·cos₀ + dx₁·sin₁ and dx₁ = dx₁·cos₁ − dx₀·sin₀. The forward pass exchanges neighbours and then multiplies by the sine; this multiplies
     * first, because each element brings its own sine to its neighbour.
     */
    @VectorLoop
    static void pairsBackward(
            MemorySegment dx, long dxOffset, MemorySegment cos, long cosOffset, MemorySegment sin, long sinOffset, int heads, int headDim) {
        dx = Tensor.offHeap(dx);
        cos = Tensor.offHeap(cos);
        sin = Tensor.offHeap(sin);
        for (int h = 0; h < heads; h++) {
            long first = dxOffset + (long) h * headDim * Float.BYTES;
            int i = 0;
            for (; i <= headDim - LANES; i += LANES) {
                long at = (long) i * Float.BYTES;
                FloatVector v = FloatVector.fromMemorySegment(SPECIES, dx, first + at, ORDER);
                FloatVector turned = v.mul(FloatVector.fromMemorySegment(SPECIES, sin, sinOffset + at, ORDER))
                        .rearrange(Lanes.NEIGHBOURS).mul(Lanes.PLUS_MINUS);
                v.fma(FloatVector.fromMemorySegment(SPECIES, cos, cosOffset + at, ORDER), turned).intoMemorySegment(dx, first + at, ORDER);
            }
            for (; i < headDim; i += 2) {
                long at = (long) i * Float.BYTES;
                long next = at + Float.BYTES;
                float dx0 = dx.get(Tensor.FLOAT, first + at);
                float dx1 = dx.get(Tensor.FLOAT, first + next);
                dx.set(Tensor.FLOAT, first + at, Math.fma(dx0, cos.get(Tensor.FLOAT, cosOffset + at), dx1 * sin.get(Tensor.FLOAT, sinOffset + next)));
                dx.set(Tensor.FLOAT, first + next, Math.fma(dx1, cos.get(Tensor.FLOAT, cosOffset + next), -(dx0 * sin.get(Tensor.FLOAT, sinOffset + at))));
            }
        }
    }
}
