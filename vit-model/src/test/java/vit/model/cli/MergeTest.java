package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --merge} of the commands that run a model. */
class MergeTest {

    @TempDir
    private Path folder;

    private Path weights;
    private Path image;

    @BeforeEach
    void writeModelAndImage() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
    }

    @Test
    void changesResultsUnlessItIsZero() {
        for (String command : new String[] {"classify", "embed"}) {
            String plain = vit(command, "--weights", weights, "--json", image).isDone().out();
            assertEquals(plain, vit(command, "--weights", weights, "--json", "--merge", 0, image).isDone().out());
            String merged = vit(command, "--weights", weights, "--json", "--merge", 2, image).isDone().out();
            assertNotEquals(plain, merged);
            assertEquals(merged, vit(command, "--weights", weights, "--json", "--merge", "2,2", "--threads", 3, image).isDone().out());
        }
    }

    @Test
    void benchCountsLessArithmetic() {
        String out = vit("bench", "--weights", weights, "--seconds", 0.1, "--merge", "decreasing:1").isDone().out();
        assertTrue(out.lines().anyMatch(line -> line.matches("merged tokens +1 a block on average, most of them early")), out);
        assertTrue(vit("bench", "--weights", weights, "--seconds", 0.1, "--json", "--merge", 1).isDone().out().contains("\"merge\":\"1\""));
    }

    @Test
    void visualiseDrawsThePatchesThatWentTogether() {
        Path output = folder.resolve("pictures");
        Ran ran = vit("visualise", "--weights", weights, "--output", output, "--merge", 1, image).isDone();
        assertTrue(Files.exists(output.resolve("merged.png")));
        assertTrue(ran.out().contains("the image, and its 6 patches merged into 4"), ran.out());
    }

    @Test
    void refusesWhatIsNoCount() {
        vit("classify", "--weights", weights, "--merge", "many", image).isRefused("--merge", "expected a count", "found 'many'");
        vit("classify", "--weights", weights, "--merge", -1, image).isRefused("--merge", "counts of 0 or more, found -1");
    }

    /** An index says how it was made, so that an image finds itself with a similarity of 1. */
    @Test
    void aSearchMergesAsItsIndexDoes() {
        Path index = folder.resolve("index.safetensors");
        vit("embed", "--weights", weights, "--merge", 2, "--output", index, image).isDone();
        String found = vit("similar", "--weights", weights, "--index", index, image).isDone().out();
        assertTrue(found.contains("1.0000"), found);
        Path plain = folder.resolve("plain.safetensors");
        vit("embed", "--weights", weights, "--output", plain, image).isDone();
        assertEquals(found, vit("similar", "--weights", weights, "--index", plain, image).isDone().out());
    }
}
