/** Training losses. */
package vit.kernels.loss;
