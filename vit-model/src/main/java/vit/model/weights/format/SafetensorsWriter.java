package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import vit.kernels.tensor.Shape;
import vit.model.json.Json;

/**
 * Writes a safetensors file, one tensor after the other, without keeping any in memory. The file appears whole or not at all; see {@link AtomicFile}.
 *
 * <!-- given: Path path, Shape shape, float[] values -->
 * <pre>{@code
 * try (SafetensorsWriter writer = new SafetensorsWriter(path, List.of(new SafetensorsWriter.Tensor("logits", Dtype.F32, shape)), Map.of())) {
 *     writer.write(values, 0, values.length);
 *     writer.commit();
 * }
 * }</pre>
 *
 * For one thread. If more elements are written than announced, or elements of another type, the result is undefined.
 */
public final class SafetensorsWriter implements AutoCloseable {

    /** A tensor to be written. */
    public record Tensor(String name, Dtype dtype, Shape shape) {}

    private static final int BUFFER_BYTES = 1 << 18;

    private final AtomicFile file;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final CRC32C checksum = new CRC32C(); // of all bytes written so far
    private final Iterator<Tensor> tensors;
    private Tensor current;
    private long remaining; // elements of the current tensor

    /**
     * Starts the file.
     *
     * @param tensors  in the order in which their elements will come
     * @param metadata free text for the header; may be empty
     * @throws IllegalArgumentException if two tensors share a name, or one is called {@code __metadata__}
     */
    public SafetensorsWriter(Path path, List<Tensor> tensors, Map<String, String> metadata) throws IOException {
        byte[] header = header(tensors, metadata);
        this.tensors = new ArrayList<>(tensors).iterator();
        long elements = tensors.stream().mapToLong(tensor -> tensor.shape.size() * tensor.dtype.bytes()).sum();
        this.file = AtomicFile.create(path, Long.BYTES + header.length + elements);
        try {
            buffer.putLong(header.length);
            flush();
            checksum.update(header);
            file.write(ByteBuffer.wrap(header));
        } catch (IOException e) {
            file.close();
            throw e;
        }
        advance();
    }

    private static byte[] header(List<Tensor> tensors, Map<String, String> metadata) {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put("__metadata__", metadata);
        }
        long at = 0;
        for (Tensor tensor : tensors) {
            long end = Math.addExact(at, Math.multiplyExact(tensor.shape.size(), (long) tensor.dtype.bytes()));
            Map<String, Object> entry = new LinkedHashMap<>(); // ordered: the same tensors always give the same file
            entry.put("dtype", tensor.dtype.name());
            entry.put("shape", tensor.shape.dimensions());
            entry.put("data_offsets", new long[] {at, end});
            if (header.put(tensor.name, entry) != null || tensor.name.equals("__metadata__")) {
                throw new IllegalArgumentException("tensor name " + tensor.name + " is taken");
            }
            at = end;
        }
        byte[] json = Json.write(header).getBytes(StandardCharsets.UTF_8);
        byte[] padded = java.util.Arrays.copyOf(json, (json.length + 7) / 8 * 8); // the data start at a multiple of 8
        java.util.Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    /** Moves on to the next tensor that has elements. */
    private void advance() {
        while (remaining == 0 && tensors.hasNext()) {
            current = tensors.next();
            remaining = current.shape.size();
        }
    }

    /** Appends elements to the current tensor. Several calls may fill one tensor, but no call may span two. */
    public void write(float[] values, int offset, int count) throws IOException {
        claim(count);
        Dtype dtype = current == null ? Dtype.F32 : current.dtype;
        for (int i = 0; i < count; i++) {
            room(dtype);
            if (dtype == Dtype.F32) {
                buffer.putFloat(values[offset + i]); // keeps the bits of a NaN
            } else {
                dtype.encode(buffer, values[offset + i]);
            }
        }
        advance();
    }

    /** As {@link #write(float[], int, int)}; a double is rounded to nearest if the tensor is F32. */
    public void write(double[] values, int offset, int count) throws IOException {
        claim(count);
        for (int i = 0; i < count; i++) {
            room(current.dtype);
            current.dtype.encode(buffer, values[offset + i]);
        }
        advance();
    }

    /** As {@link #write(float[], int, int)}, for a tensor of I64. */
    public void write(long[] values, int offset, int count) throws IOException {
        claim(count);
        if (count > 0 && current.dtype != Dtype.I64) {
            throw new IllegalStateException("tensor " + current.name + " is " + current.dtype + ", not I64");
        }
        for (int i = 0; i < count; i++) {
            room(Dtype.I64);
            buffer.putLong(values[offset + i]);
        }
        advance();
    }

    /**
     * Fills a tensor of one I64 with the CRC-32C (RFC 3720, appendix B.4) of all bytes of the file before it. If it is the last tensor, a
     * reader can detect a change of any byte of the file.
     */
    public void writeChecksum() throws IOException {
        flush();
        write(new long[] {checksum.getValue()}, 0, 1);
    }

    private void claim(int count) {
        if (count > remaining) {
            throw new IllegalStateException(current == null ? "there is no tensor to write"
                    : "tensor " + current.name + " " + current.shape + " lacks " + remaining + " elements, not " + count);
        }
        remaining -= count;
    }

    private void room(Dtype dtype) throws IOException {
        if (buffer.remaining() < dtype.bytes()) {
            flush();
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        checksum.update(buffer.duplicate());
        file.write(buffer);
        buffer.clear();
    }

    /**
     * Makes the file visible under its name.
     *
     * @throws IllegalStateException if elements are missing
     */
    public void commit() throws IOException {
        if (remaining > 0 || tensors.hasNext()) {
            throw new IllegalStateException("tensor " + current.name + " lacks " + remaining + " elements");
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
