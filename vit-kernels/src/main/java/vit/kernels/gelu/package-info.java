/** The Gaussian error linear unit (Hendrycks and Gimpel 2016). */
package vit.kernels.gelu;
