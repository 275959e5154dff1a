package vit.kernels.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A float32 tensor in off-heap memory, row-major.
 *
 * <p>A row is a run of the innermost dimension, and its elements are contiguous. Rows lie {@link #rowStride()} elements apart, which may be more than
 * the length of a row. The outer dimensions follow one another without further gaps. The first element is 64-byte aligned if the tensor comes from a
 * {@link TensorArena}.
 *
 * <p>A tensor does not own its memory; the arena does. Access after the arena was closed throws {@link IllegalStateException}. Elements are plain
 * memory: several threads may read at once, but a thread that writes must be ordered before those that read, for example by {@link
 * vit.kernels.parallel.Worker#barrier()}.
 */
public final class Tensor {

    /** The element layout: 4 bytes, native byte order, no alignment required. */
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** The layout of a word of the same size: 4 bytes, native byte order, no alignment required. */
    public static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private final MemorySegment segment;
    private final Shape shape;
    private final int rowStride; // elements from one row to the next
    private final int rows;

    private Tensor(MemorySegment segment, Shape shape, int rowStride) {
        this.segment = segment;
        this.shape = shape;
        this.rowStride = rowStride;
        int product = 1;
        for (int i = 0; i < shape.rank() - 1; i++) {
            product = Math.multiplyExact(product, shape.dimension(i));
        }
        this.rows = product;
    }

    /**
     * A tensor over {@code segment}, which begins at the segment's first byte.
     *
     * @param segment   native memory that the caller keeps alive
     * @param shape     the dimensions, in elements
     * @param rowStride elements from one row to the next, at least the innermost dimension
     * @throws IllegalArgumentException if the segment is on the heap or too small, or the stride is less than a row
     */
    public static Tensor of(MemorySegment segment, Shape shape, int rowStride) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("tensor " + shape + ": the segment must be native memory, not the heap");
        }
        int row = rowLength(shape);
        if (rowStride < row) {
            throw new IllegalArgumentException("tensor " + shape + ": row stride " + rowStride + " is less than a row of " + row);
        }
        long bytes = bytes(shape, rowStride);
        if (segment.byteSize() < bytes) {
            throw new IllegalArgumentException(
                    "tensor " + shape + ": needs " + bytes + " bytes, the segment has " + segment.byteSize());
        }
        return new Tensor(segment, shape, rowStride);
    }

    /** A tensor without memory. A counting arena gives it out to find how much memory a plan needs. */
    static Tensor unbacked(Shape shape, int rowStride) {
        return new Tensor(MemorySegment.NULL, shape, rowStride);
    }

    static int rowLength(Shape shape) {
        return shape.rank() == 0 ? 1 : shape.dimension(-1);
    }

    static long bytes(Shape shape, int rowStride) {
        if (shape.size() == 0) {
            return 0;
        }
        long rows = shape.size() / rowLength(shape);
        return Math.multiplyExact(Math.multiplyExact(rows, (long) rowStride), (long) Float.BYTES);
    }

    /** The memory, starting at the tensor's first element. */
    public MemorySegment segment() {
        return offHeap(segment);
    }

    /**
     * Returns the same segment, and lets C2 know that it is off-heap. To inline an access, C2 must know the class of the segment. By itself it knows
     * only the type profile of the JDK's accessors, which all code in the JVM shares. If a service reads its own arrays through segments, that
     * profile holds several classes. A kernel then calls a method at every load and takes six times as long. The call inside this method has a
     * profile of its own with a single class in it, and C2 keeps what it learns for the returned value. So every kernel passes its segments through
     * here once, before its loops.
     */
    public static MemorySegment offHeap(MemorySegment segment) {
        segment.isNative();
        return segment;
    }

    /** The dimensions, in elements. */
    public Shape shape() {
        return shape;
    }

    /** Elements from one row (a run of the innermost dimension) to the next. */
    public int rowStride() {
        return rowStride;
    }

    /** The byte at which row {@code row} begins in {@link #segment()}. */
    public long rowOffset(int row) {
        return (long) row * rowStride * Float.BYTES;
    }

    /** The number of rows: the product of all dimensions but the innermost. */
    public int rows() {
        return rows;
    }

    /** The innermost dimension; 1 for a scalar. */
    public int columns() {
        return rowLength(shape);
    }

    /** Whether the rows follow one another without a gap. */
    public boolean isContiguous() {
        return rowStride == rowLength(shape) || rows() <= 1;
    }

    /**
     * Element {@code column} of row {@code row}: for tests and small data; kernels use {@link #segment()}.
     *
     * @throws IndexOutOfBoundsException if there is no such element
     */
    public float get(int row, int column) {
        return segment.get(FLOAT, byteOffset(row, column));
    }

    /**
     * Sets element {@code column} of row {@code row}.
     *
     * @throws IndexOutOfBoundsException if there is no such element
     */
    public void set(int row, int column, float value) {
        segment.set(FLOAT, byteOffset(row, column), value);
    }

    private long byteOffset(int row, int column) {
        if (row < 0 || row >= rows() || column < 0 || column >= columns()) {
            throw new IndexOutOfBoundsException("element (" + row + ", " + column + ") of a tensor of "
                    + rows() + " rows of " + columns());
        }
        return ((long) row * rowStride + column) * Float.BYTES;
    }

    /**
     * A tensor of another shape and equal size over the same memory.
     *
     * @throws IllegalArgumentException if the sizes differ, or if the rows have gaps between them and their length would change
     */
    public Tensor reshape(int... dimensions) {
        Shape other = Shape.of(dimensions);
        if (other.size() != shape.size()) {
            throw new IllegalArgumentException("cannot reshape " + shape + " to " + other + ": sizes differ");
        }
        if (!isContiguous() && rowLength(other) != rowLength(shape)) {
            throw new IllegalArgumentException("cannot reshape " + shape + " to " + other + ": rows lie " + rowStride + " apart");
        }
        return new Tensor(segment, other, rowLength(other) == rowLength(shape) ? rowStride : rowLength(other));
    }

    /**
     * Rows {@code from} to {@code to} (exclusive) as a tensor of shape (to − from, columns) over the same memory.
     *
     * @throws IndexOutOfBoundsException if there are no such rows
     */
    public Tensor rows(int from, int to) {
        if (from < 0 || to < from || to > rows()) {
            throw new IndexOutOfBoundsException("rows " + from + " to " + to + " of " + rows());
        }
        long start = (long) from * rowStride * Float.BYTES;
        Shape part = Shape.of(to - from, columns());
        return new Tensor(segment.asSlice(start, bytes(part, rowStride)), part, rowStride);
    }

    /**
     * Copies all elements from {@code source}, in row-major order, and returns this.
     *
     * @throws IllegalArgumentException if its length is not the tensor's size
     */
    public Tensor copyFrom(float[] source) {
        checkLength(source.length);
        int columns = columns();
        for (int row = 0, rows = rows(); row < rows; row++) {
            MemorySegment.copy(source, row * columns, segment, FLOAT, (long) row * rowStride * Float.BYTES, columns);
        }
        return this;
    }

    /**
     * Copies all elements into {@code target}, in row-major order.
     *
     * @throws IllegalArgumentException if its length is not the tensor's size
     */
    public void copyTo(float[] target) {
        checkLength(target.length);
        int columns = columns();
        for (int row = 0, rows = rows(); row < rows; row++) {
            MemorySegment.copy(segment, FLOAT, (long) row * rowStride * Float.BYTES, target, row * columns, columns);
        }
    }

    /** All elements in row-major order. */
    public float[] toArray() {
        float[] values = new float[Math.toIntExact(shape.size())];
        copyTo(values);
        return values;
    }

    /** All elements in row-major order, as doubles. */
    public double[] toDoubles() {
        double[] values = new double[Math.toIntExact(shape.size())];
        for (int i = 0, columns = columns(); i < values.length; i++) {
            values[i] = get(i / columns, i % columns);
        }
        return values;
    }

    /**
     * Copies all elements from {@code source}, in row-major order, each rounded to the nearest float, and returns this.
     *
     * @throws IllegalArgumentException if its length is not the tensor's size
     */
    public Tensor copyFrom(double[] source) {
        checkLength(source.length);
        for (int i = 0, columns = columns(); i < source.length; i++) {
            set(i / columns, i % columns, (float) source[i]);
        }
        return this;
    }

    /** Sets every element to {@code value} and returns this. The gaps between rows stay as they are. */
    public Tensor fill(float value) {
        for (int row = 0, rows = rows(), columns = columns(); row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                segment.set(FLOAT, ((long) row * rowStride + column) * Float.BYTES, value);
            }
        }
        return this;
    }

    private void checkLength(int length) {
        if (length != shape.size()) {
            throw new IllegalArgumentException("tensor " + shape + " has " + shape.size() + " elements, the array " + length);
        }
    }

    @Override
    public String toString() {
        return "Tensor" + shape;
    }
}
