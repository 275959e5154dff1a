package vit.model.forward;

import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;

/** Memory for one feature map at a time, of any size up to the largest that was planned. */
public final class MapMemory {

    private final Tensor elements; // (n, 1)

    /** Plans memory for {@code most} elements. */
    public MapMemory(int most, TensorArena arena) {
        elements = arena.allocate(most, 1);
    }

    /** A feature map (rows, columns) in this memory. */
    public Tensor map(int rows, int columns) {
        return elements.rows(0, Math.multiplyExact(rows, columns)).reshape(rows, columns);
    }

    /** The largest vector that fits. */
    public Tensor all() {
        return elements;
    }
}
