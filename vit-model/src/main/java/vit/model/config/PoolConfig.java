package vit.model.config;

import java.util.Objects;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;

/**
 * How the tokens of the last block become one vector.
 *
 * @param pooling   which tokens are pooled
 * @param finalNorm whether the final LayerNorm precedes or follows the pooling
 */
public record PoolConfig(Pooling pooling, FinalNorm finalNorm) {

    public PoolConfig {
        Objects.requireNonNull(pooling, "pooling");
        Objects.requireNonNull(finalNorm, "finalNorm");
    }
}
