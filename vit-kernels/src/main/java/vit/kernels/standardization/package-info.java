/**
 * Weight standardisation of convolutions (Qiao et al. 2019).
 *
 * <p>{@link vit.kernels.standardization.WeightStandardization} has the forward and the backward pass on packed weights. {@code docs/convolution.md}
 * derives the backward pass and the bound on the error.
 */
package vit.kernels.standardization;
