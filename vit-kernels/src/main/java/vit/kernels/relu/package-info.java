/**
 * The rectified linear unit (Nair and Hinton 2010), alone and on the sum of a residual connection.
 *
 * <p>{@link vit.kernels.relu.Relu} has the forward and the backward pass. {@code docs/groupnorm.md} derives the backward pass.
 */
package vit.kernels.relu;
