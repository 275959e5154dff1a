package vit.model.image.format;

/**
 * The first directory of a TIFF structure, as EXIF stores it: its orientation and the place of its XMP text. It follows Pillow's rules for files that
 * violate the standard: an entry of unknown type is skipped, an entry whose value lies outside the file ends the directory, and of two entries with
 * one tag the later one counts.
 */
final class ExifDirectory {

    /** The result if there is no orientation at all; XMP may then give one. */
    static final int ABSENT = 0;

    private static final int UPRIGHT = 1;
    private static final int ORIENTATION = 0x0112;
    private static final int XMP = 700;
    private static final int ENTRY_BYTES = 12;

    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int RATIONAL = 5;
    private static final int SBYTE = 6;
    private static final int SSHORT = 8;
    private static final int SLONG = 9;
    private static final int SRATIONAL = 10;
    private static final int FLOAT = 11;
    private static final int DOUBLE = 12;
    private static final int IFD = 13;
    private static final int LONG8 = 16;

    /** Bytes of one value, by type; 0 for types that do not exist. */
    private static final int[] TYPE_BYTES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};

    private final byte[] data;
    private final int from;
    private final int to;
    private boolean little;
    private int orientation = ABSENT;
    private int xmp = -1; // where its text begins
    private int xmpLength;

    private ExifDirectory(byte[] data, int from, int to) {
        this.data = data;
        this.from = from;
        this.to = to;
    }

    /**
     * Reads the structure between {@code from} and {@code to}. Anything unsound ends the reading without an error, because bad metadata does not make
     * a picture unusable.
     */
    static ExifDirectory read(byte[] data, int from, int to) {
        ExifDirectory directory = new ExifDirectory(data, from, Math.min(to, data.length));
        directory.read();
        return directory;
    }

    /** EXIF's number, 1 … 8; 1 if an orientation is given that is none of these; {@link #ABSENT} if none is given. */
    int orientation() {
        return orientation;
    }

    /** Where the XMP text of a TIFF file begins, or −1. */
    int xmp() {
        return xmp;
    }

    /** Bytes of that text. */
    int xmpLength() {
        return xmpLength;
    }

    private void read() {
        if (to - from < 8) {
            return;
        }
        little = data[from] == 'I' && data[from + 1] == 'I';
        boolean big = data[from] == 'M' && data[from + 1] == 'M';
        int magic = data[from + 2] == 0 ? data[from + 3] : data[from + 3] == 0 ? data[from + 2] : 0; // in either order, as in Pillow
        if (!little && !big || magic != 42) {
            return;
        }
        long at = from + u32(from + 4);
        if (at > to - 2) {
            return;
        }
        int entries = u16((int) at);
        at += 2;
        for (int i = 0; i < entries && at <= to - ENTRY_BYTES; i++) {
            if (!entry((int) at)) {
                return;
            }
            at += ENTRY_BYTES;
        }
    }

    /** Reads one entry; returns whether the next one is to be read. */
    private boolean entry(int at) {
        int type = u16(at + 2);
        if (type >= TYPE_BYTES.length || TYPE_BYTES[type] == 0) {
            return true;
        }
        long size = u32(at + 4) * TYPE_BYTES[type];
        long value = size <= 4 ? at + 8 : from + u32(at + 8);
        if (value + size > to) {
            return false;
        }
        int tag = u16(at);
        if (tag == ORIENTATION && size > 0) {
            double number = number(type, (int) value);
            orientation = number >= 1 && number <= 8 && number == Math.rint(number) ? (int) number : UPRIGHT;
        } else if (tag == XMP && size > 0) {
            xmp = (int) value;
            xmpLength = (int) size;
        }
        return true;
    }

    /** The value as Python compares it with a whole number. BYTE, ASCII and UNDEFINED are strings in Pillow and therefore equal no number. */
    private double number(int type, int at) {
        return switch (type) {
            case SHORT -> u16(at);
            case LONG, IFD -> u32(at);
            case RATIONAL -> (double) u32(at) / u32(at + 4);
            case SBYTE -> data[at];
            case SSHORT -> (short) u16(at);
            case SLONG -> (int) u32(at);
            case SRATIONAL -> (double) (int) u32(at) / (int) u32(at + 4);
            case FLOAT -> Float.intBitsToFloat((int) u32(at));
            case DOUBLE -> Double.longBitsToDouble(u64(at));
            case LONG8 -> u64(at);
            default -> Double.NaN;
        };
    }

    private int u16(int at) {
        int first = data[at] & 0xFF;
        int second = data[at + 1] & 0xFF;
        return little ? second << 8 | first : first << 8 | second;
    }

    private long u32(int at) {
        long first = u16(at);
        long second = u16(at + 2);
        return little ? second << 16 | first : first << 16 | second;
    }

    private long u64(int at) {
        long first = u32(at);
        long second = u32(at + 4);
        return little ? second << 32 | first : first << 32 | second;
    }
}
