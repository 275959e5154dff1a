package vit.kernels.verify;

/** The memory in which a kernel takes its arguments. */
public enum Memory {
    /** A {@code float[]} for each argument, which it fills: {@link Arguments#floats}. */
    ARRAYS(false),
    /** A {@code float[]}, the index of the first element, and the distance of rows: {@link Arguments#floats}, {@code offset}, {@code stride}. */
    ARRAYS_AT_OFFSETS(true),
    /** An off-heap segment, dense, off alignment: {@link Arguments#segment}. */
    SEGMENTS(false),
    /** An off-heap segment, off alignment, and the distance of its rows: {@link Arguments#segment} and {@code stride}. */
    SEGMENTS_WITH_STRIDES(true),
    /** A tensor off alignment, with gaps between its rows: {@link Arguments#tensor}. */
    TENSORS(true),
    /** A tensor off alignment whose rows follow one another without gaps: {@link Arguments#tensor}. */
    CONTIGUOUS_TENSORS(false);

    private final boolean gaps;

    Memory(boolean gaps) {
        this.gaps = gaps;
    }

    /** Whether rows may have gaps between them. */
    boolean hasGaps() {
        return gaps;
    }

    /** Whether an argument may begin anywhere. */
    boolean hasOffsets() {
        return this != ARRAYS;
    }
}
