package vit.kernels.tensor;

/** Copies tensors to double arrays and back, for the references, which know no tensor. */
public final class Doubles {

    private Doubles() {}

    /** The first {@code rows} rows of {@code tensor}, one after the other. */
    public static double[] read(Tensor tensor, int rows) {
        int columns = tensor.columns();
        double[] values = new double[Math.multiplyExact(rows, columns)];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                values[row * columns + column] = tensor.get(row, column);
            }
        }
        return values;
    }

    /** All elements of {@code tensor}. */
    public static double[] read(Tensor tensor) {
        return read(tensor, tensor.rows());
    }

    /** Writes the rows in {@code values} to the first rows of {@code tensor}, rounded to float. */
    public static void write(double[] values, Tensor tensor) {
        int columns = tensor.columns();
        for (int i = 0; i < values.length; i++) {
            tensor.set(i / columns, i % columns, (float) values[i]);
        }
    }
}
