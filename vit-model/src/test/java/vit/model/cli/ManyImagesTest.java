package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static vit.model.cli.Ran.vit;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.image.format.ImageDecoder;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.parameters.GeneratedWeights;
import vit.model.text.PrintableText;

/** Commands over many images: lists, folders and standard input as their sources, and what happens when some images are bad. */
class ManyImagesTest {

    @TempDir
    private Path folder;

    private Path weights;
    private Path images;
    private Path a;
    private Path bad;
    private Path c;

    @BeforeEach
    void writeModelAndImages() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        images = Files.createDirectory(folder.resolve("images"));
        a = TinyModel.image(images.resolve("a.png"), 40, 30, 1);
        bad = Files.write(images.resolve("bad.jpg"), new byte[] {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xE0, 1});
        c = TinyModel.image(images.resolve("c.png"), 20, 50, 2);
    }

    private Ran classify(Object... more) {
        Object[] arguments = new Object[more.length + 3];
        System.arraycopy(new Object[] {"classify", "--weights", weights}, 0, arguments, 0, 3);
        System.arraycopy(more, 0, arguments, 3, more.length);
        return vit(arguments);
    }

    private Ran classifyWithInput(byte[] input, Object... more) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input));
        try {
            return classify(more);
        } finally {
            System.setIn(before);
        }
    }

    private static JsonArray entries(Ran ran) throws IOException {
        assertEquals(1, ran.lines().size(), ran::toString);
        return Json.parse("standard output", ran.out().getBytes(StandardCharsets.UTF_8)).array("images");
    }

    private static List<String> files(Ran ran) throws IOException {
        JsonArray entries = entries(ran);
        String[] files = new String[entries.size()];
        for (int i = 0; i < files.length; i++) {
            files[i] = entries.get(i).object().text("file");
        }
        return List.of(files);
    }

    @Test
    void badImageIsReportedInItsPlaceAndTheOthersGoOn() throws IOException {
        Ran ran = classify("--top", 1, a, bad, c, folder.resolve("no.png"), a);
        assertEquals(1, ran.code());
        List<String> lines = ran.lines();
        assertEquals(List.of(a.toString(), bad.toString(), c.toString(), folder.resolve("no.png").toString(), a.toString()),
                List.of(lines.get(0), lines.get(2), lines.get(4), lines.get(6), lines.get(8)));
        assertTrue(lines.get(3).startsWith("  error: " + bad), ran::toString);
        assertTrue(lines.get(7).contains("no such file"), ran::toString);
        assertEquals(List.of("error: 2 of 5 images gave no result: " + bad + ", " + folder.resolve("no.png"),
                "hint: each of them has a message of its own; --strict stops at the first"), ran.err().lines().toList());
        assertEquals(classify("--top", 1, c).isDone().lines(), lines.subList(4, 6), "the result does not depend on the company");
    }

    @Test
    void jsonHasAnErrorEntryInTheSameObject() throws IOException {
        Ran ran = classify("--json", a, bad, "nul\0character", c);
        assertEquals(1, ran.code());
        assertEquals(List.of(a.toString(), bad.toString(), "nul\0character", c.toString()), files(ran));
        assertEquals(List.of("file", "top"), List.copyOf(entries(ran).get(0).object().names()));
        assertEquals(List.of("file", "error"), List.copyOf(entries(ran).get(1).object().names()));
        assertTrue(entries(ran).get(1).object().text("error").contains("truncated"), ran::toString);
        Ran only = classify("--json", bad);
        assertEquals(2, only.code());
        assertEquals(List.of(bad.toString()), files(only));
        assertTrue(only.err().startsWith("error: " + bad), only::toString);
    }

    @Test
    void strictStopsAtTheFirstAndLosesNothing() throws IOException {
        Ran ran = classify("--json", "--strict", a, bad, c).isRefused(bad, "truncated");
        assertEquals(List.of(a.toString(), bad.toString()), files(ran));
        assertFalse(classify("--strict", a, bad, c).isRefused(bad).out().contains(c.toString()));
    }

    @Test
    void folderGivesItsImagesSortedAndSaysWhatItLeavesOut() throws IOException {
        Files.createDirectory(images.resolve("below"));
        TinyModel.image(images.resolve("below/d.PNG"), 20, 50, 3);
        Files.writeString(images.resolve("notes.txt"), "x");
        Files.writeString(images.resolve(".hidden.png"), "x");
        Files.createSymbolicLink(images.resolve("below/circle"), images);
        Files.createSymbolicLink(images.resolve("again"), Path.of("below"));
        Ran ran = classify("--json", images);
        assertEquals(1, ran.code(), "one is bad");
        assertEquals(4, entries(ran).size(), ran::toString);
        assertTrue(ran.err().contains("note: " + images + ": 1 file is left out, because it is no regular file or its name is not that of an image"), ran::toString);
    }

    @Test
    void listNamesImagesByLineOrByNul() throws IOException {
        Path list = folder.resolve("list");
        for (String text : List.of(a + "\n" + c + "\n", "\uFEFF" + a + "\r\n\r\n" + c, a + "\0" + c + "\0")) {
            Files.writeString(list, text);
            assertEquals(List.of(a.toString(), c.toString()), files(classify("--json", "--list", list).isDone()));
            assertEquals(List.of(a.toString(), c.toString()),
                    files(classifyWithInput(text.getBytes(StandardCharsets.UTF_8), "--json", "--list", "-").isDone()));
        }
        assertEquals(List.of(c.toString(), a.toString(), c.toString()), files(classify("--json", "--list", list, c).isDone()));
        Files.writeString(list, "\n\n");
        classify("--list", list).isRefused("no images");
        classify("--list", folder.resolve("none")).isRefused("--list", "no such file");
        classify("--list", folder).isRefused("--list", "it is a folder");
        classify("--list", images).isRefused("--list");
        classify().isRefused("IMAGE");
    }

    @Test
    void imageComesFromStandardInput() throws IOException {
        Ran ran = classifyWithInput(Files.readAllBytes(a), "--json", "-").isDone();
        assertEquals(List.of("-"), files(ran));
        assertEquals(ran.out().replace("\"-\"", ""), classify("--json", a).out().replace(Json.write(a.toString()), ""));
        classifyWithInput(new byte[0], "-").isRefused("standard input", "empty");
        classifyWithInput(new byte[] {1, 2}, "-").isRefused("standard input");
        classifyWithInput(new byte[0], "-", "-").isRefused("2 times");
        classifyWithInput(new byte[0], "--list", "-", "-").isRefused("2 times");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    @Timeout(60)
    void aNamedPipeIsReadLikeStandardInputInItsPlace() throws Exception {
        Path pipe = folder.resolve("pipe.png");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "needs the command mkfifo");
        byte[] image = Files.readAllBytes(a);
        FutureTask<Path> writing = new FutureTask<>(() -> Files.write(pipe, image, StandardOpenOption.WRITE));
        Thread.ofPlatform().daemon().start(writing);
        Ran ran = classify("--json", c, pipe, a).isDone();
        writing.get();
        assertEquals(List.of(c.toString(), pipe.toString(), a.toString()), files(ran));
        JsonArray entries = entries(ran);
        assertEquals(entries.get(2).object().array("top").get(0).object().number("probability"),
                entries.get(1).object().array("top").get(0).object().number("probability"));
        Files.move(pipe, images.resolve("pipe.png"));
        assertEquals(List.of(a.toString(), bad.toString(), c.toString()), files(classify("--json", images)), "a folder's pipe is left out");
    }

    @Test
    void namesAndLabelsReachTheTerminalHarmless() throws IOException {
        Path evil = TinyModel.image(images.resolve("e\u001b]0;x\u0007\u202e\n.png"), 40, 30, 1);
        Path labels = Files.writeString(folder.resolve("labels.json"),
                "[\"a\\u001b[2J\",\"b\\u202e\",\"c\\u009b\",\"d\\u2066\",\"e\\r\",\"f\\u2028\",\"g\\u0007\"]");
        for (Ran ran : List.of(classify("--labels", labels, "--top", 7, evil, bad), classify("--json", "--labels", labels, "--top", 7, evil, bad),
                classify(images.resolve("no\u001b.png")), vit("inspect", evil), vit("no\u001b[2Jcommand"))) {
            String all = (ran.out() + ran.err()).replace("\n", "");
            assertTrue(all.codePoints().allMatch(PrintableText::isHarmless), () -> Json.write(all));
        }
    }

    @Test
    void anEmptyNameIsNotTheWorkingFolder() {
        classify("").isRefused();
        Ran ran = classify(a, "");
        assertEquals(1, ran.code(), ran::toString);
        assertTrue(ran.out().contains("the name is empty"), ran::toString);
        for (String option : List.of("--config", "--labels")) {
            classify(option, "", a).isRefused(option, "empty");
        }
        vit("classify", "--weights", "", a).isRefused("--weights", "empty");
        vit("train", "--data", "", "--output", folder.resolve("out")).isRefused("--data", "empty");
        vit("inspect", "").isRefused("empty");
    }

    /** {@code >} in PowerShell writes a file in UTF-16 with a byte order mark. */
    @Test
    void aListMayBeUtf16() throws IOException {
        Path list = folder.resolve("list.txt");
        String text = "\uFEFF" + a + "\r\n" + c + "\r\n";
        for (Charset order : List.of(StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
            assertEquals(List.of(a.toString(), c.toString()), files(classify("--json", "--list", Files.write(list, text.getBytes(order)))), order.name());
        }
    }

    /** A clone without Git LFS has small pointer files in place of all large files, whatever their kind. */
    @Test
    void pointersAreNamedWhereverTheyStand() throws IOException {
        Path pointer = Files.writeString(folder.resolve("pointer"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n");
        Files.copy(weights, images.resolve("model.safetensors"));
        Files.copy(pointer, images.resolve("config.json"));
        for (Ran ran : List.of(classify("--labels", pointer, a), classify("--config", pointer, a), vit("classify", "--weights", images.resolve("model.safetensors"), a),
                vit("inspect", pointer))) {
            assertTrue(ran.err().contains("a Git LFS pointer, not the file itself") && ran.err().contains("hint: fetch the file with git lfs pull"), ran::toString);
        }
        Ran ran = classify(pointer);
        assertTrue(ran.err().contains("a Git LFS pointer, not the file itself") && ran.err().contains("hint: fetch the file with git lfs pull"), ran::toString);
    }

    /** Images from files have three channels, so a model with one channel cannot take them. */
    @Test
    void aModelOfAnotherNumberOfChannelsIsRefused() throws IOException {
        VitConfig grey = TinyModel.CONFIG.toBuilder().channels(1).build();
        weights = TinyModel.weights(folder, new GeneratedWeights(grey, 5));
        classify(a, c).isRefused("images of 1 channel");
        vit("logits", "--weights", weights, "--output", folder.resolve("x.safetensors"), a).isRefused("images of 1 channel");
        vit("visualise", "--weights", weights, "--output", folder.resolve("x"), a).isRefused("images of 1 channel");
        try (VitModel model = VitModel.load(weights); VitSession session = model.newSession(SessionOptions.threads(1))) {
            assertThrows(IllegalArgumentException.class, () -> session.classify(a));
            assertThrows(IllegalArgumentException.class, () -> session.embed(a));
            assertThrows(IllegalArgumentException.class, () -> session.attention(ImageDecoder.decode(a)));
            session.logits(new float[grey.imageHeight() * grey.imageWidth()], 1, new float[grey.classes()]); // an array of grey pixels still works
        }
    }
}
