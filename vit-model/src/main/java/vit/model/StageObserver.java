package vit.model;

import vit.kernels.tensor.Tensor;

/**
 * Is shown the tokens between the stages of a forward pass: to compare them with another implementation, or to store them. It is called on the thread that
 * called the session or the training, while the rest of the team waits.
 */
@FunctionalInterface
public interface StageObserver {

    /**
     * Called once for every stage, in the order of the pass.
     *
     * @param name   {@code stage.tokens} after the position embedding, {@code stage.block.<i>} after block i
     * @param tokens (rows, C): the tokens of all images of the call, one image after the other. If the session merges tokens, each image has as many here
     *               as {@link TokenMerging#tokens} says for this stage. Rows beyond them are undefined. The tensor is valid only during the call and must
     *               not be changed
     */
    void stage(String name, Tensor tokens);
}
