package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.VitModel;

/** A preprocessing that no file states is a warning of every command that prepares images with it, and of no other. */
class AssumedPreprocessingTest {

    private static final String WARNING = "warning: preprocessing timm-augreg assumed, as is usual for timm; no file states it (--preprocess NAME or \"preprocess\" in config.json does)";

    @TempDir
    private Path folder;

    private Path weights;
    private Path image;
    private Path config;

    @BeforeEach
    void writeAModelThatDoesNotStateIt() throws IOException {
        weights = TinyModel.weights(folder);
        config = Files.writeString(folder.resolve("config.json"), "{\"family\":\"timm\",\"image\":[24,16],\"heads\":3}");
        image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
    }

    private List<List<Object>> preparing() {
        return List.of(
                List.of("classify", "--weights", weights, image),
                List.of("logits", "--weights", weights, "--output", folder.resolve("logits.safetensors"), image),
                List.of("embed", "--weights", weights, "--output", folder.resolve("embeddings.safetensors"), image),
                List.of("visualise", "--weights", weights, "--output", folder.resolve("pictures"), image),
                List.of("preprocess", "--config", config, "--output", folder.resolve("images.safetensors"), image));
    }

    private static List<Object> with(List<Object> arguments, Object... more) {
        List<Object> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        return all;
    }

    private static List<String> warnings(Ran ran) {
        assertEquals(0, ran.code(), ran::toString);
        return ran.err().lines().filter(line -> line.startsWith("warning: ")).toList();
    }

    @Test
    void commandsThatPrepareImagesWarnOnceUnlessItIsNamed() throws IOException {
        for (List<Object> command : preparing()) {
            assertEquals(List.of(WARNING), warnings(vit(command.toArray())));
            assertEquals(List.of(), warnings(vit(with(command, "--preprocess", "timm-augreg").toArray())));
        }
        Files.writeString(config, "{\"family\":\"timm\",\"image\":[24,16],\"heads\":3,\"preprocess\":\"clip\"}");
        for (List<Object> command : preparing()) {
            assertEquals(List.of(), warnings(vit(command.toArray())));
        }
    }

    @Test
    void commandsThatPrepareNoImagesDoNotWarn() throws IOException {
        assertEquals("", vit("export", "--weights", weights, "--output", folder.resolve("model.onnx")).isDone().err());
        assertEquals("", vit("inspect", weights).isDone().err());
    }

    /** Also the model that the training leaves states what it was trained with, so that it is used without a warning. */
    @Test
    void trainingWarnsAndLeavesAModelThatStatesIt() throws IOException {
        Path data = folder.resolve("data");
        for (String name : List.of("one", "two")) {
            for (int i = 0; i < 3; i++) {
                TinyModel.image(Files.createDirectories(data.resolve(name)).resolve(i + ".png"), 24, 30, i);
            }
        }
        Path trained = folder.resolve("trained");
        Ran ran = vit("train", "--data", data, "--weights", weights, "--output", trained, "--epochs", 1, "--threads", 1);
        assertEquals(0, ran.code(), ran::toString);
        assertEquals(1, ran.err().lines().filter(WARNING::equals).count(), ran::toString);
        Ran used = vit("classify", "--weights", trained, image);
        assertEquals(0, used.code(), used::toString);
        assertFalse(used.err().contains("preprocessing"), used::toString);
        try (VitModel model = VitModel.load(trained)) {
            assertTrue(model.report().assumedPreprocessing().isEmpty());
        }
    }

    @Test
    void theShippedModelStatesIt() throws IOException {
        try (VitModel model = VitModel.shipped()) {
            assertEquals(List.of(), model.report().warnings());
        }
    }
}
