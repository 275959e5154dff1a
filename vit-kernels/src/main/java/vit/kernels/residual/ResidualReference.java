package vit.kernels.residual;

/** The mathematics of {@link Residual}: plain loops over {@code double[]}, row-major without gaps. */
public final class ResidualReference {

    private ResidualReference() {}

    public static void add(
            double[] y, // (M, C)
            double[] x, // (M, C)
            double[] branch) { // (M, C)
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i] + branch[i];
        }
    }

    public static void addScaled(
            double[] y, // (M, C)
            double[] x, // (M, C)
            double[] branch, // (M, C)
            double[] gamma) { // (C)
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i] + gamma[i % gamma.length] * branch[i];
        }
    }

    public static void addScaledBackward(
            double[] dbranch, // (M, C)
            double[] dgamma, // (C); +=
            double[] dy, // (M, C)
            double[] branch, // (M, C)
            double[] gamma) { // (C)
        for (int i = 0; i < dy.length; i++) {
            int c = i % gamma.length;
            // y = x + gamma · branch
            dbranch[i] = gamma[c] * dy[i];
            dgamma[c] += dy[i] * branch[i];
        }
    }
}
