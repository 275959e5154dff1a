package vit.kernels.relu;

/** The mathematics of {@link Relu}: plain loops over {@code double[]}, row-major without gaps. */
public final class ReluReference {

    private ReluReference() {}

    public static void forward(
            double[] y, // (M, C)
            double[] x) { // (M, C)
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.max(x[i], 0);
        }
    }

    public static void forwardSum(
            double[] y, // (M, C)
            double[] a, // (M, C)
            double[] b) { // (M, C)
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.max(a[i] + b[i], 0);
        }
    }

    public static void backward(
            double[] dx, // (M, C)
            double[] dy, // (M, C)
            double[] y) { // (M, C)
        for (int i = 0; i < dx.length; i++) {
            // y = max(x, 0)
            dx[i] = y[i] <= 0 ? 0 : dy[i];
        }
    }
}
