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

    @Test
    void impossibleArgumentsAreRefused() throws IOException {
        vit("demo", "--seconds", 0, "--output", folder).isRefused("--seconds");
        vit("demo", "--seconds", "NaN", "--output", folder).isRefused("--seconds");
        Path file = Files.writeString(folder.resolve("file"), "");
        vit("demo", "--seconds", 1, "--output", file).isRefused(file, "folder cannot be made");
        vit("demo", "--seconds", 1e7, "--output", folder.resolve("no")).isRefused("--seconds", "expected 0.6 to 14705, found 1.0E7");
        vit("demo", "--full", "--seconds", 10, "--output", folder.resolve("no")).isRefused("--full", "--seconds");
        assertTrue(Files.notExists(folder.resolve("no")));
        vit("ablation", "--images", 1).isRefused("--images");
        vit("ablation", "--images", 30_001).isRefused("--images", "for example 30000 or 30008");
    }
}
