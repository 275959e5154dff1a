package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

import java.util.Arrays;
import vit.kernels.headnorm.HeadNormReference;

/**
 * The true results of the norm of queries and keys, forward and backward, with their bounds. With biases, every head has the error of a row of
 * LayerNorm. Without them it is a row of RMSNorm: with n = D/16 + 6 roundings in a sum, the sum of squares is off by n·u of itself, rstd by half of the
 * share that this has of mean(x²) + epsilon, and 2u; x̂ by rstd's error and u; y by x̂'s error and u. The rest is as in LayerNorm without the mean.
 */
public final class HeadNormTruth {

    /** The results of the reference, and their bounds. */
    public final double[] y; // (rows, 3·H·D)
    public final double[] dx; // (rows, 3·H·D)
    public final double[][] dweights; // of the queries and of the keys: (D)
    public final double[][] dbiases; // the same, or null
    public final double[] yBounds; // (rows, 3·H·D)
    public final double[] dxBounds; // (rows, 3·H·D)
    public final double[][] dweightBounds;
    public final double[][] dbiasBounds;

    private final double[] x;
    private final double[] dy;
    private final double epsilon;
    private final int heads;
    private final int headDim;
    private final int rows;

    /**
     * The results for some rows of queries, keys and values.
     *
     * @param x         (rows, 3·H·D)
     * @param dy        (rows, 3·H·D)
     * @param weights   of the queries and of the keys: (D)
     * @param biases    the same, or null for a norm without mean and bias
     * @param dweights0 what the gradients of the weights held before
     * @param dbiases0  what those of the biases held, or null
     */
    public HeadNormTruth(double[] x, double[] dy, double[][] weights, double[][] biases, double[][] dweights0, double[][] dbiases0,
            double epsilon, int heads, int rows) {
        this.x = x;
        this.dy = dy;
        this.epsilon = epsilon;
        this.heads = heads;
        this.rows = rows;
        headDim = weights[0].length;
        y = new double[x.length];
        dx = new double[x.length];
        dweights = new double[][] {dweights0[0].clone(), dweights0[1].clone()};
        dbiases = biases == null ? null : new double[][] {dbiases0[0].clone(), dbiases0[1].clone()};
        double[] none = null;
        HeadNormReference.forward(y, x, weights[0], biases == null ? none : biases[0], weights[1], biases == null ? none : biases[1], epsilon, heads, rows);
        HeadNormReference.backward(dx, dweights[0], biases == null ? none : dbiases[0], dweights[1], biases == null ? none : dbiases[1], dy, x,
                weights[0], weights[1], epsilon, heads, rows);
        yBounds = new double[x.length]; // the values are copied: their bound is 0
        dxBounds = new double[x.length];
        dweightBounds = new double[2][headDim];
        dbiasBounds = new double[2][headDim];
        for (int part = 0; part < 2; part++) {
            if (biases == null) {
                boundWithoutMean(part, weights[part], dweights0[part]);
            } else {
                boundLikeLayerNorm(part, weights[part], biases[part], dweights0[part], dbiases0[part]);
            }
        }
    }

    /** The index of the first element of a head of the queries (part 0) or keys (1). */
    private int start(int row, int part, int head) {
        return ((row * 3 + part) * heads + head) * headDim;
    }

    private double[] gathered(double[] all, int part) {
        double[] gathered = new double[rows * heads * headDim];
        for (int i = 0; i < rows * heads; i++) {
            System.arraycopy(all, start(i / heads, part, i % heads), gathered, i * headDim, headDim);
        }
        return gathered;
    }

    private void boundLikeLayerNorm(int part, double[] weight, double[] bias, double[] dweight0, double[] dbias0) {
        LayerNormTruth truth = new LayerNormTruth(gathered(x, part), weight, bias, epsilon);
        double[] upstream = gathered(dy, part);
        for (int i = 0; i < upstream.length; i++) {
            int at = start(i / headDim / heads, part, i / headDim % heads) + i % headDim;
            yBounds[at] = truth.yBound(i);
            dxBounds[at] = truth.inputBound(upstream, i);
        }
        for (int d = 0; d < headDim; d++) {
            dweightBounds[part][d] = truth.weightBound(upstream, dweight0[d], d);
            dbiasBounds[part][d] = truth.biasBound(upstream, dbias0[d], d);
        }
    }

    private void boundWithoutMean(int part, double[] weight, double[] dweight0) {
        int terms = rows * heads;
        double[] errors = dweightBounds[part];
        Arrays.setAll(errors, d -> (terms + 1) * U * Math.abs(dweight0[d]));
        for (int i = 0; i < terms; i++) {
            boundHead(start(i / heads, part, i % heads), weight, errors, terms);
        }
    }

    private void boundHead(int start, double[] weight, double[] errorOfWeight, int terms) {
        int n = headDim;
        double squares = 0;
        for (int i = start; i < start + n; i++) {
            squares += x[i] * x[i] / n;
        }
        double rstd = 1 / Math.sqrt(squares + epsilon);
        double summation = n / 16 + 6;
        double share = 0.5 * (summation * U * squares + Float.MIN_NORMAL) / (squares + epsilon) + 2 * U;
        double size = 0;
        for (int d = 0; d < n; d++) {
            size += Math.abs(dy[start + d] * weight[d] * x[start + d]) * rstd / n;
        }
        for (int d = 0; d < n; d++) {
            int i = start + d;
            double normal = Math.abs(x[i]) * rstd;
            double normalBound = normal * (share + U) + Float.MIN_VALUE;
            yBounds[i] = (Math.abs(weight[d]) * normalBound + U * Math.abs(y[i])) * 1.001 + Float.MIN_VALUE;
            double errors = (summation + 3) * U * normal * size + 2 * normal * size * (share + U);
            double sum = Math.abs(dy[i] * weight[d]) + normal * size;
            dxBounds[i] = rstd * (1 + share) * (errors + (share + 4 * U) * sum) * 1.001 + Float.MIN_NORMAL;
            errorOfWeight[d] += Math.abs(dy[i]) * (normalBound + (terms + 1) * U * (normal + normalBound));
        }
    }
}
