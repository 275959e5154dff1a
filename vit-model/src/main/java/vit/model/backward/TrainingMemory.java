package vit.model.backward;

import vit.kernels.attention.AttentionGradientWorkspace;
import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.AttentionConfig;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.BackboneConfig;
import vit.model.config.MlpConfig;
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

    // Each of the following is null unless the model has the part that needs it.
    final Tensor dexpanded; // (B·T, outputs of fc1): the gradient before a gate
    final Tensor unnormed; // (B·T, F): before the norm inside the MLP
    final Tensor dunnormed; // (B·T, F)
    final Tensor hiddenMean; // (B·T)
    final Tensor hiddenRstd; // (B·T)
    final Tensor prepared; // (B·T, 3·H·D): with normed queries and keys
    final Tensor joined; // (B·T, H·D): after the norm inside attention
    final Tensor djoined; // (B·T, H·D)
    final Tensor joinedMean; // (B·T)
    final Tensor joinedRstd; // (B·T)
    final Tensor dbias; // (H·T, T): the gradient of relative positions

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
        MlpConfig mlp = config.block().mlp();
        AttentionConfig inside = config.block().attention();
        dexpanded = mlp.kind() == MlpConfig.Kind.SWIGLU ? arena.allocatePadded(rows, mlp.expanded()) : null;
        unnormed = mlp.innerNorm() ? arena.allocatePadded(rows, mlp.hidden()) : null;
        dunnormed = mlp.innerNorm() ? arena.allocatePadded(rows, mlp.hidden()) : null;
        hiddenMean = mlp.innerNorm() ? arena.allocate(rows) : null;
        hiddenRstd = mlp.innerNorm() ? arena.allocate(rows) : null;
        prepared = inside.queryKeyNorm() ? arena.allocatePadded(rows, 3 * config.inner()) : null;
        joined = inside.innerNorm() ? arena.allocatePadded(rows, config.inner()) : null;
        djoined = inside.innerNorm() ? arena.allocatePadded(rows, config.inner()) : null;
        joinedMean = inside.innerNorm() ? arena.allocate(rows) : null;
        joinedRstd = inside.innerNorm() ? arena.allocate(rows) : null;
        dbias = inside.relative() == RelativePositions.NONE ? null : arena.allocate(Math.multiplyExact(config.heads(), config.tokens()), config.tokens());
        gemm = GemmWorkspace.allocateForTraining(arena, packedRows(config, maxBatch), packedPanels(config, maxBatch), gradientRows(config, maxBatch), workers);
        attention = AttentionWorkspace.allocate(arena, config.tokens(), config.headDim(), workers);
        attentionGradient = AttentionGradientWorkspace.allocate(arena, config.tokens(), config.headDim(), workers);
    }

    /** The size of the largest left-hand operand: activations by rows in the forward pass, transposed activations in the gradient of a weight. */
    private static int packedRows(VitConfig config, int maxBatch) {
        int rows = maxBatch * config.tokens();
        int patches = maxBatch * config.patches();
        int widest = Math.max(Math.max(config.mlpExpanded(), config.pooledWidth()), Math.max(3 * config.inner(), config.classes()));
        int most = Math.max(Math.max(GemmWorkspace.packedInput(rows, widest), GemmWorkspace.packedRows(widest, rows)),
                Math.max(GemmWorkspace.packedInput(patches, config.patchElements()),
                        GemmWorkspace.packedRows(config.patchElements(), patches)));
        for (BackboneConfig.Convolution c : config.stem().convolutions()) {
            int pixels = Math.multiplyExact(maxBatch, c.pixels());
            most = Math.max(most, Math.max(GemmWorkspace.packedInput(pixels, Math.max(c.window(), c.outputs())), GemmWorkspace.packedRows(c.window(), pixels)));
        }
        return most;
    }

    /** The size of the largest upstream gradient. */
    private static int gradientRows(VitConfig config, int maxBatch) {
        int most = Math.max(GemmWorkspace.packedInput(maxBatch * config.tokens(), Math.max(config.mlpExpanded(), 3 * config.inner())),
                GemmWorkspace.packedInput(maxBatch * Math.max(1, config.patches()), Math.max(config.width(), config.classes())));
        for (BackboneConfig.Convolution c : config.stem().convolutions()) {
            most = Math.max(most, GemmWorkspace.packedInput(Math.multiplyExact(maxBatch, c.pixels()), c.outputs()));
        }
        return most;
    }

    private static int packedPanels(VitConfig config, int maxBatch) {
        int widest = Math.max(Math.max(config.mlpExpanded(), config.pooledWidth()), Math.max(3 * config.inner(), config.classes()));
        int most = GemmWorkspace.packedPanels(widest, maxBatch * config.tokens());
        for (BackboneConfig.Convolution c : config.stem().convolutions()) {
            most = Math.max(most, GemmWorkspace.packedPanels(c.outputs(), maxBatch * c.pixels()));
        }
        return most;
    }
}
