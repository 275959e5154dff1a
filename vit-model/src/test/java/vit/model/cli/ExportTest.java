package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vit export} writes the model of a weight file in either set of operators, and refuses what it cannot read or write. */
class ExportTest {

    @TempDir
    private Path folder;

    @Test
    void writesTheModelOfAWeightFile() throws IOException {
        Path weights = TinyModel.weights(folder);
        Path config = TinyModel.config(folder);
        Path output = folder.resolve("model.onnx");
        Ran ran = vit("export", "--weights", weights, "--config", config, "--output", output).isDone();
        assertEquals("", ran.out());
        long parameters = vit.model.parameters.Parameters.of(TinyModel.CONFIG).count();
        assertTrue(Files.size(output) > parameters * Float.BYTES, () -> output + " is too small");
    }

    @Test
    void writesTheOperatorsOfARuntime() throws IOException {
        Path weights = TinyModel.weights(folder);
        Path output = folder.resolve("model.onnx");
        vit("export", "--weights", weights, "--config", TinyModel.config(folder), "--output", output, "--operators", "onnxruntime").isDone();
        String bytes = Files.readString(output, StandardCharsets.ISO_8859_1);
        assertTrue(bytes.contains("MultiHeadAttention") && bytes.contains("com.microsoft"), "the runtime's own operators are not there");
        vit("export", "--weights", weights, "--output", output, "--operators", "own").isRefused("--operators");
    }

    @Test
    void refusesWhatCannotBeRead() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.safetensors"), "nothing of the kind");
        Path output = folder.resolve("model.onnx");
        vit("export", "--weights", broken, "--output", output).isRefused("broken.safetensors");
        vit("export", "--weights", folder.resolve("none"), "--output", output).isRefused("none");
        assertFalse(Files.exists(output));
    }

    @Test
    void refusesWhatCannotBeWritten() throws IOException {
        Path weights = TinyModel.weights(folder);
        vit("export", "--weights", weights, "--output", folder).isRefused("folder");
        vit("export", "--weights", weights, "--output", folder.resolve("no/model.onnx")).isRefused("there is no folder");
    }

    @Test
    void namesTheOptionThatIsMissing() {
        vit("export", "--output", folder.resolve("model.onnx")).isRefused("--weights");
    }
}
