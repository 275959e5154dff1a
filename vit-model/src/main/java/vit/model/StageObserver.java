package vit.model;

import vit.kernels.tensor.Tensor;

/** Looks at the tokens between the stages of a forward pass. Called on the calling thread while the team waits. */
@FunctionalInterface
public interface StageObserver {

    /**
     * @param name   {@code stage.tokens} after the position embedding, {@code stage.block.<i>} after block i
     * @param tokens (B·T, C), valid during the call only and not to be changed; rows beyond the batch are undefined
     */
    void stage(String name, Tensor tokens);
}
