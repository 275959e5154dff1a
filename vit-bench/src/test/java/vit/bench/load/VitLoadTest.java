package vit.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.json.Json;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.WeightsWriter;

/** The command line: what it refuses, and what a run prints. */
@Execution(ExecutionMode.CONCURRENT)
class VitLoadTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    private int run(String... args) {
        return VitLoad.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--model vit_minute|expected one of",
        "--rate 3 --load 0.5|--rate and --load exclude one another",
        "--rate 0|Invalid value for option '--rate'",
        "--suite --rate 5|--suite chooses its loads and engines itself",
        "--suite --batch-limit 1|Invalid value for option '--batch-limit': expected 2 to 1024, found 1",
        "--results here|--results needs --suite",
        "--url localhost:80|expected http://HOST:PORT",
        "--url http://127.0.0.1:1 --model vit_tiny_patch16_224|--url excludes",
        "--url http://127.0.0.1:1 --body image|--body image and --image F need one another",
        "--save here --suite|--save excludes --suite and --url",
        "--body json|--body and --image need --url",
        "--seconds 0|Invalid value for option '--seconds'",
        "--arrivals bursts|--arrivals",
    })
    void wrongUsageIsRefusedBeforeAnythingIsMeasured(String args, String message) {
        assertEquals(2, run(args.split(" ")));
        assertTrue(err.toString().contains(message), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void aServerThatIsNotThereIsOneLine() {
        assertEquals(2, run("--url", "http://127.0.0.1:1", "--rate", "5"));
        assertTrue(err.toString().startsWith("error: ") && err.toString().lines().count() == 1, err.toString());
    }

    /** A model of a few thousand weights, for the shortest time. */
    @Test
    void aServiceInThisProcessIsMeasured() throws IOException {
        Path file = folder.resolve("model.safetensors");
        VitConfig config = VitConfig.builder().image(8, 8).patch(4).width(64).depth(1).heads(1).mlp(32).classes(5).build();
        WeightsWriter.write(file, new GeneratedWeights(config, 0), Map.of());
        assertEquals(0, run("--weights", file.toString(), "--seconds", "0.5", "--warm-up-seconds", "0.1", "--rate", "100", "--capacity", "--json",
                "--sessions", "1", "--seed", "3"), err.toString());
        LoadResult result = LoadResult.of(Json.parse("out", out.toString().strip().getBytes(StandardCharsets.UTF_8)));
        assertEquals("model.safetensors", result.setting().model());
        assertEquals(3, result.setting().seed());
        assertEquals(50, result.counts().sent(), 40);
        assertEquals(result.counts().sent(), result.counts().inTime() + result.counts().late(), () -> result.counts().toString());
        assertTrue(result.capacity() > 0 && result.service().costMillis() > 0 && result.memory().bytesPerRequest() > 0, out.toString());
    }

    @Test
    void generatedWeightsAreSavedForAServer() throws IOException {
        Path file = folder.resolve("tiny.safetensors");
        assertEquals(0, run("--model", "vit_tiny_patch16_224", "--save", file.toString()), err.toString());
        try (VitModel model = VitModel.load(file)) {
            assertEquals(192, model.config().width());
            assertEquals(3, model.config().heads());
        }
    }

    /** A queue that fills up is full after a deadline; what is counted must not depend on when it was empty. */
    @Test
    void warmingUpTakesThreeDeadlinesButAtLeastOneSecond() throws IOException {
        try (ProtocolServer server = new ProtocolServer(200)) {
            for (String[] each : new String[][] {{"500", "1.5"}, {"10", "1.0"}}) {
                assertEquals(0, run("--url", server.address().toString(), "--seconds", "0.1", "--rate", "20", "--deadline", each[0]), err.toString());
                assertTrue(out.toString().contains("for 0.1 s after " + each[1] + " s of warming up"), out.toString());
            }
        }
    }

    @Test
    void aServerIsMeasured() throws IOException {
        try (ProtocolServer server = new ProtocolServer(200)) {
            assertEquals(0, run("--url", server.address().toString(), "--seconds", "0.3", "--warm-up-seconds", "0", "--rate", "50", "--arrivals", "constant"),
                    err.toString());
            assertEquals(16, server.requests());
            assertTrue(out.toString().contains("constant arrivals, 50.00 requests/s, for 0.3 s"), out.toString());
        }
    }
}
