/**
 * Lifetimes: when an object that owns off-heap memory or threads may be used, and when it is freed.
 *
 * <p>{@link vit.kernels.lifetime.Lifetime} counts running calls and frees the owner after the last one. {@link vit.kernels.lifetime.CloseGuard} frees
 * what nobody closed, and logs a warning. {@link vit.kernels.lifetime.Headroom} makes sure that a call which begins has enough stack to end. A
 * program that only uses models and kernels needs none of them directly.
 */
package vit.kernels.lifetime;
