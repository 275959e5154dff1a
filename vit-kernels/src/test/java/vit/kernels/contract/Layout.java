package vit.kernels.contract;

import vit.kernels.tensor.TensorArena;

/**
 * How a matrix lies in memory.
 *
 * @param offset floats from a 64-byte boundary to the first element
 * @param gap floats between the end of a row and the next
 */
public record Layout(int rows, int columns, int offset, int gap) {

    /** A matrix of this layout. */
    public GuardedTensor matrix(TensorArena arena) {
        return GuardedTensor.of(arena, offset, gap, rows, columns);
    }

    /** A vector of one element a column, off alignment in another way than the matrix. */
    public GuardedTensor perColumn(TensorArena arena) {
        return GuardedTensor.of(arena, (offset + 3) % 16, 0, columns);
    }

    /** A vector of one element a row and some more, as part of a planned buffer. */
    public GuardedTensor perRow(TensorArena arena) {
        return GuardedTensor.of(arena, (offset + 5) % 16, 0, rows + gap);
    }
}
