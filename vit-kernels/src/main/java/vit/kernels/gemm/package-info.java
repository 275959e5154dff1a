/**
 * General matrix multiply: C = A·Bᵀ, with the weight matrix B packed once, and with epilogues applied while a tile of C is in the cache.
 *
 * <p>Every element of C is one chain {@code acc = fma(a[k], b[k], acc)} with k ascending, which begins at 0, or at C where C accumulates. Vector
 * lanes and threads divide the outputs and never divide k. So the result equals the scalar loop bit for bit, at every vector width, blocking and
 * number of threads.
 *
 * <p>A first reader begins with {@link vit.kernels.gemm.Gemm}. A {@link vit.kernels.gemm.PackedMatrix} holds a weight, a {@link
 * vit.kernels.gemm.GemmWorkspace} the memory that a product needs, and an {@link vit.kernels.gemm.Epilogue} says what follows the product in the same
 * pass. {@link vit.kernels.gemm.PackedRows} are for a layer that writes its output in the form that the next product reads. {@link
 * vit.kernels.gemm.Panels} are for kernels that build their own loops, as attention does. {@code docs/gemm.md} explains the micro-kernel and shows
 * its measurements.
 */
package vit.kernels.gemm;
