/**
 * Off-heap float32 tensors.
 *
 * <p>A {@link vit.kernels.tensor.TensorArena} owns memory; {@link vit.kernels.tensor.TensorArena#allocate} gives out a {@link
 * vit.kernels.tensor.Tensor} of a {@link vit.kernels.tensor.Shape}. {@link vit.kernels.tensor.Tensor#copyFrom(float[])} and {@link
 * vit.kernels.tensor.Tensor#copyTo} move data between a tensor and an array. Closing the arena frees all of its tensors.
 *
 * <p>A first reader begins with {@code TensorArena}, then reads {@code Tensor}.
 */
package vit.kernels.tensor;
