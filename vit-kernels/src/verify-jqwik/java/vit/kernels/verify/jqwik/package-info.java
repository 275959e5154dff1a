/**
 * {@link vit.kernels.verify} for JUnit and jqwik.
 *
 * <p>A JUnit test class that implements {@link vit.kernels.verify.jqwik.KernelVerification} describes its kernel and runs every check on it. A jqwik
 * property takes layouts, values, tensors and seeds from {@link vit.kernels.verify.jqwik.KernelDomain}, or the cases of a described kernel from {@link
 * vit.kernels.verify.jqwik.KernelArbitraries}. Both shrink to the smallest shape that fails.
 */
package vit.kernels.verify.jqwik;
