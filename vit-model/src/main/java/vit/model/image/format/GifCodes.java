package vit.model.image.format;

/**
 * Counts the pixels that GIF's LZW codes stand for (GIF89a, appendix F). The JDK's reader leaves missing pixels out silently; counting before
 * decoding detects them.
 */
final class GifCodes {

    private static final int MAX_BITS = 12;

    private final byte[] data;
    private int at; // the next byte
    private int blockEnd;
    private int bits; // read but not used yet, lowest first
    private int bitCount;

    private GifCodes(byte[] data, int start) {
        this.data = data;
        this.at = start;
        this.blockEnd = start;
    }

    /**
     * The number of pixels that the codes in the blocks from {@code start} stand for. Counting ends at {@code enough}, at the end code, or at a code
     * that does not exist.
     *
     * @param codeBits the picture's code size, 1 … 8
     */
    static long pixels(byte[] data, int start, int codeBits, long enough) {
        return new GifCodes(data, start).count(codeBits, enough);
    }

    private long count(int codeBits, long enough) {
        int clear = 1 << codeBits;
        int[] length = new int[1 << MAX_BITS]; // pixels of each code
        int next = clear + 2;
        int width = codeBits + 1;
        int previous = -1;
        long pixels = 0;
        while (pixels < enough) {
            int code = read(width);
            if (code < 0 || code == clear + 1) {
                return pixels;
            }
            if (code == clear) {
                next = clear + 2;
                width = codeBits + 1;
                previous = -1;
                continue;
            }
            boolean known = code < clear || code < next && previous >= 0;
            if (!known && (code != next || previous < 0)) {
                return pixels;
            }
            if (previous >= 0 && next < 1 << MAX_BITS) {
                length[next++] = pixelsOf(previous, clear, length) + 1;
                if (next == 1 << width && width < MAX_BITS) {
                    width++;
                }
            }
            pixels += pixelsOf(code, clear, length);
            previous = code;
        }
        return pixels;
    }

    private static int pixelsOf(int code, int clear, int[] length) {
        return code < clear ? 1 : length[code];
    }

    /** The next code, or −1 where the blocks or the file end. */
    private int read(int width) {
        while (bitCount < width) {
            if (at == data.length) {
                return -1;
            }
            if (at == blockEnd) {
                int size = data[at] & 0xFF;
                if (size == 0) {
                    return -1;
                }
                at++;
                blockEnd = at + size;
                continue;
            }
            bits |= (data[at++] & 0xFF) << bitCount;
            bitCount += Byte.SIZE;
        }
        int code = bits & (1 << width) - 1;
        bits >>>= width;
        bitCount -= width;
        return code;
    }
}
