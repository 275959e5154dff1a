package vit.model.config;

import java.io.Serializable;
import java.util.Objects;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;

/**
 * How the tokens of the last block become one vector.
 *
 * @param pooling   which tokens are pooled
 * @param finalNorm whether the final norm precedes or follows the pooling, or is absent
 */
public record PoolConfig(Pooling pooling, FinalNorm finalNorm) implements Serializable {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the norm does not go with the pooling
     */
    public PoolConfig {
        Objects.requireNonNull(pooling, "pooling");
        Objects.requireNonNull(finalNorm, "finalNorm");
        Dimensions.require(finalNorm != FinalNorm.AFTER_POOLING || pooling.width() == 1, "a norm after the pooling needs a pooled vector of the model's width");
        Dimensions.require(finalNorm == FinalNorm.BEFORE_POOLING || !pooling.isAttention(), "pooling by attention has the final norm before it");
    }
}
