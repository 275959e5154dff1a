package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import vit.kernels.tensor.Shape;
import vit.model.InputException;

/** Reads NumPy's {@code .npy}: one array in a file. */
public final class NpyFile {

    private static final int BUFFER_BYTES = 1 << 18;

    private NpyFile() {}

    /**
     * An array in memory.
     *
     * @param values row-major
     */
    public record Array(Shape shape, float[] values) {}

    /**
     * Reads the whole array, converted to float32 as {@link TensorFile#readFloats} does.
     *
     * @throws InputException if the file is missing or malformed, in Fortran order, or has 2³¹ elements or more
     */
    public static Array read(Path path) throws IOException {
        try (ByteSource source = ByteSource.OfFile.open(path)) {
            long[] at = {0};
            NpyHeader header = NpyHeader.read(count -> {
                ByteBuffer part = ByteBuffer.allocate(count);
                source.readFully(part, at[0]);
                at[0] += count;
                return part.array();
            }, () -> InputException.in(source.name()).at(at[0]));
            return new Array(header.shape(), values(source, header));
        }
    }

    private static float[] values(ByteSource source, NpyHeader header) throws IOException {
        long count = header.shape().size();
        long held = source.size() - header.dataOffset();
        int width = header.dtype().bytes();
        if (count > Integer.MAX_VALUE - 8 || held != count * width) {
            throw InputException.in(source.name()).at(header.dataOffset()).expected("elements of " + header.dtype() + " " + header.shape()).found(held + " bytes")
                    .because("the file's size does not match type and shape");
        }
        if (header.columnMajor()) {
            throw InputException.in(source.name()).expected("row-major order").found("Fortran order").remedy("save numpy.ascontiguousarray of it")
                    .because("the array's order is not read");
        }
        float[] values = new float[(int) count];
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(header.order());
        for (int done = 0; done < values.length; ) {
            int part = Math.min(values.length - done, BUFFER_BYTES / width);
            buffer.clear().limit(part * width);
            source.readFully(buffer, header.dataOffset() + (long) done * width);
            header.dtype().decode(buffer, values, done, part);
            done += part;
        }
        return values;
    }
}
