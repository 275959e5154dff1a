package vit.kernels.contract;

import java.lang.foreign.MemorySegment;
import vit.kernels.tensor.Tensor;

/**
 * Moves the rows of a tensor into {@code double[]} and back, for the reference implementations: row after row without
 * gaps. It allocates; only the reference mode and tests use it.
 */
public final class Doubles {

    private Doubles() {}

    /** The first {@code rows} rows. */
    public static double[] read(Tensor tensor, int rows) {
        int columns = tensor.columns();
        int stride = tensor.rowStride();
        MemorySegment segment = tensor.segment();
        double[] values = new double[Math.multiplyExact(rows, columns)];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                values[row * columns + column] = segment.getAtIndex(Tensor.FLOAT, (long) row * stride + column);
            }
        }
        return values;
    }

    /** All rows. */
    public static double[] read(Tensor tensor) {
        return read(tensor, tensor.rows());
    }

    /** All rows, or null for a tensor that is not there. */
    public static double[] readOrNull(Tensor tensor) {
        return tensor == null ? null : read(tensor);
    }

    /** Elements {@code from} to {@code to} of the tensor's memory, gaps between rows counted. */
    public static double[] readSpan(Tensor tensor, int from, int to) {
        double[] values = new double[to - from];
        for (int i = from; i < to; i++) {
            values[i - from] = tensor.segment().getAtIndex(Tensor.FLOAT, i);
        }
        return values;
    }

    /** Rounds {@code values} to float and writes them over the tensor's memory from element {@code from}. */
    public static void writeSpan(Tensor tensor, int from, double[] values) {
        for (int i = 0; i < values.length; i++) {
            tensor.segment().setAtIndex(Tensor.FLOAT, (long) from + i, (float) values[i]);
        }
    }

    /** Rounds {@code values} to float and writes them over the first rows; there must be whole rows of them. */
    public static void write(Tensor tensor, double[] values) {
        int columns = tensor.columns();
        int stride = tensor.rowStride();
        MemorySegment segment = tensor.segment();
        for (int i = 0; i < values.length; i++) {
            segment.setAtIndex(Tensor.FLOAT, (long) (i / columns) * stride + i % columns, (float) values[i]);
        }
    }
}
