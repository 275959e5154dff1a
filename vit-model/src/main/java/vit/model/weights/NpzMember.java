package vit.model.weights;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import vit.model.InputException;

/** One entry of an archive, inflated once from its start: no size in the archive is believed, the last byte checks all. */
final class NpzMember implements Closeable {

    private final Path path;
    private final ZipEntry entry;
    private final InputStream stream;
    private final CRC32 crc = new CRC32();
    private long position; // inflated bytes read

    NpzMember(Path path, ZipFile zip, ZipEntry entry) throws IOException {
        this.path = path;
        this.entry = entry;
        try {
            this.stream = zip.getInputStream(entry);
        } catch (ZipException e) {
            throw unreadable(e);
        }
    }

    /** Inflated bytes read so far. */
    long position() {
        return position;
    }

    /** Starts a complaint about this entry. */
    InputException.Report fault() {
        return InputException.in(path).tensor(entry.getName());
    }

    /** Reads exactly {@code count} bytes. */
    void read(byte[] target, int count) throws IOException {
        int done;
        try {
            done = stream.readNBytes(target, 0, count);
        } catch (ZipException | EOFException e) {
            throw unreadable(e);
        }
        crc.update(target, 0, done);
        position += done;
        if (done < count) {
            throw fault().expected(entry.getSize() + " bytes").found(position + " bytes").because("the archive entry is shorter than promised");
        }
        if (position == entry.getSize()) {
            finish();
        }
    }

    private void finish() throws IOException {
        int next;
        try {
            next = stream.read();
        } catch (ZipException | EOFException e) {
            throw unreadable(e);
        }
        if (next >= 0) {
            throw fault().expected(entry.getSize() + " bytes").found("more").because("the archive entry inflates to more than promised");
        }
        if (crc.getValue() != entry.getCrc()) {
            throw fault().expected("CRC " + Long.toHexString(entry.getCrc())).found(Long.toHexString(crc.getValue()))
                    .because("the archive entry is corrupt");
        }
    }

    private InputException unreadable(IOException e) {
        return fault().cause(e).expected("a stored or deflated entry").found(e.getMessage())
                .because("the archive entry cannot be inflated after its byte " + position);
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }
}
