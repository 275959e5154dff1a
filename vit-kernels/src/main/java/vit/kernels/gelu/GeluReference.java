package vit.kernels.gelu;

import vit.kernels.simd.ErfReference;

/** GELU in double: the formulas in plain loops, forward and backward side by side. */
public final class GeluReference {

    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;
    private static final double QUICK_SLOPE = 1.702;

    private GeluReference() {}

    /** y = GELU(x), element by element. */
    public static void forward(double[] y, double[] x, GeluKind kind) {
        for (int i = 0; i < x.length; i++) {
            double share = switch (kind) {
                case ERF -> normalCdf(x[i]);
                case TANH -> sigmoid(2 * tanhArgument(x[i]));
                case QUICK -> sigmoid(QUICK_SLOPE * x[i]);
            };
            y[i] = vanishing(x[i], share);
        }
    }

    /** dx = dy · GELU′(x), element by element. */
    public static void backward(double[] dx, double[] dy, double[] x, GeluKind kind) {
        for (int i = 0; i < x.length; i++) {
            dx[i] = dy[i] * switch (kind) {
                case ERF -> erfDerivative(x[i]);
                case TANH -> tanhDerivative(x[i]);
                case QUICK -> quickDerivative(x[i]);
            };
        }
    }

    /** (x·Φ(x))′ = Φ(x) + x·φ(x). */
    private static double erfDerivative(double x) {
        return normalCdf(x) + vanishing(x, normalDensity(x));
    }

    /** (x·σ(2u))′ = σ(2u) + x·σ(2u)·σ(−2u)·2u′. */
    private static double tanhDerivative(double x) {
        double u = tanhArgument(x);
        double slope = SQRT_2_OVER_PI * (1 + 3 * CUBIC * x * x);
        return sigmoid(2 * u) + vanishing(x * 2 * slope, sigmoid(2 * u) * sigmoid(-2 * u));
    }

    /** (x·σ(s·x))′ = σ(s·x) + s·x·σ(s·x)·σ(−s·x). */
    private static double quickDerivative(double x) {
        double u = QUICK_SLOPE * x;
        return sigmoid(u) + vanishing(u, sigmoid(u) * sigmoid(-u));
    }

    /** x·factor, but 0 for a factor of 0 even if x is infinite, because the factor falls faster than x grows. */
    private static double vanishing(double x, double factor) {
        return factor == 0 ? 0 : x * factor;
    }

    /** Φ(x) = ½·erfc(−x/√2). */
    private static double normalCdf(double x) {
        return 0.5 * ErfReference.erfc(-x / Math.sqrt(2));
    }

    /** φ(x). */
    private static double normalDensity(double x) {
        return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    }

    /** ½·(1 + tanh(u)) = σ(2u). */
    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double tanhArgument(double x) {
        return SQRT_2_OVER_PI * (x + CUBIC * x * x * x);
    }
}
