package vit.model.forward;

import vit.kernels.attention.Attention;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.attention.RelativeBias;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.linear.Linear;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameters;

/**
 * Makes the attention probabilities of a block once more from the block's input: softmax(Q·Kᵀ/√D + bias) of norm₁(x). The forward pass
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
    private final PositionTables tables;

    public AttentionProbe(VitConfig config, VitWeights weights, int workers, TensorArena arena) {
        this.config = config;
        this.weights = weights;
        int tokens = config.tokens();
        x = arena.allocatePadded(tokens, config.width());
        normed = arena.allocatePadded(tokens, config.width());
        qkv = arena.allocatePadded(tokens, 3 * config.inner());
        attended = arena.allocatePadded(tokens, config.inner());
        probabilities = arena.allocate(Math.multiplyExact(config.heads(), tokens), tokens);
        gemm = GemmWorkspace.allocate(arena, GemmWorkspace.packedInput(tokens, config.width()), workers, weights.isNarrow());
        attention = AttentionWorkspace.allocate(arena, tokens, config.headDim(), workers);
        tables = PositionTables.of(config, arena);
    }

    /**
     * The probabilities of block {@code block}, (H, T, T).
     *
     * @param input (T, C): the tokens that the block is given
     */
    public float[] block(int block, float[] input, Workers workers) {
        x.copyFrom(input);
        Norm norm = Norm.of(config, weights, Parameters.block(block, Parameters.NORM_1));
        Linear layer = BlockLayers.qkv(weights, block);
        QueryKeyStep[] steps = QueryKeyStep.of(config, weights, block, tables);
        Tensor table = BlockLayers.relativePositions(config, weights, block);
        workers.run(w -> attend(norm, layer, steps, table, w));
        return probabilities.toArray();
    }

    private void attend(Norm norm, Linear layer, QueryKeyStep[] steps, Tensor table, Worker w) {
        int tokens = config.tokens();
        norm.forward(normed, x, tokens, w);
        w.barrier();
        layer.forward(qkv, normed, tokens, gemm, w);
        if (table != null) {
            RelativeBias.gather(tables.bias(), table, tables.index(), w);
        }
        w.barrier();
        for (QueryKeyStep step : steps) {
            step.apply(qkv, 1, w);
            w.barrier();
        }
        Attention.forward(attended, null, probabilities, qkv, tables.bias(), 1, tokens, config.heads(), (float) (1 / Math.sqrt(config.headDim())),
                attention, w);
    }
}
