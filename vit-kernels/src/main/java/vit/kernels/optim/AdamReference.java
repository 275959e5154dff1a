package vit.kernels.optim;

/** The mathematics of {@link Adam}: plain loops over {@code double[]}. */
public final class AdamReference {

    private AdamReference() {}

    public static void update(
            double[] param, double[] mean, double[] square, double[] grad,
            Adam adam, double rate, double weightDecay, double gradientScale, int step) {
        double correction1 = 1 - Math.pow(adam.beta1(), step);
        double correction2 = 1 - Math.pow(adam.beta2(), step);
        for (int i = 0; i < param.length; i++) {
            double g = grad[i] * gradientScale;
            if (adam.decoupled()) {
                param[i] *= 1 - rate * weightDecay;
            } else {
                g += weightDecay * param[i];
            }
            mean[i] = adam.beta1() * mean[i] + (1 - adam.beta1()) * g;
            square[i] = adam.beta2() * square[i] + (1 - adam.beta2()) * g * g;
            double denominator = Math.sqrt(square[i]) / Math.sqrt(correction2) + adam.epsilon();
            param[i] -= rate / correction1 * mean[i] / denominator;
        }
    }
}
