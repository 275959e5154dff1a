package vit.model.forward;

import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * Makes the attention probabilities of a block once more from the block's input: softmax(Q·Kᵀ/√D) of LN₁(x). The forward pass
 * itself never has all of them in memory. For looking at, not for the hot path: its memory is planned for one look.
 */
public final class AttentionProbe {

    private final VitConfig config;
    private final VitWeights weights;
    private final Tensor x; // (T, C)
    private final Tensor normed; // (T, C)
    private final Tensor qkv; // (T, 3·H·D)
    private final Tensor attended; // (T, H·D), not used
    private final Tensor probabilities; // (H·T, T)
    private final GemmWorkspace gemm;
    private final AttentionWorkspace attention;

    public AttentionProbe(VitConfig config, VitWeights weights, int workers, TensorArena arena) {
        this.config = config;
        this.weights = weights;
        int tokens = config.tokens();
        x = arena.allocatePadded(tokens, config.width());
        normed = arena.allocatePadded(tokens, config.width());
        qkv = arena.allocatePadded(tokens, 3 * config.inner());
        attended = arena.allocatePadded(tokens, config.inner());
        probabilities = arena.allocate(Math.multiplyExact(config.heads(), tokens), tokens);
        gemm = GemmWorkspace.allocate(arena, tokens, config.width(), workers);
        attention = AttentionWorkspace.allocate(arena, tokens, config.headDim(), workers);
    }

    /**
     * The probabilities of block {@code block}, (H, T, T).
     *
     * @param input (T, C): the tokens that the block is given
     */
    public float[] block(int block, float[] input, Workers workers) {
        x.copyFrom(input);
        String norm = Parameters.block(block, Parameters.NORM_1);
        String name = Parameters.block(block, Parameters.QKV);
        Linear layer = Linear.of(weights.matrix(name), Epilogue.bias(weights.vector(name + ".bias")));
        Tensor weight = weights.vector(norm + ".weight");
        Tensor bias = weights.vector(norm + ".bias");
        workers.run(w -> attend(layer, weight, bias, w));
        return probabilities.toArray();
    }

    private void attend(Linear layer, Tensor weight, Tensor bias, Worker w) {
        int tokens = config.tokens();
        LayerNorm.forward(normed, null, null, x, weight, bias, config.layerNormEps(), tokens, w);
        w.barrier();
        layer.forward(qkv, normed, tokens, gemm, w);
        w.barrier();
        Attention.forward(attended, null, probabilities, qkv, 1, tokens, config.heads(), (float) (1 / Math.sqrt(config.headDim())),
                attention, w);
    }
}
