package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;
import vit.model.parameters.GeneratedWeights;
import vit.model.shapes.ShapeKind;

/** {@code vit classify}: the forms of its output, labels, preprocessing, the model that ships, and what it refuses. */
class ClassifyTest {

    @TempDir
    private Path folder;

    private Path weights;
    private Path image;

    @BeforeEach
    void writeModelAndImage() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        image = TinyModel.image(folder.resolve("größe 1.png"), 40, 30, 1);
    }

    private static JsonObject json(Ran ran) throws IOException {
        assertEquals(1, ran.isDone().lines().size());
        return Json.parse("standard output", ran.out().getBytes(StandardCharsets.UTF_8));
    }

    private static JsonArray top(JsonObject object, int image) throws IOException {
        return object.array("images").get(image).object().array("top");
    }

    @Test
    void jsonIsOneObjectWithTheFilesAndTheirClasses() throws IOException {
        Path second = TinyModel.image(folder.resolve("b.png"), 20, 50, 2);
        JsonObject object = json(vit("classify", "--weights", weights, "--json", "--top", 7, image, second));
        assertEquals(List.of("images"), List.copyOf(object.names()));
        assertEquals(image.toString(), object.array("images").get(0).object().text("file"));
        assertEquals(second.toString(), object.array("images").get(1).object().text("file"));
        for (int i = 0; i < 2; i++) {
            JsonArray top = top(object, i);
            double sum = 0;
            double before = 1;
            assertEquals(7, top.size());
            for (int k = 0; k < 7; k++) {
                JsonObject entry = top.get(k).object();
                assertEquals(List.of("class", "label", "probability"), List.copyOf(entry.names()));
                assertEquals(String.valueOf(entry.integer("class")), entry.text("label"));
                double probability = entry.number("probability");
                assertTrue(probability > 0 && probability <= before);
                before = probability;
                sum += probability;
            }
            assertEquals(1, sum, 1e-12);
        }
    }

    @Test
    void tableNamesTheFileAndFiveClasses() {
        List<String> lines = vit("classify", "--weights", weights, image).isDone().lines();
        assertEquals(6, lines.size());
        assertEquals(image.toString(), lines.getFirst());
        assertTrue(lines.get(1).matches("  0\\.\\d{4}  \\d"), lines.get(1));
    }

    @Test
    void resultIsTheSameAtAnyThreadCount() {
        String one = vit("classify", "--weights", weights, "--json", "--threads", 1, image).isDone().out();
        assertEquals(one, vit("classify", "--weights", weights, "--json", "--threads", 3, image).isDone().out());
    }

    @Test
    void labelsComeAsLinesArrayOrNumbered() throws IOException {
        Path lines = Files.writeString(folder.resolve("l.txt"), "null\neins\nzwei\ndrei\nvier\nfünf\nsechs\n");
        Path array = Files.writeString(folder.resolve("a.json"), "[\"null\",\"eins\",\"zwei\",\"drei\",\"vier\",\"fünf\",\"sechs\"]");
        Path numbered = Files.writeString(folder.resolve("n.json"), "{\"id2label\":{\"6\":\"sechs\",\"0\":\"null\",\"1\":\"eins\",\"2\":\"zwei\","
                + "\"3\":\"drei\",\"4\":\"vier\",\"5\":\"fünf\"}}");
        List<String> names = List.of("null", "eins", "zwei", "drei", "vier", "fünf", "sechs");
        for (Path labels : List.of(lines, array, numbered)) {
            JsonArray top = top(json(vit("classify", "--weights", weights, "--labels", labels, "--json", "--top", 7, image)), 0);
            for (int k = 0; k < 7; k++) {
                JsonObject entry = top.get(k).object();
                assertEquals(names.get(entry.integer("class")), entry.text("label"));
            }
        }
        assertTrue(vit("classify", "--weights", weights, "--labels", lines, "--top", 7, image).isDone().out().contains("5  fünf"));
    }

    @Test
    void aPreprocessingOfAnotherSizeIsRefusedOnce() throws IOException {
        Files.writeString(folder.resolve("preprocessor_config.json"), "{\"image_processor_type\":\"ViTImageProcessor\",\"do_resize\":true,\"size\":{\"height\":20,\"width\":30}}");
        Path second = TinyModel.image(folder.resolve("b.png"), 20, 50, 2);
        Ran ran = vit("classify", "--weights", weights, image, second).isRefused("preprocessor_config.json", "the preprocessing makes images of another size than the model takes",
                "24×16", "20×30");
        assertTrue(ran.err().contains("hint: name a preset with --preprocess"), ran::err);
        assertEquals("", ran.out());
        vit("classify", "--weights", weights, "--preprocess", "timm-deit", image, second).isDone();
        try (VitModel model = VitModel.load(weights)) {
            assertTrue(model.report().warnings().stream().anyMatch(warning -> warning.contains("the preprocessing makes images of another size")), () -> model.report().toString());
        }
    }

    @Test
    void oneLabelHasAProbabilityOfItsOwn() throws IOException {
        Path other = Files.createDirectory(folder.resolve("one"));
        Path one = TinyModel.weights(other, new GeneratedWeights(TinyModel.CONFIG.toBuilder().classes(1).build(), 5));
        TinyModel.config(other);
        double probability = top(json(vit("classify", "--weights", one, "--json", image)), 0).get(0).object().number("probability");
        assertTrue(probability > 0 && probability < 1, "a softmax of one class is 1, a sigmoid is not: " + probability);
    }

    @Test
    void labelsThatDoNotFitAreRefused() throws IOException {
        Path six = Files.writeString(folder.resolve("l.txt"), "a\nb\nc\nd\ne\nf\n");
        vit("classify", "--weights", weights, "--labels", six, image).isRefused(six, "7 labels", "found 6");
        vit("classify", "--weights", weights, "--labels", folder.resolve("no.txt"), image).isRefused("no.txt");
        vit("classify", "--weights", weights, "--labels", folder, image).isRefused(folder);
    }

    @Test
    void preprocessingIsTheOneNamed() {
        String own = vit("classify", "--weights", weights, "--json", image).isDone().out();
        assertEquals(own, vit("classify", "--weights", weights, "--json", "--preprocess", "timm-augreg", image).isDone().out());
        assertNotEquals(own, vit("classify", "--weights", weights, "--json", "--preprocess", "timm-deit", image).isDone().out());
        vit("classify", "--weights", weights, "--preprocess", "timm", image).isRefused("found timm",
                String.join(", ", Preprocessing.names()));
    }

    @Test
    void withoutWeightsTheShippedModelNamesShapes() throws IOException {
        Path drawn = folder.resolve("drawn");
        vit("draw", "--output", drawn, "--images", 12, "--seed", 77, "--difficulty", 0.3).isDone();
        int right = 0;
        for (String label : ShapeKind.labels()) {
            Path file;
            try (Stream<Path> files = Files.list(drawn.resolve(label))) {
                file = files.findFirst().orElseThrow();
            }
            JsonObject best = top(json(vit("classify", "--json", file)), 0).get(0).object();
            assertEquals(ShapeKind.labels().get(best.integer("class")), best.text("label"));
            right += best.text("label").equals(label) ? 1 : 0;
        }
        assertTrue(right >= 8, right + " of 12 drawn images are named right");
    }

    @Test
    void configurationWithoutWeightsIsRefused() throws IOException {
        vit("classify", "--config", folder.resolve("config.json"), image).isRefused("no model is named");
    }

    @Test
    void unusableModelsAreRefused() throws IOException {
        vit("classify", "--weights", folder.resolve("no.safetensors"), image).isRefused("no.safetensors", "no such file");
        vit("classify", "--weights", Files.createDirectory(folder.resolve("empty")), image).isRefused(folder.resolve("empty"), "folder");
        vit("classify", "--weights", image, image).isRefused(image);
        vit("classify", "--weights", weights, "--config", folder.resolve("no.json"), image).isRefused("no.json");
        vit("classify", "--weights", weights, "--config", folder, image).isRefused(folder);
        vit("classify", "--weights", weights, "--config", weights, image).isRefused(weights);
    }

    @Test
    void modelWithoutHeadIsRefused() throws IOException {
        Path other = Files.createDirectory(folder.resolve("headless"));
        Path headless = TinyModel.weights(other, new GeneratedWeights(TinyModel.CONFIG.toBuilder().classes(0).build(), 1));
        TinyModel.config(other);
        vit("classify", "--weights", headless, image).isRefused(headless, "no classification head");
        vit("logits", "--weights", headless, "--output", folder.resolve("o"), image).isRefused("no classification head");
    }

    @Test
    void imagenetNamesAThousandClasses() throws IOException {
        VitConfig config = TinyModel.CONFIG.toBuilder().classes(1000).build();
        Path weights = TinyModel.weights(folder, new GeneratedWeights(config, 5));
        TinyModel.config(folder);
        Path image = TinyModel.image(folder.resolve("a.png"), 40, 40, 1);
        List<String> lines = vit("classify", "--weights", weights, "--labels", "imagenet", "--top", 1000, image).isDone().lines();
        assertTrue(lines.stream().anyMatch(line -> line.endsWith(" 285  Egyptian cat")), lines::toString);
        TinyModel.weights(folder);
        vit("classify", "--weights", weights, "--labels", "imagenet", image).isRefused("the labels do not fit the model", "7 labels", "1000");
    }

    @Test
    void unusableImagesAreRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text.jpg"), "this is no photo");
        vit("classify", "--weights", weights, folder.resolve("no.png")).isRefused("no.png");
        vit("classify", "--weights", weights, Files.createDirectory(folder.resolve("empty"))).isRefused("empty", "no images");
        vit("classify", "--weights", weights, text).isRefused(text);
        vit("classify", "--weights", weights, "nul\0character").isRefused("cannot be a path");
    }
}
