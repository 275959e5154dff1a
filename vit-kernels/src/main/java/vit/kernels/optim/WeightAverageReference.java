package vit.kernels.optim;

/** The mathematics of {@link WeightAverage}: plain loops over {@code double[]}. */
public final class WeightAverageReference {

    private WeightAverageReference() {}

    public static void update(double[] average, double[] param, double decay) {
        for (int i = 0; i < average.length; i++) {
            average[i] = decay * average[i] + (1 - decay) * param[i];
        }
    }
}
