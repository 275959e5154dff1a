/**
 * Softmax over rows.
 *
 * <p>{@link vit.kernels.softmax.Softmax} has the forward and the backward pass. {@link vit.kernels.softmax.SoftmaxSimd} computes one row, for kernels
 * such as attention and the loss that have a row in the cache. {@link vit.kernels.softmax.SoftmaxReference} has the formulas as plain loops. {@code
 * docs/softmax.md} derives the backward pass.
 */
package vit.kernels.softmax;
