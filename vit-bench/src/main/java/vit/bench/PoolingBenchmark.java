package vit.bench;

import vit.kernels.pooling.Pooling;
import vit.kernels.tensor.Tensor;

/** The mean over the patch tokens. */
public class PoolingBenchmark extends KernelBenchmark {

    private Tensor tokens; // (B, T, C)
    private Tensor pooled; // (B, C)
    private Tensor dtokens; // (B, T, C)
    private Tensor dpooled; // (B, C)

    /** For JMH. */
    public PoolingBenchmark() {}

    @Override
    boolean isArithmetic() {
        return false;
    }

    @Override
    void allocate() {
        tokens = zeros(batch, TOKENS, WIDTH).fill(3);
        pooled = zeros(batch, WIDTH);
        dtokens = zeros(batch, TOKENS, WIDTH);
        dpooled = zeros(batch, WIDTH).fill(TOKENS - 1);
    }

    @Override
    Pass forward() {
        return new Pass(w -> Pooling.forward(pooled, tokens, 1, TOKENS, batch, TOKENS, w), gigabytes(tokens, pooled));
    }

    @Override
    String checkForward() {
        return near("the mean of 3", 3, pooled.get(batch - 1, WIDTH - 1), 1e-5);
    }

    @Override
    Pass backward() {
        return new Pass(w -> Pooling.backward(dtokens, dpooled, 1, TOKENS, batch, TOKENS, w), gigabytes(dpooled, dtokens));
    }

    @Override
    String checkBackward() {
        return near("a patch token's share", 1, dtokens.get(rows() - 1, WIDTH - 1), 1e-5);
    }
}
