/** What every kernel shares: the vector species, the implementation in use, and the elementary functions. */
package vit.kernels.simd;
