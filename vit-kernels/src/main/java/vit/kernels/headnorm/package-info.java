/**
 * The normalisation of queries and keys, head by head (Dehghani et al. 2023), by LayerNorm or RMSNorm.
 *
 * <p>{@link vit.kernels.headnorm.HeadNorm} has the forward and the backward pass. {@link vit.kernels.headnorm.HeadNormReference} has the formulas as
 * plain loops. {@code docs/headnorm.md} derives the backward pass.
 */
package vit.kernels.headnorm;
