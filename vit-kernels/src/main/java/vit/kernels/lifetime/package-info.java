/** When something that owns off-heap memory or threads may be used, and when it is freed. */
package vit.kernels.lifetime;
