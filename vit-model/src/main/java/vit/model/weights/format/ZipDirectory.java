package vit.model.weights.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import vit.model.InputException;

/**
 * The central directory of a zip archive (PKWARE's APPNOTE 4.3.12 to 4.3.16, with the 64-bit forms), read from a file or
 * from memory, which the JDK's own reader cannot do. No size in it is trusted: everything that is read is checked to lie inside the archive.
 */
final class ZipDirectory {

    /**
     * An entry.
     *
     * @param method     0 stored, 8 deflated
     * @param compressed the number of its bytes in the archive
     * @param size       the number of its inflated bytes, as the directory states it
     * @param header     the position of its local header
     */
    record Entry(String name, int method, long crc, long compressed, long size, long header) {}

    static final int STORED = 0;
    static final int DEFLATED = 8;

    private static final int END_BYTES = 22;
    private static final int LOCATOR_BYTES = 20;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final int MAX_COMMENT = 0xFFFF;
    private static final int MAX_DIRECTORY = 64 << 20;
    private static final int MAX_ENTRIES = 1 << 18;
    private static final int END = 0x06054B50;
    private static final int LOCATOR_64 = 0x07064B50;
    private static final int END_64 = 0x06064B50;
    private static final int ENTRY = 0x02014B50;
    private static final int LOCAL = 0x04034B50;
    private static final int EXTRA_64 = 1;
    private static final long ESCAPE = 0xFFFF_FFFFL;

    private final ByteSource source;
    private final long size;

    private ZipDirectory(ByteSource source) throws IOException {
        this.source = source;
        this.size = source.size();
    }

    /**
     * The entries of an archive, in the order of its directory.
     *
     * @throws InputException if the directory is malformed
     */
    static List<Entry> read(ByteSource source) throws IOException {
        ZipDirectory directory = new ZipDirectory(source);
        return directory.entries(directory.end());
    }

    /** Where the bytes of {@code entry} start. */
    static long dataOffset(ByteSource source, Entry entry) throws IOException {
        ZipDirectory directory = new ZipDirectory(source);
        ByteBuffer local = directory.bytes(entry.header, LOCAL_BYTES);
        directory.require(local.getInt(0) == LOCAL, "a local header");
        long offset = entry.header + LOCAL_BYTES + unsigned(local, 26) + unsigned(local, 28);
        directory.require(offset + entry.compressed <= directory.size, "an entry inside the archive");
        return offset;
    }

    /** The position of the directory in the archive. */
    private record Place(long offset, long bytes, long count) {}

    private Place end() throws IOException {
        require(size >= END_BYTES, "a directory");
        int tail = (int) Math.min(size, END_BYTES + MAX_COMMENT);
        ByteBuffer last = bytes(size - tail, tail);
        for (int at = tail - END_BYTES; at >= 0; at--) {
            if (last.getInt(at) == END && at + END_BYTES + unsigned(last, at + 20) == tail) {
                return place(last, at, size - tail + at);
            }
        }
        throw fault("a directory at the end");
    }

    private Place place(ByteBuffer last, int at, long position) throws IOException {
        long count = unsigned(last, at + 10);
        long bytes = last.getInt(at + 12) & ESCAPE;
        long offset = last.getInt(at + 16) & ESCAPE;
        if ((count == 0xFFFF || bytes == ESCAPE || offset == ESCAPE) && position >= LOCATOR_BYTES) {
            ByteBuffer locator = bytes(position - LOCATOR_BYTES, LOCATOR_BYTES);
            if (locator.getInt(0) == LOCATOR_64) {
                ByteBuffer end = bytes(locator.getLong(8), 56);
                require(end.getInt(0) == END_64, "a 64-bit directory");
                return checked(new Place(end.getLong(48), end.getLong(40), end.getLong(32)));
            }
        }
        return checked(new Place(offset, bytes, count));
    }

    private Place checked(Place place) throws InputException {
        require(place.offset >= 0 && place.bytes >= 0 && place.bytes <= MAX_DIRECTORY && place.offset <= size - place.bytes, "a directory inside the archive");
        require(place.count >= 0 && place.count <= Math.min(MAX_ENTRIES, place.bytes / ENTRY_BYTES), "as many entries as fit");
        return place;
    }

    private List<Entry> entries(Place place) throws IOException {
        ByteBuffer all = bytes(place.offset, (int) place.bytes);
        List<Entry> entries = new ArrayList<>();
        while (all.hasRemaining()) {
            require(all.remaining() >= ENTRY_BYTES && all.getInt(all.position()) == ENTRY, "an entry of the directory");
            int at = all.position();
            int name = unsigned(all, at + 28);
            int extra = unsigned(all, at + 30);
            int comment = unsigned(all, at + 32);
            require(all.remaining() >= ENTRY_BYTES + name + extra + comment, "a whole entry of the directory");
            entries.add(entry(all.slice(at, ENTRY_BYTES + name + extra).order(ByteOrder.LITTLE_ENDIAN), name));
            all.position(at + ENTRY_BYTES + name + extra + comment);
        }
        require(entries.size() == place.count, place.count + " entries");
        return entries;
    }

    private Entry entry(ByteBuffer bytes, int nameBytes) throws InputException {
        require((unsigned(bytes, 8) & 1) == 0, "entries that are not encrypted");
        int method = unsigned(bytes, 10);
        require(method == STORED || method == DEFLATED, "entries that are stored or deflated");
        long compressed = bytes.getInt(20) & ESCAPE;
        long inflated = bytes.getInt(24) & ESCAPE;
        long header = bytes.getInt(42) & ESCAPE;
        ByteBuffer extra = extra64(bytes, ENTRY_BYTES + nameBytes);
        inflated = inflated == ESCAPE ? next(extra) : inflated;
        compressed = compressed == ESCAPE ? next(extra) : compressed;
        header = header == ESCAPE ? next(extra) : header;
        require(inflated >= 0 && compressed >= 0 && header >= 0 && header <= size - LOCAL_BYTES && compressed <= size - LOCAL_BYTES - header, "an entry inside the archive");
        require(method == DEFLATED || compressed == inflated, "a stored entry of one size");
        return new Entry(name(bytes.slice(ENTRY_BYTES, nameBytes)), method, bytes.getInt(16) & ESCAPE, compressed, inflated, header);
    }

    /** The extra field with 64-bit sizes, or an empty buffer. */
    private ByteBuffer extra64(ByteBuffer bytes, int from) throws InputException {
        for (int at = from; at + 4 <= bytes.limit(); ) {
            int length = unsigned(bytes, at + 2);
            require(at + 4 + length <= bytes.limit(), "an extra field inside its entry");
            if (unsigned(bytes, at) == EXTRA_64) {
                return bytes.slice(at + 4, length).order(ByteOrder.LITTLE_ENDIAN);
            }
            at += 4 + length;
        }
        return ByteBuffer.allocate(0);
    }

    private long next(ByteBuffer extra) throws InputException {
        require(extra.remaining() >= Long.BYTES, "64-bit sizes");
        return extra.getLong();
    }

    private String name(ByteBuffer bytes) throws InputException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException _) {
            throw fault("names in UTF-8");
        }
    }

    private ByteBuffer bytes(long offset, int count) throws IOException {
        require(offset >= 0 && offset <= size - count, "a directory inside the archive");
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        source.readFully(bytes, offset);
        return bytes;
    }

    private static int unsigned(ByteBuffer bytes, int at) {
        return bytes.getShort(at) & 0xFFFF;
    }

    private void require(boolean holds, String expected) throws InputException {
        if (!holds) {
            throw fault(expected);
        }
    }

    private InputException fault(String expected) {
        return InputException.in(source.name()).expected("a zip archive with " + expected).found("another structure").because("the archive's directory is malformed");
    }
}
