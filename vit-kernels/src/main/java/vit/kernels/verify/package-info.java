/**
 * What this project verifies its kernels with, for kernels of others as well: on {@code float[]}, on {@code MemorySegment}, on tensors.
 *
 * <p>A {@link vit.kernels.verify.KernelSpec} describes a kernel: named arguments, the call, the scalar reference in double, a bound for each output, and
 * optionally a backward pass. A {@link vit.kernels.verify.Battery} runs every {@link vit.kernels.verify.Check} on it, shrinks a failure to the smallest
 * case, and says how to see it again. {@link vit.kernels.verify.PlantedFaults} plants every {@link vit.kernels.verify.Fault} into the kernel and
 * requires that the battery finds it.
 *
 * <p>The parts serve tests of other forms too. {@link vit.kernels.verify.Comparison} holds results against true values within derived bounds. {@link
 * vit.kernels.verify.GradientCheck} holds a backward pass against central differences. {@link vit.kernels.verify.GuardedMemory} notices what is read or
 * written outside a matrix. {@link vit.kernels.verify.Sizes}, {@link vit.kernels.verify.Layout} and {@link vit.kernels.verify.Values} are the shapes and
 * values with which a kernel is tried. {@link vit.kernels.verify.Teams} runs it with one to eight threads and compares bits, {@link
 * vit.kernels.verify.Allocation} counts what it allocates, and {@link vit.kernels.verify.ChildProcess} runs programs with a deadline.
 *
 * <p>A check that fails throws {@link java.lang.AssertionError}, so any test framework can run it. The package depends on the JDK alone.
 */
package vit.kernels.verify;
