package vit.kernels.contract;

import vit.kernels.tensor.Tensor;

/**
 * The checks that an operation makes before it trusts its arguments. A check that fails throws {@link IllegalArgumentException} with the tensor's
 * name, what was expected and what was found. A check that passes costs a few comparisons and allocates nothing.
 */
public final class Require {

    private Require() {}

    /** Requires an activation: exactly {@code columns} columns, and at least {@code rows} rows, of which the first are used. */
    public static void rows(String name, Tensor tensor, long rows, int columns) {
        if (tensor.columns() != columns || tensor.rows() < rows) {
            throw new IllegalArgumentException(name + ": expected at least " + rows + " rows of " + columns
                    + " columns, found shape " + tensor.shape() + ", " + found(tensor));
        }
    }

    /** Requires a parameter or its gradient: exactly {@code rows} rows of {@code columns}. A vector is one row. */
    public static void exactly(String name, Tensor tensor, long rows, int columns) {
        if (tensor.columns() != columns || tensor.rows() != rows) {
            throw new IllegalArgumentException(name + ": expected " + rows + " rows of " + columns
                    + " columns, found shape " + tensor.shape() + ", " + found(tensor));
        }
    }

    /** Requires one value for each row: at least {@code rows} elements without gaps between them. */
    public static void perRow(String name, Tensor tensor, long rows) {
        if (tensor.shape().size() < rows || !tensor.isContiguous()) {
            throw new IllegalArgumentException(name + ": expected at least " + rows
                    + " elements without gaps, found shape " + tensor.shape() + ", row stride " + tensor.rowStride());
        }
    }

    private static String found(Tensor tensor) {
        return tensor.rows() + " rows of " + tensor.columns();
    }

    /** Requires a tensor of {@code rank} dimensions. {@code meaning} names them for the message, for example {@code (B, channels, H, W)}. */
    public static void rank(String name, Tensor tensor, int rank, String meaning) {
        if (tensor.shape().rank() != rank) {
            throw new IllegalArgumentException(
                    name + ": expected " + rank + " dimensions " + meaning + ", found shape " + tensor.shape());
        }
    }

    /** Requires a size or an index with {@code from ≤ value ≤ to}. */
    public static void range(String name, long value, long from, long to) {
        if (value < from || value > to) {
            throw new IllegalArgumentException(name + ": expected " + from + " to " + to + ", found " + value);
        }
    }

    /** Requires a number in [{@code from}, {@code below}). NaN fails. */
    public static void fraction(String name, double value, double from, double below) {
        if (!(value >= from && value < below)) {
            throw new IllegalArgumentException(name + ": expected at least " + from + " and below " + below + ", found " + value);
        }
    }

    /** Requires two tensors with the same layout, so that a flat span of one belongs to the same span of the other. */
    public static void sameLayout(String name, Tensor tensor, String otherName, Tensor other) {
        if (!tensor.shape().equals(other.shape()) || tensor.rowStride() != other.rowStride()) {
            throw new IllegalArgumentException(name + ": expected the layout of " + otherName + ", shape " + other.shape()
                    + " and row stride " + other.rowStride() + ", found shape " + tensor.shape() + " and row stride "
                    + tensor.rowStride());
        }
    }

    /** Requires elements {@code from} to {@code to} (exclusive) to lie within the tensor's memory, counting the gaps between rows. */
    public static void span(String name, Tensor tensor, int from, int to) {
        long length = (long) tensor.rows() * tensor.rowStride();
        if (from < 0 || to < from || to > length) {
            throw new IllegalArgumentException(
                    name + ": expected a span within 0 to " + length + ", found " + from + " to " + to);
        }
    }

    /** Requires that an output shares no memory with an input. */
    public static void disjoint(String output, Tensor written, String input, Tensor read) {
        if (written.segment().asOverlappingSlice(read.segment()).isPresent()) {
            throw new IllegalArgumentException(output + " and " + input + ": expected separate memory, found an overlap");
        }
    }

    /** Requires that an output either occupies exactly the memory of an input, so that the operation works in place, or shares none with it. */
    public static void sameOrDisjoint(String output, Tensor written, String input, Tensor read) {
        boolean same = written.segment().address() == read.segment().address() && written.rowStride() == read.rowStride();
        if (!same) {
            disjoint(output, written, input, read);
        }
    }
}
