package vit.kernels.attention;

import java.util.Arrays;

/** The mathematics of multi-head attention for one image, in double: plain loops over row-major arrays without gaps. */
public final class AttentionReference {

    private AttentionReference() {}

    /**
     * {@link #forward(double[], double[], double[], double[], double[], int, int, int, double) Attention} without a bias.
     *
     * @param out           (T, H·D)
     * @param probabilities (H, T, T)
     * @param logSumExp     (H, T): log Σ_j exp(scale · q_i·k_j)
     * @param qkv           (T, 3·H·D): Q, K, V one after the other, in each the heads one after the other
     * @param tokens        T
     * @param heads         H
     * @param headDim       D
     * @param scale         the factor on the scores
     */
    public static void forward(double[] out, double[] probabilities, double[] logSumExp, double[] qkv,
            int tokens, int heads, int headDim, double scale) {
        forward(out, probabilities, logSumExp, qkv, null, tokens, heads, headDim, scale);
    }

    /**
     * For each head: p = softmax(scale · q·kᵀ + bias) by rows, out = p·v.
     *
     * @param out           (T, H·D)
     * @param probabilities (H, T, T)
     * @param logSumExp     (H, T): log Σ_j exp(scale · q_i·k_j + bias_ij)
     * @param qkv           (T, 3·H·D): Q, K, V one after the other, in each the heads one after the other
     * @param bias          (H, T, T), or null if nothing is added to the scores
     * @param tokens        T
     * @param heads         H
     * @param headDim       D
     * @param scale         the factor on the products
     */
    public static void forward(double[] out, double[] probabilities, double[] logSumExp, double[] qkv, double[] bias,
            int tokens, int heads, int headDim, double scale) {
        int inner = heads * headDim;
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < tokens; i++) {
                int row = (h * tokens + i) * tokens;
                double max = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < tokens; j++) {
                    double score = 0;
                    for (int d = 0; d < headDim; d++) {
                        score += qkv[i * 3 * inner + h * headDim + d] * qkv[j * 3 * inner + inner + h * headDim + d];
                    }
                    probabilities[row + j] = bias == null ? score * scale : score * scale + bias[row + j];
                    max = Math.max(max, probabilities[row + j]);
                }
                double sum = 0;
                for (int j = 0; j < tokens; j++) {
                    probabilities[row + j] = Math.exp(probabilities[row + j] - max);
                    sum += probabilities[row + j];
                }
                logSumExp[h * tokens + i] = max + Math.log(sum);
                for (int j = 0; j < tokens; j++) {
                    probabilities[row + j] /= sum;
                }
                for (int d = 0; d < headDim; d++) {
                    double value = 0;
                    for (int j = 0; j < tokens; j++) {
                        value += probabilities[row + j] * qkv[j * 3 * inner + 2 * inner + h * headDim + d];
                    }
                    out[i * inner + h * headDim + d] = value;
                }
            }
        }
    }

    /**
     * The gradient of attention without a bias, {@link #backward(double[], double[], double[], double[], double[], int, int, int, double)}.
     *
     * @param dqkv          (T, 3·H·D), overwritten
     * @param dout          (T, H·D)
     * @param qkv           (T, 3·H·D)
     * @param probabilities (H, T, T), from forward
     * @param tokens        T
     * @param heads         H
     * @param headDim       D
     * @param scale         the factor on the scores
     */
    public static void backward(double[] dqkv, double[] dout, double[] qkv, double[] probabilities,
            int tokens, int heads, int headDim, double scale) {
        backward(dqkv, null, dout, qkv, probabilities, tokens, heads, headDim, scale);
    }

    /**
     * The gradient of attention. The bias itself is not needed, because the probabilities are given. For each head:
     *
     * <pre>
     *   dv_j  = Σ_i p_ij · dout_i
     *   dp_ij = dout_i · v_j
     *   ds_ij = p_ij · (dp_ij − Σ_j' p_ij' · dp_ij')
     *   dq_i  = scale · Σ_j ds_ij · k_j
     *   dk_j  = scale · Σ_i ds_ij · q_i
     *   dbias_ij += ds_ij
     * </pre>
     *
     * @param dqkv          (T, 3·H·D), overwritten
     * @param dbias         (H, T, T), accumulated; null if it is not wanted
     * @param dout          (T, H·D)
     * @param qkv           (T, 3·H·D)
     * @param probabilities (H, T, T), from forward
     * @param tokens        T
     * @param heads         H
     * @param headDim       D
     * @param scale         the factor on the products
     */
    public static void backward(double[] dqkv, double[] dbias, double[] dout, double[] qkv, double[] probabilities,
            int tokens, int heads, int headDim, double scale) {
        int inner = heads * headDim;
        Arrays.fill(dqkv, 0, tokens * 3 * inner, 0.0);
        double[] dp = new double[tokens];
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < tokens; i++) {
                int row = (h * tokens + i) * tokens;
                int q = i * 3 * inner + h * headDim;
                int o = i * inner + h * headDim;
                double mean = 0;
                for (int j = 0; j < tokens; j++) {
                    int v = j * 3 * inner + 2 * inner + h * headDim;
                    dp[j] = 0;
                    for (int d = 0; d < headDim; d++) {
                        dp[j] += dout[o + d] * qkv[v + d];
                        dqkv[v + d] += probabilities[row + j] * dout[o + d];
                    }
                    mean += probabilities[row + j] * dp[j];
                }
                for (int j = 0; j < tokens; j++) {
                    int k = j * 3 * inner + inner + h * headDim;
                    double ds = probabilities[row + j] * (dp[j] - mean);
                    if (dbias != null) {
                        dbias[row + j] += ds;
                    }
                    for (int d = 0; d < headDim; d++) {
                        dqkv[q + d] += scale * ds * qkv[k + d];
                        dqkv[k + d] += scale * ds * qkv[q + d];
                    }
                }
            }
        }
    }
}
