package vit.model.spark;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import vit.model.image.RgbImage;
import vit.model.shapes.ShapeImages;

/** Drawn shapes as PNG files. */
final class ShapeFiles {

    private static final ShapeImages SHAPES = new ShapeImages(20, 40, 0.1); // larger than the model takes, so that they are resampled

    private ShapeFiles() {}

    static byte[] png(int number) throws IOException {
        RgbImage image = SHAPES.image(number).image();
        BufferedImage pixels = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                pixels.setRGB(x, y, image.sample(y, x, 0) << 16 | image.sample(y, x, 1) << 8 | image.sample(y, x, 2));
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ImageIO.write(pixels, "png", bytes);
        return bytes.toByteArray();
    }

    /** Writes images {@code from} to {@code to}, without the latter, into a folder. */
    static Path write(Path folder, int from, int to) throws IOException {
        Files.createDirectories(folder);
        for (int i = from; i < to; i++) {
            Files.write(folder.resolve("shape-%03d.png".formatted(i)), png(i));
        }
        return folder;
    }
}
