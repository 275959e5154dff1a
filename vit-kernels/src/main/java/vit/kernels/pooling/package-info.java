/** From the tokens of an image to the one vector that the head reads. */
package vit.kernels.pooling;
