package vit.model.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.RgbImage;
import vit.model.shapes.ShapeImage;
import vit.model.shapes.ShapeImages;
import vit.model.shapes.ShapeKind;

/** The page's examples with an index do what the page says: they are run on drawn pictures, with the model that ships. */
class NearestPicturesTest {

    private static final int OF_EACH = 6;
    private static final int NEAREST = 5; // as in the example

    @TempDir
    private Path scratch;

    @Test
    void theNearestPictureIsItselfAndTheNextAreOfItsKind() throws Exception {
        Path page = ProjectModules.root().resolve("vit-model/docs/embeddings.md");
        List<Example> examples = PageExamplesTest.examples(page).stream().filter(example -> example.given().contains("lucene")).toList();
        assertEquals(2, examples.size());
        ProjectModules modules = ProjectModules.find(Files.createDirectory(scratch.resolve("modules")));
        Path indexing = Files.createDirectory(scratch.resolve("indexing"));
        Path searching = Files.createDirectory(scratch.resolve("searching"));
        assertEquals("", examples.get(0).problems(modules, indexing));
        assertEquals("", examples.get(1).problems(modules, searching));
        List<Path> photos = photos();
        Path index = scratch.resolve("index");
        try (VitModel model = VitModel.shipped(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            examples.get(0).run(indexing, session, photos, index);
            int ofItsKind = 0;
            for (Path photo : photos) {
                List<String> lines = printed(() -> examples.get(1).run(searching, session, photo, index));
                assertEquals(NEAREST, lines.size());
                assertEquals(photo.toString(), lines.getFirst().split(" ", 2)[1], "the nearest picture");
                assertEquals(1, Float.parseFloat(lines.getFirst().split(" ")[0]), 1e-6);
                ofItsKind += (int) lines.stream().skip(1).filter(line -> kind(line).equals(kind(photo.toString()))).count();
            }
            double share = ofItsKind / (double) (photos.size() * (NEAREST - 1));
            double chance = (OF_EACH - 1) / (double) (photos.size() - 1);
            System.out.printf("%.3f of the nearest pictures are of the same kind; by chance %.3f%n", share, chance);
            assertTrue(share > 10 * chance, () -> share + " of the nearest pictures are of the same kind");
        }
    }

    private List<Path> photos() throws IOException {
        Path folder = Files.createDirectory(scratch.resolve("photos"));
        ShapeImages shapes = new ShapeImages(2026, 96, 0.5);
        List<Path> photos = new ArrayList<>();
        for (int i = 0; i < OF_EACH * ShapeKind.values().length; i++) {
            ShapeImage drawn = shapes.image(i);
            Path photo = folder.resolve(drawn.kind().label() + "-" + i + ".png");
            ImageIO.write(buffered(drawn.image()), "png", photo.toFile());
            photos.add(photo);
        }
        return photos;
    }

    private static BufferedImage buffered(RgbImage image) {
        BufferedImage buffered = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        byte[] pixels = image.pixels();
        for (int i = 0; i < image.width() * image.height(); i++) {
            buffered.setRGB(i % image.width(), i / image.width(), (pixels[3 * i] & 0xFF) << 16 | (pixels[3 * i + 1] & 0xFF) << 8 | pixels[3 * i + 2] & 0xFF);
        }
        return buffered;
    }

    /** The kind of a picture, from the end of a line that names its file. */
    private static String kind(String line) {
        return line.substring(line.lastIndexOf('/') + 1, line.lastIndexOf('-'));
    }

    private interface Call {
        void run() throws Exception;
    }

    private static List<String> printed(Call call) throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            call.run();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
