package vit.model.config;

import java.util.Objects;
import vit.kernels.gelu.GeluKind;

/**
 * The MLP of a block.
 *
 * @param hidden F, the hidden width
 * @param gelu   which GELU stands between its two layers
 */
public record MlpConfig(int hidden, GeluKind gelu) {

    public MlpConfig {
        Objects.requireNonNull(gelu, "gelu");
        Dimensions.check("mlp", hidden, 1);
    }
}
