/** Layer normalisation. */
package vit.kernels.layernorm;
