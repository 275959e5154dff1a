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

    /** Copies {@code count} elements from the beginning of a row of {@code source} into a row of {@code target}, from {@code column} on. */
    public static void copyRow(Tensor target, int row, int column, Tensor source, int sourceRow, int count) {
        MemorySegment.copy(source.segment(), source.rowOffset(sourceRow), target.segment(), target.rowOffset(row) + (long) column * Float.BYTES,
                (long) count * Float.BYTES);
    }

    /** Copies {@code count} elements of a row of {@code source}, from {@code column} on, to the beginning of a row of {@code target}. */
    public static void copyRowFrom(Tensor target, int row, Tensor source, int sourceRow, int column, int count) {
        MemorySegment.copy(source.segment(), source.rowOffset(sourceRow) + (long) column * Float.BYTES, target.segment(), target.rowOffset(row),
                (long) count * Float.BYTES);
    }

    /** Copies a whole row into an array, from element {@code to} on. */
    static void readRow(Tensor source, int row, float[] target, int to) {
        MemorySegment.copy(source.segment(), Tensor.FLOAT, source.rowOffset(row), target, to, source.columns());
    }

    /** Exchanges a whole row with elements of an array, from element {@code at} on. */
    static void swapRow(Tensor tensor, int row, float[] values, int at) {
        long start = tensor.rowOffset(row);
        for (int c = 0; c < tensor.columns(); c++) {
            long offset = start + (long) c * Float.BYTES;
            float other = tensor.segment().get(Tensor.FLOAT, offset);
            tensor.segment().set(Tensor.FLOAT, offset, values[at + c]);
            values[at + c] = other;
        }
    }

    /** Sets {@code count} elements of a row, from {@code column} on, to zero. */
    public static void clearRow(Tensor target, int row, int column, int count) {
        long start = target.rowOffset(row) + (long) column * Float.BYTES;
        for (long at = start, end = start + (long) count * Float.BYTES; at < end; at += Float.BYTES) {
            target.segment().set(Tensor.FLOAT, at, 0);
        }
    }
}
