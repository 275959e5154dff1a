/**
 * The maximum over the windows of a feature map that is stored channels last.
 *
 * <p>{@link vit.kernels.maxpool.MaxPool} has the forward and the backward pass. {@code docs/convolution.md} says what they compute.
 */
package vit.kernels.maxpool;
