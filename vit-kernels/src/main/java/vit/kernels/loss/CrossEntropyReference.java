package vit.kernels.loss;

/** The mathematics of {@link CrossEntropy}: plain loops over {@code double[]}, row-major without gaps. */
public final class CrossEntropyReference {

    private CrossEntropyReference() {}

    /** Targets (B, K) with all weight on the labels. */
    public static double[] oneHot(int[] labels, int batch, int classes) {
        double[] targets = new double[batch * classes];
        for (int b = 0; b < batch; b++) {
            targets[b * classes + labels[b]] = 1;
        }
        return targets;
    }

    /** target = (1 − s) · target + s / K, in place. */
    public static void smooth(double[] targets, double smoothing, int classes) {
        for (int i = 0; i < targets.length; i++) {
            targets[i] = (1 - smoothing) * targets[i] + smoothing / classes;
        }
    }

    public static void forward(
            double[] losses, // (B)
            double[] probabilities, // (B, K)
            double[] logits, // (B, K)
            double[] targets, // (B, K), smoothed
            int classes) {
        for (int b = 0; b < losses.length; b++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int k = 0; k < classes; k++) {
                max = Math.max(max, logits[b * classes + k]);
            }
            double sum = 0;
            for (int k = 0; k < classes; k++) {
                sum += Math.exp(logits[b * classes + k] - max);
            }
            losses[b] = 0;
            for (int k = 0; k < classes; k++) {
                double logProbability = logits[b * classes + k] - max - Math.log(sum);
                probabilities[b * classes + k] = Math.exp(logProbability);
                if (targets[b * classes + k] != 0) { // 0 · ∞ is no cost
                    losses[b] -= targets[b * classes + k] * logProbability;
                }
            }
        }
    }

    public static void backward(
            double[] dlogits, // (B, K)
            double[] probabilities, // (B, K)
            double[] targets, // (B, K), smoothed
            double scale, int classes) {
        for (int b = 0; b < dlogits.length / classes; b++) {
            double total = 0;
            for (int k = 0; k < classes; k++) {
                total += targets[b * classes + k];
            }
            for (int k = 0; k < classes; k++) {
                int i = b * classes + k;
                // loss = Σ_j target_j · (lse − z_j), and ∂lse/∂z_k = p_k
                dlogits[i] = (probabilities[i] * total - targets[i]) * scale;
            }
        }
    }
}
