package vit.bench;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionGradientWorkspace;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.PackedRows;
import vit.kernels.tensor.Tensor;

/**
 * Multi-head attention of one block, without its linear layers. Forward and backward pass are those of training, on tensors; the backward pass
 * recomputes the probabilities. {@link #forwardPacked} is the forward pass of inference. {@link #forwardWithBias} and {@link #backwardWithBias} add a
 * bias to the scores, and its gradient.
 */
public class AttentionBenchmark extends KernelBenchmark {

    private static final int HEAD_DIM = WIDTH / HEADS;
    private static final float SCALE = 0.125f;

    private Tensor qkv; // (B·T, 3C): Q and K random, V ones, so that every output is 1
    private Tensor out; // (B·T, C)
    private Tensor logSumExp; // (B·H, T)
    private Tensor dout; // (B·T, C)
    private Tensor dqkv; // (B·T, 3C)
    private PackedRows packedQkv; // the same as qkv
    private PackedRows packedOut; // (B·T, C)
    private Tensor bias; // (H·T, T)
    private Tensor dbias; // (H·T, T)
    private Pass packed;
    private Pass biased;
    private Pass biasedBackward;

    /** For JMH. */
    public AttentionBenchmark() {}

    @Override
    boolean isArithmetic() {
        return true;
    }

    @Override
    void allocate() {
        qkv = random(rows(), 3 * WIDTH);
        for (int row = 0; row < rows(); row++) {
            for (int column = 2 * WIDTH; column < 3 * WIDTH; column++) {
                qkv.set(row, column, 1);
            }
        }
        out = zeros(rows(), WIDTH);
        logSumExp = zeros(batch * HEADS, TOKENS);
        dout = zeros(rows(), WIDTH).fill(1);
        dqkv = zeros(rows(), 3 * WIDTH);
        packedQkv = PackedRows.allocate(arena(), rows(), 3 * WIDTH);
        packedQkv.write(qkv.toDoubles(), rows());
        packedOut = PackedRows.allocate(arena(), rows(), WIDTH);
        bias = random(HEADS * TOKENS, TOKENS);
        dbias = zeros(HEADS * TOKENS, TOKENS);
        AttentionWorkspace workspace = AttentionWorkspace.allocate(arena(), TOKENS, HEAD_DIM, threads);
        AttentionGradientWorkspace gradients = AttentionGradientWorkspace.allocate(arena(), TOKENS, HEAD_DIM, threads);
        biased = new Pass(
                w -> Attention.forward(out, logSumExp, null, qkv, bias, batch, TOKENS, HEADS, SCALE, workspace, w), products(2));
        biasedBackward = new Pass(w -> Attention.backward(
                dqkv, dbias, dout, out, logSumExp, qkv, bias, batch, TOKENS, HEADS, SCALE, gradients, w), products(5));
        packed = new Pass(w -> Attention.forward(packedOut, packedQkv, batch, TOKENS, HEADS, SCALE, workspace, w), products(2));
    }

    /** Q·Kᵀ and P·V. */
    private double products(int count) {
        return count * 2e-9 * batch * TOKENS * TOKENS * WIDTH;
    }

    @Override
    Pass forward() {
        AttentionWorkspace workspace = AttentionWorkspace.allocate(arena(), TOKENS, HEAD_DIM, threads);
        return new Pass(w -> Attention.forward(out, logSumExp, null, qkv, batch, TOKENS, HEADS, SCALE, workspace, w), products(2));
    }

    @Override
    String checkForward() {
        workers().run(packed.task());
        if (!Arrays.equals(packedOut.read(rows()), out.toDoubles())) {
            return "packed rows give other bits than tensors";
        }
        return near("an average of ones", 1, out.get(rows() - 1, WIDTH - 1), 1e-5);
    }

    /** The forward pass between two matrix products whose rows are packed. It keeps no log-sum-exp. */
    @Benchmark
    public void forwardPacked() {
        run(packed);
    }

    /** The forward pass of training with a bias. */
    @Benchmark
    public void forwardWithBias() {
        run(biased);
    }

    /** The backward pass with a bias and its gradient. It does not matter to the time that no forward pass with the bias came before. */
    @Benchmark
    public void backwardWithBias() {
        run(biasedBackward);
    }

    /** Five products: the scores again, dP, dV, dQ and dK. */
    @Override
    Pass backward() {
        AttentionGradientWorkspace workspace = AttentionGradientWorkspace.allocate(arena(), TOKENS, HEAD_DIM, threads);
        return new Pass(w -> Attention.backward(dqkv, dout, out, logSumExp, qkv, batch, TOKENS, HEADS, SCALE, workspace, w), products(5));
    }

    @Override
    String checkBackward() {
        double dv = 0;
        for (int row = rows() - TOKENS; row < rows(); row++) {
            dv += dqkv.get(row, 3 * WIDTH - 1);
        }
        String fault = near("the sum of dV over the tokens", TOKENS, dv, 1e-2);
        return fault == null ? near("dQ where V is constant", 0, dqkv.get(rows() - 1, 0), 1e-3) : fault;
    }
}
