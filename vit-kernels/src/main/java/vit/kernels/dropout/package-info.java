/**
 * Dropout and stochastic depth on a counter-based random number generator.
 *
 * <p>{@link vit.kernels.dropout.Dropout} drops elements, {@link vit.kernels.dropout.StochasticDepth} drops the branch of an image. Whether something
 * is dropped is a pure function of seed, stream and position, which {@link vit.kernels.dropout.Philox} computes. So the forward and the backward pass
 * agree without a stored mask, and the number of threads does not matter. {@code docs/dropout.md} says how positions are numbered.
 */
package vit.kernels.dropout;
