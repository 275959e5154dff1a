package vit.kernels.optim;

/** The mathematics of {@link Sgd}: plain loops over {@code double[]}. */
public final class SgdReference {

    private SgdReference() {}

    public static void update(
            double[] param, double[] velocity, double[] grad,
            Sgd sgd, double rate, double weightDecay, double gradientScale) {
        for (int i = 0; i < param.length; i++) {
            double g = grad[i] * gradientScale + weightDecay * param[i];
            velocity[i] = sgd.momentum() * velocity[i] + g;
            double direction = sgd.nesterov() ? g + sgd.momentum() * velocity[i] : velocity[i];
            param[i] -= rate * direction;
        }
    }
}
