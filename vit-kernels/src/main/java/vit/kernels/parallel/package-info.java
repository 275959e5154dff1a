/** A fixed team of threads that the caller owns. */
package vit.kernels.parallel;
