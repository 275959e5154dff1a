package vit.bench;

import vit.kernels.softmax.Softmax;
import vit.kernels.tensor.Tensor;

/** Softmax over the rows of one layer's attention scores. */
public class SoftmaxBenchmark extends KernelBenchmark {

    private Tensor x; // (B·H·T, T)
    private Tensor y; // (B·H·T, T)
    private Tensor dy; // (B·H·T, T)
    private Tensor dx; // (B·H·T, T)

    /** For JMH. */
    public SoftmaxBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        x = random(HEADS * rows(), TOKENS);
        dy = random(HEADS * rows(), TOKENS);
        y = zeros(HEADS * rows(), TOKENS);
        dx = zeros(HEADS * rows(), TOKENS);
    }

    @Override
    Pass forward() {
        return new Pass(w -> Softmax.forward(y, x, HEADS * rows(), w), gigabytes(x, y));
    }

    @Override
    String checkForward() {
        return near("the sum of a row", 1, sum(y, HEADS * rows() - 1), 1e-5);
    }

    @Override
    Pass backward() {
        return new Pass(w -> Softmax.backward(dx, dy, y, HEADS * rows(), w), gigabytes(dy, y, dx));
    }

    @Override
    String checkBackward() {
        return near("the sum of a row of dx", 0, sum(dx, HEADS * rows() - 1), 1e-5);
    }
}
