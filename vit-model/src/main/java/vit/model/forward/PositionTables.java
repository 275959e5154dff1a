package vit.model.forward;

import vit.kernels.attention.BiasIndex;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.AttentionConfig;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.VitConfig;
import vit.model.positions.RelativeIndex;
import vit.model.positions.RotaryTables;

/**
 * What the blocks of a model share to tell positions inside attention.
 *
 * @param cos   (P, D): cosines of the rotary positions, or null
 * @param sin   (P, D): their sines, or null
 * @param index for each query and key, the row of the table of relative positions; or null
 * @param bias  (H·T, T): memory for the relative positions of the block that runs, or null. Where {@link #gathersBias} is false, a block finds there
 *              what the first block has gathered
 */
public record PositionTables(Tensor cos, Tensor sin, BiasIndex index, Tensor bias) {

    /** Whether block {@code i} gathers its bias. If the blocks share one table, the first block's bias serves all of them. */
    public static boolean gathersBias(VitConfig config, int i) {
        return switch (config.block().attention().relative()) {
            case NONE -> false;
            case BY_BLOCK -> true;
            case SHARED -> i == 0;
        };
    }

    /** The tables of a model. */
    public static PositionTables of(VitConfig config, TensorArena arena) {
        AttentionConfig attention = config.block().attention();
        Tensor cos = null;
        Tensor sin = null;
        if (attention.rotary() != null) {
            RotaryTables tables = RotaryTables.of(attention.rotary(), config.gridHeight(), config.gridWidth(), config.headDim());
            cos = arena.allocate(config.patches(), config.headDim()).copyFrom(tables.cos());
            sin = arena.allocate(config.patches(), config.headDim()).copyFrom(tables.sin());
        }
        boolean relative = attention.relative() != RelativePositions.NONE;
        return new PositionTables(cos, sin, relative ? index(config) : null,
                relative ? arena.allocate(Math.multiplyExact(config.heads(), config.tokens()), config.tokens()) : null);
    }

    private static BiasIndex index(VitConfig config) {
        int height = config.gridHeight();
        int width = config.gridWidth();
        return BiasIndex.of(RelativeIndex.of(height, width), config.tokens(), RelativeIndex.rows(height, width));
    }
}
