package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.plot.Picture;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.MicroModel;
import vit.model.service.PassGate;
import vit.model.service.RequestRefusedException.Reason;
import vit.model.service.ServiceOptions;
import vit.model.service.VitService;

/** What clients are told when there is more work than the server takes on. */
@Timeout(60)
class OverloadAnswersTest extends RunningServer {

    private static final String RAW = "Inference-Header-Content-Length: 0";
    private static final byte[] ONE = littleEndian(MicroModel.pixels(1));
    private static final ServiceOptions SERVICE = OPTIONS.service().withBatchLimit(1).withQueue(2, 1 << 20);

    private final PassGate gate = new PassGate();
    private final List<RawHttp> connections = new ArrayList<>();
    private VitService service;

    @BeforeEach
    void start() throws IOException {
        start(SERVICE, OPTIONS);
    }

    private void start(ServiceOptions options, ServerOptions server) throws IOException {
        service = gate.start(MicroModel.open(0), options);
        start(service, server);
    }

    @AfterEach
    void end() throws IOException {
        gate.open();
        for (RawHttp connection : connections) {
            connection.close();
        }
        stop();
    }

    private RawHttp begin(byte[] body, String... headers) throws IOException {
        RawHttp connection = new RawHttp(port());
        connections.add(connection);
        return connection.send(RawHttp.request("POST", "/v2/models/vit/infer", body, headers));
    }

    /** A request that is computed until the gate opens, and so many that wait. */
    private List<RawHttp> occupy(int waiting) throws Exception {
        gate.shut();
        List<RawHttp> all = new ArrayList<>();
        all.add(begin(ONE, RAW));
        gate.awaitPass();
        for (int i = 0; i < waiting; i++) {
            all.add(begin(ONE, RAW));
            int length = i + 1;
            await(() -> service.statistics().queueLength() == length, "a request waits");
        }
        return all;
    }

    private static void assertRetry(Answer answer) {
        assertTrue(answer.headers().getOrDefault("retry-after", "").matches("[1-9]\\d*"), answer::toString);
    }

    @Test
    void aFullQueueIsRefusedAndAnsweredAgainWhenItHasRoom() throws Exception {
        List<RawHttp> admitted = occupy(2);
        for (byte[] body : List.of(ONE, joined(ONE, ONE))) { // one image, and two of which none finds room
            assertRetry(assertError(503, "QUEUE_FULL", begin(body, RAW).answer()));
        }
        assertRetry(assertError(503, "QUEUE_FULL", post("/classify", file(MicroModel.image(1)))));
        assertEquals(200, get("/v2/health/ready").status(), "overload is not the end of being ready");
        gate.open();
        for (RawHttp each : admitted) {
            assertEquals(200, each.answer().status());
        }
        assertEquals(200, begin(ONE, RAW).answer().status());
        assertWell();
        assertEquals(3, service.statistics().refused().get(Reason.QUEUE_FULL));
    }

    /** A client that asks first sends no body for nothing. */
    @Test
    void whoExpectsToBeToldIsRefusedBeforeTheBodyIsSent() throws Exception {
        occupy(2);
        for (String path : new String[] {"/v2/models/vit/infer", "/classify"}) {
            RawHttp connection = new RawHttp(port());
            connections.add(connection);
            connection.send(RawHttp.request("POST", path, NONE, RAW, "Expect: 100-continue", "Content-Length: 500000"));
            assertRetry(assertError(503, "QUEUE_FULL", connection.answer()));
        }
        gate.open();
        RawHttp connection = new RawHttp(port());
        connections.add(connection);
        await(() -> service.statistics().queueLength() == 0, "the queue is empty");
        connection.send(RawHttp.request("POST", "/v2/models/vit/infer", NONE, RAW, "Expect: 100-continue", "Content-Length: " + ONE.length));
        assertEquals(100, connection.answer().status());
        assertEquals(200, connection.send(ONE).answer().status());
        assertWell();
    }

    /** The JSON in front of the tensors is enough to refuse the request. What comes behind it is not kept. */
    @Test
    void aBodyThatIsRefusedTakesNoMemoryAndLeavesTheConnectionInOrder() throws Exception {
        occupy(2);
        byte[] json = bytes("{\"parameters\":{\"timeout\":1000000},\"inputs\":[{\"name\":\"image\",\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":1000000}}]}");
        RawHttp connection = begin(NONE, "Inference-Header-Content-Length: " + json.length, "Content-Length: " + (json.length + 1_000_000));
        connection.send(json).send(new byte[900_000]);
        assertTrue(server.bodyBytes() <= 3 * (64 << 10) + 3 * ONE.length, () -> server.bodyBytes() + " bytes are kept");
        connection.send(new byte[100_000]);
        assertError(503, "QUEUE_FULL", connection.answer());
        gate.open();
        await(() -> service.statistics().queueLength() == 0, "the queue is empty");
        assertEquals(200, connection.send(RawHttp.request("POST", "/v2/models/vit/infer", ONE, RAW)).answer().status());
        assertWell();
    }

    /** All images of a request, or none. */
    @Test
    void imagesOfARequestThatIsRefusedLeaveTheQueue() throws Exception {
        occupy(1);
        assertError(503, "QUEUE_FULL", begin(joined(ONE, ONE), RAW).answer());
        assertEquals(1, service.statistics().queueLength());
        assertEquals(1, service.statistics().cancelled());
        gate.open();
        assertWell();
    }

    @Test
    void theBytesOfTheQueueAreALimitToo() throws Exception {
        stop();
        start(SERVICE.withQueue(100, ONE.length), OPTIONS);
        occupy(1);
        assertRetry(assertError(503, "QUEUE_BYTES", begin(ONE, RAW).answer()));
        gate.open();
        assertWell();
    }

    @Test
    void whatWaitsPastItsDeadlineIsAGatewayTimeout() throws Exception {
        occupy(0);
        byte[] body = joined(bytes("{\"parameters\":{\"timeout\":100000},\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,8,8],\"datatype\":\"FP32\",\"parameters\":"
                + "{\"binary_data_size\":768}}]}"), ONE);
        Answer answer = assertError(504, "EXPIRED", begin(body, "Inference-Header-Content-Length: " + (body.length - ONE.length)).answer());
        assertFalse(answer.headers().containsKey("retry-after"));
        Answer image = post("/classify?timeout_ms=80", file(MicroModel.image(1)));
        assertError(504, "EXPIRED", image);
        gate.open();
        assertWell();
    }

    /** The bytes of bodies are bounded as they come, not as they are announced. */
    @Test
    void bodiesTogetherAreBounded() throws Exception {
        stop();
        start(SERVICE, OPTIONS.withBodies(300_000, 900_000));
        RawHttp slow = begin(NONE, "Content-Length: 300000");
        slow.send(new byte[200_000]);
        await(() -> server.bodyBytes() > 600_000, "the first body has come");
        assertRetry(assertError(503, "BODY_BYTES", begin(new byte[250_000], RAW).answer()));
        assertEquals(200, begin(ONE, RAW).answer().status(), "a small body finds room");
        slow.close();
        assertWell();
    }

    /** What is made of a body is paid for before it is read. Afterwards only the images count, because only they are kept. */
    @Test
    void aBodyCountsForWhatIsMadeOfItUntilItWasRead() throws Exception {
        occupy(0);
        assertEquals(ONE.length, server.bodyBytes());
        RawHttp slow = begin(NONE, RAW, "Content-Length: " + 2 * ONE.length);
        slow.send(ONE);
        await(() -> server.bodyBytes() == ONE.length + 3 * 2 * ONE.length, "what the rest of the body will need is set aside");
        slow.close();
        await(() -> server.bodyBytes() == ONE.length, "the client has gone");
        byte[] image = file(MicroModel.image(1));
        RawHttp waiting = new RawHttp(port());
        connections.add(waiting.send(RawHttp.request("POST", "/classify", image)));
        await(() -> service.statistics().queueLength() == 1, "the image waits");
        assertEquals(ONE.length + image.length, server.bodyBytes());
        gate.open();
        assertEquals(200, waiting.answer().status());
        assertWell();
    }

    @Test
    void aRequestOfMoreImagesThanTheQueueHoldsIsRefusedAsAWhole() throws Exception {
        assertError(413, "TOO_MANY_IMAGES", begin(joined(ONE, ONE, ONE), RAW).answer());
        assertEquals(0, service.statistics().refusedInAll() + service.statistics().cancelled() + service.statistics().answered(), "none is submitted");
        assertWell();
    }

    /** A request of these images, as files in binary data. */
    private static byte[] filesRequest(String parameters, byte[]... files) {
        ByteArrayOutputStream tensor = new ByteArrayOutputStream();
        for (byte[] file : files) {
            tensor.writeBytes(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(file.length).array());
            tensor.writeBytes(file);
        }
        byte[] json = bytes("{" + parameters + "\"inputs\":[{\"name\":\"image\",\"shape\":[" + files.length + "],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":"
                + tensor.size() + "}}]}");
        return RawHttp.request("POST", "/v2/models/vit/infer", joined(json, tensor.toByteArray()), "Inference-Header-Content-Length: " + json.length);
    }

    /** Decoding takes most of it. */
    @Test
    void theTimeoutIsForAllImagesOfARequest() throws Exception {
        stop();
        start(SERVICE.withQueue(100, 1 << 20).withDecoding(1, 1 << 30), OPTIONS.withBodies(16 << 20, 64 << 20));
        byte[][] files = new byte[100][];
        Arrays.fill(files, Picture.of(1600, 1600, (_, _) -> 0x336699).toPng());
        long one = 0;
        for (int i = 0; i < 10; i++) { // the first are decoded by the interpreter
            long begin = System.nanoTime();
            assertEquals(200, send(filesRequest("", files[0])).status());
            one = System.nanoTime() - begin;
        }
        long decoded = service.statistics().decodeSeconds().count();
        long micros = 10 * one / 1000;
        Answer answer = send(filesRequest("\"parameters\":{\"timeout\":" + micros + "},", files));
        assertTrue(answer.status() == 503 || answer.status() == 504, answer::toString);
        assertTrue(service.statistics().decodeSeconds().count() - decoded < files.length, "the rest is not begun");
        assertWell();
    }

    @Test
    void whatComesBehindAnImageThatFailsIsNotBegun() throws Exception {
        byte[] good = file(MicroModel.image(1));
        assertError(400, "BAD_IMAGE", send(filesRequest("", bytes("no image"), good)));
        assertEquals(1, service.statistics().decodeSeconds().count());
        assertWell();
    }

    @Test
    void aServerThatIsNotWarmRefuses() throws Exception {
        stop();
        server = VitServer.start(MicroModel.open(0), OPTIONS, ConnectionGuard.Timeouts.DEFAULTS);
        Answer ready = get("/v2/health/ready"); // warming up takes longer than these
        assertEquals(503, ready.status());
        assertEquals("{\"ready\":false}", ready.text());
        assertEquals(503, get("/v2/models/vit/ready").status());
        assertEquals(200, get("/v2/health/live").status());
        assertRetry(assertError(503, "NOT_READY", begin(ONE, RAW).answer()));
    }
}
