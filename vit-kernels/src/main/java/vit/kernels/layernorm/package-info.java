/**
 * Layer normalisation (Ba, Kiros and Hinton 2016).
 *
 * <p>{@link vit.kernels.layernorm.LayerNorm} has the forward and the backward pass; {@link vit.kernels.layernorm.LayerNormReference} has the formulas
 * as plain loops. {@code docs/layernorm.md} derives the backward pass and the bound on the error.
 */
package vit.kernels.layernorm;
