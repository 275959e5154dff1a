/**
 * General matrix multiply: C = A·Bᵀ with the weight matrix packed once, and epilogues applied while the tile is in cache.
 *
 * <p>Every element of C is one chain {@code acc = fma(a[k], b[k], acc)} with k ascending from 0 (or from C, where C
 * accumulates); vector lanes and threads split outputs and never k. So the result equals the scalar loop bit for bit, at
 * every vector width, blocking and number of threads.
 */
package vit.kernels.gemm;
