package vit.kernels.optim;

import java.io.Serializable;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;

/**
 * Stochastic gradient descent with momentum in the form of PyTorch's {@code torch.optim.SGD}: the velocity accumulates gradients, not steps, so a
 * change of the learning rate acts at once. There is no dampening. Immutable, without state; any thread may use it.
 *
 * @param momentum decay of the velocity, in [0, 1); 0 is plain gradient descent
 * @param nesterov whether the step looks ahead by one more momentum (Sutskever et al. 2013, in PyTorch's form)
 */
public record Sgd(double momentum, boolean nesterov) implements Serializable {

    /** Checks the hyperparameters. */
    public Sgd {
        Require.fraction("momentum", momentum, 0, 1);
    }

    /** Rehearsals of the method that holds the vector code of {@link #update}, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        Tensor row = Tensor.of(Rehearsal.elements(), Shape.of(Rehearsal.MOST_ELEMENTS), Rehearsal.MOST_ELEMENTS);
        Sgd sgd = new Sgd(0, false);
        return List.of(Rehearsal.ofElements("SgdSimd.update", (n, times) -> {
            for (int i = 0; i < times; i++) {
                SgdSimd.update(row, row, row, sgd, 0, 0, 0, 0, n);
            }
        }));
    }

    /**
     * Updates elements {@code from} to {@code to} (exclusive). With g the gradient times {@code gradientScale}:
     *
     * <pre>
     * g        = g + weightDecay · param
     * velocity = momentum · velocity + g
     * param    = param − rate · velocity                    or, with Nesterov's momentum,
     * param    = param − rate · (g + momentum · velocity)
     * </pre>
     *
     * <p>Elements are independent, so threads may divide a tensor into spans in any way. A span counts elements of the tensor's memory, including the
     * gaps between rows. Gaps that are zero stay zero. Allocates nothing.
     *
     * @param param         the parameter, updated
     * @param velocity      its velocity, updated; zero before the first step
     * @param grad          the gradient
     * @param rate          learning rate
     * @param weightDecay   added to the gradient, times the parameter
     * @param gradientScale factor on the gradient, 1 or what {@link GradientNorm#clipScale} gives
     * @param from          first element, counted in the tensor's memory
     * @param to            one past the last element
     * @throws IllegalArgumentException if the tensors' layouts differ, or span, rate or decay are out of range
     */
    public void update(
            Tensor param, Tensor velocity, Tensor grad,
            double rate, double weightDecay, double gradientScale, int from, int to) {
        Require.span("param", param, from, to);
        Require.sameLayout("velocity", velocity, "param", param);
        Require.sameLayout("grad", grad, "param", param);
        Require.fraction("rate", rate, 0, Float.MAX_VALUE);
        Require.fraction("weight decay", weightDecay, 0, Float.MAX_VALUE);
        if (Implementation.isReference()) {
            double[] p = Doubles.readSpan(param, from, to);
            double[] v = Doubles.readSpan(velocity, from, to);
            SgdReference.update(p, v, Doubles.readSpan(grad, from, to), this, rate, weightDecay, gradientScale);
            Doubles.writeSpan(param, from, p);
            Doubles.writeSpan(velocity, from, v);
            return;
        }
        SgdSimd.update(param, velocity, grad, this, rate, weightDecay, gradientScale, from, to);
    }
}
