package vit.kernels.standardization;

/** Weight standardisation (Qiao et al. 2019) over the K weights of each of N outputs, in double: the formula in plain loops. */
public final class WeightStandardizationReference {

    private WeightStandardizationReference() {}

    /** y = (weight − mean)·rstd, with mean and rstd = 1/√(variance + epsilon) of each output; the variance divides by K. */
    public static void forward(
            double[] y, // (N, K)
            double[] mean, // (N)
            double[] rstd, // (N)
            double[] weight, // (N, K)
            double epsilon,
            int outputs, int depth) {
        for (int n = 0; n < outputs; n++) {
            double sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += weight[n * depth + k];
            }
            mean[n] = sum / depth;
            double squares = 0;
            for (int k = 0; k < depth; k++) {
                double deviation = weight[n * depth + k] - mean[n];
                squares += deviation * deviation;
            }
            rstd[n] = 1 / Math.sqrt(squares / depth + epsilon);
            for (int k = 0; k < depth; k++) {
                y[n * depth + k] = (weight[n * depth + k] - mean[n]) * rstd[n];
            }
        }
    }

    /** dweight += rstd·(dy − mean(dy) − y·mean(dy·y)) over the weights of each output, with y = (weight − mean)·rstd. */
    public static void backward(
            double[] dweight, // (N, K), accumulated
            double[] dy, // (N, K)
            double[] weight, // (N, K)
            double[] mean, // (N)
            double[] rstd, // (N)
            int outputs, int depth) {
        for (int n = 0; n < outputs; n++) {
            double meanOfGradient = 0;
            double meanOfProduct = 0;
            for (int k = 0; k < depth; k++) {
                int at = n * depth + k;
                meanOfGradient += dy[at];
                meanOfProduct += dy[at] * (weight[at] - mean[n]) * rstd[n];
            }
            meanOfGradient /= depth;
            meanOfProduct /= depth;
            for (int k = 0; k < depth; k++) {
                int at = n * depth + k;
                double normal = (weight[at] - mean[n]) * rstd[n];
                dweight[at] += rstd[n] * (dy[at] - meanOfGradient - normal * meanOfProduct);
            }
        }
    }
}
