/**
 * The catalogue of this library's kernels, each with a way to call it, its scalar reference and a derived bound, and the bits that it must give on every
 * machine. {@code KernelVerification} and {@code KernelBits} run it, and so do this library's own tests. The
 * package is not exported.
 */
package vit.kernels.verify.catalogue;
