package vit.kernels.loss;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Exp;
import vit.kernels.simd.Log;
import vit.kernels.simd.Reduction;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorLoop;
import vit.kernels.softmax.SoftmaxSimd;
import vit.kernels.tensor.Tensor;

/**
 * {@link CrossEntropy} on the Vector API, row by row. With m the greatest logit and S = Σ exp(z − m),
 *
 * <pre>
 * loss = Σ_k t_k · (log S + m − z_k) = T · log S + Σ_k t_k · (m − z_k),   T = Σ_k t_k
 * </pre>
 *
 * <p>where no term is negative, so nothing cancels. Smoothing gives t = (1 − s) · t' + s / K, hence T = (1 − s) · T' + s and Σ t · (m − z) = (1 − s)
 * · Σ t' · (m − z) + s / K · Σ (m − z). The few scalars of a row are combined in double.
 */
final class CrossEntropySimd {

    private CrossEntropySimd() {}

    /** Images {@code from} to {@code to}. */
    static void forward(
            Tensor losses, Tensor probabilities, Tensor logits, int[] labels, double smoothing, int from, int to,
            float[] lanes) {
        int K = logits.columns();
        MemorySegment p = probabilities.segment();
        for (int b = from; b < to; b++) {
            long at = rowOffset(probabilities, b);
            shift(p, at, logits.segment(), rowOffset(logits, b), K, lanes);
            double below = -p.get(Tensor.FLOAT, at + (long) labels[b] * Float.BYTES);
            double loss = (1 - smoothing) * below;
            if (smoothing != 0) { // otherwise a class at −∞ would cost 0 · ∞
                loss += smoothing / K * -Reduction.sum(p, at, K, lanes);
            }
            losses.segment().setAtIndex(Tensor.FLOAT, b, (float) (loss + normalise(p, at, K, lanes)));
        }
    }

    /** Images {@code from} to {@code to}. */
    static void forward(
            Tensor losses, Tensor probabilities, Tensor logits, Tensor targets, double smoothing, int from, int to,
            float[] lanes) {
        int K = logits.columns();
        MemorySegment p = probabilities.segment();
        for (int b = from; b < to; b++) {
            long at = rowOffset(probabilities, b);
            long targetAt = rowOffset(targets, b);
            shift(p, at, logits.segment(), rowOffset(logits, b), K, lanes);
            double loss = (1 - smoothing) * -Reduction.sumOfProducts(p, at, targets.segment(), targetAt, K, lanes);
            if (smoothing != 0) {
                loss += smoothing / K * -Reduction.sum(p, at, K, lanes);
            }
            double total = total(targets.segment(), targetAt, K, smoothing, lanes);
            losses.segment().setAtIndex(Tensor.FLOAT, b, (float) (loss + total * normalise(p, at, K, lanes)));
        }
    }

    /** T = (1 − s) · Σ targets + s. */
    private static double total(MemorySegment targets, long at, int n, double smoothing, float[] lanes) {
        targets = Tensor.offHeap(targets);
        return (1 - smoothing) * Reduction.sum(targets, at, n, lanes) + smoothing;
    }

    /** y = x − max(x), so that no element is above 0. */
    @VectorLoop
    private static void shift(MemorySegment y, long yAt, MemorySegment x, long xAt, int n, float[] lanes) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        float max = SoftmaxSimd.max(x, xAt, n, 1f);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, x, offset(xAt, i), ORDER).sub(max).intoMemorySegment(y, offset(yAt, i), ORDER);
        }
        for (; i < n; i++) {
            y.set(Tensor.FLOAT, offset(yAt, i), x.get(Tensor.FLOAT, offset(xAt, i)) - max);
        }
    }

    /** Turns shifted logits into probabilities; returns log S. */
    private static double normalise(MemorySegment y, long at, int n, float[] lanes) {
        y = Tensor.offHeap(y);
        Exp.ofNonPositive(y, at, y, at, n, 1f, 0f, lanes);
        float sum = Reduction.sum(y, at, n, lanes);
        SoftmaxSimd.divide(y, at, n, sum);
        return Log.of(sum);
    }

    /** Images {@code from} to {@code to}. */
    @VectorLoop
    static void backward(
            Tensor dlogits, Tensor probabilities, int[] labels, double smoothing, double scale, int from, int to) {
        int K = dlogits.columns();
        float uniform = (float) (smoothing / K);
        float onLabel = (float) (1 - smoothing + smoothing / K);
        float factor = (float) scale;
        MemorySegment p = probabilities.segment();
        MemorySegment d = dlogits.segment();
        for (int b = from; b < to; b++) {
            long pAt = rowOffset(probabilities, b);
            long dAt = rowOffset(dlogits, b);
            float labelled = p.get(Tensor.FLOAT, offset(pAt, labels[b])); // read before d, which may be p
            int i = 0;
            for (; i <= K - LANES; i += LANES) {
                FloatVector.fromMemorySegment(SPECIES, p, offset(pAt, i), ORDER).sub(uniform).mul(factor)
                        .intoMemorySegment(d, offset(dAt, i), ORDER);
            }
            for (; i < K; i++) {
                d.set(Tensor.FLOAT, offset(dAt, i), (p.get(Tensor.FLOAT, offset(pAt, i)) - uniform) * factor);
            }
            d.set(Tensor.FLOAT, offset(dAt, labels[b]), (labelled - onLabel) * factor);
        }
    }

    /** Images {@code from} to {@code to}. */
    @VectorLoop
    static void backward(
            Tensor dlogits, Tensor probabilities, Tensor targets, double smoothing, double scale, int from, int to,
            float[] lanes) {
        int K = dlogits.columns();
        float uniform = (float) (smoothing / K);
        float kept = (float) (1 - smoothing);
        float factor = (float) scale;
        MemorySegment p = probabilities.segment();
        MemorySegment t = targets.segment();
        MemorySegment d = dlogits.segment();
        for (int b = from; b < to; b++) {
            long pAt = rowOffset(probabilities, b);
            long tAt = rowOffset(targets, b);
            long dAt = rowOffset(dlogits, b);
            float total = (float) total(t, tAt, K, smoothing, lanes);
            int i = 0;
            for (; i <= K - LANES; i += LANES) {
                FloatVector target = FloatVector.fromMemorySegment(SPECIES, t, offset(tAt, i), ORDER)
                        .fma(Simd.broadcast(kept), Simd.broadcast(uniform));
                FloatVector difference = FloatVector.fromMemorySegment(SPECIES, p, offset(pAt, i), ORDER)
                        .fma(Simd.broadcast(total), target.neg());
                difference.mul(factor).intoMemorySegment(d, offset(dAt, i), ORDER);
            }
            for (; i < K; i++) {
                float target = Math.fma(t.get(Tensor.FLOAT, offset(tAt, i)), kept, uniform);
                float difference = Math.fma(p.get(Tensor.FLOAT, offset(pAt, i)), total, -target);
                d.set(Tensor.FLOAT, offset(dAt, i), difference * factor);
            }
        }
    }

    private static long rowOffset(Tensor tensor, int row) {
        return (long) row * tensor.rowStride() * Float.BYTES;
    }

    /** The byte offset of element {@code i} of a row. */
    private static long offset(long rowOffset, int i) {
        return rowOffset + (long) i * Float.BYTES;
    }
}
