package vit.model.config;

import java.util.Objects;
import vit.kernels.gelu.GeluKind;

/**
 * The MLP of a block.
 *
 * @param hidden F, the hidden width
 * @param gelu   the form of the GELU between its two layers
 */
public record MlpConfig(int hidden, GeluKind gelu) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the width is below 1 or too large
     */
    public MlpConfig {
        Objects.requireNonNull(gelu, "gelu");
        Dimensions.check("mlp", hidden, 1);
    }
}
