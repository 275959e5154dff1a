package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vit demo} leaves a model that other commands can use. */
class DemoTest {

    @TempDir
    private Path folder;

    @Test
    void modelThatTheDemoLeavesCanBeUsed() {
        vit("demo", "--seconds", 1, "--threads", 1, "--output", folder.resolve("out")).isDone();
        Path weights = folder.resolve("out/model.safetensors");
        Path image = folder.resolve("drawn/circle/0.png");
        vit("draw", "--output", folder.resolve("drawn"), "--images", 1).isDone();
        List<String> lines = vit("classify", "--weights", weights, "--top", 12, image).isDone().lines();
        assertEquals(13, lines.size());
        assertTrue(lines.stream().anyMatch(line -> line.endsWith("  crescent")), lines::toString);
    }

    /** There is a row for each kind, with mean and range over the seeds, and the same bits at any number of threads. Images have 8 and then 12 pixels. */
    @Test
    void positionsAreComparedOnAFolderAtTwoSizes() throws IOException {
        Path data = TrainTest.stripes(folder.resolve("stripes"), 24);
        List<String> lines = vit("ablation", "--compare", "positions", "--data", data, "--images", 720, "--seeds", 2, "--seed", 5, "--threads", 1).isDone().lines();
        assertEquals("validation accuracy after training on 720 images of " + data + ": mean (smallest to largest) of 2 seeds from 5 on", lines.getFirst());
        assertTrue(lines.get(1).matches(" +positions +parameters +at 8 px +at 12 px, resampled +at 12 px, computed"), lines::toString);
        String each = "[01]\\.\\d{3} \\([01]\\.\\d{3} to [01]\\.\\d{3}\\)";
        String count = " +[\\d,]+ +";
        String[] rows = {"none" + count + each + " +" + each, "learned" + count + each + " +" + each, "axes" + count + each + " +" + each,
            "sincos2d" + count + each + " +" + each + " +" + each, "sincos1d" + count + each + " +" + each + " +" + each};
        for (int i = 0; i < rows.length; i++) {
            String row = lines.get(2 + i);
            assertTrue(row.matches(" +" + rows[i]), row);
        }
        assertEquals(2 + rows.length, lines.size());
        assertEquals(lines, vit("ablation", "--compare", "positions", "--data", data, "--images", 720, "--seeds", 2, "--seed", 5, "--threads", 2).isDone().lines());
    }

    @Test
    void impossibleArgumentsAreRefused() throws IOException {
        vit("demo", "--seconds", 0, "--output", folder).isRefused("--seconds");
        vit("demo", "--seconds", "NaN", "--output", folder).isRefused("--seconds");
        Path file = Files.writeString(folder.resolve("file"), "");
        vit("demo", "--seconds", 1, "--output", file).isRefused("--output " + file, "is a file, not a folder");
        vit("demo", "--seconds", 1e7, "--output", folder.resolve("no")).isRefused("--seconds", "expected 0.6 to 14705, found 1.0E7");
        vit("demo", "--full", "--seconds", 10, "--output", folder.resolve("no")).isRefused("--full", "--seconds");
        assertTrue(Files.notExists(folder.resolve("no")));
        vit("ablation", "--images", 1).isRefused("--images");
        vit("ablation", "--compare", "heads").isRefused("--compare", "expected patches or positions, found heads");
        vit("ablation", "--seeds", 2).isRefused("--seeds applies only to positions", "--compare positions");
        vit("ablation", "--data", folder).isRefused("--data applies only to positions");
        vit("ablation", "--compare", "positions", "--seeds", 0).isRefused("--seeds", "expected 1 to 1000, found 0");
        vit("ablation", "--compare", "positions", "--data", folder.resolve("missing")).isRefused(folder.resolve("missing"));
        vit("ablation", "--images", 30_001).isRefused("--images", "for example 30000 or 30008");
    }
}
