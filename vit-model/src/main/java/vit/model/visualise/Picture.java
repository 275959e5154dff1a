package vit.model.visualise;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntBinaryOperator;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import vit.model.image.RgbImage;
import vit.model.weights.AtomicFile;

/**
 * An RGB picture in the making. Drawn without fonts, so that it works on a machine that has none. Not for several threads.
 */
public final class Picture {

    private static final int WHITE = 0xFFFFFF;

    private final BufferedImage pixels;

    private Picture(BufferedImage pixels) {
        this.pixels = pixels;
    }

    /** A picture whose pixel (x, y) has the packed RGB colour {@code colour(x, y)}. */
    public static Picture of(int height, int width, IntBinaryOperator colour) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, colour.applyAsInt(x, y));
            }
        }
        return new Picture(image);
    }

    /** A picture of an image. */
    public static Picture of(RgbImage image) {
        return of(image.height(), image.width(),
                (x, y) -> image.sample(y, x, 0) << 16 | image.sample(y, x, 1) << 8 | image.sample(y, x, 2));
    }

    /** A picture that was drawn elsewhere; not copied. */
    public static Picture of(BufferedImage drawn) {
        return new Picture(drawn);
    }

    /** A map in colours, a pixel a patch. */
    public static Picture of(PatchMap map, ColourMap colours) {
        return of(map.height(), map.width(), (x, y) -> colours.of(map.at(y, x)));
    }

    /** Pictures in rows of {@code columns}, all of the first one's size, white lines of {@code gap} pixels between and around. */
    public static Picture grid(List<Picture> cells, int columns, int gap) {
        int height = cells.getFirst().height() + gap;
        int width = cells.getFirst().width() + gap;
        int rows = (cells.size() + columns - 1) / columns;
        Picture grid = of(rows * height + gap, columns * width + gap, (x, y) -> WHITE);
        Graphics2D graphics = grid.pixels.createGraphics();
        for (int i = 0; i < cells.size(); i++) {
            graphics.drawImage(cells.get(i).pixels, i % columns * width + gap, i / columns * height + gap, null);
        }
        graphics.dispose();
        return grid;
    }

    public int height() {
        return pixels.getHeight();
    }

    public int width() {
        return pixels.getWidth();
    }

    /** The packed RGB colour of a pixel. */
    public int at(int x, int y) {
        return pixels.getRGB(x, y) & WHITE;
    }

    /** The same in another size: smooth, as a photo is enlarged. */
    public Picture smooth(int newHeight, int newWidth) {
        return scaled(newHeight, newWidth, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
    }

    /** The same in another size: with its pixels as squares. */
    public Picture blocky(int newHeight, int newWidth) {
        return scaled(newHeight, newWidth, RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
    }

    private Picture scaled(int newHeight, int newWidth, Object interpolation) {
        BufferedImage to = new BufferedImage(newWidth, newHeight, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = to.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, interpolation);
        graphics.drawImage(pixels, 0, 0, newWidth, newHeight, null);
        graphics.dispose();
        return new Picture(to);
    }

    /** The bytes of a PNG file. */
    public byte[] toPng() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream encoded = new MemoryCacheImageOutputStream(bytes)) { // ImageIO's own stream needs a temporary folder
            ImageIO.write(pixels, "png", encoded);
        } catch (IOException e) {
            throw new UncheckedIOException("a stream in memory failed", e);
        }
        return bytes.toByteArray();
    }

    /**
     * Writes a PNG file, as a whole or not at all.
     *
     * @throws IOException if it cannot be written
     */
    public void write(Path file) throws IOException {
        AtomicFile.write(file, toPng());
    }
}
