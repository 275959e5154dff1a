package vit.kernels.rmsnorm;

/** Root mean square normalisation (Zhang and Sennrich 2019) over rows of C elements, in double: the formula in plain loops. */
public final class RmsNormReference {

    private RmsNormReference() {}

    /** y = x·rstd·weight with rstd = 1/√(mean(x²) + epsilon) of each row. */
    public static void forward(
            double[] y, // (rows, C)
            double[] rstd, // (rows)
            double[] x, // (rows, C)
            double[] weight, // (C)
            double epsilon,
            int rows) {
        int columns = weight.length;
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            double squares = 0;
            for (int c = 0; c < columns; c++) {
                squares += x[start + c] * x[start + c];
            }
            rstd[row] = 1 / Math.sqrt(squares / columns + epsilon);
            for (int c = 0; c < columns; c++) {
                y[start + c] = x[start + c] * rstd[row] * weight[c];
            }
        }
    }

    /** With x̂ = x·rstd and g = dy·weight: dx = rstd·(g − x̂·mean(g·x̂)) over each row; dweight += Σ dy·x̂ over the rows. */
    public static void backward(
            double[] dx, // (rows, C)
            double[] dweight, // (C), accumulated
            double[] dy, // (rows, C)
            double[] x, // (rows, C)
            double[] rstd, // (rows)
            double[] weight, // (C)
            int rows) {
        int columns = weight.length;
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            double meanOfGNormal = 0;
            for (int c = 0; c < columns; c++) {
                meanOfGNormal += dy[start + c] * weight[c] * x[start + c] * rstd[row] / columns;
            }
            for (int c = 0; c < columns; c++) {
                double normal = x[start + c] * rstd[row];
                dweight[c] += dy[start + c] * normal;
                dx[start + c] = rstd[row] * (dy[start + c] * weight[c] - normal * meanOfGNormal);
            }
        }
    }
}
