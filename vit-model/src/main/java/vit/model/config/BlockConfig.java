package vit.model.config;

import java.io.Serializable;
import java.util.Objects;

/**
 * The encoder block: attention, then an MLP, each with a norm before it and a residual addition after it. All blocks of a model are alike.
 *
 * @param norm         the kind of every norm of the model outside the stem
 * @param layerNormEps epsilon of every norm, the final one included
 * @param attention    the multi-head attention
 * @param mlp          the MLP
 * @param layerScale   whether a learned vector scales each branch before the residual addition
 */
public record BlockConfig(NormKind norm, double layerNormEps, AttentionConfig attention, MlpConfig mlp, boolean layerScale) implements Serializable {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the epsilon is not in [0, 1)
     */
    public BlockConfig {
        Objects.requireNonNull(norm, "norm");
        Objects.requireNonNull(attention, "attention");
        Objects.requireNonNull(mlp, "mlp");
        Dimensions.require(layerNormEps >= 0 && layerNormEps < 1, "layer_norm_eps " + layerNormEps + " is not in [0, 1)");
    }
}
