package vit.model.config;

import java.io.Serializable;
import java.util.Objects;

/**
 * The multi-head attention of a block.
 *
 * @param heads         H, attention heads
 * @param headDim       D, width of a head; H·D need not be the embedding width
 * @param qkvBias       whether queries and values have a bias
 * @param keyBias       whether keys have one too; not if there is no {@code qkvBias}
 * @param outputBias    whether the output projection has a bias
 * @param queryKeyNorm  whether each head of queries and keys is normalised, with weights that the heads share (Dehghani et al. 2023)
 * @param innerNorm     whether the joined heads are normalised before the output projection (EVA-02's sub-LN)
 * @param relative      relative position biases that are added to the logits
 * @param rotary        rotary positions; null for none
 */
public record AttentionConfig(int heads, int headDim, boolean qkvBias, boolean keyBias, boolean outputBias, boolean queryKeyNorm, boolean innerNorm,
        RelativePositions relative, RotaryConfig rotary) implements Serializable {

    /** Relative position biases (Bao et al. 2022): a learned number for each head and each offset between two patches. */
    public enum RelativePositions {
        NONE,
        /** A table in every block. */
        BY_BLOCK,
        /** One table for all blocks. */
        SHARED
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if a number is below 1 or too large, or parts contradict one another
     */
    public AttentionConfig {
        Objects.requireNonNull(relative, "relative");
        Dimensions.check("heads", heads, 1);
        Dimensions.check("head_dim", headDim, 1);
        Dimensions.require(qkvBias || !keyBias, "keys have a bias only if queries and values have one");
        Dimensions.require(rotary == null || headDim % 4 == 0, "rotary positions need a head width divisible by 4, not " + headDim);
    }

    /** H·D, the width inside attention. */
    public int inner() {
        return heads * headDim;
    }

    /** Whether attention is softmax(Q·Kᵀ)·V of the projected tokens, with nothing in between. */
    public boolean isPlain() {
        return !queryKeyNorm && !innerNorm && rotary == null && relative == RelativePositions.NONE;
    }
}
