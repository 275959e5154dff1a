package vit.kernels.headnorm;

/** The normalisation of queries and keys (Dehghani et al. 2023) in double: the formula in plain loops over row-major arrays without gaps. */
public final class HeadNormReference {

    private HeadNormReference() {}

    /**
     * y = (x − mean)·rstd·weight + bias for every head of Q and of K, with rstd = 1/√(mean((x − mean)²) + epsilon). Without biases this is RMSNorm,
     * where 0 takes the place of the mean. V is copied.
     */
    public static void forward(
            double[] y, // (rows, 3·H·D); may be x
            double[] x, // (rows, 3·H·D)
            double[] queryWeight, // (D)
            double[] queryBias, // (D), or null
            double[] keyWeight, // (D)
            double[] keyBias, // (D), or null
            double epsilon,
            int heads,
            int rows) {
        int headDim = queryWeight.length;
        for (int head = 0; head < rows * 3 * heads; head++) {
            int start = head * headDim;
            boolean isQuery = head / heads % 3 == 0;
            if (head / heads % 3 == 2) {
                System.arraycopy(x, start, y, start, headDim);
                continue;
            }
            double[] weight = isQuery ? queryWeight : keyWeight;
            double[] bias = isQuery ? queryBias : keyBias;
            double mean = bias == null ? 0 : mean(x, start, headDim);
            double rstd = rstd(x, start, headDim, mean, epsilon);
            for (int d = 0; d < headDim; d++) {
                y[start + d] = (x[start + d] - mean) * rstd * weight[d] + (bias == null ? 0 : bias[d]);
            }
        }
    }

    /**
     * With x̂ = (x − mean)·rstd and g = dy·weight, for every head of Q and of K: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)), dweight += Σ dy·x̂ and
     * dbias += Σ dy over all rows and heads. Without biases, mean(g) is left out, as the mean is. dV is copied.
     */
    public static void backward(
            double[] dx, // (rows, 3·H·D)
            double[] dqueryWeight, // (D), accumulated
            double[] dqueryBias, // (D), accumulated, or null
            double[] dkeyWeight, // (D), accumulated
            double[] dkeyBias, // (D), accumulated, or null
            double[] dy, // (rows, 3·H·D)
            double[] x, // (rows, 3·H·D)
            double[] queryWeight, // (D)
            double[] keyWeight, // (D)
            double epsilon,
            int heads,
            int rows) {
        int headDim = queryWeight.length;
        for (int head = 0; head < rows * 3 * heads; head++) {
            int start = head * headDim;
            boolean isQuery = head / heads % 3 == 0;
            if (head / heads % 3 == 2) {
                System.arraycopy(dy, start, dx, start, headDim);
                continue;
            }
            double[] weight = isQuery ? queryWeight : keyWeight;
            double[] dweight = isQuery ? dqueryWeight : dkeyWeight;
            double[] dbias = isQuery ? dqueryBias : dkeyBias;
            double mean = dbias == null ? 0 : mean(x, start, headDim);
            double rstd = rstd(x, start, headDim, mean, epsilon);
            double meanOfG = 0;
            double meanOfGNormal = 0;
            for (int d = 0; d < headDim; d++) {
                double g = dy[start + d] * weight[d];
                meanOfG += dbias == null ? 0 : g / headDim;
                meanOfGNormal += g * (x[start + d] - mean) * rstd / headDim;
            }
            for (int d = 0; d < headDim; d++) {
                double normal = (x[start + d] - mean) * rstd;
                dweight[d] += dy[start + d] * normal;
                if (dbias != null) {
                    dbias[d] += dy[start + d];
                }
                dx[start + d] = rstd * (dy[start + d] * weight[d] - meanOfG - normal * meanOfGNormal);
            }
        }
    }

    private static double mean(double[] x, int start, int n) {
        double sum = 0;
        for (int i = start; i < start + n; i++) {
            sum += x[i];
        }
        return sum / n;
    }

    private static double rstd(double[] x, int start, int n, double mean, double epsilon) {
        double squares = 0;
        for (int i = start; i < start + n; i++) {
            squares += (x[i] - mean) * (x[i] - mean);
        }
        return 1 / Math.sqrt(squares / n + epsilon);
    }
}
