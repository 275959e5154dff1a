package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.parameters.Parameter;
import vit.model.weights.format.BrokenFiles;
import vit.model.weights.format.BrokenFiles.Raw;
import vit.model.weights.format.ByteSource;
import vit.model.weights.format.RawNpz;

/** Where weights come from: folders, several files, memory. Files that are something else are refused. */
class WeightFilesTest {

    @TempDir
    private Path folder;

    private static byte[] sound() {
        return BrokenFiles.safetensors(BrokenFiles.tensors());
    }

    private void config() throws IOException {
        Files.writeString(folder.resolve("config.json"), BrokenFiles.CONFIG);
    }

    private InputException refused(Path weights) {
        return assertThrows(InputException.class, () -> Weights.open(weights, null).close());
    }

    /** Writes two files and their index. The tensors alternate between the files. */
    private void shards() throws IOException {
        Map<String, Raw> odd = new LinkedHashMap<>();
        Map<String, Raw> even = new LinkedHashMap<>();
        StringBuilder map = new StringBuilder();
        for (Map.Entry<String, Raw> tensor : BrokenFiles.tensors().entrySet()) {
            boolean first = even.size() == odd.size();
            (first ? even : odd).put(tensor.getKey(), tensor.getValue());
            map.append(map.isEmpty() ? "" : ",").append("\"%s\":\"model-0000%d-of-00002.safetensors\"".formatted(tensor.getKey(), first ? 1 : 2));
        }
        Files.write(folder.resolve("model-00001-of-00002.safetensors"), BrokenFiles.safetensors(even));
        Files.write(folder.resolve("model-00002-of-00002.safetensors"), BrokenFiles.safetensors(odd));
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"metadata\":{\"total_size\":1},\"weight_map\":{" + map + "}}");
        config();
    }

    private static void assertSound(Path weights) throws IOException {
        try (Weights opened = Weights.open(weights, null)) {
            assertSound(opened);
        }
    }

    private static void assertSound(Weights opened) throws IOException {
        assertEquals(BrokenFiles.MODEL, opened.config());
        try (Weights expected = Weights.open(sound(), BrokenFiles.CONFIG.getBytes(StandardCharsets.UTF_8))) {
            for (Parameter parameter : vit.model.parameters.Parameters.of(BrokenFiles.MODEL).list()) {
                int size = Math.toIntExact(parameter.shape().size());
                float[] values = new float[size];
                float[] right = new float[size];
                opened.read(parameter, values);
                expected.read(parameter, right);
                assertArrayEquals(right, values, parameter.name());
            }
        }
    }

    @Test
    void severalFilesAreOneModelByIndexOrFolder() throws IOException {
        shards();
        assertSound(folder.resolve("model.safetensors.index.json"));
        assertSound(folder);
        try (VitModel model = VitModel.load(folder)) {
            assertEquals(BrokenFiles.MODEL, model.config());
        }
        InputException e = refused(folder.resolve("model-00001-of-00002.safetensors"));
        assertTrue(e.getMessage().contains("part 1 of 2") && e.getMessage().contains("model.safetensors.index.json"), e.getMessage());
    }

    @Test
    void anIndexMustFitItsFilesAndStayInItsFolder() throws IOException {
        shards();
        Path index = folder.resolve("model.safetensors.index.json");
        String right = Files.readString(index);
        for (String path : List.of("../model-00001-of-00002.safetensors", "/etc/passwd", "a\\\\b", "..", "", "a\\u0000b")) {
            Files.writeString(index, right.replaceFirst("model-00001-of-00002.safetensors", java.util.regex.Matcher.quoteReplacement(path)));
            assertTrue(refused(index).getMessage().contains("leaves its folder"), path);
        }
        Files.writeString(index, right.replaceFirst("00001-of", "00002-of"));
        assertTrue(refused(index).getMessage().contains("does not fit its index"));
        Files.writeString(index, right);
        Files.delete(folder.resolve("model-00002-of-00002.safetensors"));
        InputException missing = refused(folder);
        assertTrue(missing.getMessage().startsWith(folder.resolve("model-00002-of-00002.safetensors").toString()) && missing.getMessage().contains("no such file"), missing.getMessage());
        Files.writeString(folder.resolve("model-00002-of-00002.safetensors"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
        assertTrue(refused(folder).getMessage().contains("git lfs pull"));
    }

    @Test
    void theFolderRuleIsUsualNamesThenTheOnlyFile() throws IOException {
        config();
        assertTrue(refused(folder).getMessage().contains("the folder holds no weights"));
        Files.write(folder.resolve("pytorch_model.bin"), new byte[] {(byte) 0x80, 2});
        assertTrue(refused(folder).getMessage().contains("pytorch_model.bin") && refused(folder).getMessage().contains("convert"));
        Files.write(folder.resolve("x.npz"), BrokenFiles.npz(BrokenFiles.tensors(), true));
        assertSound(folder);
        Files.write(folder.resolve("y.safetensors"), new byte[3]);
        assertTrue(refused(folder).getMessage().contains("x.npz, y.safetensors"));
        Files.write(folder.resolve("best.safetensors"), sound());
        assertSound(folder);
        Files.write(folder.resolve("best.safetensors"), new byte[3]);
        Files.write(folder.resolve("model.safetensors"), sound());
        assertSound(folder);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a Git LFS pointer | version https://git-lfs.github.com/spec/v1\\noid sha256:00\\nsize 346284714\\n",
        "a git-annex pointer | /annex/objects/SHA256E-s1--00.safetensors\\n",
        "an HTML page | <!DOCTYPE html><html><title>404</title>", "an HTML page | \\n <html lang='en'>", "an HTML page | <?xml version='1.0'?><!DOCTYPE html><html>",
        "an XML document | <?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        "text | root:x:0:0:root:/root:/bin/bash\\n", "text | Entry not found", "JSON | {\"error\":\"Invalid credentials\"}", "a model's configuration | {\"model_type\":\"vit\"}",
        "GGUF | GGUF\\u0003\\u0000", "ggml | lmgg\\u0001", "HDF5 | \\u0089HDF\\r\\n\\u001a\\n", "a Python pickle | \\u0080\\u0002\\u008a", "a Python pickle | \\u0080\\u0004\\u0095",
        "a single NumPy array | \\u0093NUMPY\\u0001\\u0000", "gzip | \\u001f\\u008b\\u0008", "ONNX | \\u0008\\u0008\\u0012\\u0007pytorch", "an image | \\u00ff\\u00d8\\u00ff\\u00e0",
        "an image | \\u0089PNG\\r\\n\\u001a\\n", "a program | \\u007fELF\\u0002\\u0001\\u0001", "a 7z archive | 7z\\u00bc\\u00af", "no known format | \\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\u0008\\u0009"})
    void anotherFileIsNamedForWhatItIsAndNotQuoted(String kind, String content) throws IOException {
        byte[] bytes = unescaped(content).getBytes(StandardCharsets.ISO_8859_1);
        Path file = Files.write(folder.resolve("w.safetensors"), bytes);
        InputException e = refused(file);
        assertTrue(e.getMessage().contains(kind), e.getMessage());
        assertFalse(e.getMessage().replace(folder.toString(), "").matches("(?s).*(root:|not found|credentials|AccessDenied|404|346284714).*"), e.getMessage());
    }

    /** Replaces the escapes of Java source in a cell of a table by their characters. */
    private static String unescaped(String cell) {
        String text = java.util.regex.Pattern.compile("\\\\u([0-9a-fA-F]{4})").matcher(cell)
                .replaceAll(match -> java.util.regex.Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 16))));
        return text.replace("\\n", "\n").replace("\\r", "\r");
    }

    @Test
    void emptyFilesDevicesAndArchivesAreNamed() throws IOException {
        assertTrue(refused(Files.write(folder.resolve("a"), new byte[0])).getMessage().contains("an empty file"));
        assertTrue(refused(Path.of("/dev/null")).getMessage().contains("a device or a pipe"));
        InputException torch = refused(Files.write(folder.resolve("b"), new RawNpz().entry("archive/data.pkl", false, new byte[9]).entry("archive/data/0", false, new byte[9]).bytes()));
        assertTrue(torch.getMessage().contains("pickle") && torch.getMessage().contains("convert"), torch.getMessage());
        InputException document = refused(Files.write(folder.resolve("c"), new RawNpz().entry("secret.txt", false, new byte[9]).bytes()));
        assertTrue(document.getMessage().contains("no npz file") && !document.getMessage().contains("secret"), document.getMessage());
    }

    @Test
    void modelsLoadFromMemoryAndFromStreams() throws IOException {
        byte[] config = BrokenFiles.CONFIG.getBytes(StandardCharsets.UTF_8);
        float[] pixels = new float[3 * 16 * 16];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) Math.sin(i);
        }
        List<float[]> logits = new ArrayList<>();
        Path file = Files.write(folder.resolve("w.safetensors"), sound());
        config();
        for (byte[] weights : List.of(sound(), BrokenFiles.npz(BrokenFiles.tensors(), true), BrokenFiles.npz(BrokenFiles.tensors(), false))) {
            byte[] copy = weights.clone();
            try (VitModel model = VitModel.load(copy, config)) {
                assertArrayEquals(weights, copy);
                java.util.Arrays.fill(copy, (byte) 7); // the model keeps a copy of its own
                logits.add(logits(model, pixels));
            }
            boolean[] closed = new boolean[1];
            InputStream stream = new ByteArrayInputStream(weights) {
                @Override
                public void close() {
                    closed[0] = true;
                }
            };
            try (VitModel model = VitModel.load(stream, config)) {
                logits.add(logits(model, pixels));
            }
            assertFalse(closed[0]);
            assertEquals(-1, stream.read());
        }
        try (VitModel model = VitModel.load(file)) {
            logits.forEach(each -> assertArrayEquals(logits(model, pixels), each));
        }
    }

    private static float[] logits(VitModel model, float[] pixels) {
        try (VitSession session = model.newSession(SessionOptions.threads(1))) {
            float[] logits = new float[3];
            session.logits(pixels, 1, logits);
            return logits;
        }
    }

    @Test
    void configurationsInMemorySayHowImagesArePrepared() throws IOException {
        byte[] config = BrokenFiles.CONFIG.replace("}", ",\"preprocess\":\"huggingface-vit\",\"labels\":[\"a\",\"b\",\"c\"]}").getBytes(StandardCharsets.UTF_8);
        try (VitModel model = VitModel.load(sound(), config)) {
            assertEquals("huggingface-vit", model.preprocessing().name());
            assertEquals(List.of("a", "b", "c"), model.labels());
        }
        assertThrows(InputException.class, () -> VitModel.load(new byte[0]));
        InputException e = assertThrows(InputException.class, () -> VitModel.load("root:x:0:0".getBytes(StandardCharsets.UTF_8), config));
        assertTrue(e.getMessage().startsWith("the weights in memory, byte 0") && e.getMessage().contains("text"), e.getMessage());
        e = assertThrows(InputException.class, () -> VitModel.load(sound(), "root:x:0:0".getBytes(StandardCharsets.UTF_8)));
        assertTrue(e.getMessage().startsWith("the configuration in memory") && !e.getMessage().contains("root"), e.getMessage());
    }

    @Test
    void longStreamsAreKeptInParts() throws IOException {
        byte[] bytes = new byte[(9 << 20) + 5];
        new java.util.Random(3).nextBytes(bytes);
        for (int length : new int[] {0, 5, 1 << 22, (1 << 22) + 1, bytes.length}) {
            ByteSource source = ByteSource.InMemory.readAll("x", new ByteArrayInputStream(bytes, 0, length));
            assertEquals(length, source.size());
            java.nio.ByteBuffer all = java.nio.ByteBuffer.allocate(length);
            source.readFully(all, 0);
            assertTrue(all.equals(java.nio.ByteBuffer.wrap(bytes, 0, length)));
            assertThrows(InputException.class, () -> source.readFully(java.nio.ByteBuffer.allocate(2), length - 1 < 0 ? 0 : length - 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"w.safetensors", "w.npz"})
    void anInterruptedLoadSaysSoKeepsTheStatusAndCanBeRepeated(String name) throws Exception {
        Path file = Files.write(folder.resolve(name), name.endsWith("z") ? BrokenFiles.npz(BrokenFiles.tensors(), true) : sound());
        config();
        Thread.currentThread().interrupt();
        InterruptedIOException e = assertThrows(InterruptedIOException.class, () -> VitModel.load(file));
        assertTrue(Thread.interrupted(), "the interrupt is lost");
        assertEquals(file + ": reading was interrupted", e.getMessage());
        VitModel.load(file).close();
    }

    @Test
    void interruptsAtAnyMomentGiveAModelOrSayTheyWereOne() throws Exception {
        Path file = Files.write(folder.resolve("w.safetensors"), sound());
        config();
        int[] outcomes = new int[3];
        for (int i = 0; i < 300; i++) {
            long delay = i * i * 300L; // in nanoseconds
            Thread loader = new Thread(() -> {
                try {
                    VitModel.load(file).close();
                    outcomes[0]++;
                } catch (InterruptedIOException e) {
                    outcomes[Thread.currentThread().isInterrupted() ? 1 : 2]++;
                } catch (IOException | RuntimeException e) {
                    outcomes[2]++;
                }
            });
            loader.start();
            long until = System.nanoTime() + delay;
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            loader.interrupt();
            loader.join();
        }
        System.out.printf("interrupted loads: %d ended, %d said so, %d something else%n", outcomes[0], outcomes[1], outcomes[2]);
        assertEquals(0, outcomes[2]);
        assertTrue(outcomes[1] > 0);
    }
}
