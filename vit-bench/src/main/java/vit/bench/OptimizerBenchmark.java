package vit.bench;

import java.util.List;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.optim.Adam;
import vit.kernels.optim.GradientNorm;
import vit.kernels.tensor.Tensor;

/** AdamW over the weights of one MLP layer ("forward" is the update, "backward" the norm of the gradients for clipping). Memory is the limit. */
public class OptimizerBenchmark extends KernelBenchmark {

    private Tensor weight; // (F, C), as packed and padded weights are: one flat run
    private Tensor mean; // (F, C)
    private Tensor square; // (F, C)
    private Tensor gradient; // (F, C), packed; F is a whole number of panels
    private GradientNorm norm;

    /** For JMH. */
    public OptimizerBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        weight = arena().allocate(MLP, WIDTH);
        mean = arena().allocate(MLP, WIDTH);
        square = arena().allocate(MLP, WIDTH);
        PackedMatrix packed = PackedMatrix.allocate(arena(), MLP, WIDTH);
        gradient = packed.elements().fill(2);
        norm = new GradientNorm(List.of(packed), List.of(), threads);
    }

    @Override
    Pass forward() {
        Adam adam = Adam.adamW();
        int size = MLP * WIDTH;
        return new Pass(w -> adam.update(weight, mean, square, gradient, 1e-3, 0, 1, 1, w.from(size), w.to(size)),
                gigabytes(weight, weight, mean, mean, square, square, gradient));
    }

    /** Adam's first step equals the learning rate, whatever the gradient. */
    @Override
    String checkForward() {
        return near("the first step", -1e-3, weight.get(MLP - 1, WIDTH - 1), 1e-6);
    }

    @Override
    Pass backward() {
        return new Pass(norm::measure, gigabytes(gradient));
    }

    @Override
    String checkBackward() {
        return near("the norm", 2 * Math.sqrt((double) MLP * WIDTH), norm.value(), 1e-3);
    }
}
