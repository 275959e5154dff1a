package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import vit.model.shapes.ShapeImage;
import vit.model.shapes.ShapeImages;
import vit.model.shapes.ShapeKind;

/** The model that ships in the jar recognises fresh drawn images, is small, and leaves no temporary file. */
class ShippedModelTest {

    private static final int IMAGES = 480;

    /** The limit is well below the accuracy that docs/shipped-model.md states, since java.awt may draw otherwise on another JDK. */
    private static final double LEAST_ACCURACY = 0.65;

    @Test
    void namesFreshShapesThatItHasNeverSeen() throws IOException {
        ShapeImages fresh = new ShapeImages(20_261_121, 32);
        int right = 0;
        try (VitModel model = VitModel.shipped(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            for (int i = 0; i < IMAGES; i++) {
                ShapeImage image = fresh.image(i);
                right += session.classify(image.image()).best().index() == image.label() ? 1 : 0;
            }
        }
        double accuracy = (double) right / IMAGES;
        System.out.printf("shipped model: accuracy %.3f on %d fresh images%n", accuracy, IMAGES);
        assertTrue(accuracy >= LEAST_ACCURACY, () -> "accuracy " + accuracy);
    }

    @Test
    void isSmallAndSaysWhatItIs() throws IOException {
        try (VitModel model = VitModel.shipped()) {
            assertEquals(ShapeKind.labels(), model.labels());
            assertEquals("shapes", model.preprocessing().name());
            assertTrue(model.parameters().count() >= 200_000 && model.parameters().count() <= 1_000_000);
        }
        try (InputStream weights = ShippedModel.class.getResourceAsStream("shipped/model.safetensors")) {
            assertTrue(weights.readAllBytes().length <= 4 << 20);
        }
    }

    @Test
    void leavesNothingBehind() throws IOException {
        Set<Path> before = temporary();
        VitModel.shipped().close();
        assertEquals(before, temporary());
    }

    private static Set<Path> temporary() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("vit-shipped")).collect(Collectors.toSet());
        }
    }
}
