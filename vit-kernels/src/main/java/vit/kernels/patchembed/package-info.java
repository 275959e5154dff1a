/**
 * From images to patches to tokens (Dosovitskiy et al. 2020, equation 1).
 *
 * <p>{@link vit.kernels.patchembed.PatchEmbed} cuts images into patches, and assembles tokens from projected patches, prefix tokens and position
 * embeddings. The projection between the two is a {@link vit.kernels.linear.Linear}. {@link vit.kernels.patchembed.PatchOrder} is the order of the
 * pixels inside a patch. {@code docs/patchembed.md} derives the backward pass.
 */
package vit.kernels.patchembed;
