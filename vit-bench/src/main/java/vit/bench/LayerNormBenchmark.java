package vit.bench;

import vit.kernels.layernorm.LayerNorm;
import vit.kernels.tensor.Tensor;

/** LayerNorm over the residual stream; the statistics are kept for the backward pass. */
public class LayerNormBenchmark extends KernelBenchmark {

    private Tensor x; // (B·T, C)
    private Tensor y; // (B·T, C)
    private Tensor dy; // (B·T, C)
    private Tensor dx; // (B·T, C)
    private Tensor mean; // (B·T)
    private Tensor rstd; // (B·T)
    private Tensor weight; // (C)
    private Tensor bias; // (C)
    private Tensor dweight; // (C)
    private Tensor dbias; // (C)

    /** For JMH. */
    public LayerNormBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        x = random(rows(), WIDTH);
        dy = random(rows(), WIDTH);
        y = zeros(rows(), WIDTH);
        dx = zeros(rows(), WIDTH);
        mean = zeros(rows());
        rstd = zeros(rows());
        weight = zeros(WIDTH).fill(1);
        bias = zeros(WIDTH);
        dweight = zeros(WIDTH);
        dbias = zeros(WIDTH);
    }

    @Override
    Pass forward() {
        return new Pass(w -> LayerNorm.forward(y, mean, rstd, x, weight, bias, 1e-6, rows(), w), gigabytes(x, y));
    }

    @Override
    String checkForward() {
        return near("the sum of a normalised row", 0, sum(y, rows() - 1), 1e-2);
    }

    @Override
    Pass backward() {
        return new Pass(w -> LayerNorm.backward(dx, dweight, dbias, dy, x, mean, rstd, weight, rows(), w), gigabytes(dy, x, dx));
    }

    @Override
    String checkBackward() {
        return near("the sum of a row of dx", 0, sum(dx, rows() - 1), 1e-2);
    }
}
