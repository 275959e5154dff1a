package vit.kernels.verify;

import java.util.Random;
import java.util.function.DoubleSupplier;

/**
 * Compares a reference's backward pass with central differences in double. The step is 1e-6, the relative tolerance 1e-5 and the absolute tolerance
 * 1e-7.
 */
public final class Gradients {

    private static final double STEP = 1e-6;
    private static final double RELATIVE = 1e-5;
    private static final double ABSOLUTE = 1e-7;

    private Gradients() {}

    /** {@code n} numbers between −1 and 1. */
    public static double[] random(Random random, int n) {
        return random.doubles(n, -1, 1).toArray();
    }

    /** Σ weights·values: a scalar loss whose gradient with respect to {@code values} is {@code weights}. */
    public static double dot(double[] weights, double[] values) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += weights[i] * values[i];
        }
        return sum;
    }

    /**
     * Checks that {@code dx} is the gradient of {@code loss}, which reads {@code x} at every call. Returns the worst error as a share of its
     * tolerance.
     *
     * @throws AssertionError if an element is off by more
     */
    public static double check(String name, double[] x, double[] dx, DoubleSupplier loss) {
        double worst = 0;
        for (int i = 0; i < x.length; i++) {
            double before = x[i];
            x[i] = before + STEP;
            double above = loss.getAsDouble();
            x[i] = before - STEP;
            double below = loss.getAsDouble();
            x[i] = before;
            double numeric = (above - below) / (2 * STEP);
            double tolerance = ABSOLUTE + RELATIVE * Math.abs(numeric);
            double error = Math.abs(numeric - dx[i]);
            if (!(error <= tolerance)) {
                throw new AssertionError(name + "[" + i + "]: central difference " + numeric + ", backward " + dx[i]);
            }
            worst = Math.max(worst, error / tolerance);
        }
        return worst;
    }
}
