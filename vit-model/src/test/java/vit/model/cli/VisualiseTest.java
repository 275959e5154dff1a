package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vit visualise} writes its pictures, the same in every locale and at any number of threads. */
class VisualiseTest {

    private static final List<String> NAMES = List.of("rollout.png", "features.png", "attention.png", "distance.png", "positions.png", "filters.png");

    @TempDir
    private Path folder;

    private Path weights;
    private Path image;

    @BeforeEach
    void writeModelAndImage() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        image = TinyModel.image(folder.resolve("größe 1.png"), 40, 30, 1);
    }

    @Test
    void leavesPicturesOfMoreThanOneColourAndShowsTheRolloutAsText() throws IOException {
        Path output = folder.resolve("new/pictures");
        List<String> lines = vit("visualise", "--weights", weights, "--output", output, image).isDone().lines();
        for (String name : NAMES) {
            BufferedImage picture = ImageIO.read(output.resolve(name).toFile());
            assertTrue(picture.getWidth() > 50 && picture.getHeight() > 50, name);
            int[] colours = picture.getRGB(0, 0, picture.getWidth(), picture.getHeight(), null, 0, picture.getWidth());
            assertTrue(java.util.Arrays.stream(colours).distinct().count() > 3, name);
            assertTrue(lines.stream().anyMatch(line -> line.startsWith("  " + name)), lines::toString);
        }
        assertEquals(image + ": attention rollout, the class token's row", lines.getFirst());
        String text = String.join("", lines.subList(1, 4)); // 3 rows of patches
        assertTrue(text.contains("██"), lines::toString);
    }

    @Test
    void resultIsTheSameAtAnyThreadCountInAnyLocaleAndAnotherImageGivesAnother() throws IOException {
        Path other = TinyModel.image(folder.resolve("b.png"), 40, 30, 2);
        vit("visualise", "--weights", weights, "--threads", 1, "--output", folder.resolve("a"), image).isDone();
        vit("visualise", "--weights", weights, "--threads", 3, "--output", folder.resolve("b"), image).isDone();
        vit("visualise", "--weights", weights, "--output", folder.resolve("c"), other).isDone();
        for (String name : NAMES) {
            assertArrayEquals(Files.readAllBytes(folder.resolve("a").resolve(name)), Files.readAllBytes(folder.resolve("b").resolve(name)), name);
        }
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            vit("visualise", "--weights", weights, "--output", folder.resolve("d"), image).isDone();
        } finally {
            Locale.setDefault(before);
        }
        for (String name : NAMES) {
            assertArrayEquals(Files.readAllBytes(folder.resolve("a").resolve(name)), Files.readAllBytes(folder.resolve("d").resolve(name)), name);
        }
        assertFalse(java.util.Arrays.equals(Files.readAllBytes(folder.resolve("a/attention.png")), Files.readAllBytes(folder.resolve("c/attention.png"))));
        assertArrayEquals(Files.readAllBytes(folder.resolve("a/filters.png")), Files.readAllBytes(folder.resolve("c/filters.png")));
    }

    @Test
    void oneBlockCanBeChosen() throws IOException {
        vit("visualise", "--weights", weights, "--output", folder, image).isDone();
        BufferedImage all = ImageIO.read(folder.resolve("attention.png").toFile());
        vit("visualise", "--weights", weights, "--block", 1, "--output", folder, image).isDone();
        BufferedImage one = ImageIO.read(folder.resolve("attention.png").toFile());
        assertNotEquals((double) all.getWidth() / all.getHeight(), (double) one.getWidth() / one.getHeight(), 0.1);
        vit("visualise", "--weights", weights, "--block", 2, "--output", folder, image).isRefused("--block", "0 to 1");
        vit("visualise", "--weights", weights, "--block", -1, "--output", folder, image).isRefused("--block");
    }

    @Test
    void unusableArgumentsAreRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text.jpg"), "this is no photo");
        vit("visualise", "--weights", weights, "--output", folder, text).isRefused(text);
        vit("visualise", "--weights", weights, "--output", folder, folder.resolve("no.png")).isRefused("no.png");
        vit("visualise", "--weights", weights, "--output", text, image).isRefused("--output " + text, "is a file, not a folder");
        vit("visualise", "--weights", folder.resolve("no.safetensors"), "--output", folder, image).isRefused("no.safetensors");
        vit("visualise", "--weights", weights, "--output", folder, "--preprocess", "none", image).isRefused("found none");
    }
}
