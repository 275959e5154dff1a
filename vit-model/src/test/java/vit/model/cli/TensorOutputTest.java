package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.golden.Golden;
import vit.model.image.Preprocessing;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * {@code vit preprocess} and {@code vit logits}: the tensors against those of the library, and what happens to bad images and to the files
 * that exist.
 */
class TensorOutputTest {

    @TempDir
    private Path folder;

    private static float[] only(Path file, String name, Shape shape) throws IOException {
        try (TensorFile tensors = TensorFile.open(file)) {
            assertEquals(1, tensors.entries().size());
            TensorEntry entry = tensors.entries().getFirst();
            assertEquals(name, entry.name());
            assertEquals(Dtype.F32, entry.dtype());
            assertEquals(shape, entry.shape());
            return Golden.floats(tensors, name);
        }
    }

    @Test
    void logitsAreTheModelsOfThePreprocessedImages() throws IOException {
        Path weights = TinyModel.weights(folder);
        Path config = TinyModel.config(folder);
        Path a = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        Path b = TinyModel.image(folder.resolve("b.png"), 16, 24, 2);
        Path images = folder.resolve("images.safetensors");
        Path logits = folder.resolve("logits.safetensors");
        assertEquals("", vit("preprocess", "--config", config, "--output", images, a, b).isDone().out());
        assertEquals("", vit("logits", "--weights", weights, "--output", logits, a, b).isDone().out());
        float[] pixels = only(images, "images", Shape.of(2, 3, 24, 16));
        float[] expected = new float[2 * 7];
        try (VitModel model = VitModel.load(weights); VitSession session = model.newSession(SessionOptions.threads(1).withBatch(2))) {
            session.logits(pixels, 2, expected);
        }
        assertArrayEquals(expected, only(logits, "logits", Shape.of(2, 7)), "logits, bit for bit");
    }

    @Test
    void sizeComesFromTheConfigurationOrIs224() throws IOException {
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        Path out = folder.resolve("o.safetensors");
        vit("preprocess", "--preprocess", "huggingface-vit", "--output", out, image).isDone();
        only(out, "images", Shape.of(1, 3, 224, 224));
        Path ours = Files.writeString(folder.resolve("ours.json"), "{\"family\":\"timm\",\"image\":[48,32],\"patch\":16}");
        Ran again = vit("preprocess", "--preprocess", "timm-deit", "--config", ours, "--output", out, image);
        assertEquals(0, again.code());
        assertEquals("note: " + out + ": replaced the file that was there", again.err().strip());
        only(out, "images", Shape.of(1, 3, 48, 32));
        Path huggingFace = Files.writeString(folder.resolve("preprocessor_config.json"),
                "{\"image_processor_type\":\"ViTImageProcessor\",\"do_resize\":true,\"size\":{\"height\":20,\"width\":30},\"resample\":2,"
                        + "\"do_normalize\":true,\"image_mean\":[0.5,0.5,0.5],\"image_std\":[0.5,0.5,0.5]}");
        Files.delete(out);
        vit("preprocess", "--config", huggingFace, "--output", out, image).isDone();
        only(out, "images", Shape.of(1, 3, 20, 30));
    }

    @Test
    void hugeOrImpossibleSizesAreRefused() throws IOException {
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        Path out = folder.resolve("o.safetensors");
        for (String size : new String[] {"[1048576,1048576]", "[0,16]", "[65536,257]", "[-1,-1]"}) {
            Path config = Files.writeString(folder.resolve("c.json"), "{\"family\":\"timm\",\"image\":" + size + "}");
            vit("preprocess", "--config", config, "--output", out, image).isRefused(config);
        }
        assertFalse(Files.exists(out));
    }

    @Test
    void withoutPreprocessingNamedItListsTheNames() throws IOException {
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        Ran ran = vit("preprocess", "--output", folder.resolve("o"), image).isRefused("no preprocessing is named");
        assertTrue(ran.err().contains(String.join(", ", Preprocessing.names())));
    }

    @Test
    void unwritableOutputIsRefusedAndLeavesNothing() throws IOException {
        Path weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        vit("logits", "--weights", weights, "--output", folder.resolve("no/o.safetensors"), image).isRefused("no folder", folder.resolve("no"));
        vit("logits", "--weights", weights, "--output", folder, image).isRefused(folder, "folder");
        vit("preprocess", "--preprocess", "jax", "--output", folder, image).isRefused(folder, "folder");
        vit("logits", "--weights", weights, "--output", folder.resolve("new") + "/", image).isRefused("--output", "expected a file", "names a folder");
        vit("preprocess", "--preprocess", "jax", "--output", folder.resolve("new") + "/", image).isRefused("--output", "names a folder");
        vit("export", "--weights", weights, "--output", folder.resolve("new") + "/").isRefused("--output", "names a folder");
        vit("logits", "--weights", weights, "--output", "", image).isRefused("--output", "empty name");
        vit("logits", "--weights", weights, image).isRefused("--output");
        Path out = folder.resolve("o.safetensors");
        vit("logits", "--weights", weights, "--output", out, "--strict", image, folder.resolve("no.png"));
        try (var files = Files.list(folder)) {
            assertEquals(3, files.count(), "weights, configuration and image, but no part of an output");
        }
    }

    @Test
    void rowOfABadImageIsNanAndTheOthersStayAtTheirPlaces() throws IOException {
        Path weights = TinyModel.weights(folder);
        Path config = TinyModel.config(folder);
        Path a = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        Path bad = Files.writeString(folder.resolve("bad.jpg"), "no image");
        Path b = TinyModel.image(folder.resolve("b.png"), 16, 24, 2);
        Path out = folder.resolve("o.safetensors");
        Path two = folder.resolve("two.safetensors");
        for (String command : new String[] {"logits", "preprocess"}) {
            Object file = command.equals("logits") ? weights : config;
            String option = command.equals("logits") ? "--weights" : "--config";
            Shape row = command.equals("logits") ? Shape.of(7) : Shape.of(3, 24, 16);
            int elements = (int) row.size();
            vit(command, option, file, "--output", two, a, b).isDone();
            Ran ran = vit(command, option, file, "--output", out, a, bad, b);
            assertEquals(1, ran.code(), ran::toString);
            assertTrue(ran.err().lines().anyMatch(line -> line.startsWith("warning: " + bad) && line.endsWith("row 1 of '"
                    + (command.equals("logits") ? "logits" : "images") + "' is NaN")), ran::toString);
            assertTrue(ran.err().contains("error: 1 of 3 images gave no result: " + bad), ran::toString);
            float[] rows;
            float[] good;
            try (TensorFile written = TensorFile.open(out); TensorFile expected = TensorFile.open(two)) {
                String name = written.entries().getFirst().name();
                assertEquals(3, written.entries().getFirst().shape().dimensions()[0]);
                rows = Golden.floats(written, name);
                good = Golden.floats(expected, name);
            }
            assertArrayEquals(Arrays.copyOf(good, elements), Arrays.copyOf(rows, elements));
            assertArrayEquals(Arrays.copyOfRange(good, elements, 2 * elements), Arrays.copyOfRange(rows, 2 * elements, 3 * elements));
            for (int i = elements; i < 2 * elements; i++) {
                assertTrue(Float.isNaN(rows[i]));
            }
            Files.delete(two);
            byte[] before = Files.readAllBytes(out);
            assertEquals(1, vit(command, option, file, "--output", out, bad, bad).code());
            vit(command, option, file, "--output", out, "--strict", a, bad).isRefused(bad);
            vit(command, option, file, "--output", out, bad).isRefused(bad);
            assertArrayEquals(before, Files.readAllBytes(out), "without any result the old file stays");
            Files.delete(out);
        }
    }

    @Test
    void outputNeverReplacesAnInputOrAFileOfAnotherKind() throws IOException {
        Path weights = TinyModel.weights(folder);
        Path config = TinyModel.config(folder);
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        byte[] photo = Files.readAllBytes(image);
        byte[] model = Files.readAllBytes(weights);
        vit("logits", "--weights", weights, "--output", weights, image).isRefused("reads this file");
        vit("export", "--weights", weights, "--output", weights).isRefused("reads this file");
        vit("logits", "--weights", weights, "--output", image, image).isRefused("reads this file");
        Path other = TinyModel.image(folder.resolve("b.png"), 40, 30, 2);
        vit("logits", "--weights", weights, "--output", other, image).isRefused(other, "no safetensors file");
        vit("export", "--weights", weights, "--output", other).isRefused(other, "no ONNX file");
        vit("preprocess", "--config", config, "--output", config, image).isRefused("reads this file");
        assertArrayEquals(photo, Files.readAllBytes(image));
        assertArrayEquals(model, Files.readAllBytes(weights));
        Path empty = Files.createFile(folder.resolve("empty"));
        assertEquals(0, vit("logits", "--weights", weights, "--output", empty, image).code());
        assertEquals(0, vit("logits", "--weights", weights, "--output", empty, image).code());
        assertEquals(0, vit("export", "--weights", weights, "--output", folder.resolve("m")).code());
        assertTrue(vit("export", "--weights", weights, "--output", folder.resolve("m")).err().contains("replaced the file"));
    }

    @Test
    void linkAsOutputStaysALink() throws IOException {
        Path weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 30, 1);
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("real.safetensors"));
        vit("logits", "--weights", weights, "--output", link, image).isDone();
        assertTrue(Files.isSymbolicLink(link));
        only(folder.resolve("real.safetensors"), "logits", Shape.of(1, 7));
    }
}
