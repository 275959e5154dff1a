package vit.kernels.swiglu;

/** SwiGLU in double: the formulas in plain loops, forward and backward side by side. */
public final class SwiGluReference {

    private SwiGluReference() {}

    /** out = silu(a)·b with silu(a) = a·σ(a), where each row of the input is [a | b]. */
    public static void forward(
            double[] out, // (rows, F)
            double[] in, // (rows, 2F)
            int rows) {
        int columns = rows == 0 ? 0 : out.length / rows;
        for (int i = 0; i < out.length; i++) {
            int a = i / columns * 2 * columns + i % columns;
            out[i] = silu(in[a]) * in[a + columns];
        }
    }

    /** da = dout·b·silu′(a) and db = dout·silu(a), where silu′(a) = σ(a) + a·σ(a)·σ(−a). */
    public static void backward(
            double[] din, // (rows, 2F)
            double[] dout, // (rows, F)
            double[] in, // (rows, 2F)
            int rows) {
        int columns = rows == 0 ? 0 : dout.length / rows;
        for (int i = 0; i < dout.length; i++) {
            int a = i / columns * 2 * columns + i % columns;
            double x = in[a];
            double slope = sigmoid(x) + vanishing(x, sigmoid(x) * sigmoid(-x));
            din[a] = dout[i] * in[a + columns] * slope;
            din[a + columns] = dout[i] * silu(x);
        }
    }

    private static double silu(double x) {
        return vanishing(x, sigmoid(x));
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** x·factor, but 0 for a factor of 0 even if x is infinite, because the factor falls faster than x grows. */
    private static double vanishing(double x, double factor) {
        return factor == 0 ? 0 : x * factor;
    }
}
