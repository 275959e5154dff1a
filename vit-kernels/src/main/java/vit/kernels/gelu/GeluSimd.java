package vit.kernels.gelu;

import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Logistic;
import vit.kernels.simd.NormalTail;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * GELU on the Vector API. Elements are independent. The tail of a span is computed by scalar methods that give the same bits, so a result does not
 * depend on where in a span its element lies. Each loop has a method of its own and stores without a helper, to stay within C2's node budget.
 */
public final class GeluSimd {

    private GeluSimd() {}

    /** Replaces the first {@code count} floats, whole vectors, by their GELU. This is the last thing that happens to a tile of a product. */
    public static void apply(float[] values, int count, GeluKind kind) {
        switch (kind) {
            case ERF -> NormalTail.timesProbability(values, count);
            case TANH -> applyTanh(values, count);
            case QUICK -> Logistic.timesQuick(values, count);
        }
    }

    @VectorLoop
    private static void applyTanh(float[] values, int count) {
        for (int i = 0; i < count; i += Simd.LANES) {
            GeluTanh.of(FloatVector.fromArray(SPECIES, values, i)).intoArray(values, i);
        }
    }

    /** y = GELU(x) over a span. The two spans are the same or do not overlap. */
    static void forward(MemorySegment y, long yOffset, MemorySegment x, long xOffset, int count, GeluKind kind) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        int vectors = count / Simd.LANES;
        switch (kind) {
            case ERF -> forwardErf(y, yOffset, x, xOffset, vectors);
            case TANH -> forwardTanh(y, yOffset, x, xOffset, vectors);
            case QUICK -> forwardQuick(y, yOffset, x, xOffset, vectors);
        }
        for (int i = vectors * Simd.LANES; i < count; i++) {
            float input = x.get(Tensor.FLOAT, xOffset + (long) i * Float.BYTES);
            y.set(Tensor.FLOAT, yOffset + (long) i * Float.BYTES, scalar(input, kind));
        }
    }

    private static float scalar(float x, GeluKind kind) {
        return switch (kind) {
            case ERF -> GeluErf.of(x);
            case TANH -> GeluTanh.of(x);
            case QUICK -> GeluQuick.of(x);
        };
    }

    @VectorLoop
    private static void forwardErf(MemorySegment y, long yOffset, MemorySegment x, long xOffset, int vectors) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * Simd.VECTOR_BYTES;
            GeluErf.of(FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)).intoMemorySegment(y, yOffset + at, ORDER);
        }
    }

    @VectorLoop
    private static void forwardTanh(MemorySegment y, long yOffset, MemorySegment x, long xOffset, int vectors) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * Simd.VECTOR_BYTES;
            GeluTanh.of(FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)).intoMemorySegment(y, yOffset + at, ORDER);
        }
    }

    @VectorLoop
    private static void forwardQuick(MemorySegment y, long yOffset, MemorySegment x, long xOffset, int vectors) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * Simd.VECTOR_BYTES;
            GeluQuick.of(FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)).intoMemorySegment(y, yOffset + at, ORDER);
        }
    }

    /** dx = dy · GELU′(x) over a span; dx may be dy or x itself. */
    static void backward(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset, int count,
            GeluKind kind) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        int vectors = count / Simd.LANES;
        switch (kind) {
            case ERF -> backwardErf(dx, dxOffset, dy, dyOffset, x, xOffset, vectors);
            case TANH -> backwardTanh(dx, dxOffset, dy, dyOffset, x, xOffset, vectors);
            case QUICK -> backwardQuick(dx, dxOffset, dy, dyOffset, x, xOffset, vectors);
        }
        for (int i = vectors * Simd.LANES; i < count; i++) {
            long at = (long) i * Float.BYTES;
            float slope = derivative(x.get(Tensor.FLOAT, xOffset + at), kind);
            dx.set(Tensor.FLOAT, dxOffset + at, dy.get(Tensor.FLOAT, dyOffset + at) * slope);
        }
    }

    private static float derivative(float x, GeluKind kind) {
        return switch (kind) {
            case ERF -> GeluErf.derivative(x);
            case TANH -> GeluTanh.derivative(x);
            case QUICK -> GeluQuick.derivative(x);
        };
    }

    @VectorLoop
    private static void backwardErf(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset, int vectors) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * Simd.VECTOR_BYTES;
            FloatVector upstream = FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER);
            GeluErf.derivative(FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)).mul(upstream)
                    .intoMemorySegment(dx, dxOffset + at, ORDER);
        }
    }

    @VectorLoop
    private static void backwardTanh(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset, int vectors) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * Simd.VECTOR_BYTES;
            FloatVector upstream = FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER);
            GeluTanh.derivative(FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)).mul(upstream)
                    .intoMemorySegment(dx, dxOffset + at, ORDER);
        }
    }

    @VectorLoop
    private static void backwardQuick(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset, int vectors) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * Simd.VECTOR_BYTES;
            FloatVector upstream = FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER);
            GeluQuick.derivative(FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)).mul(upstream)
                    .intoMemorySegment(dx, dxOffset + at, ORDER);
        }
    }
}
