package vit.bench;

import vit.kernels.residual.Residual;
import vit.kernels.tensor.Tensor;

/** The residual addition with LayerScale as a kernel of its own. In inference it is part of the GEMM's epilogue. */
public class ResidualBenchmark extends KernelBenchmark {

    private Tensor x; // (B·T, C)
    private Tensor branch; // (B·T, C)
    private Tensor gamma; // (C)
    private Tensor y; // (B·T, C)
    private Tensor dy; // (B·T, C)
    private Tensor dbranch; // (B·T, C)
    private Tensor dgamma; // (C)

    /** For JMH. */
    public ResidualBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        x = zeros(rows(), WIDTH).fill(3);
        branch = zeros(rows(), WIDTH).fill(2);
        gamma = zeros(WIDTH).fill(0.5f);
        y = zeros(rows(), WIDTH);
        dy = zeros(rows(), WIDTH).fill(1);
        dbranch = zeros(rows(), WIDTH);
        dgamma = zeros(WIDTH);
    }

    @Override
    Pass forward() {
        return new Pass(w -> Residual.addScaled(y, x, branch, gamma, rows(), w), gigabytes(x, branch, y));
    }

    @Override
    String checkForward() {
        return near("3 + 0.5 · 2", 4, y.get(rows() - 1, WIDTH - 1), 0);
    }

    @Override
    Pass backward() {
        return new Pass(w -> Residual.addScaledBackward(dbranch, dgamma, dy, branch, gamma, rows(), w), gigabytes(dy, branch, dbranch));
    }

    @Override
    String checkBackward() {
        String fault = near("dbranch", 0.5, dbranch.get(rows() - 1, WIDTH - 1), 0);
        return fault == null ? near("dgamma", 2.0 * rows(), dgamma.get(0, WIDTH - 1), 0) : fault;
    }
}
