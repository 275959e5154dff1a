package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

import vit.kernels.optim.Adam;
import vit.kernels.optim.AdamReference;
import vit.kernels.optim.Sgd;
import vit.kernels.optim.SgdReference;

/**
 * The true results of one step of an optimiser, with a bound for each. Every constant is rounded to float once, and so is every result of an operation.
 * An error passes on with the factor that the next operation gives it. A capital letter below is the sum of the absolute values of the terms that make
 * the quantity of the small letter, so u times it bounds a rounding of that quantity; err is its error.
 *
 * <pre>
 * g = scale·grad + decay·p                 err g = 3u·G
 *
 * SGD       v' = momentum·v + g             err v' = u·momentum·|v| + err g + u·V
 *           d  = momentum·v' + g, or v'     err d  = momentum·(err v' + u·V) + err g + u·D
 *           p' = p − rate·d                 err p' = rate·(err d + u·D) + u·(|p| + rate·D)
 *
 * Adam      m' = m + share·(g − m)          err m' = share·(err g + 2u·(G + |m|)) + u·(|m| + share·(G + |m|))
 *           s' = b·s + share·g²             err s' = 2u·b·s + share·(2G·err g + 2u·G²) + u·(b·s + share·G²)
 *           n  = √s'·c + epsilon            err n  = c·(err s' / √s' + 2u·√s') + u·epsilon + u·N
 *           p' = kept·p − rate'·m'/n        err p' = rate'·(err m' + |m'|·err n / n + 3u·M) / n + 2u·|p| + u·|p'|
 * </pre>
 *
 * <p>All bounds are 1 % larger, which covers products of two errors.
 */
public final class OptimiserTruth {

    private static final double SECOND_ORDER = 1.01;

    /** The parameter, the first and, for Adam, the second moment after the step. */
    public final double[][] expected;

    /** The bound of each. */
    public final double[][] bounds;

    private OptimiserTruth(double[]... expected) {
        this.expected = expected;
        bounds = new double[expected.length][expected[0].length];
    }

    /** A step of SGD from the given parameter and velocity. */
    public static OptimiserTruth of(Sgd sgd, double[] param, double[] velocity, double[] grad, double rate, double decay, double scale) {
        OptimiserTruth truth = new OptimiserTruth(param.clone(), velocity.clone());
        SgdReference.update(truth.expected[0], truth.expected[1], grad, sgd, rate, decay, scale);
        for (int i = 0; i < param.length; i++) {
            double G = Math.abs(grad[i] * scale) + Math.abs(decay * param[i]);
            double ofG = 3 * U * G;
            double V = sgd.momentum() * Math.abs(velocity[i]) + G;
            double ofV = U * sgd.momentum() * Math.abs(velocity[i]) + ofG + U * V;
            double along = sgd.nesterov() ? sgd.momentum() : 1;
            double D = along * V + (sgd.nesterov() ? G : 0);
            double ofD = along * (ofV + U * V) + (sgd.nesterov() ? ofG : 0) + U * D;
            double ofP = rate * (ofD + U * D) + U * (Math.abs(param[i]) + rate * D);
            truth.bounds[0][i] = ofP * SECOND_ORDER + Float.MIN_NORMAL;
            truth.bounds[1][i] = ofV * SECOND_ORDER + Float.MIN_NORMAL;
        }
        return truth;
    }

    /** Step {@code step} of Adam or AdamW from the given parameter and moments. */
    public static OptimiserTruth of(Adam adam, double[] param, double[] mean, double[] square, double[] grad, double rate, double decay, double scale,
            int step) {
        OptimiserTruth truth = new OptimiserTruth(param.clone(), mean.clone(), square.clone());
        AdamReference.update(truth.expected[0], truth.expected[1], truth.expected[2], grad, adam, rate, decay, scale, step);
        double share = 1 - adam.beta1();
        double squareShare = 1 - adam.beta2();
        double rootScale = 1 / Math.sqrt(1 - Math.pow(adam.beta2(), step));
        double stepSize = rate / (1 - Math.pow(adam.beta1(), step));
        for (int i = 0; i < param.length; i++) {
            double G = Math.abs(grad[i] * scale) + (adam.decoupled() ? 0 : Math.abs(decay * param[i]));
            double ofG = 3 * U * G;
            double M = Math.abs(mean[i]) + share * (G + Math.abs(mean[i]));
            double ofM = share * (ofG + 2 * U * (G + Math.abs(mean[i]))) + U * M;
            double kept = adam.beta2() * square[i];
            double ofS = 2 * U * kept + squareShare * (2 * G * ofG + 2 * U * G * G) + U * (kept + squareShare * G * G);
            double root = Math.sqrt(truth.expected[2][i]);
            double n = root * rootScale + adam.epsilon();
            double ofN = rootScale * ((root == 0 ? 0 : ofS / root) + 2 * U * root) + U * adam.epsilon() + U * n;
            double ratio = Math.abs(truth.expected[1][i]) / n;
            double ofP = stepSize * (ofM / n + ratio * ofN / n + 3 * U * M / n) + 2 * U * Math.abs(param[i]) + U * Math.abs(truth.expected[0][i]);
            truth.bounds[0][i] = ofP * SECOND_ORDER + Float.MIN_NORMAL;
            truth.bounds[1][i] = ofM * SECOND_ORDER + Float.MIN_NORMAL;
            truth.bounds[2][i] = ofS * SECOND_ORDER + Float.MIN_NORMAL;
        }
        return truth;
    }
}
