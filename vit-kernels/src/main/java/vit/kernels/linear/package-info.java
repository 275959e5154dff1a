/**
 * The linear layer, y = x·Wᵀ + b, and its gradients.
 *
 * <p>{@link vit.kernels.linear.Linear} binds a packed weight and an epilogue of {@link vit.kernels.gemm} once, so that a call passes only
 * activations. {@link vit.kernels.linear.Linear#forward(vit.kernels.tensor.Tensor, vit.kernels.tensor.Tensor, int, vit.kernels.gemm.GemmWorkspace,
 * vit.kernels.parallel.Worker) forward} is the method to begin with. {@code docs/linear.md} derives the backward pass.
 */
package vit.kernels.linear;
