package vit.model.forward;

import vit.kernels.attention.AttentionWorkspace;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedRows;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.MlpConfig;
import vit.model.config.VitConfig;

/** The memory that all blocks of a forward pass share, and the sizes that they read in every call. Nothing in it outlives a block. */
final class BlockMemory {

    final int tokens; // T
    final int heads; // H
    final float scale; // 1/√D

    final PackedRows normed; // (B·T, C)
    final PackedRows qkv; // (B·T, 3·H·D), for plain attention
    final PackedRows attended; // (B·T, H·D), for plain attention
    final Tensor positionedQkv; // (B·T, 3·H·D), for attention with steps on queries and keys
    final Tensor positionedAttended; // (B·T, H·D)
    final Tensor expanded; // (B·T, outputs of fc1), if something other than the GELU follows
    final Tensor gated; // (B·T, F), if a norm follows the gate
    final PackedRows hidden; // (B·T, F)
    final GemmWorkspace gemm;
    final AttentionWorkspace attention;

    /**
     * Plans it for {@code rows} rows.
     *
     * @param packedFloats what the largest product packs on the way
     * @param narrow       whether a weight has elements of fewer than 32 bits
     */
    BlockMemory(VitConfig config, int rows, int packedFloats, boolean narrow, int workers, TensorArena arena) {
        tokens = config.tokens();
        heads = config.heads();
        scale = (float) (1 / Math.sqrt(config.headDim()));
        MlpConfig mlp = config.block().mlp();
        boolean plainAttention = config.block().attention().isPlain();
        normed = PackedRows.allocate(arena, rows, config.width());
        qkv = plainAttention || config.pooling().isAttention() ? PackedRows.allocate(arena, rows, 3 * config.inner()) : null;
        attended = plainAttention ? PackedRows.allocate(arena, rows, config.inner()) : null;
        positionedQkv = plainAttention ? null : arena.allocatePadded(rows, 3 * config.inner());
        positionedAttended = plainAttention ? null : arena.allocatePadded(rows, config.inner());
        expanded = isPlain(mlp) ? null : arena.allocatePadded(rows, mlp.expanded());
        gated = mlp.kind() == MlpConfig.Kind.SWIGLU && mlp.innerNorm() ? arena.allocatePadded(rows, mlp.hidden()) : null;
        hidden = PackedRows.allocate(arena, rows, mlp.hidden());
        attention = AttentionWorkspace.allocate(arena, config.tokens(), config.headDim(), workers);
        int attendedFloats = plainAttention ? 0 : GemmWorkspace.packedInput(rows, config.inner());
        gemm = GemmWorkspace.allocate(arena, Math.max(packedFloats, attendedFloats), workers, narrow);
    }

    /** Whether the MLP is two layers with a GELU in between. */
    static boolean isPlain(MlpConfig mlp) {
        return mlp.kind() == MlpConfig.Kind.GELU && !mlp.innerNorm();
    }
}
