package vit.model.config;

import java.util.Objects;

/**
 * The encoder block: attention, then an MLP, each with a LayerNorm before it and a residual addition after it. All blocks of a model are alike.
 *
 * @param layerNormEps epsilon of every LayerNorm, the final one included
 * @param attention    the multi-head attention
 * @param mlp          the MLP
 * @param layerScale   whether a learned vector scales each branch before the residual addition
 */
public record BlockConfig(double layerNormEps, AttentionConfig attention, MlpConfig mlp, boolean layerScale) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the epsilon is not in [0, 1)
     */
    public BlockConfig {
        Objects.requireNonNull(attention, "attention");
        Objects.requireNonNull(mlp, "mlp");
        Dimensions.require(layerNormEps >= 0 && layerNormEps < 1, "layer_norm_eps " + layerNormEps + " is not in [0, 1)");
    }
}
