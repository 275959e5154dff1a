package vit.kernels.verify;

/**
 * The memory of a matrix of floats with guards on both sides and between its rows. A guard is a float that does not belong to the matrix. It holds a
 * value that a kernel can neither use nor overwrite without being noticed: by default a NaN that no arithmetic produces.
 *
 * <p>The matrix has {@link #rows()} rows of {@link #columns()} floats, and rows lie {@link #stride()} floats apart. At least {@value #MARGIN} guards
 * lie before the first row and after the last. An object of this class belongs to one thread at a time, except that a kernel's threads may use the
 * memory itself.
 */
public abstract sealed class GuardedMemory permits GuardedArray, GuardedSegment, GuardedTensor {

    /** The guard that is written first: a NaN that no arithmetic produces. The last byte is free, so that each argument can have a guard of its own. */
    public static final int NAN_GUARD = 0x7fc0de00;

    private static final int OWN_GUARD = 0xff;

    /** A second guard for kernels that skip NaN, as a comparison does: a large number. */
    public static final int LARGE_GUARD = Float.floatToRawIntBits(2.5e38f);

    /** Floats before the first row and after the last: two of the widest vectors. */
    static final int MARGIN = 32;

    private final int rows;
    private final int columns;
    private final int stride;
    private final int first; // index of the first element
    private int guard = NAN_GUARD;

    GuardedMemory(int rows, int columns, int stride, int first) {
        this.rows = rows;
        this.columns = columns;
        this.stride = stride;
        this.first = first;
    }

    static boolean isNanGuard(int bits) {
        return (bits & ~OWN_GUARD) == NAN_GUARD;
    }

    /** The number of floats, guards included. */
    abstract int floats();

    abstract int bits(int index);

    abstract void setBits(int index, int bits);

    /** The number of floats of a matrix of {@code rows} rows that lie {@code stride} floats apart, behind {@code before} floats, with guards. */
    static int floats(int before, int rows, int stride) {
        return Math.addExact(before + MARGIN, Math.multiplyExact(rows, stride));
    }

    /** The index of the first element among all floats. */
    final int first() {
        return first;
    }

    /** The number of rows. */
    public final int rows() {
        return rows;
    }

    /** The length of a row, in floats. */
    public final int columns() {
        return columns;
    }

    /** Floats from one row to the next. */
    public final int stride() {
        return stride;
    }

    /** Element {@code column} of row {@code row}. A column outside the row reads a guard or another row. */
    public final float get(int row, int column) {
        return Float.intBitsToFloat(bits(first + row * stride + column));
    }

    /** Sets element {@code column} of row {@code row}. A column outside the row overwrites a guard or another row. */
    public final void set(int row, int column, float value) {
        setBits(first + row * stride + column, Float.floatToRawIntBits(value));
    }

    /** All elements, row by row. */
    public final float[] elements() {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(i / columns, i % columns);
        }
        return values;
    }

    /**
     * Copies all elements from {@code values}, row by row.
     *
     * @throws IllegalArgumentException if their number differs
     */
    public final void setElements(float[] values) {
        if (values.length != rows * columns) {
            throw new IllegalArgumentException("expected " + rows * columns + " elements, found " + values.length);
        }
        for (int i = 0; i < values.length; i++) {
            set(i / columns, i % columns, values[i]);
        }
    }

    /** Writes {@code bits}, such as {@link #NAN_GUARD}, into every guard. */
    public final void setGuards(int bits) {
        guard = bits;
        for (int i = 0; i < floats(); i++) {
            if (isGuard(i)) {
                setBits(i, bits);
            }
        }
    }

    private boolean isGuard(int index) {
        int from = index - first;
        return from < 0 || from >= rows * stride || from % stride >= columns;
    }

    /**
     * Checks that no guard was overwritten.
     *
     * @param name the argument's name, for the message
     * @throws AssertionError if one was
     */
    public final void assertGuardsIntact(String name) {
        for (int i = 0; i < floats(); i++) {
            if (isGuard(i) && bits(i) != guard) {
                throw new AssertionError(name + ": guard overwritten " + where(i - first) + " with " + Float.intBitsToFloat(bits(i)));
            }
        }
    }

    private String where(int from) {
        if (from < 0) {
            return -from + " floats before the first element";
        }
        int end = rows == 0 || columns == 0 ? 0 : (rows - 1) * stride + columns;
        if (from >= end) {
            return from - end + 1 + " floats after the last element";
        }
        return from % stride - columns + 1 + " floats after the end of row " + from / stride;
    }
}
