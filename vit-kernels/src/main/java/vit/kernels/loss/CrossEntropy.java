package vit.kernels.loss;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Softmax cross-entropy, as in PyTorch's {@code cross_entropy}: for each image {@code loss = −Σ_k target_k · log softmax(logits)_k}. The target is
 * either a label, which puts all weight on one class, or a row of weights (mixup, distillation). Label smoothing s (Szegedy et al. 2016) replaces
 * either by {@code (1 − s) · target + s / K}.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share of the images; only {@link #mean} is called by one thread.
 * There is no barrier inside. The first {@code batch} images are used; tensors may have more. Labels and shapes that do not fit, and memory that
 * overlaps, throw {@link IllegalArgumentException}.
 *
 * <p>A NaN or +∞ among an image's logits makes its loss and its gradient NaN. With weighted targets −∞ does so too, even if its weight is 0, as in
 * PyTorch. With labels, a class whose logit is −∞ just has probability 0.
 */
public final class CrossEntropy {

    private CrossEntropy() {}

    /**
     * Computes the losses of labelled images.
     *
     * @param losses        (B), overwritten
     * @param probabilities (B, K), overwritten with softmax(logits), for the backward pass; may be {@code logits} itself
     * @param logits        (B, K)
     * @param labels        (B), each 0 to K − 1
     * @param smoothing     s, in [0, 1)
     * @param batch         B, the number of images in use
     * @param w             the calling member of the team
     */
    public static void forward(
            Tensor losses, Tensor probabilities, Tensor logits, int[] labels, double smoothing, int batch, Worker w) {
        checkForward(losses, probabilities, logits, smoothing, batch);
        checkLabels(labels, batch, logits.columns());
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] targets = CrossEntropyReference.oneHot(labels, batch, logits.columns());
                forwardReference(losses, probabilities, logits, targets, smoothing, batch);
            }
            return;
        }
        CrossEntropySimd.forward(
                losses, probabilities, logits, labels, smoothing, w.from(batch), w.to(batch), w.lanes());
    }

    /**
     * Computes the losses of images with weighted targets.
     *
     * @param losses        (B), overwritten
     * @param probabilities (B, K), overwritten with softmax(logits), for the backward pass; may be {@code logits} itself
     * @param logits        (B, K)
     * @param targets       (B, K), not negative; a row usually sums to 1 but need not
     * @param smoothing     s, in [0, 1)
     * @param batch         B, the number of images in use
     * @param w             the calling member of the team
     */
    public static void forward(
            Tensor losses, Tensor probabilities, Tensor logits, Tensor targets, double smoothing, int batch, Worker w) {
        checkForward(losses, probabilities, logits, smoothing, batch);
        Require.rows("targets", targets, batch, logits.columns());
        Require.disjoint("probabilities", probabilities, "targets", targets);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                forwardReference(losses, probabilities, logits, Doubles.read(targets, batch), smoothing, batch);
            }
            return;
        }
        CrossEntropySimd.forward(
                losses, probabilities, logits, targets, smoothing, w.from(batch), w.to(batch), w.lanes());
    }

    private static void forwardReference(
            Tensor losses, Tensor probabilities, Tensor logits, double[] targets, double smoothing, int batch) {
        int K = logits.columns();
        double[] out = new double[batch];
        double[] softmax = new double[batch * K];
        CrossEntropyReference.smooth(targets, smoothing, K);
        CrossEntropyReference.forward(out, softmax, Doubles.read(logits, batch), targets, K);
        Doubles.writeSpan(losses, 0, out);
        Doubles.write(probabilities, softmax);
    }

    /**
     * The mean of the first {@code batch} losses, summed in double in ascending order. One thread calls it.
     *
     * @throws IllegalArgumentException if there are fewer losses, or {@code batch} is below 1
     */
    public static double mean(Tensor losses, int batch) {
        Require.perRow("losses", losses, batch);
        Require.range("batch", batch, 1, Integer.MAX_VALUE);
        double sum = 0;
        for (int b = 0; b < batch; b++) {
            sum += losses.segment().getAtIndex(Tensor.FLOAT, b);
        }
        return sum / batch;
    }

    /**
     * The gradient of {@code scale · Σ losses} of labelled images: {@code dlogits = (softmax − target) · scale}.
     *
     * @param dlogits       (B, K), overwritten; may be {@code probabilities} itself
     * @param probabilities (B, K), from the forward pass
     * @param labels        (B), as in the forward pass
     * @param smoothing     s, as in the forward pass
     * @param scale         1 / images of the whole batch, for the gradient of the mean
     * @param batch         B, the number of images in use
     * @param w             the calling member of the team
     */
    public static void backward(
            Tensor dlogits, Tensor probabilities, int[] labels, double smoothing, double scale, int batch, Worker w) {
        checkBackward(dlogits, probabilities, smoothing, batch);
        checkLabels(labels, batch, dlogits.columns());
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] targets = CrossEntropyReference.oneHot(labels, batch, dlogits.columns());
                backwardReference(dlogits, probabilities, targets, smoothing, scale, batch);
            }
            return;
        }
        CrossEntropySimd.backward(dlogits, probabilities, labels, smoothing, scale, w.from(batch), w.to(batch));
    }

    /**
     * The gradient of {@code scale · Σ losses} of images with weighted targets:
     * {@code dlogits = (softmax · Σ_k target_k − target) · scale}.
     *
     * @param dlogits       (B, K), overwritten; may be {@code probabilities} itself
     * @param probabilities (B, K), from the forward pass
     * @param targets       (B, K), as in the forward pass
     * @param smoothing     s, as in the forward pass
     * @param scale         1 / images of the whole batch, for the gradient of the mean
     * @param batch         B, the number of images in use
     * @param w             the calling member of the team
     */
    public static void backward(
            Tensor dlogits, Tensor probabilities, Tensor targets, double smoothing, double scale, int batch, Worker w) {
        checkBackward(dlogits, probabilities, smoothing, batch);
        Require.rows("targets", targets, batch, dlogits.columns());
        Require.disjoint("dlogits", dlogits, "targets", targets);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                backwardReference(dlogits, probabilities, Doubles.read(targets, batch), smoothing, scale, batch);
            }
            return;
        }
        CrossEntropySimd.backward(
                dlogits, probabilities, targets, smoothing, scale, w.from(batch), w.to(batch), w.lanes());
    }

    private static void backwardReference(
            Tensor dlogits, Tensor probabilities, double[] targets, double smoothing, double scale, int batch) {
        int K = dlogits.columns();
        double[] out = new double[batch * K];
        CrossEntropyReference.smooth(targets, smoothing, K);
        CrossEntropyReference.backward(out, Doubles.read(probabilities, batch), targets, scale, K);
        Doubles.write(dlogits, out);
    }

    private static void checkForward(Tensor losses, Tensor probabilities, Tensor logits, double smoothing, int batch) {
        int K = logits.columns();
        Require.range("batch", batch, 0, logits.rows());
        Require.range("classes", K, 1, Integer.MAX_VALUE);
        Require.perRow("losses", losses, batch);
        Require.rows("probabilities", probabilities, batch, K);
        Require.fraction("smoothing", smoothing, 0, 1);
        Require.sameOrDisjoint("probabilities", probabilities, "logits", logits);
        Require.disjoint("losses", losses, "logits", logits);
        Require.disjoint("losses", losses, "probabilities", probabilities);
    }

    private static void checkBackward(Tensor dlogits, Tensor probabilities, double smoothing, int batch) {
        Require.range("batch", batch, 0, dlogits.rows());
        Require.range("classes", dlogits.columns(), 1, Integer.MAX_VALUE);
        Require.rows("probabilities", probabilities, batch, dlogits.columns());
        Require.fraction("smoothing", smoothing, 0, 1);
        Require.sameOrDisjoint("dlogits", dlogits, "probabilities", probabilities);
    }

    private static void checkLabels(int[] labels, int batch, int classes) {
        Require.range("labels given", labels.length, batch, Integer.MAX_VALUE);
        for (int b = 0; b < batch; b++) {
            if (labels[b] < 0 || labels[b] >= classes) {
                throw new IllegalArgumentException(
                        "label of image " + b + ": expected 0 to " + (classes - 1) + ", found " + labels[b]);
            }
        }
    }
}
