package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.json.Json;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.SafetensorsWriter;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/** {@code --stored-as}: the same results from half the memory, and other results only where rounding is asked for. */
class StoredAsCommandsTest {

    /** The small model with its tensors in bfloat16. */
    private static Path weights(Path folder) throws IOException {
        Path narrow = folder.resolve("bfloat16.safetensors");
        try (TensorFile file = TensorFile.open(TinyModel.weights(folder))) {
            List<SafetensorsWriter.Tensor> tensors = file.entries().stream().map(entry -> new SafetensorsWriter.Tensor(entry.name(), Dtype.BF16, entry.shape())).toList();
            try (SafetensorsWriter writer = new SafetensorsWriter(narrow, tensors, Map.of())) {
                for (TensorEntry entry : file.entries()) {
                    float[] values = new float[Math.toIntExact(entry.shape().size())];
                    file.readFloats(entry, 0, values, 0, values.length);
                    writer.write(values, 0, values.length);
                }
                writer.commit();
            }
        }
        TinyModel.config(folder);
        return narrow;
    }

    @Test
    void sixteenBitsAnswerAsThirtyTwo(@TempDir Path folder) throws IOException {
        Path weights = weights(folder);
        Path image = TinyModel.image(folder.resolve("image.png"), 30, 40, 1);
        String plain = vit("classify", "--weights", weights, "--json", image).isDone().out();
        assertEquals(plain, vit("classify", "--weights", weights, "--stored-as", "float32", "--json", image).isDone().out());
        assertEquals(plain, vit("classify", "--weights", weights, "--stored-as", "file", "--json", image).isDone().out());
        assertNotEquals(plain, vit("classify", "--weights", folder.resolve("tiny.safetensors"), "--stored-as", "rounded-float16", "--json", image).isDone().out());
        byte[] expected = embedding(folder, image, "--weights", weights);
        assertTrue(Arrays.equals(expected, embedding(folder, image, "--weights", weights, "--stored-as", "file")));
        assertTrue(Arrays.equals(expected, embedding(folder, image, "--weights", folder.resolve("bfloat16.safetensors"), "--stored-as", "rounded-bfloat16")));
    }

    private static byte[] embedding(Path folder, Path image, Object... options) throws IOException {
        Path output = folder.resolve("embedding.safetensors");
        Files.deleteIfExists(output);
        Object[] arguments = Stream.concat(Stream.of("embed", "--output", output), Stream.concat(
                Stream.of(options), Stream.of(image))).toArray();
        vit(arguments).isDone();
        return Files.readAllBytes(output);
    }

    @Test
    void benchTellsTheMemory(@TempDir Path folder) throws IOException {
        Path weights = weights(folder);
        long wide = weightBytes("--weights", weights);
        long half = weightBytes("--weights", weights, "--stored-as", "file");
        assertTrue(half < wide && half > wide / 3, half + " of " + wide);
    }

    private static long weightBytes(Object... options) throws IOException {
        Object[] arguments = Stream.concat(Stream.of("bench", "--threads", 1, "--seconds", 0.1, "--json"),
                Stream.of(options)).toArray();
        return Json.parse("standard output", vit(arguments).isDone().out().getBytes(StandardCharsets.UTF_8)).integer("weight_bytes");
    }

    @Test
    void inspectTellsTheMemory(@TempDir Path folder) throws IOException {
        assertTrue(vit("inspect", weights(folder)).isDone().out().contains(" as in the file"));
        assertTrue(!vit("inspect", folder.resolve("tiny.safetensors")).isDone().out().contains(" as in the file"));
    }

    @Test
    void whatMakesNoSenseIsRefused(@TempDir Path folder) throws IOException {
        Path weights = weights(folder);
        vit("classify", "--weights", weights, "--stored-as", "int8", folder).isRefused("--stored-as", "rounded-bfloat16", "int8");
        vit("export", "--weights", weights, "--stored-as", "file", "--output", folder.resolve("model.onnx")).isRefused("--stored-as");
        vit("compare", "--weights", weights, "--stored-as", "rounded-float16", "--gradients", "--reference", weights).isRefused("--gradients");
    }
}
