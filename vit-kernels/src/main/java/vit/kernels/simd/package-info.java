/**
 * What all kernels share: the vector width, the implementation in use, elementary functions, and sums inside a row.
 *
 * <p>{@link vit.kernels.simd.Simd} holds the vector species of this JVM. {@link vit.kernels.simd.Implementation} says whether the SIMD kernels or the
 * references run, and {@link vit.kernels.simd.NativeSpeed} whether the machine runs them at full speed. {@link vit.kernels.simd.Exp}, {@link
 * vit.kernels.simd.Erf}, {@link vit.kernels.simd.Tanh}, {@link vit.kernels.simd.Log} and {@link vit.kernels.simd.NormalTail} are the elementary
 * functions; {@link vit.kernels.simd.Reduction} sums in an order that does not depend on the vector width.
 *
 * <p>Whoever writes a kernel begins with {@code Simd}, {@link vit.kernels.simd.VectorLoop} and {@code docs/jit-rules.md}.
 */
package vit.kernels.simd;
