package vit.kernels.linear;

import vit.kernels.gemm.GemmReference;

/** The mathematics of {@link Linear}: the matrix product and the bias. Plain loops over {@code double[]}, row-major without gaps. */
public final class LinearReference {

    private LinearReference() {}

    /** y = x·Wᵀ + bias. */
    public static void forward(
            double[] y, // (M, N)
            double[] x, // (M, K)
            double[] weight, // (N, K)
            double[] bias, // (N) or null
            int rows, int outputs, int inputs) {
        GemmReference.multiply(y, x, weight, rows, outputs, inputs);
        GemmReference.epilogue(y, bias, null, null, null, rows, outputs);
    }

    /** dx = dy·W, dweight += dyᵀ·x, dbias += Σ_m dy[m]. */
    public static void backward(
            double[] dx, // (M, K)
            double[] dweight, // (N, K); +=
            double[] dbias, // (N) or null; +=
            double[] dy, // (M, N)
            double[] x, // (M, K)
            double[] weight, // (N, K)
            int rows, int outputs, int inputs) {
        GemmReference.backward(dx, dweight, dy, x, weight, rows, outputs, inputs);
        if (dbias != null) {
            backwardBias(dbias, dy);
        }
    }

    public static void backwardBias(
            double[] dbias, // (N); +=
            double[] dy) { // (M, N)
        for (int i = 0; i < dy.length; i++) {
            // y[m, n] = … + bias[n]
            dbias[i % dbias.length] += dy[i];
        }
    }
}
