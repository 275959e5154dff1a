/**
 * The residual connection (He et al. 2016), with or without LayerScale (Touvron et al. 2021).
 *
 * <p>{@link vit.kernels.residual.Residual} has all of it. In a forward pass of a model the residual is usually part of a product's {@link
 * vit.kernels.gemm.Epilogue#biasResidual epilogue} instead. {@code docs/residual.md} derives the backward pass.
 */
package vit.kernels.residual;
