package vit.kernels.tokenmerge;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Log;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** The merge of tokens and its gradient on the Vector API, row by row. Offsets are in bytes. */
final class TokenMergeSimd {

    private TokenMergeSimd() {}

    /** Rows {@code from} to {@code to} of the groups of all images. */
    static void forward(Tensor y, Tensor mergedSizes, Tensor logSizes, Tensor x, Tensor sizes, TokenGroups groups, int tokens, int merged, int from, int to) {
        int each = tokens - merged;
        for (int row = from; row < to; row++) {
            int image = row / each;
            float size = mergeRow(y, row, x, sizes, groups, image, row % each, tokens);
            mergedSizes.set(image, row % each, size);
            logSizes.set(image, row % each, Log.of(size));
        }
    }

    /** Writes the row of a group and returns its size. The sums of both run over its tokens in ascending order. */
    private static float mergeRow(Tensor y, int row, Tensor x, Tensor sizes, TokenGroups groups, int image, int group, int tokens) {
        int columns = x.columns();
        int token = groups.first(image, group);
        long in = x.rowOffset(image * tokens + token);
        long out = y.rowOffset(row);
        float size = sizes.get(image, token);
        int next = groups.next(image, token);
        if (next < 0) {
            MemorySegment.copy(x.segment(), in, y.segment(), out, (long) columns * Float.BYTES);
            return size;
        }
        scale(y.segment(), out, x.segment(), in, columns, size);
        for (; next >= 0; next = groups.next(image, next)) {
            float more = sizes.get(image, next);
            addScaled(y.segment(), out, x.segment(), x.rowOffset(image * tokens + next), columns, more);
            size += more;
        }
        divide(y.segment(), out, columns, size);
        return size;
    }

    /** Rows {@code from} to {@code to} of the tokens of all images. */
    static void backward(Tensor dx, Tensor dy, Tensor mergedSizes, Tensor sizes, TokenGroups groups, int tokens, int merged, int from, int to) {
        int columns = dx.columns();
        for (int row = from; row < to; row++) {
            int image = row / tokens;
            int token = row % tokens;
            int group = groups.group(image, token);
            float share = sizes.get(image, token) / mergedSizes.get(image, group);
            scale(dx.segment(), dx.rowOffset(row), dy.segment(), dy.rowOffset(image * (tokens - merged) + group), columns, share);
        }
    }

    /** y = factor · x over {@code n} floats. */
    @VectorLoop
    static void scale(MemorySegment y, long out, MemorySegment x, long in, int n, float factor) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, x, in + at, ORDER).mul(factor).intoMemorySegment(y, out + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            y.set(Tensor.FLOAT, out + at, x.get(Tensor.FLOAT, in + at) * factor);
        }
    }

    /** y = factor · x + y over {@code n} floats, one fma each. */
    @VectorLoop
    static void addScaled(MemorySegment y, long out, MemorySegment x, long in, int n, float factor) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, x, in + at, ORDER)
                    .fma(FloatVector.broadcast(SPECIES, factor), FloatVector.fromMemorySegment(SPECIES, y, out + at, ORDER))
                    .intoMemorySegment(y, out + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            y.set(Tensor.FLOAT, out + at, Math.fma(x.get(Tensor.FLOAT, in + at), factor, y.get(Tensor.FLOAT, out + at)));
        }
    }

    /** y = y / divisor over {@code n} floats. */
    @VectorLoop
    static void divide(MemorySegment y, long out, int n, float divisor) {
        y = Tensor.offHeap(y);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(SPECIES, y, out + at, ORDER).div(divisor).intoMemorySegment(y, out + at, ORDER);
        }
        for (; i < n; i++) {
            long at = (long) i * Float.BYTES;
            y.set(Tensor.FLOAT, out + at, y.get(Tensor.FLOAT, out + at) / divisor);
        }
    }
}
