/** Softmax over rows. */
package vit.kernels.softmax;
