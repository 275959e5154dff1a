package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.image.RgbImage;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.MicroModel;

/** The six endpoints of the Open Inference Protocol v2. Results have the bits that a session gives for the image alone. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProtocolTest extends RunningServer {

    private static final String SHAPE = "\"shape\":[1,3,8,8]";

    private VitModel model;
    private VitSession session;

    @BeforeAll
    void start() throws IOException {
        start(OPTIONS, ConnectionGuard.Timeouts.DEFAULTS);
        model = MicroModel.open(0);
        session = model.newSession(SessionOptions.threads(1));
    }

    @AfterEach
    void isWell() throws Exception {
        assertWell();
    }

    @AfterAll
    void end() {
        stop();
        session.close();
        model.close();
    }

    private float[] logits(float[] pixels) {
        float[] logits = new float[MicroModel.CLASSES];
        session.logits(pixels, 1, logits);
        return logits;
    }

    private float[] embedding(float[] pixels) {
        float[] embedding = new float[MicroModel.CONFIG.embeddingWidth()];
        session.embed(pixels, 1, embedding);
        return embedding;
    }

    private float[] probabilities(float[] logits) {
        double[] exact = model.scores().of(logits, 0, logits.length);
        float[] floats = new float[exact.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) exact[i];
        }
        return floats;
    }

    private float[] seen(RgbImage image) throws IOException {
        return model.preprocessing().apply(image, 8, 8);
    }

    /** What is expected of an output for these images, one after the other. */
    private float[] expected(String output, float[]... images) {
        float[][] each = new float[images.length][];
        int count = 0;
        for (int i = 0; i < each.length; i++) {
            each[i] = switch (output) {
                case "logits" -> logits(images[i]);
                case "probabilities" -> probabilities(logits(images[i]));
                default -> embedding(images[i]);
            };
            count += each[i].length;
        }
        float[] all = new float[count];
        for (int i = 0; i < each.length; i++) {
            System.arraycopy(each[i], 0, all, i * each[i].length, each[i].length);
        }
        return all;
    }

    private static float[] floats(JsonArray array) throws IOException {
        double[] numbers = array.numbers();
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return floats;
    }

    /** Requires these outputs, in this order, all as JSON or all as binary data, and nothing else behind them. */
    private void assertOutputs(Answer answer, boolean binary, List<String> names, float[]... images) throws IOException {
        boolean[] flags = new boolean[names.size()];
        Arrays.fill(flags, binary);
        assertOutputs(answer, flags, names, images);
    }

    private void assertOutputs(Answer answer, boolean[] binary, List<String> names, float[]... images) throws IOException {
        assertEquals(200, answer.status(), answer::toString);
        int offset = answer.body().length;
        String length = answer.headers().get("inference-header-content-length");
        boolean any = false;
        for (boolean each : binary) {
            any |= each;
        }
        assertEquals(any, length != null, answer::toString);
        assertEquals(any ? "application/octet-stream" : "application/json", answer.headers().get("content-type"));
        if (any) {
            offset = Integer.parseInt(length);
        }
        JsonObject json = Json.parse("answer", Arrays.copyOf(answer.body(), offset));
        assertEquals("vit", json.text("model_name"));
        assertEquals("1", json.text("model_version"));
        JsonArray outputs = json.array("outputs");
        assertEquals(names.size(), outputs.size());
        for (int i = 0; i < names.size(); i++) {
            JsonObject output = outputs.get(i).object();
            float[] expected = expected(names.get(i), images);
            assertEquals(names.get(i), output.text("name"));
            assertEquals("FP32", output.text("datatype"));
            assertArrayEquals(new int[] {images.length, expected.length / images.length}, output.array("shape").integers());
            float[] values;
            if (binary[i]) {
                assertFalse(output.has("data"));
                assertEquals(4 * expected.length, output.object("parameters").integer("binary_data_size"));
                values = floats(answer.body(), offset, expected.length);
                offset += 4 * expected.length;
            } else {
                assertFalse(output.has("parameters"));
                values = floats(output.array("data"));
            }
            assertArrayEquals(bits(expected), bits(values), names.get(i));
        }
        assertEquals(answer.body().length, offset);
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    private static String flat(float[] pixels) {
        return Json.write(pixels);
    }

    private static String nested(float[] pixels) {
        StringBuilder text = new StringBuilder("[[");
        for (int c = 0; c < 3; c++) {
            text.append(c == 0 ? "[" : ",[");
            for (int y = 0; y < 8; y++) {
                text.append(y == 0 ? "" : ",").append(flat(Arrays.copyOfRange(pixels, (c * 8 + y) * 8, (c * 8 + y) * 8 + 8)));
            }
            text.append(']');
        }
        return text.append("]]").toString();
    }

    private static String pixelsInput(String data) {
        return "\"inputs\":[{\"name\":\"pixels\"," + SHAPE + ",\"datatype\":\"FP32\",\"data\":" + data + "}]";
    }

    private static String binaryInput(String name, String datatype, String shape, int size) {
        return "\"inputs\":[{\"name\":\"" + name + "\",\"shape\":" + shape + ",\"datatype\":\"" + datatype + "\",\"parameters\":{\"binary_data_size\":" + size + "}}]";
    }

    private static final List<String> ALL = List.of("logits", "probabilities", "embedding");

    @Test
    void healthIsLiveAndReady() throws Exception {
        assertEquals("{\"live\":true}", get("/v2/health/live").text());
        assertEquals("{\"ready\":true}", get("/v2/health/ready").text());
    }

    @Test
    void theServerDescribesItself() throws Exception {
        for (String path : List.of("/v2", "/v2/")) {
            JsonObject server = get(path).json();
            assertEquals(Set.of("name", "version", "extensions"), server.names());
            assertEquals("vit", server.text("name"));
            assertFalse(server.text("version").isBlank());
            assertEquals(List.of("binary_tensor_data", "schedule_policy"), server.array("extensions").texts());
        }
    }

    @Test
    void theModelDescribesItselfWithAndWithoutAVersion() throws Exception {
        for (String path : List.of("/v2/models/vit", "/v2/models/vit/versions/1")) {
            JsonObject described = get(path).json();
            assertEquals(Set.of("name", "versions", "platform", "inputs", "outputs"), described.names());
            assertEquals("vit", described.text("name"));
            assertEquals("vit", described.text("platform"));
            assertEquals(List.of("1"), described.array("versions").texts());
            assertTensor(described.array("inputs").get(0).object(), "pixels", "FP32", -1, 3, 8, 8);
            assertTensor(described.array("inputs").get(1).object(), "image", "BYTES", -1);
            assertTensor(described.array("outputs").get(0).object(), "logits", "FP32", -1, 5);
            assertTensor(described.array("outputs").get(1).object(), "probabilities", "FP32", -1, 5);
            assertTensor(described.array("outputs").get(2).object(), "embedding", "FP32", -1, 16);
            assertEquals("{\"name\":\"vit\",\"ready\":true}", get(path + "/ready").text());
        }
    }

    private static void assertTensor(JsonObject tensor, String name, String datatype, int... shape) throws IOException {
        assertEquals(Set.of("name", "datatype", "shape"), tensor.names());
        assertEquals(name, tensor.text("name"));
        assertEquals(datatype, tensor.text("datatype"));
        assertArrayEquals(shape, tensor.array("shape").integers());
    }

    @Test
    void headAnswersAsGetWithoutABody() throws Exception {
        for (String path : List.of("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/vit", "/v2/models/vit/ready", "/", "/metrics", "/status")) {
            try (RawHttp connection = new RawHttp(port())) {
                Answer head = connection.send(RawHttp.request("HEAD", path, NONE)).answer(true);
                Answer get = connection.send(RawHttp.request("GET", path, NONE)).answer(); // the connection goes on: no byte of a body came
                assertEquals(200, head.status());
                assertEquals(get.headers().get("content-type"), head.headers().get("content-type"));
                assertTrue(head.headers().containsKey("content-length"), head::toString);
            }
        }
    }

    @Test
    void pixelsCanBeNestedOrFlat() throws Exception {
        for (int i = 0; i < 3; i++) {
            float[] pixels = MicroModel.pixels(i);
            pixels[7] = -0.0f;
            assertOutputs(infer("{" + pixelsInput(flat(pixels)) + "}"), false, ALL, pixels);
            assertOutputs(infer("{" + pixelsInput(nested(pixels)) + "}"), false, ALL, pixels);
            assertOutputs(post("/v2/models/vit/versions/1/infer", bytes("{" + pixelsInput(flat(pixels)) + "}"), "Content-Type: application/json; charset=utf-8"),
                    false, ALL, pixels);
        }
    }

    /** Clients that know only rows of numbers, and clients that change the case of names. */
    @Test
    void shapesCanBeRowsAndNamesInAnyCase() throws Exception {
        float[] pixels = MicroModel.pixels(3);
        String request = "{" + pixelsInput(flat(pixels)) + "}";
        for (String shape : List.of("[3,8,8]", "[1,192]", "[192]")) {
            assertOutputs(infer(request.replace("[1,3,8,8]", shape)), false, ALL, pixels);
        }
        Answer capitals = infer(request.replace("pixels", "PIXELS").replace("}]}", "}],\"outputs\":[{\"name\":\"EMBEDDING\"}]}"));
        JsonObject output = capitals.json().array("outputs").get(0).object();
        assertEquals("EMBEDDING", output.text("name"));
        assertArrayEquals(embedding(pixels), floats(output.array("data")));
        assertError(400, "BAD_REQUEST", infer(request.replace("}]}", "}],\"outputs\":[{\"name\":\"Logits\"},{\"name\":\"logits\"}]}")));
    }

    @Test
    void pixelsCanBeBinary() throws Exception {
        float[] pixels = MicroModel.pixels(4);
        assertOutputs(infer("{" + binaryInput("pixels", "FP32", "[1,3,8,8]", 4 * pixels.length) + "}", littleEndian(pixels)), false, ALL, pixels);
        assertOutputs(infer("{\"parameters\":{\"binary_data_output\":true}," + binaryInput("pixels", "FP32", "[1,3,8,8]", 4 * pixels.length) + "}", littleEndian(pixels)),
                true, ALL, pixels);
    }

    @Test
    void aRawBodyIsOneTensor() throws Exception {
        float[] one = MicroModel.pixels(5);
        float[] two = MicroModel.pixels(6);
        for (String type : List.of("Content-Type: application/octet-stream", "X-None: 1")) {
            assertOutputs(post("/v2/models/vit/infer", littleEndian(one), "Inference-Header-Content-Length: 0", type), true, ALL, one);
            assertOutputs(post("/v2/models/vit/infer", joined(littleEndian(one), littleEndian(two)), "Inference-Header-Content-Length: 0", type), true, ALL, one, two);
            RgbImage image = MicroModel.image(7);
            assertOutputs(post("/v2/models/vit/infer", file(image), "Inference-Header-Content-Length: 0", type), true, ALL, seen(image));
        }
    }

    @Test
    void imageFilesAreBytesInBinaryOrBase64() throws Exception {
        RgbImage one = MicroModel.image(8);
        RgbImage two = MicroModel.image(9);
        byte[] file = file(one);
        byte[] element = joined(length(file), file);
        byte[] other = joined(length(file(two)), file(two));
        assertOutputs(infer("{" + binaryInput("image", "BYTES", "[1]", element.length) + "}", element), false, ALL, seen(one));
        assertOutputs(infer("{" + binaryInput("image", "BYTES", "[2]", element.length + other.length) + "}", joined(element, other)), false, ALL, seen(one), seen(two));
        String base64 = Base64.getEncoder().encodeToString(file);
        for (String text : List.of(base64, base64.replace("/", "\\/"), base64.replace("=", "\\u003d"), base64.replace("=", ""))) {
            assertOutputs(infer("{\"inputs\":[{\"name\":\"image\",\"shape\":[1,1],\"datatype\":\"BYTES\",\"data\":[\"" + text + "\"]}]}"), false, ALL, seen(one));
        }
    }

    private static byte[] length(byte[] element) {
        return new byte[] {(byte) element.length, (byte) (element.length >> 8), (byte) (element.length >> 16), (byte) (element.length >> 24)};
    }

    @Test
    void outputsComeInTheOrderAndTheFormThatWasAskedFor() throws Exception {
        float[] pixels = MicroModel.pixels(10);
        String outputs = "\"outputs\":[{\"name\":\"embedding\",\"parameters\":{\"binary_data\":false}},{\"name\":\"logits\"},{\"name\":\"probabilities\",\"parameters\":{}}]";
        String request = "{\"parameters\":{\"binary_data_output\":true}," + pixelsInput(flat(pixels)) + "," + outputs + "}";
        assertOutputs(infer(request), new boolean[] {false, true, true}, List.of("embedding", "logits", "probabilities"), pixels);
        assertOutputs(infer(request.replace("true", "false").replace("{\"name\":\"logits\"}", "{\"name\":\"logits\",\"parameters\":{\"binary_data\":true}}")),
                new boolean[] {false, true, false}, List.of("embedding", "logits", "probabilities"), pixels);
        assertOutputs(infer("{" + pixelsInput(flat(pixels)) + ",\"outputs\":[{\"name\":\"embedding\"}]}"), false, List.of("embedding"), pixels);
        assertOutputs(infer("{" + pixelsInput(flat(pixels)) + ",\"outputs\":[]}"), false, ALL, pixels);
    }

    @Test
    void severalImagesOfARequestAreAnsweredInTheirOrder() throws Exception {
        float[][] images = new float[7][];
        byte[][] tensors = new byte[images.length][];
        for (int i = 0; i < images.length; i++) {
            images[i] = MicroModel.pixels(20 + i);
            tensors[i] = littleEndian(images[i]);
        }
        byte[] binary = joined(tensors);
        assertOutputs(infer("{" + binaryInput("pixels", "FP32", "[7,3,8,8]", binary.length) + "}", binary), false, ALL, images);
        assertOutputs(infer("{" + binaryInput("pixels", "FP32", "[7,3,8,8]", binary.length) + ",\"outputs\":[{\"name\":\"embedding\",\"parameters\":{\"binary_data\":true}}]}", binary),
                true, List.of("embedding"), images);
        String data = flat(images[0]).replace("]", ",") + flat(images[1]).substring(1);
        assertOutputs(infer("{" + pixelsInput(data).replace("[1,3", "[2,3") + "}"), false, ALL, images[0], images[1]);
    }

    @Test
    void theIdIsEchoed() throws Exception {
        String input = pixelsInput(flat(MicroModel.pixels(1)));
        assertEquals("Ünï ☃ \" 7", infer("{\"id\":\"Ünï ☃ \\\" 7\"," + input + "}").json().text("id"));
        assertEquals("", infer("{" + input + ",\"id\":\"\"}").json().text("id"));
        assertEquals(JsonKind.ABSENT, infer("{" + input + "}").json().kind("id"));
    }

    @Test
    void unknownFieldsAndParametersAreIgnored() throws Exception {
        float[] pixels = MicroModel.pixels(11);
        String unknown = "\"x\":{\"y\":[1,{\"z\":null}]},\"sequence_id\":42";
        assertOutputs(infer("{" + unknown + ",\"parameters\":{" + unknown + "},\"inputs\":[{" + unknown + ",\"name\":\"pixels\"," + SHAPE
                + ",\"datatype\":\"FP32\",\"parameters\":{" + unknown + "},\"data\":" + flat(pixels) + "}],\"outputs\":[{\"name\":\"logits\"," + unknown
                + ",\"parameters\":{" + unknown + "}}]}"), false, List.of("logits"), pixels);
    }

    @Test
    void timeoutAndPriorityAreTaken() throws Exception {
        float[] pixels = MicroModel.pixels(12);
        String input = pixelsInput(flat(pixels));
        for (String parameters : List.of("\"timeout\":20000000,\"priority\":1", "\"timeout\":0,\"priority\":0", "\"timeout\":9223372036854775807,\"priority\":\"2\"")) {
            assertOutputs(infer("{\"parameters\":{" + parameters + "}," + input + "}"), false, ALL, pixels);
        }
        Answer refused = assertError(503, "DEADLINE", infer("{\"parameters\":{\"timeout\":1}," + input + "}")); // a microsecond
        assertFalse(refused.headers().containsKey("retry-after"), "coming again does not help: " + refused);
    }

    @Test
    void imagesAreClassifiedEmbeddedAndExplained() throws Exception {
        RgbImage image = MicroModel.image(13);
        float[] pixels = seen(image);
        float[] probabilities = probabilities(logits(pixels));
        byte[] form = joined(bytes("--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../x.ppm\"\r\nContent-Type: image/x-portable-pixmap\r\n\r\n"), file(image), bytes("\r\n--b--\r\n"));
        Map<String, byte[]> bodies = new LinkedHashMap<>();
        bodies.put("image/x-portable-pixmap", file(image));
        bodies.put("application/octet-stream", file(image));
        bodies.put("application/x-www-form-urlencoded", file(image));
        bodies.put("multipart/form-data; boundary=b", form);
        for (Map.Entry<String, byte[]> body : bodies.entrySet()) {
            Answer answer = post("/classify?top=2", body.getValue(), "Content-Type: " + body.getKey());
            assertEquals(200, answer.status(), answer::toString);
            assertEquals(Set.of("model", "top", "time"), answer.json().names());
            assertEquals(2, answer.json().array("top").size());
            JsonObject best = answer.json().array("top").get(0).object();
            assertEquals(probabilities[best.integer("class")], (float) best.number("probability"));
            assertEquals(Set.of("decode_ms", "queue_ms", "compute_ms"), answer.json().object("time").names());
            assertTrue(answer.headers().get("server-timing").matches("decode;dur=[0-9.]+, queue;dur=[0-9.]+, compute;dur=[0-9.]+"), answer::toString);
        }
        assertArrayEquals(embedding(pixels), floats(post("/embed", file(image)).json().array("embedding")));
        assertExplanation(post("/attention", file(image)).json());
        assertEquals(5, post("/classify?top=100000&x=%20", file(image)).json().array("top").size());
    }

    private static void assertExplanation(JsonObject json) throws IOException {
        assertEquals(Set.of("model", "top", "picture", "grid", "blocks", "heads", "rollout", "attention", "time"), json.names());
        assertArrayEquals(new int[] {2, 2}, json.array("grid").integers());
        assertEquals(2, json.integer("blocks"));
        assertEquals(2, json.integer("heads"));
        assertTrue(json.text("picture").startsWith("data:image/png;base64,iVBORw0KGgo"));
        assertEquals(2, json.array("rollout").size());
        assertEquals(2, json.array("attention").size());
        for (int block = 0; block < 2; block++) {
            assertEquals(1, Arrays.stream(json.array("rollout").get(block).array().numbers()).sum(), 4 * 0.5e-5);
            JsonArray heads = json.array("attention").get(block).array();
            assertEquals(2, heads.size());
            for (int head = 0; head < 2; head++) {
                double[] shares = heads.get(head).array().numbers();
                assertEquals(4, shares.length);
                assertEquals(1, Arrays.stream(shares).sum(), 4 * 0.5e-5);
            }
        }
    }

    @Test
    void theStatusHasTheFieldsThatThePageReads() throws Exception {
        JsonObject before = get("/status").json();
        assertEquals(Set.of("model", "ready", "draining", "sessions", "threads", "deadline_ms", "max_body_bytes", "queue", "requests", "recent"), before.names());
        post("/classify", file(MicroModel.image(1)));
        post("/classify", bytes("no image"));
        JsonObject after = get("/status").json();
        for (String outcome : List.of("answered", "failed")) {
            assertEquals(1, after.object("requests").integer(outcome) - before.object("requests").integer(outcome), outcome);
        }
        assertEquals(1, after.object("recent").integer("count") - before.object("recent").integer("count"));
        assertTrue(after.object("recent").number("p50_ms") > 0);
        assertEquals(Set.of("length", "limit", "bytes"), after.object("queue").names());
        assertEquals(Set.of("name", "version", "family", "description", "image", "parameters", "shipped"), after.object("model").names());
    }

    @Test
    void aResultThatIsNotFiniteIsNoAnswer() throws Exception {
        float[] huge = MicroModel.pixels(16);
        Arrays.fill(huge, Float.MAX_VALUE);
        assertError(422, "NOT_FINITE", infer("{" + pixelsInput(flat(huge)) + "}"));
        byte[] both = joined(littleEndian(MicroModel.pixels(16)), littleEndian(huge));
        assertError(422, "NOT_FINITE", infer("{" + binaryInput("pixels", "FP32", "[2,3,8,8]", both.length) + "}", both));
    }

    @Test
    void aConnectionServesManyRequestsOneAfterTheOtherAndPipelined() throws Exception {
        float[] pixels = MicroModel.pixels(14);
        byte[] request = RawHttp.request("POST", "/v2/models/vit/infer", bytes("{" + pixelsInput(flat(pixels)) + "}"));
        try (RawHttp connection = new RawHttp(port())) {
            for (int i = 0; i < 20; i++) {
                assertOutputs(connection.send(request).answer(), false, ALL, pixels);
            }
            connection.send(joined(request, RawHttp.request("GET", "/v2/health/live", NONE), request));
            assertOutputs(connection.answer(), false, ALL, pixels);
            assertEquals("{\"live\":true}", connection.answer().text());
            assertOutputs(connection.answer(), false, ALL, pixels);
        }
    }

    @Test
    void bodiesCanComeInChunksAndFromOldClients() throws Exception {
        float[] pixels = MicroModel.pixels(15);
        byte[] body = bytes("{" + pixelsInput(flat(pixels)) + "}");
        byte[] half = Arrays.copyOf(body, body.length / 2);
        byte[] rest = Arrays.copyOfRange(body, half.length, body.length);
        byte[] chunks = joined(bytes(Integer.toHexString(half.length) + "\r\n"), half, bytes("\r\n" + Integer.toHexString(rest.length) + ";x=y\r\n"), rest, bytes("\r\n0\r\n\r\n"));
        assertOutputs(post("/v2/models/vit/infer", chunks, "Transfer-Encoding: chunked"), false, ALL, pixels);
        try (RawHttp old = new RawHttp(port())) {
            old.send(joined(bytes("POST /v2/models/vit/infer HTTP/1.0\r\nContent-Length: " + body.length + "\r\n\r\n"), body));
            assertOutputs(old.answer(), false, ALL, pixels);
            assertTrue(old.isClosedWithin(10_000), "HTTP/1.0 keeps no connection");
        }
        try (RawHttp polite = new RawHttp(port())) {
            polite.send("POST /v2/models/vit/infer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " + body.length + "\r\n\r\n");
            assertEquals(100, polite.answer().status());
            assertOutputs(polite.send(body).answer(), false, ALL, pixels);
        }
    }
}
