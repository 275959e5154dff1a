/**
 * The gate of a SwiGLU feed-forward layer (Shazeer 2020): silu(a)·b.
 *
 * <p>{@link vit.kernels.swiglu.SwiGlu} has the forward and the backward pass; {@link vit.kernels.swiglu.SwiGluReference} has the formulas as plain
 * loops. {@code docs/swiglu.md} derives the backward pass and states the errors.
 */
package vit.kernels.swiglu;
