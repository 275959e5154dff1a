package vit.kernels.pooling;

import static jdk.incubator.vector.VectorOperators.IS_NAN;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link Pooling} on the Vector API. A lane is the sum or the maximum of one column over the tokens. */
final class PoolingSimd {

    private PoolingSimd() {}

    /** Elements {@code from} to {@code to} of the B·C results: some columns of one image, or of several images. */
    static void forward(Tensor pooled, Tensor tokens, int first, int last, int tokensPerImage, int from, int to) {
        int C = pooled.columns();
        for (int at = from; at < to; ) {
            int b = at / C;
            int end = (int) Math.min(to, (b + 1L) * C);
            means(pooled, tokens, b, b * tokensPerImage + first, last - first, at - b * C, end - b * C);
            at = end;
        }
    }

    /** Columns {@code from} to {@code to} of image {@code b}, whose n tokens begin at row {@code row}. */
    private static void means(Tensor pooled, Tensor tokens, int b, int row, int n, int from, int to) {
        if (n == 1) { // the class token
            MemorySegment.copy(tokens.segment(), ((long) row * tokens.rowStride() + from) * Float.BYTES,
                    pooled.segment(), ((long) b * pooled.rowStride() + from) * Float.BYTES, (to - from) * (long) Float.BYTES);
            return;
        }
        int c = from;
        for (; c <= to - LANES; c += LANES) {
            meanVector(pooled, tokens, b, row, n, c);
        }
        for (; c < to; c++) {
            meanColumn(pooled, tokens, b, row, n, c);
        }
    }

    @VectorLoop
    private static void meanVector(Tensor pooled, Tensor tokens, int b, int row, int n, int c) {
        MemorySegment in = tokens.segment();
        int stride = tokens.rowStride();
        long at = (long) row * stride + c;
        FloatVector acc = load(in, at);
        for (int t = 1; t < n; t++) {
            at += stride;
            acc = load(in, at).add(acc);
        }
        store(acc.div(FloatVector.broadcast(SPECIES, (float) n)), pooled.segment(), (long) b * pooled.rowStride() + c);
    }

    private static void meanColumn(Tensor pooled, Tensor tokens, int b, int row, int n, int c) {
        MemorySegment in = tokens.segment();
        int stride = tokens.rowStride();
        long at = (long) row * stride + c;
        float acc = in.getAtIndex(Tensor.FLOAT, at);
        for (int t = 1; t < n; t++) {
            at += stride;
            acc += in.getAtIndex(Tensor.FLOAT, at);
        }
        pooled.segment().setAtIndex(Tensor.FLOAT, (long) b * pooled.rowStride() + c, acc / n);
    }

    /** Elements {@code from} to {@code to} of the B·C weighted means. */
    static void forwardWeighted(Tensor pooled, Tensor tokens, Tensor sizes, int first, int last, int tokensPerImage, int from, int to) {
        int C = pooled.columns();
        for (int at = from; at < to; ) {
            int b = at / C;
            int end = (int) Math.min(to, (b + 1L) * C) - b * C;
            int row = b * tokensPerImage + first;
            float total = total(sizes, b, first, last);
            int c = at - b * C;
            for (; c <= end - LANES; c += LANES) {
                weightedVector(pooled, tokens, sizes, b, row, first, last - first, c, total);
            }
            for (; c < end; c++) {
                float acc = 0;
                for (int t = first; t < last; t++) {
                    acc = Math.fma(tokens.get(row + t - first, c), sizes.get(b, t), acc);
                }
                pooled.set(b, c, acc / total);
            }
            at = b * C + end;
        }
    }

    @VectorLoop
    private static void weightedVector(Tensor pooled, Tensor tokens, Tensor sizes, int b, int row, int first, int n, int c, float total) {
        MemorySegment in = tokens.segment();
        MemorySegment weights = sizes.segment();
        int stride = tokens.rowStride();
        long at = (long) row * stride + c;
        long weight = (long) b * sizes.rowStride() + first;
        FloatVector acc = FloatVector.zero(SPECIES);
        for (int t = 0; t < n; t++) {
            acc = load(in, at).fma(FloatVector.broadcast(SPECIES, weights.getAtIndex(Tensor.FLOAT, weight + t)), acc);
            at += stride;
        }
        store(acc.div(FloatVector.broadcast(SPECIES, total)), pooled.segment(), (long) b * pooled.rowStride() + c);
    }

    /** Tokens {@code from} to {@code to}, counted over the whole batch. */
    static void backwardWeighted(Tensor dtokens, Tensor dpooled, Tensor sizes, int first, int last, int tokensPerImage, int from, int to) {
        float total = 0;
        for (int row = from; row < to; row++) {
            int b = row / tokensPerImage;
            int t = row % tokensPerImage;
            if (row == from || t == 0) {
                total = total(sizes, b, first, last);
            }
            if (t >= first && t < last) {
                scaled(dtokens, row, dpooled, b, sizes.get(b, t) / total);
            } else {
                zero(dtokens, row);
            }
        }
    }

    private static float total(Tensor sizes, int b, int first, int last) {
        float total = 0;
        for (int t = first; t < last; t++) {
            total += sizes.get(b, t);
        }
        return total;
    }

    /** dtokens[row] = dpooled[b]·factor. */
    @VectorLoop
    private static void scaled(Tensor dtokens, int row, Tensor dpooled, int b, float factor) {
        int C = dtokens.columns();
        long outAt = (long) row * dtokens.rowStride();
        long inAt = (long) b * dpooled.rowStride();
        int c = 0;
        for (; c <= C - LANES; c += LANES) {
            store(load(dpooled.segment(), inAt + c).mul(factor), dtokens.segment(), outAt + c);
        }
        for (; c < C; c++) {
            dtokens.segment().setAtIndex(Tensor.FLOAT, outAt + c, dpooled.segment().getAtIndex(Tensor.FLOAT, inAt + c) * factor);
        }
    }

    /** Elements {@code from} to {@code to} of the B·C maxima. */
    static void forwardMax(Tensor pooled, Tensor tokens, int first, int last, int tokensPerImage, int from, int to) {
        int C = pooled.columns();
        for (int at = from; at < to; ) {
            int b = at / C;
            int end = (int) Math.min(to, (b + 1L) * C);
            int row = b * tokensPerImage + first;
            int c = at - b * C;
            for (; c <= end - b * C - LANES; c += LANES) {
                maxVector(pooled, tokens, b, row, last - first, c);
            }
            for (; c < end - b * C; c++) {
                pooled.segment().setAtIndex(Tensor.FLOAT, (long) b * pooled.rowStride() + c, maxColumn(tokens, row, last - first, c));
            }
            at = end;
        }
    }

    @VectorLoop
    private static void maxVector(Tensor pooled, Tensor tokens, int b, int row, int n, int c) {
        MemorySegment in = tokens.segment();
        int stride = tokens.rowStride();
        long at = (long) row * stride + c;
        FloatVector max = load(in, at);
        for (int t = 1; t < n; t++) {
            at += stride;
            max = load(in, at).max(max);
        }
        store(max, pooled.segment(), (long) b * pooled.rowStride() + c);
    }

    private static float maxColumn(Tensor tokens, int row, int n, int c) {
        float max = tokens.get(row, c);
        for (int t = 1; t < n; t++) {
            max = Math.max(max, tokens.get(row + t, c));
        }
        return max;
    }

    /** The gradient of all tokens in the columns of elements {@code from} to {@code to} of the B·C maxima. */
    static void backwardMax(Tensor dtokens, Tensor dpooled, Tensor tokens, int first, int last, int tokensPerImage, int from, int to) {
        int C = dpooled.columns();
        for (int at = from; at < to; ) {
            int b = at / C;
            int end = (int) Math.min(to, (b + 1L) * C);
            int c = at - b * C;
            for (; c <= end - b * C - LANES; c += LANES) {
                shareVector(dtokens, dpooled, tokens, b, first, last, tokensPerImage, c);
            }
            for (; c < end - b * C; c++) {
                shareColumn(dtokens, dpooled, tokens, b, first, last, tokensPerImage, c);
            }
            at = end;
        }
    }

    /** A token has the maximum if it is not less: where the maximum is NaN, all tokens that are pooled have it, and NaN is their share. */
    @VectorLoop
    private static void shareVector(Tensor dtokens, Tensor dpooled, Tensor tokens, int b, int first, int last, int tokensPerImage, int c) {
        MemorySegment in = tokens.segment();
        MemorySegment out = dtokens.segment();
        int stride = tokens.rowStride();
        long image = (long) b * tokensPerImage;
        FloatVector max = load(in, (image + first) * stride + c);
        for (int t = first + 1; t < last; t++) {
            max = load(in, (image + t) * stride + c).max(max);
        }
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector count = zero;
        for (int t = first; t < last; t++) {
            count = one.blend(zero, load(in, (image + t) * stride + c).lt(max)).add(count);
        }
        FloatVector share = load(dpooled.segment(), (long) b * dpooled.rowStride() + c).div(count);
        share = share.blend(max, max.test(IS_NAN));
        for (int t = 0; t < tokensPerImage; t++) {
            FloatVector gradient = zero;
            if (t >= first && t < last) {
                gradient = share.blend(zero, load(in, (image + t) * stride + c).lt(max));
            }
            store(gradient, out, (image + t) * dtokens.rowStride() + c);
        }
    }

    private static void shareColumn(Tensor dtokens, Tensor dpooled, Tensor tokens, int b, int first, int last, int tokensPerImage, int c) {
        int image = b * tokensPerImage;
        float max = maxColumn(tokens, image + first, last - first, c);
        float count = 0;
        for (int t = first; t < last; t++) {
            count += tokens.get(image + t, c) < max ? 0 : 1;
        }
        float share = Float.isNaN(max) ? max : dpooled.get(b, c) / count;
        for (int t = 0; t < tokensPerImage; t++) {
            boolean largest = t >= first && t < last && !(tokens.get(image + t, c) < max);
            dtokens.segment().setAtIndex(Tensor.FLOAT, (long) (image + t) * dtokens.rowStride() + c, largest ? share : 0);
        }
    }

    /** Tokens {@code from} to {@code to}, counted over the whole batch. */
    static void backward(Tensor dtokens, Tensor dpooled, int first, int last, int tokensPerImage, int from, int to) {
        for (int row = from; row < to; row++) {
            int t = row % tokensPerImage;
            if (t >= first && t < last) {
                share(dtokens, row, dpooled, row / tokensPerImage, last - first);
            } else {
                zero(dtokens, row);
            }
        }
    }

    /** dtokens[row] = dpooled[b] / n. */
    @VectorLoop
    private static void share(Tensor dtokens, int row, Tensor dpooled, int b, int n) {
        int C = dtokens.columns();
        long outAt = (long) row * dtokens.rowStride();
        long inAt = (long) b * dpooled.rowStride();
        FloatVector count = FloatVector.broadcast(SPECIES, (float) n);
        int c = 0;
        for (; c <= C - LANES; c += LANES) {
            store(load(dpooled.segment(), inAt + c).div(count), dtokens.segment(), outAt + c);
        }
        for (; c < C; c++) {
            dtokens.segment().setAtIndex(Tensor.FLOAT, outAt + c, dpooled.segment().getAtIndex(Tensor.FLOAT, inAt + c) / n);
        }
    }

    @VectorLoop
    private static void zero(Tensor dtokens, int row) {
        int C = dtokens.columns();
        long at = (long) row * dtokens.rowStride();
        FloatVector zero = FloatVector.zero(SPECIES);
        int c = 0;
        for (; c <= C - LANES; c += LANES) {
            store(zero, dtokens.segment(), at + c);
        }
        for (; c < C; c++) {
            dtokens.segment().setAtIndex(Tensor.FLOAT, at + c, 0);
        }
    }

    @VectorHelper
    private static FloatVector load(MemorySegment segment, long at) {
        return FloatVector.fromMemorySegment(SPECIES, segment, at * Float.BYTES, ORDER);
    }

    @VectorHelper
    private static void store(FloatVector v, MemorySegment segment, long at) {
        v.intoMemorySegment(segment, at * Float.BYTES, ORDER);
    }
}
