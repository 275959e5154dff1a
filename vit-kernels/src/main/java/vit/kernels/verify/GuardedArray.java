package vit.kernels.verify;

/**
 * A matrix in a {@code float[]}, with guards around it. A kernel receives {@link #array()}, {@link #offset()} and, if rows may lie apart, {@link
 * #stride()}.
 */
public final class GuardedArray extends GuardedMemory {

    private final float[] array;
    private final int offset;

    private GuardedArray(float[] array, int offset, int rows, int columns, int stride) {
        super(rows, columns, stride, offset);
        this.array = array;
        this.offset = offset;
    }

    /**
     * A matrix of {@code rows} rows of {@code columns} floats.
     *
     * @param offset the index of its first element, beyond the guards that always lie before it
     * @param gap    floats between the end of a row and the next
     */
    public static GuardedArray of(int offset, int gap, int rows, int columns) {
        int stride = columns + gap;
        float[] array = new float[floats(MARGIN + offset, rows, stride)];
        GuardedArray guarded = new GuardedArray(array, MARGIN + offset, rows, columns, stride);
        guarded.setGuards(NAN_GUARD);
        return guarded;
    }

    /** A matrix that fills its array, for kernels that take no offset. The JVM itself refuses accesses outside it. */
    public static GuardedArray exact(int rows, int columns) {
        return new GuardedArray(new float[Math.multiplyExact(rows, columns)], 0, rows, columns, columns);
    }

    /** The array that holds the matrix and its guards. */
    public float[] array() {
        return array;
    }

    /** The index of the first element in {@link #array()}. */
    public int offset() {
        return offset;
    }

    @Override
    int floats() {
        return array.length;
    }

    @Override
    int bits(int index) {
        return Float.floatToRawIntBits(array[index]);
    }

    @Override
    void setBits(int index, int bits) {
        array[index] = Float.intBitsToFloat(bits);
    }
}
