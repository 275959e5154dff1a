/**
 * Two-dimensional convolutions over feature maps that are stored channels last, one row a pixel.
 *
 * <p>{@link vit.kernels.convolution.Convolution#unfold} turns a convolution into a {@linkplain vit.kernels.linear.Linear linear layer}, and {@link
 * vit.kernels.convolution.Convolution#fold} is its backward pass. {@link vit.kernels.convolution.Window} says which pixels an output sees. {@code
 * docs/convolution.md} derives both and fixes the order of every sum.
 */
package vit.kernels.convolution;
