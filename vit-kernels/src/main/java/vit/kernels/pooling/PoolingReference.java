package vit.kernels.pooling;

/** The mathematics of {@link Pooling}: plain loops over {@code double[]}, row-major without gaps. */
public final class PoolingReference {

    private PoolingReference() {}

    public static void forward(
            double[] pooled, // (B, C)
            double[] tokens, // (B, T, C)
            int first, int last, int batch, int tokensPerImage, int width) {
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < width; c++) {
                double sum = 0;
                for (int t = first; t < last; t++) {
                    sum += tokens[(b * tokensPerImage + t) * width + c];
                }
                pooled[b * width + c] = sum / (last - first);
            }
        }
    }

    public static void backward(
            double[] dtokens, // (B, T, C)
            double[] dpooled, // (B, C)
            int first, int last, int batch, int tokensPerImage, int width) {
        for (int b = 0; b < batch; b++) {
            for (int t = 0; t < tokensPerImage; t++) {
                for (int c = 0; c < width; c++) {
                    // pooled = sum of the tokens in [first, last) / n
                    boolean inside = t >= first && t < last;
                    dtokens[(b * tokensPerImage + t) * width + c] = inside ? dpooled[b * width + c] / (last - first) : 0;
                }
            }
        }
    }

    /** The mean weighted by sizes: pooled = Σ size·token / Σ size over the tokens in [first, last). */
    public static void forwardWeighted(
            double[] pooled, // (B, C)
            double[] tokens, // (B, T, C)
            double[] sizes, // (B, T)
            int first, int last, int batch, int tokensPerImage, int width) {
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < width; c++) {
                double sum = 0;
                double total = 0;
                for (int t = first; t < last; t++) {
                    sum += sizes[b * tokensPerImage + t] * tokens[(b * tokensPerImage + t) * width + c];
                    total += sizes[b * tokensPerImage + t];
                }
                pooled[b * width + c] = sum / total;
            }
        }
    }

    /** The gradient of {@link #forwardWeighted} with the sizes held fixed. */
    public static void backwardWeighted(
            double[] dtokens, // (B, T, C)
            double[] dpooled, // (B, C)
            double[] sizes, // (B, T)
            int first, int last, int batch, int tokensPerImage, int width) {
        for (int b = 0; b < batch; b++) {
            double total = 0;
            for (int t = first; t < last; t++) {
                total += sizes[b * tokensPerImage + t];
            }
            for (int t = 0; t < tokensPerImage; t++) {
                for (int c = 0; c < width; c++) {
                    // pooled = Σ size·token / total over [first, last)
                    boolean inside = t >= first && t < last;
                    dtokens[(b * tokensPerImage + t) * width + c] = inside ? dpooled[b * width + c] * (sizes[b * tokensPerImage + t] / total) : 0;
                }
            }
        }
    }

    public static void forwardMax(
            double[] pooled, // (B, C)
            double[] tokens, // (B, T, C)
            int first, int last, int batch, int tokensPerImage, int width) {
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < width; c++) {
                double max = tokens[(b * tokensPerImage + first) * width + c];
                for (int t = first + 1; t < last; t++) {
                    max = Math.max(max, tokens[(b * tokensPerImage + t) * width + c]);
                }
                pooled[b * width + c] = max;
            }
        }
    }

    public static void backwardMax(
            double[] dtokens, // (B, T, C)
            double[] dpooled, // (B, C)
            double[] tokens, // (B, T, C)
            int first, int last, int batch, int tokensPerImage, int width) {
        double[] pooled = new double[batch * width];
        forwardMax(pooled, tokens, first, last, batch, tokensPerImage, width);
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < width; c++) {
                // pooled = max over [first, last): the tokens that are not less share its gradient, or are NaN with it
                double max = pooled[b * width + c];
                int count = 0;
                for (int t = first; t < last; t++) {
                    count += tokens[(b * tokensPerImage + t) * width + c] < max ? 0 : 1;
                }
                double share = Double.isNaN(max) ? max : dpooled[b * width + c] / count;
                for (int t = 0; t < tokensPerImage; t++) {
                    int at = (b * tokensPerImage + t) * width + c;
                    boolean largest = t >= first && t < last && !(tokens[at] < max);
                    dtokens[at] = largest ? share : 0;
                }
            }
        }
    }
}
