package vit.bench;

import org.openjdk.jmh.annotations.Param;
import vit.kernels.gelu.Gelu;
import vit.kernels.gelu.GeluKind;
import vit.kernels.tensor.Tensor;

/** GELU over the MLP's hidden layer. */
public class GeluBenchmark extends KernelBenchmark {

    /** Which form of GELU. */
    @Param({"ERF", "TANH", "QUICK"})
    public GeluKind kind;

    private Tensor x; // (B·T, F)
    private Tensor y; // (B·T, F)
    private Tensor dy; // (B·T, F)
    private Tensor dx; // (B·T, F)

    /** For JMH. */
    public GeluBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        x = random(rows(), MLP);
        dy = random(rows(), MLP);
        y = zeros(rows(), MLP);
        dx = zeros(rows(), MLP);
        x.set(rows() - 1, MLP - 1, 1);
        dy.set(rows() - 1, MLP - 1, 1);
    }

    @Override
    Pass forward() {
        return new Pass(w -> Gelu.forward(y, x, kind, rows(), w), gigabytes(x, y));
    }

    @Override
    String checkForward() {
        return near("GELU(1)", kind == GeluKind.QUICK ? 0.8458 : 0.8413, y.get(rows() - 1, MLP - 1), 2e-4);
    }

    @Override
    Pass backward() {
        return new Pass(w -> Gelu.backward(dx, dy, x, kind, rows(), w), gigabytes(dy, x, dx));
    }

    @Override
    String checkBackward() {
        return near("GELU'(1)", kind == GeluKind.QUICK ? 1.0678 : 1.0833, dx.get(rows() - 1, MLP - 1), 1e-3);
    }
}
