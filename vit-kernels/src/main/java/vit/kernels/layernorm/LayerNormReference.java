package vit.kernels.layernorm;

/** Layer normalisation (Ba, Kiros and Hinton 2016) over rows of C elements, in double: the formula in plain loops. */
public final class LayerNormReference {

    private LayerNormReference() {}

    /**
     * y = (x − mean)·rstd·weight + bias, with mean and rstd = 1/√(variance + epsilon) of each row; the variance is the population variance, which
     * divides by C.
     */
    public static void forward(
            double[] y, // (rows, C)
            double[] mean, // (rows)
            double[] rstd, // (rows)
            double[] x, // (rows, C)
            double[] weight, // (C)
            double[] bias, // (C)
            double epsilon,
            int rows) {
        int columns = weight.length;
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            double sum = 0;
            for (int c = 0; c < columns; c++) {
                sum += x[start + c];
            }
            mean[row] = sum / columns;
            double squares = 0;
            for (int c = 0; c < columns; c++) {
                double deviation = x[start + c] - mean[row];
                squares += deviation * deviation;
            }
            rstd[row] = 1 / Math.sqrt(squares / columns + epsilon);
            for (int c = 0; c < columns; c++) {
                y[start + c] = (x[start + c] - mean[row]) * rstd[row] * weight[c] + bias[c];
            }
        }
    }

    /**
     * With x̂ = (x − mean)·rstd and g = dy·weight: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)) over each row;
     * dweight += Σ dy·x̂ and dbias += Σ dy over the rows.
     */
    public static void backward(
            double[] dx, // (rows, C)
            double[] dweight, // (C), accumulated
            double[] dbias, // (C), accumulated
            double[] dy, // (rows, C)
            double[] x, // (rows, C)
            double[] mean, // (rows)
            double[] rstd, // (rows)
            double[] weight, // (C)
            int rows) {
        int columns = weight.length;
        for (int row = 0; row < rows; row++) {
            int start = row * columns;
            double meanOfG = 0;
            double meanOfGNormal = 0;
            for (int c = 0; c < columns; c++) {
                double g = dy[start + c] * weight[c];
                meanOfG += g / columns;
                meanOfGNormal += g * (x[start + c] - mean[row]) * rstd[row] / columns;
            }
            for (int c = 0; c < columns; c++) {
                double normal = (x[start + c] - mean[row]) * rstd[row];
                dweight[c] += dy[start + c] * normal;
                dbias[c] += dy[start + c];
                dx[start + c] = rstd[row] * (dy[start + c] * weight[c] - meanOfG - normal * meanOfGNormal);
            }
        }
    }
}
