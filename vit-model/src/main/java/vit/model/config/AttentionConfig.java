package vit.model.config;

/**
 * The multi-head attention of a block.
 *
 * @param heads      H, attention heads
 * @param headDim    D, width of a head; H·D need not be the embedding width
 * @param qkvBias    whether the query, key, value projection has a bias
 * @param outputBias whether the output projection has a bias
 */
public record AttentionConfig(int heads, int headDim, boolean qkvBias, boolean outputBias) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if a number is below 1 or too large
     */
    public AttentionConfig {
        Dimensions.check("heads", heads, 1);
        Dimensions.check("head_dim", headDim, 1);
    }

    /** H·D, the width inside attention. */
    public int inner() {
        return heads * headDim;
    }
}
