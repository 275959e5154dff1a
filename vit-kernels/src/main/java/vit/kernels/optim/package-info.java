/**
 * Optimisers as kernels over flat spans of memory: a parameter, its gradient and its state are laid out alike, and the
 * caller decides who updates which span. PyTorch's formulas, in PyTorch's order.
 */
package vit.kernels.optim;
