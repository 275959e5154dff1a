package vit.model;

import java.util.Objects;
import vit.model.VitConfig.FinalNorm;
import vit.model.VitConfig.Pooling;

/**
 * How the tokens of the last block become one vector.
 *
 * @param pooling   what is pooled
 * @param finalNorm whether the final LayerNorm precedes or follows it
 */
public record PoolConfig(Pooling pooling, FinalNorm finalNorm) {

    public PoolConfig {
        Objects.requireNonNull(pooling, "pooling");
        Objects.requireNonNull(finalNorm, "finalNorm");
    }
}
