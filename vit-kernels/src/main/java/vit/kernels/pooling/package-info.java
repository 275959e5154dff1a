/**
 * Pooling: from the tokens of an image to the one vector that the head reads.
 *
 * <p>{@link vit.kernels.pooling.Pooling} takes the mean of a range of tokens, which covers the class token, the mean of the patches and the mean of
 * all tokens. {@code docs/pooling.md} derives the backward pass.
 */
package vit.kernels.pooling;
