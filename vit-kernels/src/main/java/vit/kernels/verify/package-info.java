/**
 * What this project verifies its kernels with, for kernels of others as well.
 *
 * <p>{@link vit.kernels.verify.Comparison} holds results against true values within derived bounds. {@link vit.kernels.verify.GradientCheck} holds a
 * backward pass against central differences. {@link vit.kernels.verify.GuardedTensor} notices what is read or written outside a tensor. {@link
 * vit.kernels.verify.Layout} and {@link vit.kernels.verify.Values} are the shapes and values with which a kernel is tried. {@link
 * vit.kernels.verify.Teams} runs it with one to eight threads and compares bits, {@link vit.kernels.verify.Allocation} counts what it allocates, and
 * {@link vit.kernels.verify.ChildProcess} runs JVMs of other widths and compilers.
 *
 * <p>A check that fails throws {@link java.lang.AssertionError}, so any test framework can run it. The package depends on the JDK alone.
 */
package vit.kernels.verify;
