package vit.model.image;

/**
 * EXIF's orientation (tag 0x0112): reading it out of a file's metadata, and turning the image upright as Pillow's
 * {@code ImageOps.exif_transpose} does. Read here and not by an optional library, so that the same photo gives the same pixels whatever is
 * on the class path.
 */
final class Orientation {

    private static final int TAG = 0x0112;
    private static final int SHORT = 3;
    private static final int ENTRY_BYTES = 12;

    private Orientation() {}

    /**
     * The orientation in the TIFF structure between {@code from} and {@code to}; 1 (upright) where it has none or is unsound: metadata
     * does not make a picture unusable.
     */
    static int read(byte[] data, int from, int to) {
        if (to - from < 8 || to > data.length) {
            return 1;
        }
        boolean little = data[from] == 'I' && data[from + 1] == 'I';
        boolean big = data[from] == 'M' && data[from + 1] == 'M';
        if (!little && !big || u16(data, from + 2, little) != 42) {
            return 1;
        }
        long directory = (long) from + u32(data, from + 4, little);
        if (directory > to - 2) {
            return 1;
        }
        int entries = u16(data, (int) directory, little);
        for (int i = 0; i < entries; i++) {
            long entry = directory + 2 + (long) i * ENTRY_BYTES;
            if (entry > to - ENTRY_BYTES) {
                return 1;
            }
            int at = (int) entry;
            if (u16(data, at, little) == TAG) {
                int value = u16(data, at + 8, little);
                boolean sound = u16(data, at + 2, little) == SHORT && u32(data, at + 4, little) == 1 && value >= 1 && value <= 8;
                return sound ? value : 1;
            }
        }
        return 1;
    }

    private static int u16(byte[] data, int at, boolean little) {
        int first = data[at] & 0xFF;
        int second = data[at + 1] & 0xFF;
        return little ? second << 8 | first : first << 8 | second;
    }

    private static long u32(byte[] data, int at, boolean little) {
        long first = u16(data, at, little);
        long second = u16(data, at + 2, little);
        return little ? second << 16 | first : first << 16 | second;
    }

    /**
     * The image turned upright.
     *
     * @param orientation EXIF's number: 1 upright, 2 mirrored, 3 half a turn, 4 upside down, 5 to 8 the same with rows and columns
     *                    swapped
     */
    static RgbImage apply(RgbImage image, int orientation) {
        if (orientation == 1) {
            return image;
        }
        boolean swaps = orientation >= 5;
        // Where the upright image's rows and columns run backwards in the stored one.
        boolean backwardsX = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean backwardsY = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int height = swaps ? image.width() : image.height();
        int width = swaps ? image.height() : image.width();
        byte[] in = image.pixels();
        byte[] out = new byte[in.length];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int storedY = swaps ? x : y;
                int storedX = swaps ? y : x;
                storedY = backwardsY ? image.height() - 1 - storedY : storedY;
                storedX = backwardsX ? image.width() - 1 - storedX : storedX;
                int from = (storedY * image.width() + storedX) * RgbImage.CHANNELS;
                out[at++] = in[from];
                out[at++] = in[from + 1];
                out[at++] = in[from + 2];
            }
        }
        return new RgbImage(image.source(), height, width, out);
    }
}
