package vit.bench;

import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.tensor.Tensor;

/** RMSNorm over the residual stream; the statistic is kept for the backward pass. */
public class RmsNormBenchmark extends KernelBenchmark {

    private Tensor x; // (B·T, C)
    private Tensor y; // (B·T, C)
    private Tensor dy; // (B·T, C)
    private Tensor dx; // (B·T, C)
    private Tensor rstd; // (B·T)
    private Tensor weight; // (C)
    private Tensor dweight; // (C)

    /** For JMH. */
    public RmsNormBenchmark() {}

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
        rstd = zeros(rows());
        weight = zeros(WIDTH).fill(1);
        dweight = zeros(WIDTH);
    }

    @Override
    Pass forward() {
        return new Pass(w -> RmsNorm.forward(y, rstd, x, weight, 1e-6, rows(), w), gigabytes(x, y));
    }

    @Override
    String checkForward() {
        return near("the mean square of a normalised row", 1, product(y, y) / WIDTH, 1e-3);
    }

    @Override
    Pass backward() {
        return new Pass(w -> RmsNorm.backward(dx, dweight, dy, x, rstd, weight, rows(), w), gigabytes(dy, x, dx));
    }

    @Override
    String checkBackward() {
        return near("the product of a row with its gradient", 0, product(dx, x), 1e-2);
    }

    /** The dot product of the last rows. */
    private double product(Tensor a, Tensor b) {
        double sum = 0;
        for (int column = 0; column < WIDTH; column++) {
            sum += (double) a.get(rows() - 1, column) * b.get(rows() - 1, column);
        }
        return sum;
    }
}
