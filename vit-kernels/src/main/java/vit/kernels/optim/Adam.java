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
 * Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as in PyTorch's {@code torch.optim.Adam} and {@code AdamW}: epsilon is added
 * after the bias correction of the square root, and the decay of AdamW comes first. Immutable, without state; any thread may use it.
 *
 * @param beta1     decay of the mean of gradients, in [0, 1)
 * @param beta2     decay of the mean of squares, in [0, 1)
 * @param epsilon   added to the denominator, 0 or more
 * @param decoupled true for AdamW, where the parameter itself decays; false for Adam, where the decay is added to the gradient
 */
public record Adam(double beta1, double beta2, double epsilon, boolean decoupled) implements Serializable {

    /** Checks the hyperparameters. */
    public Adam {
        Require.fraction("beta1", beta1, 0, 1);
        Require.fraction("beta2", beta2, 0, 1);
        Require.fraction("epsilon", epsilon, 0, Float.MAX_VALUE);
    }

    /** AdamW with PyTorch's defaults: 0.9, 0.999, 1e-8. */
    public static Adam adamW() {
        return new Adam(0.9, 0.999, 1e-8, true);
    }

    /** Adam with PyTorch's defaults: 0.9, 0.999, 1e-8. */
    public static Adam adam() {
        return new Adam(0.9, 0.999, 1e-8, false);
    }

    /** Rehearsals of the method that holds the vector code of {@link #update}, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        Tensor row = Tensor.of(Rehearsal.elements(), Shape.of(Rehearsal.MOST_ELEMENTS), Rehearsal.MOST_ELEMENTS);
        Adam adam = adamW();
        return List.of(Rehearsal.ofElements("AdamSimd.update", (n, times) -> {
            for (int i = 0; i < times; i++) {
                AdamSimd.update(row, row, row, row, adam, 0, 0, 0, 1, 0, n);
            }
        }));
    }

    /**
     * Updates elements {@code from} to {@code to} (exclusive). With g the gradient times {@code gradientScale}:
     *
     * <pre>
     * param  = param · (1 − rate · weightDecay)      if decoupled
     * g      = g + weightDecay · param               otherwise
     * mean   = mean + (1 − beta1) · (g − mean)
     * square = beta2 · square + (1 − beta2) · g²
     * param  = param − rate / (1 − beta1^step) · mean / (√square / √(1 − beta2^step) + epsilon)
     * </pre>
     *
     * <p>Elements are independent, so threads may divide a tensor into spans in any way. A span counts elements of the tensor's memory, including the
     * gaps between rows. Gaps that are zero stay zero if epsilon is not zero. Allocates nothing.
     *
     * @param param         the parameter, updated
     * @param mean          moving mean of the gradient, updated; zero before the first step
     * @param square        moving mean of its square, updated; zero before the first step
     * @param grad          the gradient
     * @param rate          learning rate
     * @param weightDecay   of the parameter (AdamW, times the rate) or added to the gradient (Adam)
     * @param gradientScale factor on the gradient, 1 or what {@link GradientNorm#clipScale} gives
     * @param step          number of this update, counted from 1
     * @param from          first element, counted in the tensor's memory
     * @param to            one past the last element
     * @throws IllegalArgumentException if the tensors' layouts differ, or span, rate, decay or step are out of range
     */
    public void update(
            Tensor param, Tensor mean, Tensor square, Tensor grad,
            double rate, double weightDecay, double gradientScale, int step, int from, int to) {
        Require.span("param", param, from, to);
        Require.sameLayout("mean", mean, "param", param);
        Require.sameLayout("square", square, "param", param);
        Require.sameLayout("grad", grad, "param", param);
        Require.range("step", step, 1, Integer.MAX_VALUE);
        Require.fraction("rate", rate, 0, Float.MAX_VALUE);
        Require.fraction("weight decay", weightDecay, 0, Float.MAX_VALUE);
        if (Implementation.isReference()) {
            double[] p = Doubles.readSpan(param, from, to);
            double[] m = Doubles.readSpan(mean, from, to);
            double[] v = Doubles.readSpan(square, from, to);
            AdamReference.update(p, m, v, Doubles.readSpan(grad, from, to), this, rate, weightDecay, gradientScale, step);
            Doubles.writeSpan(param, from, p);
            Doubles.writeSpan(mean, from, m);
            Doubles.writeSpan(square, from, v);
            return;
        }
        AdamSimd.update(param, mean, square, grad, this, rate, weightDecay, gradientScale, step, from, to);
    }

    /** 1 − beta^step, the sum of the weights in a moving mean that began at zero. StrictMath gives the same result on every machine. */
    static double biasCorrection(double beta, int step) {
        return 1 - StrictMath.pow(beta, step);
    }
}
