package vit.kernels.contract;

import vit.kernels.tensor.Tensor;

/**
 * The checks that an operation makes before it trusts its arguments. A failed check throws
 * {@link IllegalArgumentException} with the tensor's name, what was expected and what was found; a passed one costs a few
 * comparisons and allocates nothing.
 */
public final class Require {

    private Require() {}

    /** An activation: exactly {@code columns} wide, and at least {@code rows} rows, of which the first are used. */
    public static void rows(String name, Tensor tensor, long rows, int columns) {
        if (tensor.columns() != columns || tensor.rows() < rows) {
            throw new IllegalArgumentException(name + ": expected at least " + rows + " rows of " + columns
                    + " columns, found shape " + tensor.shape() + ", " + found(tensor));
        }
    }

    /** A parameter or its gradient: exactly {@code rows} rows of {@code columns}. A vector is one row. */
    public static void exactly(String name, Tensor tensor, long rows, int columns) {
        if (tensor.columns() != columns || tensor.rows() != rows) {
            throw new IllegalArgumentException(name + ": expected " + rows + " rows of " + columns
                    + " columns, found shape " + tensor.shape() + ", " + found(tensor));
        }
    }

    /** One value a row: at least {@code rows} elements, one after the other. */
    public static void perRow(String name, Tensor tensor, long rows) {
        if (tensor.shape().size() < rows || !tensor.isContiguous()) {
            throw new IllegalArgumentException(name + ": expected at least " + rows
                    + " elements without gaps, found shape " + tensor.shape() + ", row stride " + tensor.rowStride());
        }
    }

    private static String found(Tensor tensor) {
        return tensor.rows() + " rows of " + tensor.columns();
    }

    /** A tensor of {@code rank} dimensions; {@code meaning} spells them, for example {@code (B, channels, H, W)}. */
    public static void rank(String name, Tensor tensor, int rank, String meaning) {
        if (tensor.shape().rank() != rank) {
            throw new IllegalArgumentException(
                    name + ": expected " + rank + " dimensions " + meaning + ", found shape " + tensor.shape());
        }
    }

    /** A size or an index: {@code from ≤ value ≤ to}. */
    public static void range(String name, long value, long from, long to) {
        if (value < from || value > to) {
            throw new IllegalArgumentException(name + ": expected " + from + " to " + to + ", found " + value);
        }
    }

    /** A number in [{@code from}, {@code below}); NaN is not. */
    public static void fraction(String name, double value, double from, double below) {
        if (!(value >= from && value < below)) {
            throw new IllegalArgumentException(name + ": expected at least " + from + " and below " + below + ", found " + value);
        }
    }

    /** Two tensors whose memory is laid out alike: a flat span of one belongs to the same span of the other. */
    public static void sameLayout(String name, Tensor tensor, String otherName, Tensor other) {
        if (!tensor.shape().equals(other.shape()) || tensor.rowStride() != other.rowStride()) {
            throw new IllegalArgumentException(name + ": expected the layout of " + otherName + ", shape " + other.shape()
                    + " and row stride " + other.rowStride() + ", found shape " + tensor.shape() + " and row stride "
                    + tensor.rowStride());
        }
    }

    /** Elements {@code from} to {@code to} of the tensor's memory, gaps between rows counted. */
    public static void span(String name, Tensor tensor, int from, int to) {
        long length = (long) tensor.rows() * tensor.rowStride();
        if (from < 0 || to < from || to > length) {
            throw new IllegalArgumentException(
                    name + ": expected a span within 0 to " + length + ", found " + from + " to " + to);
        }
    }

    /** An output that shares no memory with an input. */
    public static void disjoint(String output, Tensor written, String input, Tensor read) {
        if (written.segment().asOverlappingSlice(read.segment()).isPresent()) {
            throw new IllegalArgumentException(output + " and " + input + ": expected separate memory, found an overlap");
        }
    }

    /** An output that is the very same tensor memory as an input (the operation then works in place), or shares none. */
    public static void sameOrDisjoint(String output, Tensor written, String input, Tensor read) {
        boolean same = written.segment().address() == read.segment().address() && written.rowStride() == read.rowStride();
        if (!same) {
            disjoint(output, written, input, read);
        }
    }
}
