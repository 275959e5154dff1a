package vit.model.backward;

import vit.kernels.attention.AttentionGradientWorkspace;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.VitConfig;

/** Memory that all blocks share in training. Except for {@code dx}, nothing in it is needed after a block's forward or backward pass. */
final class TrainingMemory {

    final Tensor normed; // (B·T, C)
    final Tensor branch; // (B·T, C)
    final Tensor hidden; // (B·T, F): after the GELU
    final Tensor dx; // (B·T, C): the gradient of the residual stream
    final Tensor dbranch; // (B·T, C)
    final Tensor dnormed; // (B·T, C)
    final Tensor dqkv; // (B·T, 3·H·D)
    final Tensor dattended; // (B·T, H·D)
    final Tensor dhidden; // (B·T, F)
    final GemmWorkspace gemm;
    final AttentionWorkspace attention;
    final AttentionGradientWorkspace attentionGradient;

    TrainingMemory(VitConfig config, int maxBatch, int workers, TensorArena arena) {
        int rows = Math.multiplyExact(maxBatch, config.tokens());
        normed = arena.allocatePadded(rows, config.width());
        branch = arena.allocatePadded(rows, config.width());
        hidden = arena.allocatePadded(rows, config.mlp());
        dx = arena.allocatePadded(rows, config.width());
        dbranch = arena.allocatePadded(rows, config.width());
        dnormed = arena.allocatePadded(rows, config.width());
        dqkv = arena.allocatePadded(rows, 3 * config.inner());
        dattended = arena.allocatePadded(rows, config.inner());
        dhidden = arena.allocatePadded(rows, config.mlp());
        gemm = GemmWorkspace.allocateForTraining(arena, packedRows(config, maxBatch), packedPanels(config, maxBatch), workers);
        attention = AttentionWorkspace.allocate(arena, config.tokens(), config.headDim(), workers);
        attentionGradient = AttentionGradientWorkspace.allocate(arena, config.tokens(), config.headDim(), workers);
    }

    /** The size of the largest left-hand operand: activations by rows in the forward pass, transposed activations in the gradient of a weight. */
    private static int packedRows(VitConfig config, int maxBatch) {
        int rows = maxBatch * config.tokens();
        int patches = maxBatch * config.patches();
        int widest = Math.max(Math.max(config.mlp(), config.width()), Math.max(3 * config.inner(), config.classes()));
        return Math.max(Math.max(GemmWorkspace.packedInput(rows, widest), GemmWorkspace.packedRows(widest, rows)),
                Math.max(GemmWorkspace.packedInput(patches, config.patchElements()),
                        GemmWorkspace.packedRows(config.patchElements(), patches)));
    }

    private static int packedPanels(VitConfig config, int maxBatch) {
        int widest = Math.max(Math.max(config.mlp(), config.width()), Math.max(3 * config.inner(), config.classes()));
        return GemmWorkspace.packedPanels(widest, maxBatch * config.tokens());
    }
}
