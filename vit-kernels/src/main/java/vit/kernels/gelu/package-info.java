/**
 * The Gaussian error linear unit (Hendrycks and Gimpel 2016), in its exact, its tanh and its quick form.
 *
 * <p>{@link vit.kernels.gelu.Gelu} has the forward and the backward pass; {@link vit.kernels.gelu.GeluKind} names the three forms. In a forward pass
 * of a model the GELU is usually part of a product's {@link vit.kernels.gemm.Epilogue#biasGelu epilogue} instead. {@link vit.kernels.gelu.GeluReference}
 * has the formulas as plain loops. {@code docs/gelu.md} states the errors and derives the backward pass.
 */
package vit.kernels.gelu;
