package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.function.BooleanSupplier;
import vit.model.image.RgbImage;
import vit.model.json.JsonKind;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.MicroModel;
import vit.model.service.ServiceOptions;
import vit.model.service.VitService;

/** A server of a model whose passes are short, and what tests say to it. */
abstract class RunningServer {

    static final byte[] NONE = {};
    static final ServerOptions OPTIONS = ServerOptions.defaults().withAddress("127.0.0.1", 0).withPause(Duration.ZERO).withBodies(1 << 20, 64 << 20)
            .withService(ServiceOptions.defaults().withSessions(2, 1).withDeadline(Duration.ofSeconds(30)));

    VitServer server;

    final void start(ServerOptions options, ConnectionGuard.Timeouts timeouts) throws IOException {
        server = VitServer.start(MicroModel.open(0), options, timeouts);
        server.ready().join();
    }

    final void start(VitService service, ServerOptions options) throws IOException {
        server = VitServer.start(service, options, ConnectionGuard.Timeouts.DEFAULTS);
        server.ready().join();
    }

    final int port() {
        return server.uri().getPort();
    }

    final Answer send(byte[] request) throws IOException {
        return RawHttp.exchange(port(), request);
    }

    final Answer get(String path) throws IOException {
        return send(RawHttp.request("GET", path, NONE));
    }

    final Answer post(String path, byte[] body, String... headers) throws IOException {
        return send(RawHttp.request("POST", path, body, headers));
    }

    final Answer infer(String json) throws IOException {
        return post("/v2/models/vit/infer", bytes(json));
    }

    /** JSON, followed by binary tensors. */
    final Answer infer(String json, byte[] binary) throws IOException {
        return post("/v2/models/vit/infer", joined(bytes(json), binary), "Inference-Header-Content-Length: " + bytes(json).length);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** A tensor FP32 as binary data. */
    static byte[] littleEndian(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    static float[] floats(byte[] bytes, int offset, int count) {
        float[] floats = new float[count];
        ByteBuffer.wrap(bytes, offset, count * Float.BYTES).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        return floats;
    }

    /** An image as the bytes of a PPM file. */
    static byte[] file(RgbImage image) {
        return joined(bytes("P6 " + image.width() + " " + image.height() + " 255\n"), image.pixels());
    }

    /** Requires an error in the one form that errors have. */
    static Answer assertError(int status, String reason, Answer answer) throws IOException {
        assertEquals(status, answer.status(), answer::toString);
        assertEquals("application/json", answer.headers().get("content-type"), answer::toString);
        assertEquals(Set.of("error", "reason"), answer.json().names(), answer::toString);
        assertEquals(reason, answer.json().text("reason"), answer::toString);
        String sentence = answer.json().text("error");
        assertFalse(sentence.isBlank() || sentence.contains("Exception") || sentence.contains("vit.model") || sentence.contains("\tat "), answer::toString);
        return answer;
    }

    static void await(BooleanSupplier condition, String what) throws InterruptedException {
        long begin = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - begin < 10_000_000_000L, () -> "not after ten seconds: " + what);
            Thread.sleep(2);
        }
    }

    /** Requires that nothing of a request is left, and that the server answers. */
    final void assertWell() throws Exception {
        await(() -> server.openRequests() == 0, "every request has ended");
        await(() -> server.bodyBytes() == 0, "the bytes of all bodies are given back");
        Answer answer = get("/v2/health/ready");
        assertEquals(200, answer.status(), answer::toString);
        assertEquals(JsonKind.FLAG, answer.json().kind("ready"));
    }

    final void stop() {
        server.close();
        assertEquals(0, server.openRequests());
        assertEquals(0, server.bodyBytes());
    }
}
