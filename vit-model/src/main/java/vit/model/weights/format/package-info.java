/**
 * Files of named tensors, whatever the tensors mean: safetensors (one file, or several with an index) and npz, read from a file or from
 * memory, and safetensors written atomically. Files are treated as hostile: sizes and structure are checked before memory is allocated for them.
 *
 * <h2>Where to begin</h2>
 * {@link vit.model.weights.format.TensorFile} opens any format and lists {@link vit.model.weights.format.TensorEntry}s;
 * {@link vit.model.weights.format.SafetensorsWriter} writes tensors, and {@link vit.model.weights.format.AtomicFile} any file, whole or not at all.
 */
package vit.model.weights.format;
