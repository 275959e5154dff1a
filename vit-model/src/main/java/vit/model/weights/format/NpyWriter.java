package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import vit.kernels.tensor.Shape;

/**
 * Writes a NumPy array file of float32 elements in row-major order, version 1.0 (NumPy's {@code numpy.lib.format}), without keeping them in memory. The
 * file appears whole or not at all; see {@link AtomicFile}. For one thread.
 */
public final class NpyWriter implements AutoCloseable {

    private static final int BUFFER_BYTES = 1 << 18;

    /** The header's length, before its text, is in two bytes. */
    private static final int FIXED_BYTES = 10;

    /** NumPy aligns the elements to this many bytes. */
    private static final int ALIGNMENT = 64;

    private final AtomicFile file;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long remaining; // elements

    /** Starts the file of an array of this shape. */
    public NpyWriter(Path path, Shape shape) throws IOException {
        byte[] header = header(shape);
        this.remaining = shape.size();
        this.file = AtomicFile.create(path, header.length + remaining * Float.BYTES);
        buffer.put(header);
    }

    private static byte[] header(Shape shape) {
        String dimensions = Arrays.stream(shape.dimensions()).mapToObj(dimension -> dimension + ",").collect(Collectors.joining(" "));
        String text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + (shape.rank() > 1 ? dimensions.substring(0, dimensions.length() - 1) : dimensions)
                + "), }";
        int length = (FIXED_BYTES + text.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer header = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        header.put(NpyHeader.magic()).put((byte) 1).put((byte) 0).putShort((short) (length - FIXED_BYTES)).put(text.getBytes(StandardCharsets.US_ASCII));
        while (header.remaining() > 1) {
            header.put((byte) ' ');
        }
        return header.put((byte) '\n').array();
    }

    /** Appends elements. */
    public void write(float[] values, int offset, int count) throws IOException {
        if (count > remaining) {
            throw new IllegalStateException("the array lacks " + remaining + " elements, not " + count);
        }
        remaining -= count;
        for (int i = 0; i < count; i++) {
            if (buffer.remaining() < Float.BYTES) {
                flush();
            }
            buffer.putFloat(values[offset + i]);
        }
    }

    private void flush() throws IOException {
        file.write(buffer.flip());
        buffer.clear();
    }

    /**
     * Makes the file visible under its name.
     *
     * @throws IllegalStateException if elements are missing
     */
    public void commit() throws IOException {
        if (remaining > 0) {
            throw new IllegalStateException("the array lacks " + remaining + " elements");
        }
        flush();
        file.commit();
    }

    /** Discards the unfinished file; does nothing after {@link #commit()}. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
