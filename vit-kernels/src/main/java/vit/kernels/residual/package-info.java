/** The residual connection, with or without LayerScale (Touvron et al. 2021). */
package vit.kernels.residual;
