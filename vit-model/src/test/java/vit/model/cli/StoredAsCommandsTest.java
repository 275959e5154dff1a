package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import vit.model.json.JsonObject;
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
        assertNotEquals(plain, vit("classify", "--weights", folder.resolve("tiny.safetensors"), "--stored-as", "rounded-float16", "--json", image).isDoneWithNotes().out());
        float[] expected = embedding(folder, image, "--weights", weights);
        assertTrue(Arrays.equals(expected, embedding(folder, image, "--weights", weights, "--stored-as", "file")));
        assertTrue(Arrays.equals(expected, embedding(folder, image, "--weights", folder.resolve("bfloat16.safetensors"), "--stored-as", "rounded-bfloat16")));
    }

    private static float[] embedding(Path folder, Path image, Object... options) throws IOException {
        Path output = folder.resolve("embedding.safetensors");
        Files.deleteIfExists(output);
        Object[] arguments = Stream.concat(Stream.of("embed", "--output", output), Stream.concat(
                Stream.of(options), Stream.of(image))).toArray();
        vit(arguments).isDoneWithNotes();
        try (TensorFile file = TensorFile.open(output)) {
            TensorEntry entry = file.find("embeddings");
            float[] values = new float[Math.toIntExact(entry.shape().size())];
            file.readFloats(entry, 0, values, 0, values.length);
            return values;
        }
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
    void roundingIsToldByHowMuch(@TempDir Path folder) throws IOException {
        Path weights = weights(folder);
        Path image = TinyModel.image(folder.resolve("image.png"), 30, 40, 1);
        String told = vit("classify", "--weights", weights, "--stored-as", "int8", "--json", image).isDoneWithNotes().err();
        assertTrue(told.contains("note: weights are rounded, by 0.") && told.contains(" % (root mean square; 0.") && told.contains(" % in the worst matrix, "), told);
        assertEquals("", vit("classify", "--weights", weights, "--stored-as", "file", "--json", image).isDone().err());
        assertEquals("", vit("classify", "--weights", weights, "--stored-as", "rounded-bfloat16", "--json", image).isDone().err());
        assertTrue(vit("bench", "--weights", weights, "--threads", 1, "--seconds", 0.1, "--stored-as", "int8").isDoneWithNotes().out().contains("MB in memory, rounded by 0."));
        JsonObject bench = Json.parse("standard output", vit("bench", "--weights", weights, "--threads", 1, "--seconds", 0.1, "--stored-as", "int8", "--json").isDoneWithNotes().out()
                .getBytes(StandardCharsets.UTF_8));
        assertFalse(vit("bench", "--weights", weights, "--threads", 1, "--seconds", 0.1, "--stored-as", "rounded-bfloat16", "--json").isDone().out().contains("weight_rounding"));
        double relative = bench.object("weight_rounding").number("relative");
        double worst = bench.object("weight_rounding").number("worst");
        assertTrue(relative > 0.001 && relative <= worst && worst < 0.02, relative + ", " + worst);
        assertTrue(bench.object("weight_rounding").text("worst_weight").endsWith(".weight"));
    }

    /** An index says how it was made, so that an image finds itself with a similarity of 1. */
    @Test
    void aSearchRoundsAsItsIndexDoes(@TempDir Path folder) throws IOException {
        Path weights = weights(folder);
        Path image = TinyModel.image(folder.resolve("image.png"), 30, 40, 1);
        for (String storedAs : List.of("int8", "rounded-float16")) {
            Path index = folder.resolve(storedAs + ".safetensors");
            vit("embed", "--weights", weights, "--stored-as", storedAs, "--normalize", "--output", index, image).isDoneWithNotes();
            try (TensorFile file = TensorFile.open(index)) {
                assertEquals(storedAs, file.metadata().get("stored-as"));
            }
            assertEquals(1, similarity("--weights", weights, "--index", index, image), 1e-9);
            assertEquals(1, similarity("--weights", weights, "--stored-as", storedAs, "--index", index, image), 1e-9);
            vit("similar", "--weights", weights, "--stored-as", "rounded-bfloat16", "--index", index, image).isRefused("--stored-as rounded-bfloat16", storedAs, index.getFileName());
        }
        Path index = folder.resolve("float32.safetensors");
        vit("embed", "--weights", weights, "--output", index, image).isDone();
        try (TensorFile file = TensorFile.open(index)) {
            assertFalse(file.metadata().containsKey("stored-as"));
        }
        assertEquals(1, similarity("--weights", weights, "--index", index, image), 1e-9);
        assertEquals(1, similarity("--weights", weights, "--stored-as", "file", "--index", index, image), 1e-9);
        vit("similar", "--weights", weights, "--stored-as", "int8", "--index", index, image).isRefused("--stored-as int8", "not rounded", index.getFileName());
    }

    /** It has no metadata. */
    @Test
    void anArrayOfNumPyIsSearchedAsTheOptionSays(@TempDir Path folder) throws IOException {
        Path weights = weights(folder);
        Path image = TinyModel.image(folder.resolve("image.png"), 30, 40, 1);
        Path index = folder.resolve("index.npy");
        vit("embed", "--weights", weights, "--stored-as", "int8", "--output", index, image).isDoneWithNotes();
        assertEquals(1, similarity("--weights", weights, "--stored-as", "int8", "--index", index, image), 1e-9);
        assertNotEquals(1, similarity("--weights", weights, "--index", index, image), 1e-9);
    }

    private static double similarity(Object... options) throws IOException {
        Object[] arguments = Stream.concat(Stream.of("similar", "--json"), Stream.of(options)).toArray();
        JsonObject found = Json.parse("standard output", vit(arguments).isDoneWithNotes().out().getBytes(StandardCharsets.UTF_8));
        return found.array("images").get(0).object().array("similar").get(0).object().number("similarity");
    }

    @Test
    void inspectTellsTheMemory(@TempDir Path folder) throws IOException {
        assertTrue(vit("inspect", weights(folder)).isDone().out().contains(" as in the file"));
        assertTrue(!vit("inspect", folder.resolve("tiny.safetensors")).isDone().out().contains(" as in the file"));
    }

    @Test
    void whatMakesNoSenseIsRefused(@TempDir Path folder) throws IOException {
        Path weights = weights(folder);
        vit("classify", "--weights", weights, "--stored-as", "int4", folder).isRefused("--stored-as", "rounded-bfloat16", "int8", "int4");
        vit("export", "--weights", weights, "--stored-as", "int8", "--output", folder.resolve("model.onnx")).isRefused("--stored-as");
        vit("compare", "--weights", weights, "--stored-as", "int8", "--gradients", "--reference", weights).isRefused("--gradients");
        vit("export", "--weights", weights, "--stored-as", "file", "--output", folder.resolve("model.onnx")).isRefused("--stored-as");
        vit("compare", "--weights", weights, "--stored-as", "rounded-float16", "--gradients", "--reference", weights).isRefused("--gradients");
    }
}
