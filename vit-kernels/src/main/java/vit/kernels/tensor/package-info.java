/** Off-heap float tensors: shape, strides, and arenas that own the memory. */
package vit.kernels.tensor;
