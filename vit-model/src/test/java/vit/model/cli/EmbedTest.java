package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.Shape;
import vit.model.FeatureRequest;
import vit.model.Features;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.golden.Golden;
import vit.model.image.format.ImageDecoder;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;
import vit.model.weights.format.NpyFile;
import vit.model.weights.format.TensorFile;

/** {@code vit embed} and {@code vit similar}: the rows against those of the library, the names beside them, and bad images. */
class EmbedTest {

    private static final int WIDTH = TinyModel.CONFIG.width();

    @TempDir
    private Path folder;

    private Path weights;
    private Path images;

    @BeforeEach
    void writeModelAndImages() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        images = Files.createDirectory(folder.resolve("images"));
        for (int i = 0; i < 3; i++) {
            TinyModel.image(images.resolve("i" + i + ".png"), 40, 30, i);
        }
    }

    private Features features(int image, FeatureRequest request) throws IOException {
        try (VitModel model = VitModel.load(weights); VitSession session = model.newSession(SessionOptions.threads(1))) {
            return session.features(ImageDecoder.decode(images.resolve("i" + image + ".png")), request);
        }
    }

    private static float[] row(float[] values, int row, int each) {
        return Arrays.copyOfRange(values, row * each, (row + 1) * each);
    }

    @Test
    void rowsAreTheLibrarysAndNamesAreBesideThem() throws IOException {
        Path output = folder.resolve("o.safetensors");
        assertEquals("", vit("embed", "--weights", weights, "--output", output, images).isDone().out());
        try (TensorFile file = TensorFile.open(output)) {
            assertEquals(Shape.of(3, WIDTH), file.find("embeddings").shape());
            float[] values = Golden.floats(file, "embeddings");
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(features(i, FeatureRequest.embedding()).embedding(), row(values, i, WIDTH));
            }
            List<String> names = Json.parseValue("names", file.metadata().get("names").getBytes(StandardCharsets.UTF_8)).array().texts();
            assertEquals(List.of(images + "/i0.png", images + "/i1.png", images + "/i2.png"), names);
        }
    }

    @Test
    void everyKindOfVectorCanBeWritten() throws IOException {
        Path output = folder.resolve("o.npy");
        FeatureRequest all = FeatureRequest.pooled().and(FeatureRequest.patches()).and(FeatureRequest.blocks(0)).withUnitLength(true);
        Features expected = features(2, all);
        vit("embed", "--weights", weights, "--what", "patches", "--normalize", "--output", output, images).isDone();
        NpyFile.Array patches = NpyFile.read(output);
        assertEquals(Shape.of(3, 3, 2, WIDTH), patches.shape());
        assertArrayEquals(expected.patches(), row(patches.values(), 2, 6 * WIDTH));
        assertEquals(List.of(images + "/i0.png", images + "/i1.png", images + "/i2.png"), Files.readAllLines(folder.resolve("o.npy.names.txt")));
        delete(output);
        vit("embed", "--weights", weights, "--what", "block:0", "--normalize", "--output", output, images).isDone();
        assertArrayEquals(expected.block(0), row(NpyFile.read(output).values(), 2, 7 * WIDTH));
        delete(output);
        vit("embed", "--weights", weights, "--what", "pooled", "--normalize", "--output", output, images).isDone();
        assertArrayEquals(expected.pooled(), row(NpyFile.read(output).values(), 2, WIDTH));
    }

    private static void delete(Path array) throws IOException {
        Files.delete(array);
        Files.delete(Embed.namesFile(array));
    }

    @Test
    void withoutAFileTheValuesArePrinted() throws IOException {
        float[] expected = features(1, FeatureRequest.embedding()).embedding();
        Path image = images.resolve("i1.png");
        String[] line = vit("embed", "--weights", weights, image).isDone().lines().getFirst().split("\t");
        assertEquals(image.toString(), line[0]);
        String[] values = line[1].split(" ");
        for (int i = 0; i < WIDTH; i++) {
            assertEquals(expected[i], Float.parseFloat(values[i]));
        }
        JsonArray grid = entry(vit("embed", "--weights", weights, "--what", "patches", "--json", image).isDone(), 0).array("patches");
        assertEquals(3, grid.size());
        assertEquals(2, grid.get(0).array().size());
        assertEquals(WIDTH, grid.get(0).array().get(1).array().size());
        assertEquals(features(1, FeatureRequest.patches()).patches()[WIDTH], (float) grid.get(0).array().get(1).array().get(0).number());
    }

    private static JsonObject entry(Ran ran, int i) throws IOException {
        return Json.parseValue("out", ran.out().getBytes(StandardCharsets.UTF_8)).object().array("images").get(i).object();
    }

    @Test
    void aBadImageCostsItsOwnRow() throws IOException {
        Path bad = Files.writeString(images.resolve("i1.png"), "no image");
        Path output = folder.resolve("o.safetensors");
        Ran ran = vit("embed", "--weights", weights, "--output", output, images);
        assertEquals(1, ran.code(), ran::toString);
        assertTrue(ran.err().contains(bad + ", byte 0") && ran.err().contains("row 1"), ran::toString);
        try (TensorFile file = TensorFile.open(output)) {
            float[] values = Golden.floats(file, "embeddings");
            assertArrayEquals(features(2, FeatureRequest.embedding()).embedding(), row(values, 2, WIDTH));
            assertTrue(Float.isNaN(values[WIDTH]) && !Float.isNaN(values[0]));
        }
        Ran printed = vit("embed", "--weights", weights, "--json", images);
        assertEquals(1, printed.code());
        assertTrue(entry(printed, 1).text("error").contains("byte 0"));
        Files.delete(output);
        assertEquals(2, vit("embed", "--weights", weights, "--strict", "--output", output, images).code());
        assertFalse(Files.exists(output));
    }

    @Test
    void wrongOptionsAreRefused() throws IOException {
        vit("embed", "--weights", weights, "--what", "block:2", images).isRefused("block:2", "2 blocks");
        vit("embed", "--weights", weights, "--what", "everything", images).isRefused("--what", "block:N");
        vit("embed", "--weights", weights, "--json", "--output", folder.resolve("o.npy"), images).isRefused("--json");
        Path text = Files.writeString(folder.resolve("text"), "some text");
        vit("embed", "--weights", weights, "--output", text, images).isRefused("not replaced");
        vit("embed", "--weights", weights, "--output", folder.resolve("no/o.npy"), images).isRefused("no folder");
    }

    @Test
    void namesThatAreThereAreReplacedWithANoteOrNotAtAll() throws IOException {
        Path output = folder.resolve("o.npy");
        Path names = Files.writeString(folder.resolve("o.npy.names.txt"), "old");
        Ran ran = vit("embed", "--weights", weights, "--output", output, images.resolve("i0.png"));
        assertTrue(ran.code() == 0 && ran.err().contains(names + ": replaced the file that was there"), ran::toString);
        assertEquals(List.of(images + "/i0.png"), Files.readAllLines(names));
        delete(output);
        Files.createDirectory(names);
        vit("embed", "--weights", weights, "--output", output, images).isRefused(names, "folder");
        assertFalse(Files.exists(output), "refused before the array is written");
        Path config = Files.move(folder.resolve("config.json"), folder.resolve("p.npy.names.txt"));
        vit("embed", "--weights", weights, "--config", config, "--output", folder.resolve("p.npy"), images).isRefused(config, "reads this file");
    }

    /** An image is most similar to itself, and the row of a bad image is never named. */
    @Test
    void similarNamesTheNearestRows() throws IOException {
        Files.writeString(images.resolve("h.png"), "no image");
        for (String name : List.of("index.npy", "index.safetensors")) {
            Path index = folder.resolve(name);
            assertEquals(1, vit("embed", "--weights", weights, "--output", index, images).code());
            Ran ran = vit("similar", "--weights", weights, "--index", index, "--json", "--top", 9, images.resolve("i1.png")).isDone();
            JsonArray similar = entry(ran, 0).array("similar");
            assertEquals(3, similar.size(), ran::out);
            assertEquals(images + "/i1.png", similar.get(0).object().text("file"));
            assertEquals(2, similar.get(0).object().integer("row"));
            assertEquals(1, similar.get(0).object().number("similarity"), 1e-12);
            float[] query = features(1, FeatureRequest.embedding()).embedding();
            float[] other = features(similar.get(1).object().integer("row") - 1, FeatureRequest.embedding()).embedding();
            assertEquals(cosine(query, other), similar.get(1).object().number("similarity"), 1e-12);
            assertTrue(similar.get(1).object().number("similarity") >= similar.get(2).object().number("similarity"));
        }
        List<String> lines = vit("similar", "--weights", weights, "--index", folder.resolve("index.npy"), "--top", 1, images.resolve("i0.png")).isDone().lines();
        assertEquals(List.of(images + "/i0.png", "  1.0000  1  " + images + "/i0.png"), lines);
    }

    private static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }

    @Test
    void anIndexThatDoesNotFitIsRefused() throws IOException {
        Path index = folder.resolve("patches.npy");
        vit("embed", "--weights", weights, "--what", "patches", "--output", index, images).isDone();
        vit("similar", "--weights", weights, "--index", index, images).isRefused(index, "no table");
        vit("similar", "--weights", weights, "--index", folder.resolve("no.npy"), images).isRefused("no.npy");
        vit("embed", "--weights", weights, "--output", folder.resolve("o.npy"), images).isDone();
        vit("similar", "--index", folder.resolve("o.npy"), images).isRefused("24 elements");
        Files.write(folder.resolve("o.npy"), Arrays.copyOf(Files.readAllBytes(folder.resolve("o.npy")), 200));
        vit("similar", "--weights", weights, "--index", folder.resolve("o.npy"), images).isRefused("size does not match");
    }
}
