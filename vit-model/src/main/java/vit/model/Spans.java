package vit.model;

import java.lang.foreign.MemorySegment;
import vit.kernels.tensor.Tensor;

/** Copies between arrays and the first elements of contiguous tensors. */
final class Spans {

    private Spans() {}

    static void write(Tensor target, float[] source, int count) {
        MemorySegment.copy(source, 0, target.segment(), Tensor.FLOAT, 0, count);
    }

    static void read(Tensor source, float[] target, int count) {
        MemorySegment.copy(source.segment(), Tensor.FLOAT, 0, target, 0, count);
    }
}
