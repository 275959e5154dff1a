/**
 * Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2), exact softmax, one head at a time in cache:
 * the (B, H, T, T) scores never exist in memory.
 */
package vit.kernels.attention;
