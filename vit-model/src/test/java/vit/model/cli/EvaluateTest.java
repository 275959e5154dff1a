package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.image.format.ImageDecoder;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.config.Labels;

/** {@code vit evaluate}: its figures follow from those of {@code vit classify}, folders find their classes, and bad images and models are told. */
class EvaluateTest {

    @TempDir
    private Path folder;

    private Path weights;
    private Path labels;
    private Path data;

    /** Three classes of the model's seven, with images of noise, which the model takes for anything. */
    @BeforeEach
    void writeModelAndImages() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        labels = Files.writeString(folder.resolve("l.txt"), "zero\none\ntwo\nthree\nfour\nfive\nsix\n");
        data = folder.resolve("data");
        int seed = 0;
        for (String name : List.of("Two", "four", "SIX")) {
            Files.createDirectories(data.resolve(name));
            for (int i = 0; i < 9; i++) {
                TinyModel.image(data.resolve(name).resolve(i + ".png"), 20 + seed % 7, 30, seed++);
            }
        }
    }

    private Ran evaluate(Path data, Object... more) {
        Object[] arguments = new Object[more.length + 7];
        System.arraycopy(new Object[] {"evaluate", "--weights", weights, "--labels", labels, "--data", data}, 0, arguments, 0, 7);
        System.arraycopy(more, 0, arguments, 7, more.length);
        return vit(arguments);
    }

    private static JsonObject json(Ran ran) throws IOException {
        assertEquals(1, ran.lines().size(), ran::toString);
        return Json.parse("standard output", ran.out().getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void figuresAreThoseOfClassify() throws IOException {
        JsonArray classified = json(vit("classify", "--weights", weights, "--labels", labels, "--json", "--top", 5, data).isDone()).array("images");
        int right = 0;
        int inTop = 0;
        Map<String, Integer> taken = new HashMap<>();
        for (int i = 0; i < classified.size(); i++) {
            JsonObject image = classified.get(i).object();
            String truth = Path.of(image.text("file")).getParent().getFileName().toString().toLowerCase(Locale.ROOT);
            JsonArray top = image.array("top");
            right += top.get(0).object().text("label").equals(truth) ? 1 : 0;
            taken.merge(truth + " " + top.get(0).object().text("label"), 1, Integer::sum);
            for (int k = 0; k < top.size(); k++) {
                inTop += top.get(k).object().text("label").equals(truth) ? 1 : 0;
            }
        }
        JsonObject evaluated = json(evaluate(data, "--json").isDone());
        assertEquals(27, evaluated.integer("images"));
        assertEquals(right / 27.0, evaluated.number("top1"));
        assertEquals(inTop / 27.0, evaluated.number("top5"));
        assertEquals(5, evaluated.integer("top5_classes"));
        JsonArray cells = evaluated.array("confusion");
        List<String> names = Labels.read(labels);
        Map<String, Integer> counted = new HashMap<>();
        for (int i = 0; i < cells.size(); i++) {
            JsonObject cell = cells.get(i).object();
            counted.put(names.get(cell.integer("truth")) + " " + names.get(cell.integer("predicted")), cell.integer("images"));
        }
        assertEquals(taken, counted);
        assertTrue(right > 0 && right < 27 && inTop > right, "a test that all or none pass shows nothing: " + right + ", " + inTop);
        assertEquals(15, evaluated.object("calibration").array("bins").size());
        assertEquals(27 - right, evaluated.array("worst").size());
        double before = 1;
        for (int i = 0; i < evaluated.array("worst").size(); i++) {
            JsonObject mistake = evaluated.array("worst").get(i).object();
            assertTrue(mistake.number("confidence") <= before, "the most confident come first");
            before = mistake.number("confidence");
            assertTrue(Files.exists(data.resolve(mistake.text("file"))));
        }
    }

    @Test
    void outputIsTheSameAtAnyThreadCountAndHasPictures() throws IOException {
        Path one = folder.resolve("one");
        String text = evaluate(data, "--threads", 1, "--output", one).isDone().out();
        Path three = folder.resolve("three");
        assertEquals(text.replace(one.toString(), three.toString()), evaluate(data, "--threads", 3, "--output", three).isDone().out());
        for (String name : List.of("confusion.png", "calibration.png", "mistakes.png", "predictions.csv", "evaluation.json")) {
            assertEquals(-1, Files.mismatch(one.resolve(name), three.resolve(name)), name);
            assertTrue(text.contains(name));
        }
        assertTrue(ImageDecoder.decode(one.resolve("mistakes.png")).width() > 600);
        List<String> lines = Files.readAllLines(one.resolve("predictions.csv"));
        assertEquals(28, lines.size());
        assertTrue(lines.get(1).matches("SIX/0\\.png,six,\\w+,\\d,0\\.\\d+"), lines.get(1));
        assertEquals(json(evaluate(data, "--json")).number("top1"), Json.parse("file", Files.readAllBytes(one.resolve("evaluation.json"))).number("top1"));
    }

    @Test
    void textHasTheTables() {
        String out = evaluate(data).isDone().out();
        for (String part : List.of("27 images of 3 classes", "top-1 ", "top-5 ", "expected calibration error", "15 bins of equal width", "precision", "most confused",
                "taken for", "confusion: a row is the true class")) {
            assertTrue(out.contains(part), () -> "no " + part + " in " + out);
        }
    }

    @Test
    void aBadImageCostsOnlyItself() throws IOException {
        Path before = folder.resolve("before");
        JsonObject all = json(evaluate(data, "--json", "--output", before).isDone());
        String first = Files.readAllLines(before.resolve("predictions.csv")).get(1).split("/")[0]; // the folder that comes first
        Path bad = Files.writeString(data.resolve(first).resolve("-.png"), "this is no photo"); // before all others in it
        Path after = folder.resolve("after");
        Ran ran = evaluate(data, "--json", "--output", after);
        assertEquals(1, ran.code());
        JsonObject object = json(ran);
        assertEquals(first + "/-.png", object.array("failed").get(0).object().text("file"));
        assertEquals(27, object.integer("images"));
        assertEquals(List.of("two 9", "four 9", "six 9"), supports(object), "each class has its own images");
        assertEquals(supports(all), supports(object));
        assertEquals(Files.readAllLines(before.resolve("predictions.csv")), Files.readAllLines(after.resolve("predictions.csv")), "each image has its own class and result");
        assertTrue(evaluate(data).out().contains("error: " + bad));
    }

    private static List<String> supports(JsonObject evaluation) throws IOException {
        List<String> supports = new ArrayList<>();
        JsonArray classes = evaluation.array("per_class");
        for (int i = 0; i < classes.size(); i++) {
            JsonObject one = classes.get(i).object();
            if (one.integer("images") > 0) {
                supports.add(one.text("label") + " " + one.integer("images"));
            }
        }
        return supports;
    }

    @Test
    void aBadImageInTheMiddleIsSaid() throws IOException {
        double before = json(evaluate(data, "--json")).number("top1");
        Path bad = Files.writeString(data.resolve("four").resolve("5b.jpg"), "this is no photo");
        Ran ran = evaluate(data, "--json");
        assertEquals(1, ran.code());
        JsonObject object = json(ran);
        assertEquals(27, object.integer("images"));
        assertEquals(before, object.number("top1"), "the images after it keep their classes");
        assertEquals("four/5b.jpg", object.array("failed").get(0).object().text("file"));
        assertTrue(ran.err().contains("1 of 28 images gave no result"), ran::err);
        assertTrue(evaluate(data).out().contains("error: " + bad));
        evaluate(data, "--strict").isRefused("5b.jpg");
    }

    @Test
    void ofASplitTheValidationImagesAreEvaluatedAndItSaysSo() throws IOException {
        Path split = folder.resolve("split");
        for (String part : List.of("train", "val")) {
            Files.createDirectories(split.resolve(part).resolve("two"));
            TinyModel.image(split.resolve(part).resolve("two").resolve("a.png"), 20, 20, 1);
        }
        TinyModel.image(split.resolve("val").resolve("two").resolve("b.png"), 20, 20, 2);
        Ran ran = evaluate(split).isDone();
        assertTrue(ran.out().contains("the data set comes split; evaluated is " + split.resolve("val")), ran::out);
        assertTrue(ran.out().contains("2 images of 1 class"), ran::out);
        assertTrue(evaluate(split.resolve("train")).isDone().out().contains("1 image of 1 class"));
        Files.move(split.resolve("val"), folder.resolve("elsewhere"));
        evaluate(split).isRefused(split, "only has a part to train on");
    }

    @Test
    void foldersWithoutAClassAreListedAndCanBeGivenOne() throws IOException {
        Files.move(data.resolve("Two"), data.resolve("deux"));
        Files.move(data.resolve("four"), data.resolve("quatre"));
        Ran refused = evaluate(data).isRefused("2 of 3 folders match no class of the model: deux, quatre", "zero; one; two");
        assertTrue(refused.err().contains("--classes F"), refused::err);
        JsonObject named = json(evaluate(data, "--json", "--classes", Files.writeString(folder.resolve("c.tsv"), "deux\ttwo\nquatre\t4\n")).isDone());
        JsonObject again = json(evaluate(data, "--json", "--classes", Files.writeString(folder.resolve("c.json"), "{\"deux\":\"two\",\"quatre\":4}")).isDone());
        assertEquals(named.array("per_class").size(), again.array("per_class").size());
        assertEquals(named.number("top1"), again.number("top1"));
        assertEquals(9, support(named, "two"));
        assertEquals(9, support(named, "four"));
        JsonObject ordered = json(evaluate(data, "--json", "--classes", Files.writeString(folder.resolve("o.txt"), "x\nquatre\ndeux\ny\nz\nu\nv\n")).isDone());
        assertEquals(9, support(ordered, "one"));
        JsonObject keras = json(evaluate(data, "--json", "--classes", Files.writeString(folder.resolve("k.json"), "{\"3\":[\"deux\",\"x\"],\"5\":[\"quatre\",\"y\"]}")).isDone());
        assertEquals(9, support(keras, "three"));
        assertEquals(9, support(keras, "five"));
        evaluate(data, "--classes", Files.writeString(folder.resolve("bad.tsv"), "deux\ttwelve\n")).isRefused("bad.tsv", "twelve");
        evaluate(data, "--classes", "sorted").isRefused("there are 3 folders, and the model has 7 classes");
    }

    @Test
    void aFolderWithoutImagesNeedsNoClass() throws IOException {
        double top1 = json(evaluate(data, "--json").isDone()).number("top1");
        Files.createDirectories(data.resolve("__MACOSX"));
        JsonObject evaluated = json(evaluate(data, "--json").isDone());
        assertEquals(top1, evaluated.number("top1"));
        assertEquals("left out: __MACOSX, a folder without images that matches no class of the model", evaluated.array("notes").get(0).text());
    }

    private static int support(JsonObject evaluated, String label) throws IOException {
        JsonArray classes = evaluated.array("per_class");
        for (int i = 0; i < classes.size(); i++) {
            if (classes.get(i).object().text("label").equals(label)) {
                return classes.get(i).object().integer("images");
            }
        }
        return 0;
    }

    @Test
    void sortedFoldersAreTheClassesInOrder() throws IOException {
        Path three = Files.createDirectory(folder.resolve("three"));
        weights = TinyModel.weights(three, new GeneratedWeights(TinyModel.CONFIG.toBuilder().classes(3).build(), 5));
        TinyModel.config(three);
        labels = Files.writeString(folder.resolve("l3.txt"), "a\nb\nc\n");
        JsonObject object = json(evaluate(data, "--json", "--classes", "sorted").isDone());
        assertEquals(3, object.integer("top5_classes"));
        assertEquals(1, object.number("top5"));
        assertTrue(evaluate(data, "--classes", "sorted").out().contains("all 3 classes of the model count"));
    }

    @Test
    void imagenetFoldersNeedNoMapping() throws IOException {
        Path thousand = Files.createDirectory(folder.resolve("thousand"));
        weights = TinyModel.weights(thousand, new GeneratedWeights(TinyModel.CONFIG.toBuilder().classes(1000).build(), 5));
        TinyModel.config(thousand);
        Path synsets = folder.resolve("synsets");
        Files.createDirectories(synsets.resolve("n01440764"));
        Files.createDirectories(synsets.resolve("n03126707"));
        TinyModel.image(synsets.resolve("n01440764").resolve("a.JPEG"), 30, 30, 1);
        TinyModel.image(synsets.resolve("n03126707").resolve("b.JPEG"), 30, 30, 2);
        JsonObject without = json(vit("evaluate", "--weights", weights, "--data", synsets, "--json").isDone());
        assertTrue(without.array("notes").get(0).text().contains("ImageNet's"));
        assertEquals(1, support(without, "tench, Tinca tinca"), "the names that were assumed are those that are shown");
        assertTrue(vit("evaluate", "--weights", weights, "--data", synsets).isDone().out().contains("tench, Tinca tinca"));
        JsonObject with = json(vit("evaluate", "--weights", weights, "--labels", "imagenet", "--data", synsets, "--json").isDone());
        assertEquals(0, with.array("notes").size());
        assertEquals(1, support(with, "tench, Tinca tinca"));
        assertEquals(without.number("loss"), with.number("loss"));
        Path output = folder.resolve("out");
        vit("evaluate", "--weights", weights, "--labels", "imagenet", "--data", synsets, "--output", output).isDone();
        assertTrue(ImageDecoder.decode(output.resolve("confusion.png")).height() < 700, "two named rows");
        Files.move(synsets.resolve("n03126707"), synsets.resolve("machine"));
        vit("evaluate", "--weights", weights, "--data", synsets).isRefused("1 of 2 folders match no class of the model: machine", "for example, tench, Tinca tinca");
        Files.move(synsets.resolve("n01440764"), synsets.resolve("fish"));
        JsonObject mapped = json(vit("evaluate", "--weights", weights, "--data", synsets, "--json", "--classes",
                Files.writeString(folder.resolve("m.tsv"), "fish\ttench\nmachine\tn03126707\n")).isDone());
        assertEquals(1, support(mapped, "tench, Tinca tinca"), "a file with ImageNet's names means ImageNet, too");
        assertTrue(mapped.array("notes").get(0).text().contains("ImageNet's"));
    }

    @Test
    void probabilitiesOfTheirOwnAreRankedAndSaid() throws IOException {
        Path other = Files.createDirectory(folder.resolve("multi"));
        weights = TinyModel.weights(other);
        Files.writeString(other.resolve("config.json"), "{\"family\":\"timm\",\"image\":[24,16],\"heads\":3,\"preprocess\":\"timm-augreg\",\"scores\":\"sigmoid\"}");
        JsonObject sigmoid = json(evaluate(data, "--json").isDone());
        assertTrue(sigmoid.array("notes").get(0).text().contains("a probability of its own"));
        weights = TinyModel.weights(folder);
        JsonObject softmax = json(evaluate(data, "--json").isDone());
        assertEquals(softmax.number("top1"), sigmoid.number("top1"));
        assertTrue(Math.abs(softmax.object("calibration").number("confidence") - sigmoid.object("calibration").number("confidence")) > 0.01);
    }

    @Test
    void modelsThatChooseNoClassAreRefused() throws IOException {
        Path one = Files.createDirectory(folder.resolve("one"));
        Path label = TinyModel.weights(one, new GeneratedWeights(TinyModel.CONFIG.toBuilder().classes(1).build(), 5));
        TinyModel.config(one);
        vit("evaluate", "--weights", label, "--data", data).isRefused("the model has one label");
        Path headless = Files.createDirectory(folder.resolve("headless"));
        Path none = TinyModel.weights(headless, new GeneratedWeights(TinyModel.CONFIG.toBuilder().classes(0).build(), 5));
        TinyModel.config(headless);
        vit("evaluate", "--weights", none, "--data", data).isRefused("no classification head");
    }

    @Test
    void unusableFoldersAreRefused() throws IOException {
        evaluate(folder.resolve("no")).isRefused("no", "there is no such data set");
        evaluate(Files.createDirectory(folder.resolve("empty"))).isRefused("there are no class folders");
        Files.createDirectories(folder.resolve("hollow").resolve("two"));
        evaluate(folder.resolve("hollow")).isRefused("all class folders are empty");
        evaluate(data, "--output", weights).isRefused(weights);
        evaluate(data, "--classes", data).isRefused(data, "this is not a file", "found a folder");
        labels = data;
        evaluate(data).isRefused(data, "this is not a file", "found a folder");
        assertFalse(Files.exists(folder.resolve("nothing")));
    }
}
