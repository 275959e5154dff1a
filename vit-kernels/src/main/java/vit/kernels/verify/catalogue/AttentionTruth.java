package vit.kernels.verify.catalogue;

import vit.kernels.attention.AttentionReference;

/**
 * The true results of the attention of one image, forward and backward, with a bound for the error that float arithmetic may make in each element.
 * Here u = 2⁻²⁴ is the largest relative error of a rounding, γ_n = n·u/(1 − n·u) bounds a chain of n fma (Higham, lemma 3.1), and n = T/16 + 5 is the
 * number of additions that a term of a sum in 16 lanes goes through. A bar stands for the mean over a row, weighted by p; err(x) is the bound of x:
 *
 * <pre>
 * s_ij    e_ij = scale·γ_D·Σ|q·k| + u·|s_ij|, where s_ij includes the bias, if there is one
 * p_ij    relative error e_ij + ē_i + u·(a_ij + ā_i + n + 6) with a_ij = max s_i − s_ij: the errors of the scores cause the
 *         first two terms, the softmax itself the last
 * out_id  Σ_j err(p_ij)·|v_jd| + γ_T·Σ_j p_ij·|v_jd|
 * lse_i   ē_i + u·(ā_i + n + 4 + 2·log Σ exp + |lse_i|)
 *
 * p_ij    recomputed in the backward pass: relative error r_ij = scale·γ_D·Σ|q·k| + err(lse_i) + u·|s_ij − lse_i| + 2u,
 *         and u·|s_ij| more if there is a bias
 * dp_ij   γ_D·Σ|dout·v|
 * δ_i     Σ|dout|·err(out) + γ_D·Σ|dout·out|
 * ds_ij   scale·p_ij·(err(dp_ij) + err(δ_i) + |dp_ij − δ_i|·(r_ij + 3u))
 * dq, dk, dv   Σ err(first factor)·|second factor| + γ_T·Σ|first factor · second factor|
 * dbias_ij     p_ij·(err(dp_ij) + err(δ_i) + |dp_ij − δ_i|·(r_ij + 2u)) for each image; over the images, their sum and
 *         γ_B·(|value before| + Σ|terms|)
 * </pre>
 *
 * <p>All bounds are 1 % larger, which covers products of two errors. They are a few least normal floats larger as well, since exponentials below that
 * size count as 0.
 */
public final class AttentionTruth {

    private static final double U = 0x1p-24;
    private static final double SECOND_ORDER = 1.01;
    private static final double FLUSHED = 4 * Float.MIN_NORMAL;

    public final double[] out; // (T, H·D)
    public final double[] maps; // (H, T, T)
    public final double[] logSumExp; // (H, T)
    public final double[] dqkv; // (T, 3·H·D)
    public final double[] dbias; // (H, T, T), of this image alone
    public final double[] outBound;
    public final double[] mapsBound;
    public final double[] logSumExpBound;
    public final double[] dqkvBound;
    public final double[] dbiasBound;

    private final double[] qkv;
    private final double[] bias; // (H, T, T), or null
    private final double[] dout;
    private final int tokens;
    private final int heads;
    private final int headDim;
    private final int inner;
    private final double scale;

    /** Without a bias. The arguments are those of {@link AttentionReference}. */
    public AttentionTruth(double[] qkv, double[] dout, int tokens, int heads, int headDim, double scale) {
        this(qkv, null, dout, tokens, heads, headDim, scale);
    }

    /** With a bias, or null. */
    public AttentionTruth(double[] qkv, double[] bias, double[] dout, int tokens, int heads, int headDim, double scale) {
        this.qkv = qkv;
        this.bias = bias;
        this.dout = dout;
        this.tokens = tokens;
        this.heads = heads;
        this.headDim = headDim;
        this.inner = heads * headDim;
        this.scale = scale;
        out = new double[tokens * inner];
        maps = new double[heads * tokens * tokens];
        logSumExp = new double[heads * tokens];
        dqkv = new double[tokens * 3 * inner];
        dbias = new double[maps.length];
        AttentionReference.forward(out, maps, logSumExp, qkv, bias, tokens, heads, headDim, scale);
        AttentionReference.backward(dqkv, dbias, dout, qkv, maps, tokens, heads, headDim, scale);
        outBound = new double[out.length];
        mapsBound = new double[maps.length];
        logSumExpBound = new double[logSumExp.length];
        dqkvBound = new double[dqkv.length];
        dbiasBound = new double[maps.length];
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < tokens; i++) {
                boundForward(h, i);
                boundBackward(h, i);
            }
        }
        finish(outBound);
        finish(mapsBound);
        finish(logSumExpBound);
        finish(dqkvBound);
        finish(dbiasBound);
    }

    private static void finish(double[] bounds) {
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = bounds[i] * SECOND_ORDER + FLUSHED;
        }
    }

    /** γ_n of a chain of n roundings. */
    public static double gamma(int n) {
        return n * U / (1 - n * U);
    }

    /** The index of element d of part (0: q, 1: k, 2: v) of token t. */
    private int at(int t, int part, int h, int d) {
        return (t * 3 + part) * inner + h * headDim + d;
    }

    /** scale·q_i·k_j, of the values or of their absolute values. */
    private double score(int h, int i, int j, boolean absolute) {
        double sum = 0;
        for (int d = 0; d < headDim; d++) {
            double product = qkv[at(i, 0, h, d)] * qkv[at(j, 1, h, d)];
            sum += absolute ? Math.abs(product) : product;
        }
        return sum * scale;
    }

    private double biased(int h, int i, int j) {
        return score(h, i, j, false) + (bias == null ? 0 : bias[(h * tokens + i) * tokens + j]);
    }

    private void boundForward(int h, int i) {
        int row = (h * tokens + i) * tokens;
        double[] scores = new double[tokens];
        double[] errors = new double[tokens];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < tokens; j++) {
            scores[j] = biased(h, i, j);
            errors[j] = gamma(headDim) * score(h, i, j, true) + U * Math.abs(scores[j]);
            max = Math.max(max, scores[j]);
        }
        double meanError = 0;
        double meanDistance = 0;
        for (int j = 0; j < tokens; j++) {
            meanError += maps[row + j] * errors[j];
            meanDistance += maps[row + j] * (max - scores[j]);
        }
        double n = tokens / 16 + 5;
        double sums = logSumExp[h * tokens + i];
        logSumExpBound[h * tokens + i] = meanError + U * (meanDistance + n + 4 + 2 * (sums - max) + Math.abs(sums));
        for (int j = 0; j < tokens; j++) {
            double share = errors[j] + meanError + U * (max - scores[j] + meanDistance + n + 6);
            mapsBound[row + j] = maps[row + j] * share;
            for (int d = 0; d < headDim; d++) {
                double v = Math.abs(qkv[at(j, 2, h, d)]);
                outBound[i * inner + h * headDim + d] += (mapsBound[row + j] + gamma(tokens) * maps[row + j]) * v;
            }
        }
    }

    private void boundBackward(int h, int i) {
        int row = (h * tokens + i) * tokens;
        double delta = 0;
        double deltaError = 0;
        for (int d = 0; d < headDim; d++) {
            int o = i * inner + h * headDim + d;
            delta += dout[o] * out[o];
            deltaError += Math.abs(dout[o]) * (outBound[o] + gamma(headDim) * Math.abs(out[o]));
        }
        for (int j = 0; j < tokens; j++) {
            double p = maps[row + j];
            double dp = 0;
            double dpSize = 0;
            for (int d = 0; d < headDim; d++) {
                double product = dout[i * inner + h * headDim + d] * qkv[at(j, 2, h, d)];
                dp += product;
                dpSize += Math.abs(product);
            }
            double share = gamma(headDim) * score(h, i, j, true) + logSumExpBound[h * tokens + i]
                    + U * Math.abs(biased(h, i, j) - logSumExp[h * tokens + i]) + 2 * U + (bias == null ? 0 : U * Math.abs(biased(h, i, j)));
            double dbiasError = p * (gamma(headDim) * dpSize + deltaError) + Math.abs(p * (dp - delta)) * (share + 2 * U);
            dbiasBound[row + j] = dbiasError;
            double ds = Math.abs(scale * p * (dp - delta));
            double dsError = scale * p * (gamma(headDim) * dpSize + deltaError) + ds * (share + 3 * U);
            for (int d = 0; d < headDim; d++) {
                int q = at(i, 0, h, d);
                int k = at(j, 1, h, d);
                dqkvBound[q] += (dsError + gamma(tokens) * ds) * Math.abs(qkv[k]);
                dqkvBound[k] += (dsError + gamma(tokens) * ds) * Math.abs(qkv[q]);
                dqkvBound[at(j, 2, h, d)] += p * (share + gamma(tokens)) * Math.abs(dout[i * inner + h * headDim + d]);
            }
        }
    }
}
