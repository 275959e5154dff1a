package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.image.format.ImageDecoder;
import vit.model.shapes.ShapeImages;
import vit.model.shapes.ShapeKind;

/** {@code vit draw} writes class folders that {@code vit train} accepts, with the seed and difficulty that are given. */
class DrawTest {

    @TempDir
    private Path folder;

    @Test
    void drawsClassFoldersAsTrainTakesThem() throws IOException {
        vit("draw", "--output", folder, "--images", 26, "--side", 20, "--seed", 9).isDone();
        for (int i = 0; i < 26; i++) {
            Path file = folder.resolve(ShapeKind.values()[i % 12].label()).resolve(String.format("%02d.png", i));
            assertArrayEquals(new ShapeImages(9, 20).image(i).image().pixels(), ImageDecoder.decode(file).pixels(), file.toString());
        }
        try (var folders = Files.list(folder)) {
            assertEquals(12, folders.count());
        }
    }

    @Test
    void difficultyAndSeedAreTheOnesGiven() throws IOException {
        vit("draw", "--output", folder.resolve("a"), "--images", 1, "--difficulty", 0, "--side", 20).isDone();
        vit("draw", "--output", folder.resolve("b"), "--images", 1, "--difficulty", 1, "--side", 20).isDone();
        vit("draw", "--output", folder.resolve("c"), "--images", 1, "--difficulty", 1, "--side", 20, "--seed", 2).isDone();
        byte[] a = Files.readAllBytes(folder.resolve("a/circle/0.png"));
        byte[] b = Files.readAllBytes(folder.resolve("b/circle/0.png"));
        byte[] c = Files.readAllBytes(folder.resolve("c/circle/0.png"));
        assertFalse(Arrays.equals(a, b) || Arrays.equals(b, c) || Arrays.equals(a, c));
    }

    @Test
    void impossibleArgumentsAreRefused() throws IOException {
        vit("draw", "--output", folder, "--images", 0).isRefused("--images");
        vit("draw", "--output", folder, "--side", 3).isRefused("side", "16 to");
        vit("draw", "--output", folder, "--difficulty", 2).isRefused("difficulty");
        vit("draw").isRefused("--output");
        Path file = Files.writeString(folder.resolve("file"), "");
        vit("draw", "--output", file).isRefused("--output " + file, "is a file, not a folder");
    }
}
