package vit.model.plot;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.IntBinaryOperator;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import vit.model.image.Filter;
import vit.model.image.Resample;
import vit.model.image.RgbImage;
import vit.model.weights.format.AtomicFile;

/** An RGB picture, drawn with a {@link Canvas}. Immutable for its users. */
public final class Picture {

    private static final int RGB = 0xFFFFFF;

    private final int height;
    private final int width;
    private final int[] pixels; // (height, width), packed RGB

    Picture(int height, int width, int[] pixels) {
        this.height = height;
        this.width = width;
        this.pixels = pixels;
    }

    /** A picture whose pixel (x, y) has the packed RGB colour {@code colour(x, y)}. */
    public static Picture of(int height, int width, IntBinaryOperator colour) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("a picture of " + height + "×" + width + " pixels");
        }
        int[] pixels = new int[Math.multiplyExact(height, width)];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                pixels[y * width + x] = colour.applyAsInt(x, y) & RGB;
            }
        }
        return new Picture(height, width, pixels);
    }

    /** A picture of an image. */
    public static Picture of(RgbImage image) {
        return of(image.height(), image.width(),
                (x, y) -> image.sample(y, x, 0) << 16 | image.sample(y, x, 1) << 8 | image.sample(y, x, 2));
    }

    /** Rows of pixels. */
    public int height() {
        return height;
    }

    /** Columns of pixels. */
    public int width() {
        return width;
    }

    /** The packed RGB colour of a pixel. */
    public int at(int x, int y) {
        return pixels[y * width + x];
    }

    /** This picture in another size, smooth like an enlarged photo (bicubic, as Pillow computes it). */
    public Picture smooth(int newHeight, int newWidth) {
        byte[] samples = new byte[pixels.length * RgbImage.CHANNELS];
        for (int i = 0; i < pixels.length; i++) {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                samples[i * RgbImage.CHANNELS + c] = (byte) (pixels[i] >> 16 - 8 * c);
            }
        }
        return of(Resample.resize(new RgbImage(height, width, samples), newHeight, newWidth, Filter.BICUBIC));
    }

    /** This picture in another size, with its pixels as rectangles. */
    public Picture blocky(int newHeight, int newWidth) {
        return of(newHeight, newWidth, (x, y) -> at((int) ((long) x * width / newWidth), (int) ((long) y * height / newHeight)));
    }

    /** The bytes of the picture as a PNG file, which are the same on every machine. */
    public byte[] toPng() {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, width, height, pixels, 0, width);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) { // the usual stream of ImageIO needs a temporary folder
            if (!ImageIO.write(image, "png", out)) {
                throw new IllegalStateException("this Java has no PNG writer");
            }
        } catch (IOException e) {
            throw new IllegalStateException("a picture in memory cannot be written", e);
        }
        return bytes.toByteArray();
    }

    /**
     * Writes the picture to a PNG file, wholly or not at all.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path file) throws IOException {
        AtomicFile.write(file, toPng());
    }
}
