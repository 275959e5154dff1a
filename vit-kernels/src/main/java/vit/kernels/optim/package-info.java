/**
 * Optimisers, as kernels over flat spans of memory. A parameter, its gradient and its optimiser state have the same layout, and the caller decides
 * which worker updates which span. The formulas are PyTorch's, evaluated in PyTorch's order.
 *
 * <p>{@link vit.kernels.optim.Sgd} and {@link vit.kernels.optim.Adam} (which is also AdamW) update a parameter. {@link
 * vit.kernels.optim.GradientNorm} measures all gradients together for clipping, and {@link vit.kernels.optim.WeightAverage} keeps a moving average of
 * the weights. {@code docs/optim.md} has the formulas and their sources.
 */
package vit.kernels.optim;
