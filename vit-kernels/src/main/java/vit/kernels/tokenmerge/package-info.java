/**
 * Token merging (Bolya et al. 2023, arXiv 2210.09461): the pairs of tokens of an image whose keys are most alike become one token each.
 *
 * <p>{@link vit.kernels.tokenmerge.TokenMerge} has the matching, the merge and its backward pass. {@link vit.kernels.tokenmerge.TokenMergeReference} has
 * them as plain loops. {@code docs/tokenmerge.md} has the definitions and derives the backward pass.
 */
package vit.kernels.tokenmerge;
