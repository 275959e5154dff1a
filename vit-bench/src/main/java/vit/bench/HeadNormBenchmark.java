package vit.bench;

import org.openjdk.jmh.annotations.Param;
import vit.kernels.headnorm.HeadNorm;
import vit.kernels.tensor.Tensor;

/** The normalisation of all heads of the queries and keys, with the values copied. */
public class HeadNormBenchmark extends KernelBenchmark {

    private static final int HEAD_DIM = WIDTH / HEADS;
    private static final double EPSILON = 1e-6;

    /** Whether the heads are normalised with biases (layer normalisation) or without (RMSNorm). */
    @Param({"true", "false"})
    public boolean biases;

    private Tensor x; // (B·T, 3C)
    private Tensor y; // (B·T, 3C)
    private Tensor dy; // (B·T, 3C)
    private Tensor dx; // (B·T, 3C)
    private Tensor weight; // (D), of queries and keys
    private Tensor bias; // (D), of queries and keys, or null
    private Tensor dqueryWeight; // (D)
    private Tensor dqueryBias; // (D), or null
    private Tensor dkeyWeight; // (D)
    private Tensor dkeyBias; // (D), or null

    /** For JMH. */
    public HeadNormBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        x = random(rows(), 3 * WIDTH);
        y = zeros(rows(), 3 * WIDTH);
        dy = random(rows(), 3 * WIDTH);
        dx = zeros(rows(), 3 * WIDTH);
        weight = zeros(HEAD_DIM).fill(1);
        bias = biases ? zeros(HEAD_DIM) : null;
        dqueryWeight = zeros(HEAD_DIM);
        dqueryBias = biases ? zeros(HEAD_DIM) : null;
        dkeyWeight = zeros(HEAD_DIM);
        dkeyBias = biases ? zeros(HEAD_DIM) : null;
    }

    @Override
    Pass forward() {
        return new Pass(w -> HeadNorm.forward(y, x, weight, bias, weight, bias, EPSILON, HEADS, rows(), w), gigabytes(x, y));
    }

    @Override
    String checkForward() {
        double squares = 0;
        for (int d = 0; d < HEAD_DIM; d++) {
            squares += Math.pow(y.get(rows() - 1, d), 2);
        }
        return near("the mean square of a head", 1, squares / HEAD_DIM, 1e-3);
    }

    @Override
    Pass backward() {
        return new Pass(w -> HeadNorm.backward(dx, dqueryWeight, dqueryBias, dkeyWeight, dkeyBias, dy, x, weight, weight, EPSILON, HEADS, rows(), w),
                gigabytes(dy, x, dx));
    }

    /** dx has no component along the normalised head: a change of its length changes nothing. */
    @Override
    String checkBackward() {
        double dot = 0;
        for (int d = 0; d < HEAD_DIM; d++) {
            dot += (double) dx.get(rows() - 1, d) * y.get(rows() - 1, d);
        }
        return near("dx along the head", 0, dot, 1e-3);
    }
}
