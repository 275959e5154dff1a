package vit.model.forward;

import java.lang.foreign.MemorySegment;
import vit.kernels.tensor.Tensor;

/** Copies between arrays and the first elements of contiguous tensors. */
public final class Spans {

    private Spans() {}

    public static void write(Tensor target, float[] source, int count) {
        MemorySegment.copy(source, 0, target.segment(), Tensor.FLOAT, 0, count);
    }

    /** Writes from element {@code to} of the target on. */
    public static void write(Tensor target, int to, float[] source, int count) {
        MemorySegment.copy(source, 0, target.segment(), Tensor.FLOAT, (long) to * Float.BYTES, count);
    }

    public static void read(Tensor source, float[] target, int count) {
        MemorySegment.copy(source.segment(), Tensor.FLOAT, 0, target, 0, count);
    }
}
