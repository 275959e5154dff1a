package vit.bench;

import vit.kernels.loss.CrossEntropy;
import vit.kernels.tensor.Tensor;

/** Softmax cross-entropy of a batch's logits with labels. */
public class CrossEntropyBenchmark extends KernelBenchmark {

    private Tensor logits; // (B, K)
    private Tensor probabilities; // (B, K)
    private Tensor losses; // (B)
    private Tensor dlogits; // (B, K)
    private int[] labels; // (B)

    /** For JMH. */
    public CrossEntropyBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        logits = zeros(batch, CLASSES);
        probabilities = zeros(batch, CLASSES);
        losses = zeros(batch);
        dlogits = zeros(batch, CLASSES);
        labels = new int[batch];
    }

    @Override
    Pass forward() {
        return new Pass(w -> CrossEntropy.forward(losses, probabilities, logits, labels, 0, batch, w), gigabytes(logits, probabilities));
    }

    @Override
    String checkForward() {
        return near("the loss of equal logits", Math.log(CLASSES), CrossEntropy.mean(losses, batch), 1e-4);
    }

    @Override
    Pass backward() {
        return new Pass(w -> CrossEntropy.backward(dlogits, probabilities, labels, 0, 1, batch, w), gigabytes(probabilities, dlogits));
    }

    @Override
    String checkBackward() {
        return near("the sum of a row of dlogits", 0, sum(dlogits, batch - 1), 1e-5);
    }
}
