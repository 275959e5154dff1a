package vit.kernels.verify;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import vit.kernels.tensor.TensorArena;

/**
 * A matrix in off-heap memory, with guards around it. A kernel receives {@link #segment()}, which begins at the first element and ends with the last
 * row, so the segment's own bounds stop every access before and behind the matrix.
 */
public final class GuardedSegment extends GuardedMemory {

    private final MemorySegment memory;
    private final MemorySegment segment;

    private GuardedSegment(MemorySegment memory, int first, int rows, int columns, int stride) {
        super(rows, columns, stride, first);
        this.memory = memory;
        this.segment = memory.asSlice((long) first * Float.BYTES, (long) rows * stride * Float.BYTES);
    }

    /**
     * A matrix of {@code rows} rows of {@code columns} floats in memory of {@code arena}.
     *
     * @param offset floats from a 64-byte boundary to the first element
     * @param gap    floats between the end of a row and the next
     */
    public static GuardedSegment of(TensorArena arena, int offset, int gap, int rows, int columns) {
        MemorySegment memory = allocate(arena, offset, rows, columns + gap);
        GuardedSegment guarded = new GuardedSegment(memory, MARGIN + offset, rows, columns, columns + gap);
        guarded.setGuards(NAN_GUARD);
        return guarded;
    }

    /** Memory for the matrix and its guards, whose first float is aligned as the first element would be without offset. */
    static MemorySegment allocate(TensorArena arena, int offset, int rows, int stride) {
        int floats = floats(MARGIN + offset, rows, stride);
        return arena.allocate(floats).segment().asSlice(0, (long) floats * Float.BYTES);
    }

    /** The memory of the matrix: all rows with the gaps between them. */
    public MemorySegment segment() {
        return segment;
    }

    @Override
    int floats() {
        return (int) (memory.byteSize() / Float.BYTES);
    }

    @Override
    int bits(int index) {
        return memory.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index);
    }

    @Override
    void setBits(int index, int bits) {
        memory.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index, bits);
    }
}
