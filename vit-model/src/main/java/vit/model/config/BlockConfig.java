package vit.model.config;

import java.util.Objects;

/**
 * An encoder block. All blocks of a model are alike.
 *
 * @param layerNormEps epsilon of every LayerNorm, the final one included
 * @param attention    its attention
 * @param mlp          its MLP
 * @param layerScale   whether a learned vector scales each branch before the residual addition
 */
public record BlockConfig(double layerNormEps, AttentionConfig attention, MlpConfig mlp, boolean layerScale) {

    public BlockConfig {
        Objects.requireNonNull(attention, "attention");
        Objects.requireNonNull(mlp, "mlp");
        Dimensions.require(layerNormEps >= 0 && layerNormEps < 1, "layer_norm_eps " + layerNormEps + " is not in [0, 1)");
    }
}
