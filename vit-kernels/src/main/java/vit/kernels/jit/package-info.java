/**
 * Compiling kernels before the first real call. Until C2 has compiled a kernel, the Vector API is interpreted, a hundred to a thousand times slower.
 *
 * <p>Each operation lists its {@linkplain vit.kernels.jit.Rehearsal rehearsals}, for example {@link vit.kernels.gemm.Gemm#rehearsals()}.
 * {@link vit.kernels.jit.Rehearsal#run} calls them until C2 has compiled each kernel, for example while weights are being loaded.
 * {@code docs/compilation.md} explains how HotSpot decides what to compile.
 */
package vit.kernels.jit;
