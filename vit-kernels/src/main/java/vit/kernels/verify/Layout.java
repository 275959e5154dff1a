package vit.kernels.verify;

import vit.kernels.tensor.TensorArena;

/**
 * The layout of a matrix in memory.
 *
 * @param rows    the number of rows
 * @param columns the length of a row, in floats
 * @param offset  floats from a 64-byte boundary to the first element
 * @param gap     floats between the end of a row and the next
 */
public record Layout(int rows, int columns, int offset, int gap) {

    /** A matrix of this layout. */
    public GuardedTensor matrix(TensorArena arena) {
        return GuardedTensor.of(arena, offset, gap, rows, columns);
    }

    /** A vector with one element for each column, whose offset from alignment differs from that of the matrix. */
    public GuardedTensor perColumn(TensorArena arena) {
        return GuardedTensor.of(arena, (offset + 3) % 16, 0, columns);
    }

    /** A vector with one element for each row and some more, like a buffer that was planned for more rows than a call uses. */
    public GuardedTensor perRow(TensorArena arena) {
        return GuardedTensor.of(arena, (offset + 5) % 16, 0, rows + gap);
    }

    /** The expression that makes this layout, to paste into a test. */
    @Override
    public String toString() {
        return "new Layout(" + rows + ", " + columns + ", " + offset + ", " + gap + ")";
    }
}
