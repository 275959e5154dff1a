package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.model.InputException;

/**
 * NumPy's {@code .npz}: a zip archive of {@code .npy} arrays, stored or deflated. The names of entries are names of tensors and
 * are never used as paths. The size to which the archive may inflate is bounded by a multiple of its real size.
 */
public final class NpzFile implements TensorFile {

    private static final String SUFFIX = ".npy";
    private static final int BUFFER_BYTES = 1 << 16;

    /** Trained weights deflate by a few per cent only. Freshly initialised heads are zeros and deflate much more, hence some room. */
    private static final int MAX_RATIO = 32;

    private static final int MAX_OPEN = 32;

    private static final long ALWAYS_ALLOWED_BYTES = 16L << 20;

    private record Array(TensorEntry entry, ZipDirectory.Entry zipped, NpyHeader header) {}

    private final ByteSource source;
    private final Map<String, Array> arrays = new LinkedHashMap<>();
    private final byte[] bytes = new byte[BUFFER_BYTES];

    /** Open entries, the longest unused first. Several are open because tensors that stack all blocks are read slice by slice, in turn. */
    private final Map<Array, NpzMember> open = new LinkedHashMap<>(MAX_OPEN, 0.75f, true);

    private Array columnMajor; // the entry whose elements are in columnMajorBytes
    private byte[] columnMajorBytes;

    private NpzFile(ByteSource source) {
        this.source = source;
    }

    /**
     * Checks an archive's directory and the header of every array. What is returned owns {@code source}.
     *
     * @throws InputException if the file is malformed
     */
    public static NpzFile open(ByteSource source) throws IOException {
        NpzFile file = new NpzFile(source);
        file.readHeaders();
        return file;
    }

    private void readHeaders() throws IOException {
        List<ZipDirectory.Entry> zipped = ZipDirectory.read(source);
        refuseOthers(zipped);
        long most = ALWAYS_ALLOWED_BYTES + MAX_RATIO * source.size();
        long total = 0;
        for (ZipDirectory.Entry entry : zipped) {
            total += entry.size();
            if (total > most || total < 0) {
                throw InputException.in(source.name()).tensor(entry.name()).expected("at most " + most + " bytes").found("more")
                        .because("the archive inflates to more than " + MAX_RATIO + " times its size");
            }
            Array array = array(entry);
            if (arrays.put(array.entry.name(), array) != null) {
                throw InputException.in(source.name()).tensor(entry.name()).expected("each name once").found("a second entry")
                        .because("the archive has two entries of one name");
            }
        }
    }

    /** Refuses archives of another kind. PyTorch's files are zip archives as well, and so are many files that are not weights at all. */
    private void refuseOthers(List<ZipDirectory.Entry> zipped) throws InputException {
        for (ZipDirectory.Entry entry : zipped) {
            if (entry.name().endsWith(".pkl")) {
                throw InputException.in(source.name()).tensor(entry.name()).expected("an array, *.npy").found("a pickle").remedy(FileKind.CONVERT)
                        .because("the file is a PyTorch archive (.pth, .pt, .bin) with a pickle, which can run code and is never read");
            }
        }
        if (!zipped.isEmpty() && zipped.stream().noneMatch(entry -> entry.name().endsWith(SUFFIX))) {
            throw InputException.in(source.name()).expected("arrays, *.npy").found("none among " + zipped.size() + " entries").because("the zip archive is no npz file");
        }
    }

    private Array array(ZipDirectory.Entry zipped) throws IOException {
        String name = zipped.name();
        if (!name.endsWith(SUFFIX)) {
            throw InputException.in(source.name()).tensor(name).expected("an array, *.npy").found("an entry of another name")
                    .because("the archive entry is not a NumPy array");
        }
        try (NpzMember in = new NpzMember(source, zipped)) {
            NpyHeader header = NpyHeader.read(count -> {
                byte[] part = new byte[count];
                in.read(part, count);
                return part;
            }, in::fault);
            long size = bytes(header, in);
            if (zipped.size() - header.dataOffset() != size) {
                throw in.fault().expected(size + " bytes for " + header.dtype() + " " + header.shape())
                        .found(zipped.size() - header.dataOffset()).because("the entry's size does not match type and shape");
            }
            if (header.columnMajor() && size > Integer.MAX_VALUE - 8) {
                throw in.fault().expected("at most " + (Integer.MAX_VALUE - 8) + " bytes").found(size)
                        .because("the array is too large for Fortran order");
            }
            String tensor = name.substring(0, name.length() - SUFFIX.length());
            return new Array(new TensorEntry(tensor, header.dtype(), header.shape(), header.dataOffset(), size), zipped, header);
        }
    }

    private static long bytes(NpyHeader header, NpzMember in) throws InputException {
        try {
            return Math.multiplyExact(header.shape().size(), (long) header.dtype().bytes());
        } catch (ArithmeticException e) {
            throw in.fault().cause(e).expected("less than 2^63 bytes").found(header.shape()).because("the shape is impossible");
        }
    }

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public List<TensorEntry> entries() {
        return arrays.values().stream().map(Array::entry).toList();
    }

    @Override
    public TensorEntry find(String name) {
        Array array = arrays.get(name);
        return array == null ? null : array.entry;
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void readFloats(TensorEntry entry, long first, float[] target, int offset, int count) throws IOException {
        entry.checkRange(first, target.length, offset, count);
        read(entry, first, count, (from, done, part) -> entry.dtype().decode(from, target, offset + done, part));
    }

    @Override
    public void readDoubles(TensorEntry entry, long first, double[] target, int offset, int count) throws IOException {
        entry.checkRange(first, target.length, offset, count);
        read(entry, first, count, (from, done, part) -> entry.dtype().decode(from, target, offset + done, part));
    }

    /** Converts {@code part} elements from the buffer; {@code done} elements came before them. */
    @FunctionalInterface
    private interface Decoder {
        void decode(ByteBuffer from, int done, int part);
    }

    private void read(TensorEntry entry, long first, int count, Decoder decoder) throws IOException {
        Array array = arrays.get(entry.name());
        if (array == null || array.entry != entry) {
            throw new IllegalArgumentException(entry + " is not of " + source.name());
        }
        int width = entry.dtype().bytes();
        if (array.header.columnMajor()) {
            ByteBuffer all = ByteBuffer.wrap(columnMajor(array)).order(array.header.order());
            for (int i = 0; i < count; i++) {
                all.position(columnMajorIndex(entry.shape(), first + i) * width);
                decoder.decode(all, i, 1);
            }
            return;
        }
        NpzMember member = seek(array, entry.offset() + first * width);
        for (int done = 0; done < count; ) {
            int part = Math.min(count - done, BUFFER_BYTES / width);
            member.read(bytes, part * width);
            decoder.decode(ByteBuffer.wrap(bytes).order(array.header.order()), done, part);
            done += part;
        }
    }

    /** The column-major place (the first index runs fastest) of the element whose row-major place is {@code index}. */
    private static int columnMajorIndex(Shape shape, long index) {
        long rest = index;
        long place = 0;
        long stride = shape.size();
        for (int i = shape.rank() - 1; i >= 0; i--) {
            int dimension = shape.dimension(i);
            stride /= dimension;
            place += rest % dimension * stride;
            rest /= dimension;
        }
        return (int) place; // the entry has less than 2^31 bytes
    }

    private byte[] columnMajor(Array array) throws IOException {
        if (columnMajor != array) {
            columnMajor = null;
            columnMajorBytes = null; // so that the old array can be freed before the next is allocated
            byte[] all = new byte[(int) array.entry.bytes()];
            seek(array, array.entry.offset()).read(all, all.length);
            columnMajorBytes = all;
            columnMajor = array;
        }
        return columnMajorBytes;
    }

    /** The entry, positioned at its byte {@code target}; it is read again from its start if need be. */
    private NpzMember seek(Array array, long target) throws IOException {
        NpzMember member = open.get(array);
        if (member != null && member.position() > target) {
            open.remove(array).close();
            member = null;
        }
        if (member == null) {
            if (open.size() == MAX_OPEN) {
                open.remove(open.keySet().iterator().next()).close();
            }
            member = new NpzMember(source, array.zipped);
            open.put(array, member);
        }
        while (member.position() < target) {
            member.read(bytes, (int) Math.min(bytes.length, target - member.position()));
        }
        return member;
    }

    /** Closes the archive and with it every open entry. */
    @Override
    public void close() throws IOException {
        open.values().forEach(NpzMember::close);
        open.clear();
        source.close();
    }
}
