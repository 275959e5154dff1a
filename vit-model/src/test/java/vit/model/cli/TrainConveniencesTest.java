package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.image.format.ImageDecoder;
import vit.model.json.Json;
import vit.model.json.JsonObject;
import vit.model.weights.format.SafetensorsFile;
import vit.model.weights.format.TensorEntry;

/** {@code vit train}: a run that its file reproduces, more epochs, an early end, weights of classes, figures for programs, and the search for a learning rate. */
class TrainConveniencesTest {

    @TempDir
    private Path folder;

    private Path data;
    private Path config;

    @BeforeEach
    void drawImages() throws IOException {
        data = TrainTest.stripes(folder.resolve("data"), 20);
        config = Files.writeString(folder.resolve("model.json"), "{\"family\":\"timm\",\"image\":[8,8],\"patch\":4,\"width\":24,\"depth\":1,\"heads\":3,\"mlp\":40}");
    }

    private Ran train(Path output, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", data, "--output", output, "--config", config, "--recipe", "plain"));
        arguments.addAll(List.of(more));
        return Ran.vit(arguments.toArray());
    }

    /** Requires that two folders hold the same files with the same bytes. */
    private static void assertSame(Path first, Path second) throws IOException {
        List<String> names = names(first);
        assertEquals(names, names(second));
        for (String name : names) {
            assertEquals(-1, Files.mismatch(first.resolve(name), second.resolve(name)), name);
        }
        assertTrue(names.containsAll(List.of("run.json", "metrics.csv", "metrics.jsonl", "best.safetensors", "state.safetensors")), names::toString);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void runFileTrainsTheSameAgain() throws IOException {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        train(first, "--epochs", 2, "--seed", 5, "--lr=2e-3", "--mixup", 0.3, "--class-weights", "balanced", "--threads", 1).isDone();
        Ran.vit("train", "--run", first.resolve("run.json"), "--output", second, "--threads", 3).isDone();
        assertSame(first, second);
        Path third = folder.resolve("third");
        Ran.vit("train", "--run=" + first.resolve("run.json"), "--output", third, "--seed", 6).isDone();
        assertFalse(Files.mismatch(first.resolve("last.safetensors"), third.resolve("last.safetensors")) == -1, "options beside --run come first");
        JsonObject run = Json.parse("run.json", Files.readAllBytes(first.resolve("run.json")));
        assertEquals("2", run.object("options").text("--epochs"));
        assertFalse(run.object("options").has("--output") || run.object("options").has("--threads"));
        assertEquals("balanced", run.object("facts").text("class weights"));
    }

    @Test
    void runFileOfOtherImagesIsRefused() throws IOException {
        Path first = folder.resolve("first");
        train(first, "--epochs", 1).isDone();
        Files.delete(data.resolve("lying").resolve("3.png"));
        Ran.vit("train", "--run", first.resolve("run.json"), "--output", folder.resolve("again")).isRefused("the training would not be the same", "images to train on");
        Ran.vit("train", "--run", folder.resolve("no.json"), "--output", folder.resolve("again")).isRefused("no.json", "there is no such file");
        Ran.vit("train", "--run", data, "--output", folder.resolve("again")).isRefused(data, "this is not a file", "found a folder");
        Path broken = Files.writeString(folder.resolve("broken.json"), "{\"version\":1,\"options\":{\"--output\":\"x\"},\"facts\":{}}");
        Ran.vit("train", "--run", broken, "--output", folder.resolve("again")).isRefused("broken.json", "--output");
    }

    @Test
    void aFrozenFrontIsInTheRunFileAndStaysAsItIsWhenTrainingGoesOn() throws IOException {
        Path first = folder.resolve("first");
        Ran ran = train(first, "--epochs", 2, "--freeze", 1, "--layer-decay", 0.5, "--ema", 0.9).isDone();
        assertTrue(ran.lines().stream().anyMatch(line -> line.matches("frozen: the stem and 1 block; 98 of \\d+ parameters train")), ran::out);
        JsonObject run = Json.parse("run.json", Files.readAllBytes(first.resolve("run.json")));
        assertEquals("1", run.object("options").text("--freeze"));
        assertEquals("the stem and 1 block", run.object("facts").text("frozen"));
        Path second = folder.resolve("second");
        Ran.vit("train", "--run", first.resolve("run.json"), "--output", second, "--threads", 3).isDone();
        assertSame(first, second);
        Path head = folder.resolve("head");
        Ran.vit("train", "--run", first.resolve("run.json"), "--output", head, "--head-only").isRefused("--layer-decay", "only the head");
        Ran.vit("train", "--run", first.resolve("run.json"), "--output", head, "--freeze", 0).isDone();
        train(first, "--epochs", 3, "--resume", "--layer-decay", 0.5, "--ema", 0.9).isRefused("another one", "--freeze: the stem and 1 block, not nothing");
        train(first, "--epochs", 3, "--resume", "--freeze", 1, "--layer-decay", 0.5, "--ema", 0.9).isDone();
        Path start = folder.resolve("start");
        train(start, "--epochs", 1, "--freeze", 1, "--lr", "1e-30").isDone();
        try (SafetensorsFile before = SafetensorsFile.open(start.resolve("last.safetensors"));
                SafetensorsFile after = SafetensorsFile.open(first.resolve("last.safetensors"))) {
            for (String name : List.of("patch_embed.proj.weight", "pos_embed", "cls_token", "blocks.0.attn.qkv.weight", "norm.bias", "head.weight")) {
                boolean trained = name.startsWith("norm") || name.startsWith("head");
                assertEquals(trained, !Arrays.equals(floats(before, name), floats(after, name)), name);
            }
        }
    }

    @Test
    void mergedTokensAreInTheRunFileAndWhenTrainingGoesOn() throws IOException {
        Path first = folder.resolve("first");
        Ran ran = train(first, "--epochs", 2, "--merge", "decreasing:1", "--dropout", 0.1).isDone();
        assertTrue(ran.lines().contains("tokens merged: 1 a block on average, most of them early; 5 tokens become 4"), ran::out);
        JsonObject run = Json.parse("run.json", Files.readAllBytes(first.resolve("run.json")));
        assertEquals("decreasing:1", run.object("options").text("--merge"));
        assertEquals("decreasing:1", run.object("facts").text("token merging"));
        Path second = folder.resolve("second");
        Ran.vit("train", "--run", first.resolve("run.json"), "--output", second, "--threads", 3).isDone();
        assertSame(first, second);
        train(first, "--epochs", 3, "--resume", "--dropout", 0.1).isRefused("another one", "--merge decreasing:1, not 0");
        train(first, "--epochs", 3, "--resume", "--dropout", 0.1, "--merge", "decreasing:1").isDone();
        Path plain = folder.resolve("plain");
        train(plain, "--epochs", 1).isDone();
        Path none = folder.resolve("none");
        train(none, "--epochs", 1, "--merge", 0).isDone();
        assertEquals(-1, Files.mismatch(plain.resolve("state.safetensors"), none.resolve("state.safetensors")), "merging nothing is no fact");
        train(folder.resolve("no"), "--merge", "some").isRefused("--merge", "expected a count");
        train(folder.resolve("no"), "--merge", "1,1").isRefused("2 counts for a model of 1 blocks");
        Path normed = Files.writeString(folder.resolve("normed.json"),
                "{\"family\":\"timm\",\"image\":[8,8],\"patch\":4,\"width\":24,\"depth\":1,\"heads\":3,\"mlp\":40,\"qk_norm\":true}");
        Ran.vit("train", "--data", data, "--output", folder.resolve("no"), "--config", normed, "--merge", 1).isRefused("this model's tokens cannot be merged");
    }

    private static float[] floats(SafetensorsFile file, String name) throws IOException {
        TensorEntry entry = file.find(name);
        float[] values = new float[Math.toIntExact(entry.shape().size())];
        file.readFloats(entry, 0, values, 0, values.length);
        return values;
    }

    @Test
    void moreEpochsExtendAFinishedTraining() throws IOException {
        Path output = folder.resolve("out");
        train(output, "--epochs", 1).isDone();
        Ran more = train(output, "--epochs", 3, "--resume").isDone();
        assertTrue(more.out().contains("resumed after epoch 1"), more::out);
        assertEquals(4, Files.readAllLines(output.resolve("metrics.csv")).size());
        train(output, "--epochs", 2, "--resume").isRefused("another one", "--epochs 3, not 2");
    }

    @Test
    void figuresStandInATableAndInLines() throws IOException {
        Path output = folder.resolve("out");
        train(output, "--epochs", 2, "--validation", 0.25).isDone();
        List<String> table = Files.readAllLines(output.resolve("metrics.csv"));
        List<String> lines = Files.readAllLines(output.resolve("metrics.jsonl"));
        assertEquals(3, table.size());
        assertEquals(2, lines.size());
        for (int i = 0; i < 2; i++) {
            JsonObject line = Json.parse("metrics.jsonl", lines.get(i).getBytes(StandardCharsets.UTF_8));
            String[] cells = table.get(i + 1).split(",");
            assertEquals(i + 1, line.integer("epoch"));
            assertEquals(Double.parseDouble(cells[1]), line.number("loss"), 1e-6);
            assertEquals(Double.parseDouble(cells[4]), line.number("validation_accuracy"), 1e-6);
        }
    }

    @Test
    void patienceEndsTrainingAndSaysSo() throws IOException {
        Path output = folder.resolve("out");
        Ran ran = train(output, "--epochs", 30, "--patience", 2, "--lr", "1e-30").isDone();
        assertTrue(ran.out().contains("stopped early: 2 epochs without a better one"), ran::out);
        assertTrue(ran.out().contains("best epoch 1"), ran::out);
        assertEquals(4, Files.readAllLines(output.resolve("metrics.csv")).size());
        train(output, "--patience", -1, "--overwrite").isRefused("patience -1");
        train(output, "--class-weights", "some", "--overwrite").isRefused("--class-weights", "balanced");
    }

    @Test
    void learningRateIsSuggestedAndNothingIsTrained() throws IOException {
        Path output = folder.resolve("out");
        Ran ran = train(output, "--find-lr", "--batch", 8, "--threads", 1).isDone();
        assertTrue(ran.out().matches("(?s)\\d+ steps with learning rates from 1\\.0e-07 to .*suggested: --lr \\d\\.\\de-\\d\\d, where the loss falls.*"), ran::out);
        assertTrue(ran.out().contains("lr.csv"), "the table is named beside the picture");
        assertEquals(List.of("lr.csv", "lr.png"), names(output));
        assertTrue(ImageDecoder.decode(output.resolve("lr.png")).width() >= 600);
        Path other = folder.resolve("other");
        assertEquals(ran.out().replace(output.toString(), ""), train(other, "--find-lr", "--batch", 8, "--threads", 3).out().replace(other.toString(), ""));
        assertEquals(-1, Files.mismatch(output.resolve("lr.csv"), other.resolve("lr.csv")));
        assertEquals(-1, Files.mismatch(output.resolve("lr.png"), other.resolve("lr.png")));
    }
}
