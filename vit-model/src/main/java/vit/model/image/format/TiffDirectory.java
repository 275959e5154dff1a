package vit.model.image.format;

import java.util.Arrays;
import java.util.TreeMap;
import vit.model.InputException;

/** The first directory of a TIFF file, read strictly: an entry that is asked for must lie inside the file. */
final class TiffDirectory {

    private static final int ENTRY_BYTES = 12;
    private static final int BYTE = 1;
    private static final int SHORT = 3;
    private static final int LONG = 4;
    private static final int UNDEFINED = 7;

    private final FileBytes file;
    private final boolean little;
    private final TreeMap<Integer, Integer> entries = new TreeMap<>(); // where each tag's entry stands

    TiffDirectory(FileBytes file) throws InputException {
        this.file = file;
        this.little = file.u8(0) == 'I';
        long start = u32(4);
        file.require(start, 2, "a TIFF directory");
        int count = u16((int) start);
        file.require(start + 2, (long) count * ENTRY_BYTES, "a TIFF directory");
        for (int i = 0; i < count; i++) {
            int at = (int) start + 2 + i * ENTRY_BYTES;
            entries.put(u16(at), at);
        }
    }

    boolean little() {
        return little;
    }

    boolean has(int tag) {
        return entries.containsKey(tag);
    }

    private int u16(int at) throws InputException {
        return little ? file.u16le(at) : file.u16be(at);
    }

    private long u32(int at) throws InputException {
        return little ? file.u32le(at) : file.u32be(at);
    }

    /** The number of a tag's values; 0 if it is absent. */
    int count(int tag) throws InputException {
        return has(tag) ? (int) Math.min(u32(entries.get(tag) + 4), Integer.MAX_VALUE) : 0;
    }

    /** Value {@code index} of a tag of whole numbers. */
    long value(int tag, int index) throws InputException {
        int entry = entries.get(tag);
        int type = u16(entry + 2);
        int size = switch (type) {
            case BYTE, UNDEFINED -> 1;
            case SHORT -> 2;
            case LONG -> 4;
            default -> throw file.fault(entry).expected("BYTE, SHORT or LONG").found("type " + type).because("the TIFF's tag " + tag + " is unsound");
        };
        if (index >= count(tag)) {
            throw file.fault(entry).expected("at least " + (index + 1) + " values").found(count(tag)).because("the TIFF's tag " + tag + " is unsound");
        }
        long bytes = (long) count(tag) * size;
        long values = bytes <= 4 ? entry + 8 : u32(entry + 8);
        file.require(values, bytes, "the TIFF's tag " + tag);
        int at = (int) values + index * size;
        return size == 1 ? file.u8(at) : size == 2 ? u16(at) : u32(at);
    }

    /** The first value of a tag, or {@code otherwise} if it is absent. */
    long value(int tag, long otherwise) throws InputException {
        return has(tag) ? value(tag, 0) : otherwise;
    }

    /**
     * The file with an appended directory that holds only {@code tags}, to which its header points. Other directories and metadata of an untrusted
     * file are therefore never read.
     */
    byte[] only(int... tags) throws InputException {
        int count = 0;
        int start = file.length() + (file.length() & 1);
        byte[] out = Arrays.copyOf(file.data(), start + 2 + tags.length * ENTRY_BYTES + 4);
        int at = start + 2;
        for (int tag : tags) {
            if (has(tag)) {
                value(tag, 0); // lies inside the file
                System.arraycopy(file.data(), entries.get(tag), out, at, ENTRY_BYTES);
                at += ENTRY_BYTES;
                count++;
            }
        }
        put(out, 4, 4, start);
        put(out, start, 2, count);
        return out;
    }

    private void put(byte[] out, int at, int bytes, int value) {
        for (int i = 0; i < bytes; i++) {
            out[at + i] = (byte) (value >> 8 * (little ? i : bytes - 1 - i));
        }
    }
}
