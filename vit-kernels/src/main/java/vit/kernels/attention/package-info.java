/**
 * Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2) with the exact softmax. It computes one head at a time in the cache, so
 * the (B, H, T, T) scores of all heads never exist in memory.
 *
 * <p>{@link vit.kernels.attention.Attention} has the forward and the backward pass. A caller first plans an {@link
 * vit.kernels.attention.AttentionWorkspace}, and for training an {@link vit.kernels.attention.AttentionGradientWorkspace}. {@link
 * vit.kernels.attention.AttentionReference} has the formulas as plain loops. {@link vit.kernels.attention.RelativeBias} makes a bias of the scores
 * from a table of relative positions, by a {@link vit.kernels.attention.BiasIndex}. {@code docs/attention.md} derives the backward pass.
 */
package vit.kernels.attention;
