package vit.model.weights.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Builds npz bytes without checking anything, so that broken ones can be made. */
public final class RawNpz {

    private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
    private final ZipOutputStream zip = new ZipOutputStream(archive);

    /** Adds an entry of any name and content. */
    public RawNpz entry(String name, boolean deflated, byte[] bytes) {
        try {
            ZipEntry entry = new ZipEntry(name);
            if (!deflated) {
                CRC32 crc = new CRC32();
                crc.update(bytes);
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(bytes.length);
                entry.setCrc(crc.getValue());
            }
            zip.putNextEntry(entry);
            zip.write(bytes);
            zip.closeEntry();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds an array; {@code shape} as in Python, for example {@code (2, 3)}. */
    public RawNpz array(String name, boolean deflated, String descr, boolean fortran, String shape, byte[] data) {
        return entry(name + ".npy", deflated, npy(1, dictionary(descr, fortran, shape), data));
    }

    public static String dictionary(String descr, boolean fortran, String shape) {
        return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
    }

    public static byte[] npy(int version, String dictionary, byte[] data) {
        byte[] literal = (dictionary + "\n").getBytes(StandardCharsets.UTF_8);
        return npy(version, literal.length, literal, data);
    }

    public static byte[] npy(int version, int length, byte[] literal, byte[] data) {
        ByteBuffer bytes = ByteBuffer.allocate(8 + (version == 1 ? 2 : 4) + literal.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put((byte) version).put((byte) 0);
        if (version == 1) {
            bytes.putShort((short) length);
        } else {
            bytes.putInt(length);
        }
        return bytes.put(literal).put(data).array();
    }

    public byte[] bytes() {
        try {
            zip.close();
            return archive.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
