package vit.model.image.format;

import java.util.Arrays;

/** The parts of a file that a decoder is given, in order. */
final class Slices {

    private final FileBytes file;
    private int[] bounds = new int[16]; // from, to, from, to, …
    private int count;
    private int size;

    Slices(FileBytes file) {
        this.file = file;
    }

    /** Adds the bytes {@code from} … {@code to − 1}; a part that directly follows the last one is merged with it. */
    void add(int from, int to) {
        if (from == to) {
            return;
        }
        size += to - from;
        if (count > 0 && bounds[count - 1] == from) {
            bounds[count - 1] = to;
            return;
        }
        if (count == bounds.length) {
            bounds = Arrays.copyOf(bounds, 2 * count);
        }
        bounds[count++] = from;
        bounds[count++] = to;
    }

    /** Bytes of all parts. */
    int size() {
        return size;
    }

    /** The parts as one array; the file's own array if they are all of it. */
    byte[] join() {
        if (size == file.length()) {
            return file.data();
        }
        return joinWith();
    }

    /** The parts as one array, followed by {@code more}. */
    byte[] joinWith(byte... more) {
        byte[] joined = new byte[size + more.length];
        int at = 0;
        for (int i = 0; i < count; i += 2) {
            System.arraycopy(file.data(), bounds[i], joined, at, bounds[i + 1] - bounds[i]);
            at += bounds[i + 1] - bounds[i];
        }
        System.arraycopy(more, 0, joined, size, more.length);
        return joined;
    }
}
