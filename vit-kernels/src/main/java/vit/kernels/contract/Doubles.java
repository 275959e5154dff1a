package vit.kernels.contract;

import java.lang.foreign.MemorySegment;
import vit.kernels.tensor.Tensor;

/**
 * Copies the rows of a tensor into {@code double[]}, one after another without gaps, and back. It serves the reference implementations. It allocates,
 * so only the reference mode and tests use it.
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

    /** All rows, or null if the tensor is null. */
    public static double[] readOrNull(Tensor tensor) {
        return tensor == null ? null : read(tensor);
    }

    /** Elements {@code from} to {@code to} (exclusive) of the tensor's memory, counting the gaps between rows. */
    public static double[] readSpan(Tensor tensor, int from, int to) {
        double[] values = new double[to - from];
        for (int i = from; i < to; i++) {
            values[i - from] = tensor.segment().getAtIndex(Tensor.FLOAT, i);
        }
        return values;
    }

    /** Rounds {@code values} to float and writes them into the tensor's memory from element {@code from} on, counting the gaps between rows. */
    public static void writeSpan(Tensor tensor, int from, double[] values) {
        for (int i = 0; i < values.length; i++) {
            tensor.segment().setAtIndex(Tensor.FLOAT, (long) from + i, (float) values[i]);
        }
    }

    /** Rounds {@code values} to float and writes them into the first rows. The values must be whole rows. */
    public static void write(Tensor tensor, double[] values) {
        int columns = tensor.columns();
        int stride = tensor.rowStride();
        MemorySegment segment = tensor.segment();
        for (int i = 0; i < values.length; i++) {
            segment.setAtIndex(Tensor.FLOAT, (long) (i / columns) * stride + i % columns, (float) values[i]);
        }
    }
}
