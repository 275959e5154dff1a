package vit.bench;

import vit.kernels.swiglu.SwiGlu;
import vit.kernels.tensor.Tensor;

/** The gate of a SwiGLU layer over an MLP's hidden layer. */
public class SwiGluBenchmark extends KernelBenchmark {

    private Tensor in; // (B·T, 2F)
    private Tensor out; // (B·T, F)
    private Tensor dout; // (B·T, F)
    private Tensor din; // (B·T, 2F)

    /** For JMH. */
    public SwiGluBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        in = random(rows(), 2 * MLP);
        dout = random(rows(), MLP);
        out = zeros(rows(), MLP);
        din = zeros(rows(), 2 * MLP);
        in.set(rows() - 1, MLP - 1, 1);
        in.set(rows() - 1, 2 * MLP - 1, 2);
        dout.set(rows() - 1, MLP - 1, 1);
    }

    @Override
    Pass forward() {
        return new Pass(w -> SwiGlu.forward(out, in, rows(), w), gigabytes(in, out));
    }

    @Override
    String checkForward() {
        return near("silu(1)·2", 1.4621, out.get(rows() - 1, MLP - 1), 2e-4);
    }

    @Override
    Pass backward() {
        return new Pass(w -> SwiGlu.backward(din, dout, in, rows(), w), gigabytes(dout, in, din));
    }

    @Override
    String checkBackward() {
        return near("silu'(1)·2", 1.8553, din.get(rows() - 1, MLP - 1), 1e-3);
    }
}
