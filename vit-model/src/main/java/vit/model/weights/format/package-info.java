/**
 * Files of tensors, without a thought of what the tensors mean: safetensors (one file or several with an index) and npz, read from a file or from
 * memory; safetensors written atomically. {@link vit.model.weights.format.TensorFile} opens either.
 */
package vit.model.weights.format;
