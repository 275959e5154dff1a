/**
 * Group normalisation (Wu and He 2018) of feature maps that are stored channels last.
 *
 * <p>{@link vit.kernels.groupnorm.GroupNorm} has the forward and the backward pass; {@link vit.kernels.groupnorm.GroupNormReference} has the formulas
 * as plain loops. {@code docs/groupnorm.md} derives the backward pass and the bound on the error.
 */
package vit.kernels.groupnorm;
