/**
 * Rotary position embedding (Su et al. 2021) of the queries and keys of attention.
 *
 * <p>{@link vit.kernels.rotary.Rotary} has the forward and the backward pass; {@link vit.kernels.rotary.RotaryKind} names the elements that are
 * rotated together. {@link vit.kernels.rotary.RotaryReference} has the formulas as plain loops. {@code docs/rotary.md} derives the backward pass.
 */
package vit.kernels.rotary;
