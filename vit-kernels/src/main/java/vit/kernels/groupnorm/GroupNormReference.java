package vit.kernels.groupnorm;

/** Group normalisation (Wu and He 2018) in double: the formula in plain loops. A group is C/G neighbouring channels of all pixels of one image. */
public final class GroupNormReference {

    private GroupNormReference() {}

    /**
     * y = (x − mean)·rstd·weight + bias, with mean and rstd = 1/√(variance + epsilon) of each group of each image; the variance is the population
     * variance.
     */
    public static void forward(
            double[] y, // (B·P, C)
            double[] mean, // (B·G)
            double[] rstd, // (B·G)
            double[] x, // (B·P, C)
            double[] weight, // (C)
            double[] bias, // (C)
            double epsilon,
            int groups, int batch, int pixels) {
        int channels = weight.length;
        int size = channels / groups;
        for (int group = 0; group < batch * groups; group++) {
            int start = group / groups * pixels * channels + group % groups * size;
            double sum = 0;
            for (int i = 0; i < pixels; i++) {
                for (int c = 0; c < size; c++) {
                    sum += x[start + i * channels + c];
                }
            }
            mean[group] = sum / (pixels * size);
            double squares = 0;
            for (int i = 0; i < pixels; i++) {
                for (int c = 0; c < size; c++) {
                    double deviation = x[start + i * channels + c] - mean[group];
                    squares += deviation * deviation;
                }
            }
            rstd[group] = 1 / Math.sqrt(squares / (pixels * size) + epsilon);
            for (int i = 0; i < pixels; i++) {
                for (int c = 0; c < size; c++) {
                    int at = start + i * channels + c;
                    y[at] = (x[at] - mean[group]) * rstd[group] * weight[at % channels] + bias[at % channels];
                }
            }
        }
    }

    /**
     * With x̂ = (x − mean)·rstd and g = dy·weight: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)), where the means are over a group of an image; dweight += Σ
     * dy·x̂ and dbias += Σ dy over the pixels of all images.
     */
    public static void backward(
            double[] dx, // (B·P, C)
            double[] dweight, // (C), accumulated
            double[] dbias, // (C), accumulated
            double[] dy, // (B·P, C)
            double[] x, // (B·P, C)
            double[] mean, // (B·G)
            double[] rstd, // (B·G)
            double[] weight, // (C)
            int groups, int batch, int pixels) {
        int channels = weight.length;
        int size = channels / groups;
        for (int group = 0; group < batch * groups; group++) {
            int start = group / groups * pixels * channels + group % groups * size;
            double meanOfG = 0;
            double meanOfGNormal = 0;
            for (int i = 0; i < pixels; i++) {
                for (int c = 0; c < size; c++) {
                    int at = start + i * channels + c;
                    double normal = (x[at] - mean[group]) * rstd[group];
                    // y = x̂·weight + bias
                    dweight[at % channels] += dy[at] * normal;
                    dbias[at % channels] += dy[at];
                    meanOfG += dy[at] * weight[at % channels];
                    meanOfGNormal += dy[at] * weight[at % channels] * normal;
                }
            }
            meanOfG /= pixels * size;
            meanOfGNormal /= pixels * size;
            for (int i = 0; i < pixels; i++) {
                for (int c = 0; c < size; c++) {
                    int at = start + i * channels + c;
                    double normal = (x[at] - mean[group]) * rstd[group];
                    dx[at] = rstd[group] * (dy[at] * weight[at % channels] - meanOfG - normal * meanOfGNormal);
                }
            }
        }
    }
}
