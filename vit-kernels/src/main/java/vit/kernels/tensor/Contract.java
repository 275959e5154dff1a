package vit.kernels.tensor;

/**
 * What the kernels' facades check at the door. Each method returns when its rule holds and otherwise throws an
 * {@link IllegalArgumentException} that names the operation, the tensor, what was expected and what was found.
 */
public final class Contract {

    private Contract() {}

    /** {@code tensor} has at least {@code rows} rows and exactly {@code columns} columns. */
    public static void matrix(String operation, String name, Tensor tensor, int rows, int columns) {
        if (tensor.columns() != columns || tensor.rows() < rows || rows < 0) {
            throw new IllegalArgumentException(operation + ": " + name + " must hold " + rows + " rows of " + columns
                    + ", but has shape " + tensor.shape());
        }
    }

    /** {@code tensor} has exactly {@code length} elements, without gaps. */
    public static void vector(String operation, String name, Tensor tensor, int length) {
        if (tensor.shape().size() != length || !tensor.isContiguous()) {
            throw new IllegalArgumentException(operation + ": " + name + " must hold " + length
                    + " elements without gaps, but has shape " + tensor.shape() + " and row stride " + tensor.rowStride());
        }
    }

    /** {@code tensor} has at least {@code length} elements, without gaps: part of a planned buffer is in use. */
    public static void vectorOfAtLeast(String operation, String name, Tensor tensor, int length) {
        if (tensor.shape().size() < length || !tensor.isContiguous()) {
            throw new IllegalArgumentException(operation + ": " + name + " must hold at least " + length
                    + " elements without gaps, but has shape " + tensor.shape() + " and row stride " + tensor.rowStride());
        }
    }

    /** {@code output} shares no memory with {@code input}. */
    public static void apart(String operation, String outputName, Tensor output, String inputName, Tensor input) {
        if (overlap(output, input)) {
            throw new IllegalArgumentException(
                    operation + ": " + outputName + " must not share memory with " + inputName);
        }
    }

    /** {@code output} is {@code input} itself, or shares no memory with it. */
    public static void sameOrApart(String operation, String outputName, Tensor output, String inputName, Tensor input) {
        boolean same = output.segment().address() == input.segment().address()
                && output.rowStride() == input.rowStride();
        if (!same && overlap(output, input)) {
            throw new IllegalArgumentException(operation + ": " + outputName + " must be the same tensor as " + inputName
                    + ", or share no memory with it");
        }
    }

    private static boolean overlap(Tensor a, Tensor b) {
        long startA = a.segment().address();
        long startB = b.segment().address();
        return startA < startB + Tensor.bytes(b.shape(), b.rowStride())
                && startB < startA + Tensor.bytes(a.shape(), a.rowStride());
    }
}
