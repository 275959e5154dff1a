package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import vit.model.json.Json;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.MicroModel;
import vit.model.service.PassGate;

/** Whatever is wrong with a request: its answer is an error of the one form, and nothing of it is left in the server. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ErrorAnswersTest extends RunningServer {

    private static final String FLAT = Json.write(MicroModel.pixels(1));
    private static final String GOOD = "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,8,8],\"datatype\":\"FP32\",\"data\":" + FLAT + "}]}";
    private static final String BINARY = "{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,8,8],\"datatype\":\"FP32\",\"parameters\":{\"binary_data_size\":768}}]}";
    private static final String FILES = "{\"inputs\":[{\"name\":\"image\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"QUJD\"]}]}";
    private static final String INFER = "/v2/models/vit/infer";

    @BeforeAll
    void start() throws IOException {
        start(new PassGate().start(MicroModel.open(0), OPTIONS.service()), OPTIONS);
    }

    @AfterEach
    void isWell() throws Exception {
        assertWell();
        assertEquals(200, infer(GOOD).status());
    }

    @AfterAll
    void end() {
        stop();
    }

    /** The valid request with a part of it replaced. */
    private static String wrong(String part, String by) {
        assertTrue(GOOD.contains(part), part);
        return GOOD.replace(part, by);
    }

    @Test
    void jsonThatIsNoRequestIsRefused() throws Exception {
        String data = "\"data\":" + FLAT;
        for (String json : List.of("", " ", "{", "[]", "null", "7", "\"x\"", "{}", GOOD + "x", GOOD + GOOD, GOOD.substring(0, 300), "\u0000", "{\"inputs\":[]}", "{\"inputs\":{}}",
                "{\"inputs\":null}", "{\"inputs\":[7]}", "{\"inputs\":[{}]}", "{\"inputs\":[[]]}", "[".repeat(5000), "{\"x\":".repeat(500),
                wrong("{\"inputs\"", "{\"id\":7,\"inputs\""), wrong("{\"inputs\"", "{\"id\":\"" + "i".repeat(2000) + "\",\"inputs\""),
                wrong("{\"inputs\"", "{\"parameters\":[],\"inputs\""), wrong("{\"inputs\"", "{\"parameters\":{\"timeout\":-1},\"inputs\""),
                wrong("{\"inputs\"", "{\"parameters\":{\"timeout\":1e3},\"inputs\""), wrong("{\"inputs\"", "{\"parameters\":{\"timeout\":99999999999999999999},\"inputs\""),
                wrong("{\"inputs\"", "{\"parameters\":{\"priority\":true},\"inputs\""), wrong("{\"inputs\"", "{\"parameters\":{\"binary_data_output\":1},\"inputs\""),
                wrong("{\"inputs\"", "{\"inputs\":[],\"inputs\""), wrong("\"name\":\"pixels\"", "\"name\":7"), wrong("\"name\":\"pixels\",", ""),
                wrong("\"datatype\":\"FP32\"", "\"datatype\":null"), wrong("\"datatype\":\"FP32\"", "\"datatype\":\"FP16\""), wrong("\"datatype\":\"FP32\",", ""),
                wrong("\"shape\":[1,3,8,8],", ""), wrong("[1,3,8,8]", "[1,3,8]"), wrong("[1,3,8,8]", "[8,8,3]"), wrong("[1,3,8,8]", "[2,192]"), wrong("[1,3,8,8]", "[191]"), wrong("[1,3,8,8]", "[]"), wrong("[1,3,8,8]", "[1,8,8,3]"), wrong("[1,3,8,8]", "[2,3,8,8]"),
                wrong("[1,3,8,8]", "[0,3,8,8]"), wrong("[1,3,8,8]", "[-1,3,8,8]"), wrong("[1,3,8,8]", "[1.0,3,8,8]"), wrong("[1,3,8,8]", "[1,3,8,99999999999]"),
                wrong("[1,3,8,8]", "[1,3,8,8,1]"), wrong("[1,3,8,8]", "[1,3,8,8,1,1,1,1,1]"), wrong("[1,3,8,8]", "{}"), wrong("[1,3,8,8]", "[2147483647,3,8,8]"),
                wrong("\"name\":\"pixels\"", "\"name\":\"pixel\""), wrong("\"name\":\"pixels\"", "\"name\":\"image\""), wrong("," + data, ""), wrong(data, "\"data\":7"),
                wrong(data, "\"data\":[]"), wrong(data, "\"data\":[1,2,3]"), wrong(data, data.replace("]", ",1]")), wrong(data, data.replace("[", "[\"QUJD\",")),
                wrong(data, data.replaceFirst("\\[[^,]*,", "[null,")), wrong(data, data.replaceFirst("\\[[^,]*,", "[true,")), wrong(data, data.replaceFirst("\\[[^,]*,", "[NaN,")),
                wrong(data, data.replaceFirst("\\[[^,]*,", "[1e39,")), wrong(data, data.replaceFirst("\\[[^,]*,", "[-1e400,")), wrong(data, data.replaceFirst("\\[[^,]*,", "[{},")),
                wrong(data, data.replaceFirst("\\[[^,]*,", "[" + "1".repeat(100) + ",")), wrong(data, data + ",\"parameters\":{\"binary_data_size\":0}"),
                wrong(data, data.replace("[", "[".repeat(30)).replace("]", "]".repeat(30))), wrong(data, data + ",\"parameters\":[]"),
                wrong("}]}", "}],\"outputs\":{}}"), wrong("}]}", "}],\"outputs\":[{}]}"), wrong("}]}", "}],\"outputs\":[{\"name\":\"x\"}]}"), wrong("}]}", "}],\"outputs\":[7]}"),
                wrong("}]}", "}],\"outputs\":[{\"name\":\"logits\"},{\"name\":\"logits\"}]}"), wrong("}]}", "}],\"outputs\":[{\"name\":\"logits\",\"parameters\":7}]}"),
                wrong("}]}", "}],\"outputs\":[{\"name\":\"logits\",\"parameters\":{\"binary_data\":\"yes\"}}]}"),
                GOOD.replace("}]}", "},") + FILES.substring("{\"inputs\":[".length()), GOOD.replace("}]}", "},") + GOOD.substring("{\"inputs\":[".length()),
                FILES.replace("[\"QUJD\"]", "[\"Q\"]"), FILES.replace("[\"QUJD\"]", "[\"*!\"]"), FILES.replace("[\"QUJD\"]", "[]"), FILES.replace("[\"QUJD\"]", "[7]"),
                FILES.replace("[\"QUJD\"]", "[\"QUJD\",\"QUJD\"]"), FILES.replace("\"shape\":[1]", "\"shape\":[0]"), FILES.replace("\"shape\":[1]", "\"shape\":[70000,70000]"),
                FILES.replace("BYTES", "FP32"))) {
            assertError(400, "BAD_REQUEST", infer(json));
        }
        assertError(400, "BAD_IMAGE", infer(FILES));
        assertError(400, "BAD_REQUEST", post(INFER, GOOD.getBytes(StandardCharsets.UTF_16LE)));
        assertError(400, "BAD_REQUEST", post(INFER, joined(bytes("{\"id\":\""), new byte[] {(byte) 0xC0, (byte) 0x80}, bytes("\"}"))));
    }

    @Test
    void aMessageSaysWhatIsWrong() throws Exception {
        assertSays(infer(wrong("[1,3,8,8]", "[1,8,8,3]")), "[1, 8, 8, 3]", "[n, 3, 8, 8]", "[n, 192]");
        assertSays(infer(wrong("pixels", "input_1")), "input_1", "pixels and image");
        assertSays(infer(wrong("}]}", "}],\"outputs\":[{\"name\":\"score\"}]}")), "score", "logits, probabilities, embedding");
        assertSays(infer(BINARY), "768", "Inference-Header-Content-Length");
        assertSays(infer(wrong("FP32", "FP16")), "FP16", "FP32");
        assertSays(infer(wrong("[1,3,8,8]", "[9999999999,3,8,8]")), "0 to 2147483647");
        assertSays(infer(wrong("{\"inputs\"", "{\"parameters\":{\"timeout\":-1},\"inputs\"")), "0 or more");
    }

    private static void assertSays(Answer answer, String... parts) throws IOException {
        assertError(400, "BAD_REQUEST", answer);
        for (String part : parts) {
            assertTrue(answer.json().text("error").contains(part), () -> part + ": " + answer);
        }
    }

    @Test
    void binaryDataThatDoesNotFitIsRefused() throws Exception {
        byte[] pixels = littleEndian(MicroModel.pixels(2));
        assertEquals(200, infer(BINARY, pixels).status());
        assertError(400, "BAD_REQUEST", infer(BINARY, Arrays.copyOf(pixels, 767)));
        assertError(400, "BAD_REQUEST", infer(BINARY, Arrays.copyOf(pixels, 769)));
        assertError(400, "BAD_REQUEST", infer(BINARY.replace("768", "764"), pixels));
        assertError(400, "BAD_REQUEST", infer(BINARY.replace("768", "2147483647"), pixels));
        assertError(400, "BAD_REQUEST", infer(BINARY.replace("768", "-1"), pixels));
        assertError(400, "BAD_REQUEST", infer(BINARY.replace("768", "0"), NONE));
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] values = MicroModel.pixels(2);
            values[values.length - 1] = bad;
            assertError(400, "BAD_REQUEST", infer(BINARY, littleEndian(values)));
            assertError(400, "BAD_REQUEST", post(INFER, littleEndian(values), "Inference-Header-Content-Length: 0"));
        }
        String files = "{\"inputs\":[{\"name\":\"image\",\"shape\":[1],\"datatype\":\"BYTES\",\"parameters\":{\"binary_data_size\":8}}]}";
        assertError(400, "BAD_IMAGE", infer(files, new byte[] {4, 0, 0, 0, 1, 2, 3, 4}));
        assertError(400, "BAD_REQUEST", infer(files, new byte[] {5, 0, 0, 0, 1, 2, 3, 4}));
        assertError(400, "BAD_REQUEST", infer(files, new byte[] {-1, -1, -1, -1, 1, 2, 3, 4}));
        assertError(400, "BAD_REQUEST", infer(files, new byte[] {1, 0, 0, 0, 1, 2, 3, 4}));
        assertError(400, "BAD_REQUEST", infer(files, new byte[] {0, 0, 0, 0, 0, 0, 0, 0}));
        assertError(400, "BAD_IMAGE", post(INFER, new byte[] {1, 2, 3}, "Inference-Header-Content-Length: 0"));
        assertError(400, "BAD_IMAGE", post(INFER, NONE, "Inference-Header-Content-Length: 0"));
        for (String length : List.of("-1", "x", "1.5", "", "99999999999999999999", "100000", "3")) {
            assertError(400, "BAD_REQUEST", post(INFER, joined(bytes(BINARY), pixels), "Inference-Header-Content-Length: " + length));
        }
    }

    @Test
    void pathsAndMethodsThatThereAreNotAreNamed() throws Exception {
        for (String path : List.of("/x", "/v2/models", "/v2/models/vit/", "/v2/models/other", "/v2/models/vit/versions", "/v2/models/vit/versions/2", "/v2/models/vit/versions/1/",
                "/v2/models/vit/versions/01/infer", "/v3", "/v2/health", "/index.html", "/page.js.map", "/VitServer.class", "/sample-0.png", "/page.css/", "/v2/models/VIT")) {
            assertError(404, "NOT_FOUND", get(path));
            assertError(404, "NOT_FOUND", post(path, bytes("body")));
        }
        for (String path : List.of("/", "/v2", "/metrics", "/status", "/v2/health/live", "/v2/models/vit", "/v2/models/vit/ready")) {
            for (String method : List.of("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUX")) {
                Answer answer = assertError(405, "METHOD_NOT_ALLOWED", send(RawHttp.request(method, path, bytes("x"))));
                assertEquals(Set.of("GET", "HEAD"), Set.of(answer.headers().get("allow").split(", ")));
            }
        }
        for (String path : List.of("/classify", "/embed", "/attention", INFER, "/v2/models/vit/versions/1/infer")) {
            for (String method : List.of("GET", "PUT", "DELETE", "OPTIONS")) {
                assertEquals("POST", assertError(405, "METHOD_NOT_ALLOWED", send(RawHttp.request(method, path, NONE))).headers().get("allow"));
            }
            for (String site : List.of("cross-site", "same-site", "", "x")) {
                assertError(403, "CROSS_SITE", post(path, bytes(GOOD), "Sec-Fetch-Site: " + site));
            }
        }
        for (String site : List.of("same-origin", "none")) {
            assertEquals(200, post(INFER, bytes(GOOD), "Sec-Fetch-Site: " + site).status());
        }
        assertEquals(200, send(RawHttp.request("GET", "/", NONE, "Sec-Fetch-Site: cross-site")).status(), "a link from another site");
    }

    @Test
    void bodiesThatAreNotTakenAreNamed() throws Exception {
        assertError(415, "UNSUPPORTED_MEDIA_TYPE", post(INFER, bytes(GOOD), "Content-Type: text/plain"));
        assertError(415, "UNSUPPORTED_MEDIA_TYPE", post(INFER, bytes(GOOD), "Content-Type: application/x-www-form-urlencoded"));
        for (String path : List.of("/classify", "/embed", "/attention")) {
            assertError(415, "UNSUPPORTED_MEDIA_TYPE", post(path, bytes("{}"), "Content-Type: application/json"));
            assertError(400, "BAD_IMAGE", post(path, NONE));
            assertError(400, "BAD_IMAGE", post(path, bytes("not an image"), "Content-Type: image/jpeg"));
            assertError(400, "BAD_IMAGE", post(path, bytes("P6 60000 60000 255\n"), "Content-Type: image/x-portable-pixmap"));
            for (String query : List.of("timeout_ms=0", "timeout_ms=x", "timeout_ms=", "timeout_ms=-5", "timeout_ms=99999999999")) {
                assertError(400, "BAD_REQUEST", post(path + "?" + query, file(MicroModel.image(1))));
            }
        }
        for (String query : List.of("top=0", "top=x", "top=", "top=-1", "top=1e3", "top=%zz", "top=%ff%fe", "top=1000000", "%00=%")) {
            Answer answer = post("/classify?" + query, file(MicroModel.image(1)));
            if (!query.startsWith("%00")) {
                assertError(400, "BAD_REQUEST", answer);
            }
            assertTrue(answer.status() == 200 || answer.status() == 400, answer::toString);
        }
    }

    @Test
    void bodiesThatAreCompressedAreBoundedAsTheyComeOut() throws Exception {
        byte[] good = gzip(bytes(GOOD));
        assertEquals(200, post(INFER, good, "Content-Encoding: gzip").status());
        assertError(413, "BODY_TOO_LARGE", post(INFER, gzip(new byte[(1 << 20) + 1]), "Content-Encoding: gzip"));
        assertError(413, "BODY_TOO_LARGE", post(INFER, gzip(new byte[100 << 20]), "Content-Encoding: GZIP"));
        assertError(400, "BAD_REQUEST", post(INFER, bytes(GOOD), "Content-Encoding: gzip"));
        assertError(400, "BAD_REQUEST", post(INFER, Arrays.copyOf(good, good.length / 2), "Content-Encoding: gzip"));
        assertError(400, "BAD_REQUEST", post(INFER, NONE, "Content-Encoding: gzip"));
        good[good.length / 2] ^= 4;
        assertError(400, "BAD_REQUEST", post(INFER, good, "Content-Encoding: gzip"));
        for (String encoding : List.of("br", "gzip, gzip", "x")) {
            assertError(415, "UNSUPPORTED_MEDIA_TYPE", post(INFER, bytes(GOOD), "Content-Encoding: " + encoding));
        }
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    @Test
    void formsThatCannotBeReadAreRefused() throws Exception {
        String part = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\nxyz\r\n--b--\r\n";
        assertError(400, "BAD_IMAGE", post("/classify", bytes(part), "Content-Type: multipart/form-data; boundary=b"));
        assertError(400, "BAD_IMAGE", post("/classify", bytes(part.replace("xyz", "")), "Content-Type: multipart/form-data; boundary=\"b\""));
        for (String type : List.of("", ";", "; boundary", "; boundary=", "; boundary=\"\"", "; boundary=\"", "; boundary=c", "; boundary=" + "b".repeat(5000), "; boundary=b\u0001")) {
            Answer answer = post("/classify", bytes(part), "Content-Type: multipart/form-data" + type);
            assertEquals(400, answer.status(), () -> type + ": " + answer);
            assertError(400, answer.json().text("reason"), answer);
        }
        for (String form : List.of("", "--b", "--b--", part.substring(0, part.length() - 8), part.replace("\r\n\r\n", "\r\n"), "--b\r\n" + "x: y\r\n".repeat(5000) + "\r\n\r\n--b--",
                part.replace("--b--\r\n", part.replace("xyz", "")).replace("xyz", "").repeat(100), "x".repeat(100_000), "--b\r\n\u0000\r\n\r\nx\r\n--b--")) {
            Answer answer = post("/classify", bytes(form), "Content-Type: multipart/form-data; boundary=b");
            assertEquals(400, answer.status(), () -> form.substring(0, Math.min(100, form.length())) + ": " + answer);
            assertError(400, answer.json().text("reason"), answer);
        }
    }

    @Test
    void bodiesThatAreTooLargeAreRefusedBeforeTheyAreSent() throws Exception {
        for (String path : List.of(INFER, "/classify")) {
            try (RawHttp connection = new RawHttp(port())) {
                connection.send("POST " + path + " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n");
                assertError(413, "BODY_TOO_LARGE", connection.answer());
            }
            try (RawHttp connection = new RawHttp(port())) {
                connection.send("POST " + path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
                String chunk = "10000\r\n" + "x".repeat(1 << 16) + "\r\n";
                for (int i = 0; i < 16; i++) {
                    connection.send(chunk);
                }
                assertFalse(connection.isClosedWithin(50), "exactly the limit");
                connection.send("1\r\nx\r\n");
                assertError(413, "BODY_TOO_LARGE", connection.answer());
            }
            assertError(413, "BODY_TOO_LARGE", post(path, NONE, "Content-Length: 9223372036854775807"));
        }
        byte[] most = Arrays.copyOf(bytes(GOOD), 1 << 20);
        Arrays.fill(most, GOOD.length(), most.length, (byte) ' ');
        assertEquals(200, post(INFER, most).status(), "a body of the most bytes");
    }

    /** A body that ends early, or whose coding is wrong, is the client's fault and not the server's. */
    @Test
    void bodiesThatCannotBeReadAreBadRequests() throws Exception {
        for (String body : List.of("Content-Length: 1000\r\n\r\nshort", "Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n")) {
            for (String path : List.of(INFER, "/classify")) {
                try (RawHttp connection = new RawHttp(port())) {
                    connection.send("POST " + path + " HTTP/1.1\r\nHost: x\r\n" + body);
                    connection.endOutput();
                    Answer answer = connection.answer();
                    assertError(400, "BAD_REQUEST", answer);
                    assertTrue(connection.isClosedWithin(10_000), body);
                }
            }
        }
    }

    /** What Jetty refuses itself. */
    @Test
    void garbageIsRefusedAsJsonAndReachesNoFile() throws Exception {
        for (String path : List.of("/%2e%2e/", "/%2e%2e/%2e%2e/etc/passwd", "/..;/", "/..;/..;/etc/passwd", "//", "//etc/passwd", "/v2//models", "/a/../../etc/passwd", "/../../etc/passwd",
                "/%2f", "/v2%2fmodels", "/%00", "/x%00.png", "/%", "/%zz", "/page.css%00", "/./page.css", "/..", "/\\..\\", "/%5c..%5c", "/v2;x=y/models", "/%c0%ae%c0%ae/",
                "http://[", "*", "etc", "http://x/..%2f", "/%u002e")) {
            Answer answer = get(path);
            assertTrue(answer.status() == 400 || answer.status() == 404 || path.equals("/./page.css") && answer.status() == 200, () -> path + ": " + answer);
            if (answer.status() != 200) {
                assertError(answer.status(), answer.json().text("reason"), answer);
            }
        }
        for (String request : List.of("nonsense\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                "POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "POST /embed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nX\u0000: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "G\u0000T / HTTP/1.1\r\nHost: a\r\n\r\n", "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST /embed HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\nx")) {
            try (RawHttp connection = new RawHttp(port())) {
                connection.send(request);
                connection.endOutput();
                Answer answer = connection.answer();
                assertTrue(answer.status() >= 400 && answer.status() < 500, () -> request + ": " + answer);
                assertError(answer.status(), answer.json().text("reason"), answer);
            }
        }
        assertError(431, "BAD_REQUEST", send(RawHttp.request("GET", "/", NONE, "X: " + "x".repeat(9000))));
        Answer longPath = get("/" + "x".repeat(9000));
        assertTrue(longPath.status() == 414 || longPath.status() == 431, longPath::toString);
        assertError(longPath.status(), "BAD_REQUEST", longPath);
    }
}
