package vit.model.weights.format;

import java.util.Objects;
import vit.kernels.tensor.Shape;

/**
 * A tensor in a file.
 *
 * @param name   its name in the file
 * @param dtype  the type of its elements
 * @param shape  its shape in the file
 * @param offset where the elements start: in safetensors the byte in the file, in npz the byte in the inflated entry
 * @param bytes  how many bytes the elements take
 */
public record TensorEntry(String name, Dtype dtype, Shape shape, long offset, long bytes) {

    /** Checks a caller's range against the tensor and the caller's array. */
    void checkRange(long first, int arrayLength, int offset, int count) {
        Objects.checkFromIndexSize(offset, count, arrayLength);
        Objects.checkFromIndexSize(first, (long) count, shape.size());
    }
}
