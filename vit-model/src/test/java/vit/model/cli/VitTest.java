package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/** What all commands share: help, usage errors and the form of an error message. Also {@code vit doctor} and {@code vit bench}. */
class VitTest {

    @Test
    void helpAndVersionAreResults() {
        assertTrue(vit("--help").isDone().out().contains("classify"));
        assertEquals(vit("--help").out(), vit("help").isDone().out());
        vit("help", "clasify").isRefused("there is no command 'clasify'");
        assertTrue(vit("help", "clasify").err().contains("did you mean classify"));
        assertTrue(vit("--version").isDone().out().startsWith("vit "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"classify", "embed", "similar", "compare", "logits", "preprocess", "inspect", "visualise", "demo", "draw", "ablation", "bench", "verify", "doctor", "export",
        "train", "serve", "completion", "help"})
    void everyCommandHasHelpAndRefusesBadUsage(String command) {
        assertTrue(vit(command, "--help").isDone().out().startsWith("Usage: vit " + command));
        assertEquals(vit(command, "--help").out(), vit("help", command).isDone().out());
        vit(command, "--wieghts", "x").isRefused();
    }

    @Test
    void badUsageIsRefused() {
        vit().isRefused("no command");
        vit("inspect", "--wieghts", "x").isRefused("--wieghts");
        vit("clasify").isRefused("clasify");
        assertTrue(vit("clasify").err().contains("did you mean classify"));
        vit("clasify", "a", "b", "c").isRefused("there is no command 'clasify', and 3 more arguments after it");
        vit("inspect", "x", "unexpected", "more").isRefused("unexpected argument 'unexpected', and 1 more argument after it");
        assertTrue(vit("y".repeat(5000)).err().length() < 300);
        vit("classify").isRefused("IMAGE");
        vit("classify", "--top", "many", "x").isRefused("--top", "many");
        vit("classify", "--top", 0, "x").isRefused("--top", "found 0");
        vit("classify", "--threads", 0, "x").isRefused("--threads", "1 to 1024", "found 0");
        vit("classify", "--threads", 1025, "x").isRefused("--threads", "found 1025");
        vit("classify", "--threads", 1, "--threads", 2, "x").isRefused("--threads");
        vit("classify", "--weights").isRefused("--weights");
        vit("bench", "--batch", 0).isRefused("--batch", "found 0");
        vit("bench", "--seconds", "NaN").isRefused("--seconds");
        vit("bench", "--config", "config.json").isRefused("no model is named");
        vit("inspect", "two\nlines").isRefused("two");
    }

    @ParameterizedTest
    @CsvSource({"clasify, classify", "Classify, classify", "class, classify", "visualize, visualise", "docotr, doctor", "evalute, evaluate", "nothing, ''", "predict, ''", "x, ''"})
    void anUnknownCommandBringsWhatComesNear(String written, String meant) {
        String hint = "hint: " + (meant.isEmpty() ? "" : "did you mean " + meant + "? ") + "vit --help shows how to call it";
        for (Ran ran : List.of(vit(written, "a.png"), vit("help", written))) {
            ran.isRefused("there is no command '" + written + "'");
            assertEquals(hint, ran.err().lines().toList().getLast());
        }
    }

    @Test
    void anUnknownOptionBringsWhatComesNear() {
        assertHint("did you mean --weights? vit classify", vit("classify", "--weight", "x"));
        assertHint("did you mean --weights? vit classify", vit("classify", "--wieghts=x", "a.png"));
        assertHint("vit classify --help", vit("classify", "--bogus", "a.png"));
        assertHint("did you mean --threads? vit bench", vit("bench", "--thread", 2));
        assertHint("vit inspect --help", vit("inspect", "a", "b"));
        assertHint("vit --help", vit("--jsn"));
        assertHint("the options of a command stand behind its name: vit COMMAND --weights; vit --help", vit("--weights", "x", "classify"));
        assertHint("did you mean --data? vit train", vit("train", "--dat", "x").isRefused("unknown option '--dat'"));
        assertHint("vit train --help", vit("train", "--output", "x").isRefused("--data"));
    }

    private static void assertHint(String begin, Ran refused) {
        String hint = refused.isRefused().err().lines().toList().getLast();
        assertTrue(hint.startsWith("hint: " + begin), hint);
    }

    @Test
    void fileNameThatBeginsWithAtIsAFileName() {
        vit("classify", "--weights", "@w", "@x").isRefused("@w", "no such file");
    }

    @Test
    void stackTraceComesWithDebugOnly() {
        assertFalse(vit("inspect", "no").err().contains("\tat "));
        Ran ran = vit("inspect", "--debug", "no");
        assertEquals(2, ran.code());
        assertTrue(ran.err().startsWith("error: "));
        assertTrue(ran.err().contains("\tat "));
    }

    @Test
    void resultsThatCannotBeWrittenAreAnError() {
        StringWriter err = new StringWriter();
        int code = Vit.run(new PrintWriter(new Writer() {
            @Override
            public void write(char[] text, int from, int count) throws IOException {
                throw new IOException("no space");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        }), new PrintWriter(err), "--help");
        assertEquals(2, code);
        assertTrue(err.toString().startsWith("error: the results could not be written"), err::toString);
    }

    @Test
    void everyKindOfFaultBecomesAMessage() {
        assertEquals("not enough memory: x", FaultReport.of(new OutOfMemoryError("x")).message());
        assertEquals("f: access is denied", FaultReport.of(new java.nio.file.AccessDeniedException("f")).message());
        assertEquals("f: full", FaultReport.of(new java.nio.file.FileSystemException("f", null, "full")).message());
        assertEquals("x", FaultReport.of(new IOException("x")).message());
        assertEquals("internal fault: " + new UncheckedIOException("x", new IOException()),
                FaultReport.of(new UncheckedIOException("x", new IOException())).message());
        StringWriter err = new StringWriter();
        new FaultReport("a\nb\u001b[31m", "c").print(new PrintWriter(err));
        assertEquals(List.of("error: a b?[31m", "hint: c"), err.toString().lines().toList());
    }

    @Test
    void doctorShowsWhatTheModelWouldRunOn() {
        String out = vit("doctor", "--threads", 1).isDone().out();
        for (String row : List.of("JDK", "module", "vector width", "kernels", "threads", "memory", "peak, 1 thread", "kernels' bits")) {
            assertTrue(out.lines().anyMatch(line -> line.startsWith(row + "  ")), () -> row + " is missing in " + out);
        }
    }

    @Test
    void benchPrintsOneJsonObject(@TempDir Path folder) throws IOException {
        Path weights = TinyModel.weights(folder);
        TinyModel.config(folder);
        Ran ran = vit("bench", "--weights", weights, "--threads", 2, "--batch", 3, "--seconds", 0.1, "--json").isDone();
        assertEquals(1, ran.lines().size());
        JsonObject result = Json.parse("standard output", ran.out().getBytes(StandardCharsets.UTF_8));
        assertEquals(List.of("model", "batch", "threads", "latency_ms", "images_per_second", "all_tokens", "gflops", "share_of_peak",
                "allocated_bytes_per_call", "weight_bytes"), List.copyOf(result.names()));
        assertEquals("tiny.safetensors", result.text("model"));
        assertEquals(3, result.integer("batch"));
        assertEquals(2, result.integer("threads"));
        JsonObject latency = result.object("latency_ms");
        assertTrue(0 < latency.number("p50") && latency.number("p50") <= latency.number("p99")
                && latency.number("p99") <= latency.number("max"), ran.out());
        assertTrue(result.number("images_per_second") > 0 && result.number("share_of_peak") > 0 && result.number("share_of_peak") < 1.1,
                ran.out());
    }
}
