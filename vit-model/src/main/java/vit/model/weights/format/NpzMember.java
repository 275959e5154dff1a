package vit.model.weights.format;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import vit.model.InputException;

/** One entry of an archive, inflated once from its start. No size in the archive is trusted; at the last byte, size and checksum are checked. */
final class NpzMember implements Closeable {

    private static final int BUFFER_BYTES = 1 << 14;

    private final ByteSource source;
    private final ZipDirectory.Entry entry;
    private final Inflater inflater; // null: the entry is stored
    private final CRC32 crc = new CRC32();
    private final byte[] compressed = new byte[BUFFER_BYTES];
    private final long end; // position in the archive
    private long next; // position in the archive
    private long position; // inflated bytes read

    NpzMember(ByteSource source, ZipDirectory.Entry entry) throws IOException {
        this.source = source;
        this.entry = entry;
        this.next = ZipDirectory.dataOffset(source, entry);
        this.end = next + entry.compressed();
        this.inflater = entry.method() == ZipDirectory.DEFLATED ? new Inflater(true) : null;
    }

    /** Inflated bytes read so far. */
    long position() {
        return position;
    }

    /** Starts a report about this entry. */
    InputException.Report fault() {
        return InputException.in(source.name()).tensor(entry.name());
    }

    /** Reads exactly {@code count} bytes. */
    void read(byte[] target, int count) throws IOException {
        int done = inflate(target, count);
        crc.update(target, 0, done);
        position += done;
        if (done < count) {
            throw fault().expected(entry.size() + " bytes").found(position + " bytes").because("the archive entry is shorter than promised");
        }
        if (position == entry.size()) {
            finish();
        }
    }

    /** Reads {@code count} bytes, or as many as there are. */
    private int inflate(byte[] target, int count) throws IOException {
        int done = 0;
        while (done < count) {
            int part = inflater == null ? stored(target, done, count - done) : deflated(target, done, count - done);
            if (part < 0) {
                return done;
            }
            done += part;
        }
        return done;
    }

    private int stored(byte[] target, int from, int count) throws IOException {
        int part = (int) Math.min(count, end - next);
        if (part == 0) {
            return -1;
        }
        source.readFully(ByteBuffer.wrap(target, from, part).slice(), next);
        next += part;
        return part;
    }

    private int deflated(byte[] target, int from, int count) throws IOException {
        try {
            int part = inflater.inflate(target, from, count);
            if (part > 0) {
                return part;
            }
            if (inflater.finished()) {
                return -1;
            }
            int more = (int) Math.min(compressed.length, end - next);
            if (inflater.needsDictionary() || more == 0) {
                throw unreadable(more == 0 ? "the end of its bytes" : "a preset dictionary");
            }
            source.readFully(ByteBuffer.wrap(compressed, 0, more), next);
            next += more;
            inflater.setInput(compressed, 0, more);
            return 0;
        } catch (DataFormatException e) {
            throw unreadable(e.getMessage() == null ? "malformed bytes" : e.getMessage());
        }
    }

    private void finish() throws IOException {
        if (inflate(new byte[1], 1) > 0) {
            throw fault().expected(entry.size() + " bytes").found("more").because("the archive entry inflates to more than promised");
        }
        if (crc.getValue() != entry.crc()) {
            throw fault().expected("CRC " + Long.toHexString(entry.crc())).found(Long.toHexString(crc.getValue()))
                    .because("the archive entry is corrupt");
        }
    }

    private InputException unreadable(String found) {
        return fault().expected("a stored or deflated entry").found(found).because("the archive entry cannot be inflated after its byte " + position);
    }

    @Override
    public void close() {
        if (inflater != null) {
            inflater.end();
        }
    }
}
