/**
 * Root mean square normalisation (Zhang and Sennrich 2019).
 *
 * <p>{@link vit.kernels.rmsnorm.RmsNorm} has the forward and the backward pass; {@link vit.kernels.rmsnorm.RmsNormReference} has the formulas as
 * plain loops. {@code docs/rmsnorm.md} derives the backward pass and the bound on the error.
 */
package vit.kernels.rmsnorm;
