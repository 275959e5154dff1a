package vit.model.spark.compare;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import vit.model.image.RgbImage;
import vit.model.shapes.ShapeImages;

/** Draws shapes into PNG files. */
final class ShapeFolder {

    private static final int SIDE = 256; // as large as photographs are after they were scaled, so that decoding counts

    private ShapeFolder() {}

    static void draw(Path folder, int images) throws IOException {
        ShapeImages shapes = new ShapeImages(7, SIDE, 0.2);
        Progress progress = new Progress("drawing images", images);
        for (int i = 0; i < images; i++) {
            RgbImage image = shapes.image(i).image();
            BufferedImage pixels = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
            for (int y = 0; y < image.height(); y++) {
                for (int x = 0; x < image.width(); x++) {
                    pixels.setRGB(x, y, image.sample(y, x, 0) << 16 | image.sample(y, x, 1) << 8 | image.sample(y, x, 2));
                }
            }
            if (!ImageIO.write(pixels, "png", Files.createDirectories(folder).resolve("shape-%05d.png".formatted(i)).toFile())) {
                throw new IllegalStateException("this JDK writes no PNG files");
            }
            progress.reached(i + 1);
        }
    }
}
