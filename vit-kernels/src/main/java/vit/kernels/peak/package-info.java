/** The limit of the machine, measured: what other figures are divided by. */
package vit.kernels.peak;
