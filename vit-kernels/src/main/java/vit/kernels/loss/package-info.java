/**
 * The loss of training: softmax cross-entropy.
 *
 * <p>{@link vit.kernels.loss.CrossEntropy} computes the loss of each image, the mean, and the gradient of the logits, for labels and for weighted
 * targets, with or without label smoothing. {@code docs/loss.md} derives the backward pass.
 */
package vit.kernels.loss;
