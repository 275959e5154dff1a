package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;

/**
 * A safetensors file: 8 bytes of little-endian header length, a JSON header {@code name → dtype, shape, data_offsets}, then
 * the data. It is checked as strictly as by the format's own reader: no duplicates, no overlaps, no gaps, no bytes left over.
 */
public final class SafetensorsFile implements TensorFile {

    /** The format's own limit. */
    static final int MAX_HEADER_BYTES = 100_000_000;

    private static final long MOST_BELIEVABLE = 1L << 40;
    private static final int LENGTH_BYTES = 8;
    private static final int BUFFER_BYTES = 1 << 18;
    private static final String METADATA = "__metadata__";
    private static final Set<String> FIELDS = Set.of("dtype", "shape", "data_offsets");

    private final ByteSource source;
    private final Map<String, TensorEntry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final ByteBuffer buffer;

    private SafetensorsFile(ByteSource source, ByteBuffer buffer) {
        this.source = source;
        this.buffer = buffer;
    }

    /**
     * Opens {@code path} and checks its header.
     *
     * @throws InputException if the file is malformed
     */
    public static SafetensorsFile open(Path path) throws IOException {
        ByteSource source = ByteSource.OfFile.open(path);
        try {
            return open(source, newBuffer());
        } catch (Throwable t) {
            source.close();
            throw t;
        }
    }

    /**
     * Checks a file's header. The result owns {@code source}.
     *
     * @param buffer from {@link #newBuffer}; files that the same thread reads may share one
     */
    static SafetensorsFile open(ByteSource source, ByteBuffer buffer) throws IOException {
        SafetensorsFile file = new SafetensorsFile(source, buffer);
        file.readHeader();
        return file;
    }

    static ByteBuffer newBuffer() {
        return ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void readHeader() throws IOException {
        long size = source.size();
        if (size < LENGTH_BYTES) {
            throw fault(0).expected("8 bytes of header length").found(size + " bytes").because("the file is too short for safetensors");
        }
        buffer.clear().limit(LENGTH_BYTES);
        source.readFully(buffer, 0);
        long length = buffer.getLong(0);
        long most = Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES);
        if (length < 2 || length > most) {
            // If no file can be that long, the number is really other content, so the message does not show it.
            throw fault(0).expected("2 … " + most).found(length >= 0 && length < MOST_BELIEVABLE ? length : "8 bytes that are no length")
                    .because("the header length does not fit the file; it may be cut off, or not safetensors");
        }
        byte[] header = new byte[(int) length];
        source.readFully(ByteBuffer.wrap(header), LENGTH_BYTES);
        if (header[0] != '{') {
            throw fault(LENGTH_BYTES).expected("'{'").found("another byte")
                    .because("the header does not start a JSON object");
        }
        List<TensorEntry> found = new ArrayList<>();
        long dataStart = LENGTH_BYTES + length;
        Json.forEachField(source.name(), header, LENGTH_BYTES, (name, value) -> {
            if (name.equals(METADATA)) {
                if (value.kind() != JsonKind.NULL) { // the format's own reader treats null as absent
                    readMetadata(value.object());
                }
            } else {
                found.add(entry(name, value, dataStart, size));
            }
        });
        found.sort(Comparator.comparingLong(TensorEntry::offset).thenComparingLong(TensorEntry::bytes));
        checkCoverage(found, dataStart, size);
        for (TensorEntry entry : found) {
            entries.put(entry.name(), entry);
        }
    }

    private void readMetadata(JsonObject object) throws InputException {
        for (String key : object.names()) {
            metadata.put(key, object.text(key));
        }
    }

    private TensorEntry entry(String name, JsonValue value, long dataStart, long size) throws InputException {
        JsonObject object = value.object();
        for (String field : object.names()) {
            if (!FIELDS.contains(field)) {
                throw object.fault(field).expected("dtype, shape, data_offsets").found("another one").because("the tensor has an unknown field");
            }
        }
        Dtype dtype = Dtype.find(object.text("dtype"));
        if (dtype == null) {
            throw object.fault("dtype").expected(Arrays.toString(Dtype.values())).found(object.text("dtype")).because("the dtype is not supported");
        }
        Shape shape = shape(object);
        JsonArray offsets = object.array("data_offsets");
        if (offsets.size() != 2) {
            throw offsets.fault().expected("[begin, end]").found(offsets.size() + " values").because("data_offsets are not a pair");
        }
        long begin = offsets.get(0).longInteger();
        long end = offsets.get(1).longInteger();
        long data = size - dataStart;
        if (begin < 0 || end < begin || end > data) {
            throw offsets.fault().expected("0 ≤ begin ≤ end ≤ " + data).found(begin + ", " + end)
                    .because("data_offsets lie outside the file's data");
        }
        long bytes = bytes(object, shape, dtype);
        if (end - begin != bytes) {
            throw offsets.fault().expected(bytes + " bytes for " + dtype + " " + shape).found(end - begin)
                    .because("data_offsets do not match dtype and shape");
        }
        return new TensorEntry(name, dtype, shape, dataStart + begin, bytes);
    }

    private static Shape shape(JsonObject object) throws InputException {
        int[] dimensions = object.array("shape").integers();
        try {
            return Shape.of(dimensions);
        } catch (IllegalArgumentException e) {
            throw object.fault("shape").cause(e).expected("dimensions of 0 … 2147483647, less than 2^63 elements")
                    .found(Arrays.toString(dimensions)).because("the shape is impossible");
        }
    }

    private static long bytes(JsonObject object, Shape shape, Dtype dtype) throws InputException {
        try {
            return Math.multiplyExact(shape.size(), (long) dtype.bytes());
        } catch (ArithmeticException e) {
            throw object.fault("shape").cause(e).expected("less than 2^63 bytes").found(shape).because("the shape is impossible");
        }
    }

    private void checkCoverage(List<TensorEntry> sorted, long dataStart, long size) throws InputException {
        long at = dataStart;
        for (TensorEntry entry : sorted) {
            if (entry.offset() != at) {
                throw fault(Math.min(at, entry.offset())).tensor(entry.name()).expected("byte " + at).found("byte " + entry.offset())
                        .because(entry.offset() < at ? "the tensor overlaps the one before it" : "a hole lies before the tensor");
            }
            at += entry.bytes();
        }
        if (at != size) {
            throw fault(at).expected("the end of the file").found(size - at + " bytes").because("data follow the last tensor");
        }
    }

    private InputException.Report fault(long at) {
        return InputException.in(source.name()).at(at);
    }

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public List<TensorEntry> entries() {
        return List.copyOf(entries.values());
    }

    @Override
    public TensorEntry find(String name) {
        return entries.get(name);
    }

    @Override
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public void readFloats(TensorEntry entry, long first, float[] target, int offset, int count) throws IOException {
        entry.checkRange(first, target.length, offset, count);
        for (int done = 0; done < count; ) {
            int part = fill(entry, first + done, count - done);
            entry.dtype().decode(buffer, target, offset + done, part);
            done += part;
        }
    }

    @Override
    public void readDoubles(TensorEntry entry, long first, double[] target, int offset, int count) throws IOException {
        entry.checkRange(first, target.length, offset, count);
        for (int done = 0; done < count; ) {
            int part = fill(entry, first + done, count - done);
            entry.dtype().decode(buffer, target, offset + done, part);
            done += part;
        }
    }

    /** Fills the buffer from element {@code first} and returns how many of {@code wanted} elements are in it. */
    private int fill(TensorEntry entry, long first, int wanted) throws IOException {
        int width = entry.dtype().bytes();
        int part = Math.min(wanted, BUFFER_BYTES / width);
        buffer.clear().limit(part * width);
        source.readFully(buffer, entry.offset() + first * width);
        return part;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
