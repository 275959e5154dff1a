package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

import java.util.Arrays;
import vit.kernels.loss.CrossEntropyReference;

/**
 * The true results of softmax cross-entropy, forward and backward, with their bounds. For a row, with d = z − max, u = 2⁻²⁴, T = Σ t, and n = K/16 + 5
 * additions that a term of a sum in 16 lanes goes through:
 *
 * <pre>
 * exp(d)    relative error (|d| + 2)·u, because d is rounded and exp is within 0.89 ulp; below −87.3 it is 0 instead of 2^-126
 * S         relative error (n + 2 + D)·u with D = Σ |d| exp(d) / S
 * log S     the relative error of S, and 2·u·log S
 * loss      T times the error of log S; (n + 2)·u·Σ t·|d| for the sum of t·d; the error of the sum T; one rounding
 * p         relative error (|d| + 2)·u + (n + 2 + D)·u and one rounding
 * dlogits   T times the error of p; p times the error of the sum T; the roundings of t, of the difference and of the factor
 * </pre>
 */
public final class CrossEntropyTruth {

    /** The results of the reference. */
    public final double[] losses; // (B)
    public final double[] probabilities; // (B, K)
    public final double[] dlogits; // (B, K)
    public final double[] lossBounds; // (B)
    public final double[] probabilityBounds; // (B, K)
    public final double[] dlogitsBounds; // (B, K)

    private final double[] logits;
    private final double[] targets;
    private final double scale;
    private final int classes;

    /**
     * The results for some logits.
     *
     * @param logits  (B, K)
     * @param targets (B, K), smoothed
     * @param scale   the factor on the gradient
     */
    public CrossEntropyTruth(double[] logits, double[] targets, double scale, int classes) {
        this.logits = logits;
        this.targets = targets;
        this.scale = scale;
        this.classes = classes;
        int batch = logits.length / classes;
        losses = new double[batch];
        probabilities = new double[logits.length];
        dlogits = new double[logits.length];
        CrossEntropyReference.forward(losses, probabilities, logits, targets, classes);
        CrossEntropyReference.backward(dlogits, probabilities, targets, scale, classes);
        lossBounds = new double[batch];
        probabilityBounds = new double[logits.length];
        dlogitsBounds = new double[logits.length];
        for (int b = 0; b < batch; b++) {
            bound(b);
        }
    }

    private void bound(int b) {
        int K = classes;
        int row = b * K;
        double max = Arrays.stream(logits, row, row + K).max().orElseThrow();
        double n = K / 16 + 5;
        double S = 0;
        double D = 0;
        double T = 0;
        double distance = 0;
        for (int i = row; i < row + K; i++) {
            double d = Math.abs(logits[i] - max);
            S += Math.exp(-d);
            D += d * Math.exp(-d);
            T += targets[i];
            distance += targets[i] * d;
        }
        double sumError = (n + 2 + D / S) * U;
        lossBounds[b] = T * (sumError + (2 + n) * U * Math.log(S)) + (n + 3) * U * distance + 2 * U * losses[b] + K * 0x1p-126;
        for (int i = row; i < row + K; i++) {
            double d = Math.abs(logits[i] - max);
            probabilityBounds[i] = probabilities[i] * ((d + 3) * U + sumError) + 0x1p-125;
            double error = T * probabilityBounds[i] + T * probabilities[i] * (n + 2) * U + 3 * U * targets[i];
            dlogitsBounds[i] = scale * error + 4 * U * Math.abs(dlogits[i]) + Float.MIN_VALUE;
        }
    }
}
