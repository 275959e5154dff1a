package vit.model.image;

import java.util.Objects;

/**
 * An image of 8-bit red, green and blue samples. The pixels are copied neither on the way in nor on the way out. Whoever creates an image gives its
 * array away; nobody may write to the array afterwards.
 */
public final class RgbImage {

    /** Samples of a pixel. */
    public static final int CHANNELS = 3;

    private final String source;
    private final int height;
    private final int width;
    private final byte[] pixels; // (height, width, 3)

    /**
     * @param height rows, at least 1
     * @param width  pixels of a row, at least 1
     * @param pixels (height, width, 3), row by row from the top, red first
     * @throws IllegalArgumentException if the array does not hold exactly that
     */
    public RgbImage(int height, int width, byte[] pixels) {
        this("image", height, width, pixels);
    }

    /** @param source the file or another name that a user recognises; error messages begin with it */
    public RgbImage(String source, int height, int width, byte[] pixels) {
        this.source = Objects.requireNonNull(source, "source");
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("an image of " + height + "×" + width + " pixels (height × width) has none");
        }
        long expected = (long) height * width * CHANNELS;
        if (pixels.length != expected) {
            throw new IllegalArgumentException("an image of " + height + "×" + width + " pixels (height × width) needs " + expected
                    + " bytes, not " + pixels.length);
        }
        this.height = height;
        this.width = width;
        this.pixels = pixels;
    }

    /** The file it came from, or another name for messages. */
    public String source() {
        return source;
    }

    /** Rows. */
    public int height() {
        return height;
    }

    /** Pixels of a row. */
    public int width() {
        return width;
    }

    /** The samples, (height, width, 3), row by row from the top, red first: not a copy, do not write to it. */
    public byte[] pixels() {
        return pixels;
    }

    /** Sample {@code channel} (0 red, 1 green, 2 blue) of a pixel, 0 … 255. */
    public int sample(int y, int x, int channel) {
        Objects.checkIndex(y, height);
        Objects.checkIndex(x, width);
        Objects.checkIndex(channel, CHANNELS);
        return pixels[(y * width + x) * CHANNELS + channel] & 0xFF;
    }

    @Override
    public String toString() {
        return source + " (" + height + "×" + width + ")";
    }
}
