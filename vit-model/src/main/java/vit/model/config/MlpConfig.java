package vit.model.config;

import java.io.Serializable;
import java.util.Objects;
import vit.kernels.gelu.GeluKind;

/**
 * The MLP of a block.
 *
 * @param hidden    F, the hidden width: the number of inputs of the second layer
 * @param kind      what is between the two layers
 * @param gelu      the form of the GELU, for {@link Kind#GELU}
 * @param bias      whether the two layers have biases
 * @param innerNorm whether the hidden vector is normalised before the second layer (EVA-02's sub-LN)
 */
public record MlpConfig(int hidden, Kind kind, GeluKind gelu, boolean bias, boolean innerNorm) implements Serializable {

    /** What is between the two layers of an MLP. */
    public enum Kind {
        /** gelu(a): the first layer gives F elements. */
        GELU,
        /** silu(a)·b: the first layer gives 2·F elements, [a | b] (Shazeer 2020). */
        SWIGLU
    }

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the width is below 1 or too large
     */
    public MlpConfig {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(gelu, "gelu");
        Dimensions.check("mlp", hidden, 1);
    }

    /** The number of outputs of the first layer. */
    public int expanded() {
        return kind == Kind.SWIGLU ? 2 * hidden : hidden;
    }
}
