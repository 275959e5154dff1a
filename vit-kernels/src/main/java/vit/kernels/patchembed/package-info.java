/** Images to patches to tokens (Dosovitskiy et al. 2020, equation 1). */
package vit.kernels.patchembed;
