package vit.kernels.softmax;

/** Softmax over rows, in double: the formula in plain loops. */
public final class SoftmaxReference {

    private SoftmaxReference() {}

    /** y = exp(x − max x) / Σ exp(x − max x) over each of {@code rows} rows of {@code columns}. */
    public static void forward(double[] y, double[] x, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            double max = Double.NEGATIVE_INFINITY;
            for (int i = start; i < start + columns; i++) {
                max = Math.max(max, x[i]);
            }
            double sum = 0;
            for (int i = start; i < start + columns; i++) {
                y[i] = Math.exp(x[i] - max);
                sum += y[i];
            }
            for (int i = start; i < start + columns; i++) {
                y[i] /= sum;
            }
        }
    }

    /** dx = y · (dy − Σ dy·y) over each row. */
    public static void backward(double[] dx, double[] dy, double[] y, int rows, int columns) {
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            double dot = 0;
            for (int i = start; i < start + columns; i++) {
                dot += dy[i] * y[i];
            }
            for (int i = start; i < start + columns; i++) {
                dx[i] = y[i] * (dy[i] - dot);
            }
        }
    }
}
