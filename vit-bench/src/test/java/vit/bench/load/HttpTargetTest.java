package vit.bench.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The client of the protocol against a small server of it. */
class HttpTargetTest {

    @TempDir
    private Path folder;

    private static float[] pixels(int elements) {
        float[] pixels = new float[elements];
        for (int i = 0; i < elements; i++) {
            pixels[i] = i / 7f - 3;
        }
        return pixels;
    }

    private HttpTarget open(ProtocolServer server, HttpBody.Kind kind) throws IOException, InterruptedException {
        Path image = Files.write(folder.resolve("photo.png"), ProtocolServer.IMAGE);
        return HttpTarget.open(server.address(), "vit", kind, HttpTargetTest::pixels, image);
    }

    private static Recording load(Target target, double rate, double seconds) throws InterruptedException {
        OpenLoop loop = new OpenLoop(target);
        loop.run(Arrivals.CONSTANT.schedule(rate, 1), 0, seconds, TimeUnit.SECONDS.toNanos(5));
        return loop.recording();
    }

    /** The server itself checks every body, and answers 400 if it is not what the protocol says. */
    @ParameterizedTest
    @EnumSource(HttpBody.Kind.class)
    void everyBodyIsAnswered(HttpBody.Kind kind) throws IOException, InterruptedException {
        try (ProtocolServer server = new ProtocolServer(200); HttpTarget target = open(server, kind)) {
            Recording recording = load(target, 50, 0.4);
            assertEquals(20, recording.inTime(), () -> recording.failed().toString());
            assertEquals(21, server.requests(), "one more, to see that the server answers");
            if (kind != HttpBody.Kind.IMAGE) {
                assertArrayEquals(pixels(ProtocolServer.ELEMENTS), server.lastPixels());
                assertTrue(server.lastTimeout() > 0 && server.lastTimeout() <= 5_000_000, () -> "timeout " + server.lastTimeout());
            }
            assertTrue(server.connections() <= 10, () -> "connections are used again, found " + server.connections());
        }
    }

    @Test
    void refusalsAreCountedByReason() throws IOException, InterruptedException {
        try (ProtocolServer server = new ProtocolServer(200); HttpTarget target = open(server, HttpBody.Kind.TENSOR)) {
            server.answer(503, "{\"error\":\"busy\",\"reason\":\"DEADLINE\"}", "Retry-After", "1");
            assertEquals(Map.of("503 DEADLINE", 5L), load(target, 50, 0.1).refused());
            server.answer(503, "<html>a proxy</html>");
            assertEquals(Map.of("503 without Retry-After", 5L), load(target, 50, 0.1).refused());
            server.answer(429, "{\"error\":\"slower\"}", "Retry-After", "2");
            assertEquals(Map.of("429", 5L), load(target, 50, 0.1).refused());
            server.answer(504, "{\"error\":\"late\",\"reason\":\"EXPIRED\"}");
            Recording expired = load(target, 50, 0.1);
            assertEquals(Map.of("504 EXPIRED", 5L), expired.expired());
            assertTrue(Double.isNaN(expired.refusal().p50()), "what has waited in the queue does not count as a quick refusal");
            server.answer(500, "");
            assertEquals(Map.of("500", 5L), load(target, 50, 0.1).failed());
        }
    }

    @Test
    void aServerThatGoesAwayIsAFailure() throws IOException, InterruptedException {
        try (ProtocolServer server = new ProtocolServer(200); HttpTarget target = open(server, HttpBody.Kind.TENSOR)) {
            server.stop();
            assertEquals(5, LoadResult.Counts.sum(load(target, 50, 0.1).failed()));
        }
    }

    @Test
    void aWrongModelNameIsSaidAtOnce() throws IOException {
        try (ProtocolServer server = new ProtocolServer(200)) {
            IOException fault = assertThrows(IOException.class,
                    () -> HttpTarget.open(server.address(), "resnet", HttpBody.Kind.TENSOR, HttpTargetTest::pixels, null));
            assertTrue(fault.getMessage().contains("/v2/models/resnet: status 404") && fault.getMessage().contains("--model-name"), fault.getMessage());
        }
    }

    @Test
    void aServerThatDoesNotComputeIsSaidAtOnce() throws IOException {
        try (ProtocolServer server = new ProtocolServer(400)) {
            IOException fault = assertThrows(IOException.class, () -> open(server, HttpBody.Kind.TENSOR));
            assertTrue(fault.getMessage().contains("status 400"), fault.getMessage());
        }
        assertThrows(IOException.class,
                () -> HttpTarget.open(URI.create("http://127.0.0.1:1"), "vit", HttpBody.Kind.TENSOR, HttpTargetTest::pixels, null));
    }

    @Test
    void aServerThatIsNotReadyIsWaitedFor() throws IOException, InterruptedException {
        try (ProtocolServer server = new ProtocolServer(503)) {
            Thread.startVirtualThread(() -> {
                while (server.requests() < 2) {
                    LockSupport.parkNanos(1_000_000);
                }
                server.answer(200, "{}");
            });
            try (HttpTarget target = open(server, HttpBody.Kind.TENSOR)) {
                assertEquals(3, server.requests(), 1, target.name());
            }
        }
    }

    @Test
    void metadataOfOtherServersNameOtherTensors() throws IOException {
        ModelMetadata metadata = ModelMetadata.parse("test", """
                {"name":"m","versions":["1"],"platform":"onnx","inputs":[{"name":"file","datatype":"BYTES","shape":[1]},
                {"name":"images","datatype":"FP32","shape":[-1,3,4,5]}],"outputs":[{"name":"scores","datatype":"FP32","shape":[-1,10]}]}"""
                .getBytes(StandardCharsets.UTF_8));
        assertEquals("images", metadata.input());
        assertEquals("scores", metadata.output());
        assertArrayEquals(new long[] {1, 3, 4, 5}, metadata.shape());
        assertEquals(60, metadata.elements());
    }
}
