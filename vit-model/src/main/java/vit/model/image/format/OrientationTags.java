package vit.model.image.format;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What a file's metadata says about its orientation, in the precedence of Pillow's {@code Image.getexif}: EXIF decides if it has an orientation,
 * whatever its value; otherwise the first {@code tiff:Orientation} of the XMP text does. It is read here and not by an optional library, so that a
 * photo gives the same pixels whatever is on the class path.
 */
final class OrientationTags {

    /** An EXIF structure is read only up to this many bytes. It may be longer than one segment of a JPEG, which holds 64 KiB. */
    static final int MOST_EXIF_BYTES = 1 << 20;

    private static final byte[] EXIF_PREFIX = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] PROPERTY = "tiff:Orientation".getBytes(StandardCharsets.ISO_8859_1);

    private byte[] exif = {};
    private int xmpOrientation; // 0 if the XMP text has none
    private ExifDirectory directory; // read already

    /** Takes the EXIF structure between {@code from} and {@code to}, in place of an earlier one. */
    void exif(byte[] data, int from, int to) {
        exif = Arrays.copyOfRange(data, from, Math.min(to, from + MOST_EXIF_BYTES));
    }

    /** Takes a directory that has been read. */
    void exif(ExifDirectory read) {
        directory = read;
    }

    /** Appends bytes to the EXIF structure, since the segments of a JPEG continue each other. */
    void moreExif(byte[] data, int from, int to) {
        int count = Math.min(to - from, MOST_EXIF_BYTES - exif.length);
        if (count > 0) {
            int before = exif.length;
            exif = Arrays.copyOf(exif, before + count);
            System.arraycopy(data, from, exif, before, count);
        }
    }

    /** Reads the XMP text between {@code from} and {@code to}, which counts in place of an earlier one. It may be most of the file, so nothing of it is kept. */
    void xmp(byte[] data, int from, int to) {
        xmpOrientation = ofXmp(data, from, to);
    }

    /** EXIF's number, 1 … 8; 1 (upright) if the metadata says nothing. */
    int orientation() {
        int orientation = directory().orientation();
        if (orientation == ExifDirectory.ABSENT) {
            orientation = xmpOrientation;
        }
        return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }

    private ExifDirectory directory() {
        if (directory != null) {
            return directory;
        }
        int start = 0;
        while (startsWith(exif, start, EXIF_PREFIX)) {
            start += EXIF_PREFIX.length;
        }
        return ExifDirectory.read(exif, start, exif.length);
    }

    /** The digit behind the first {@code tiff:Orientation="} or {@code tiff:Orientation>} that has one; 0 where there is none. */
    private static int ofXmp(byte[] data, int from, int to) {
        for (int at = from; at < to - PROPERTY.length; at++) {
            if (data[at] == PROPERTY[0] && startsWith(data, at, PROPERTY)) {
                int end = at + PROPERTY.length;
                int digit = data[end] == '>' ? end + 1 : data[end] == '=' && end + 1 < to && data[end + 1] == '"' ? end + 2 : to;
                if (digit < to && data[digit] >= '0' && data[digit] <= '9') {
                    return data[digit] - '0';
                }
            }
        }
        return 0;
    }

    private static boolean startsWith(byte[] data, int at, byte[] prefix) {
        return at + prefix.length <= data.length && Arrays.equals(data, at, at + prefix.length, prefix, 0, prefix.length);
    }
}
