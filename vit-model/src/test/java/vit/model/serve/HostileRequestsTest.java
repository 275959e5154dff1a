package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.json.Json;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.MicroModel;
import vit.model.service.PassGate;

/** Valid requests with some bytes changed, over sockets. The server never says that the fault is its own, and is well afterwards. */
@Timeout(1800)
class HostileRequestsTest extends RunningServer {

    private static final String INFER = "/v2/models/vit/infer";
    private static final byte[] PIXELS = littleEndian(MicroModel.pixels(1));
    private static final byte[] JSON = bytes("{\"inputs\":[{\"name\":\"pixels\",\"shape\":[1,3,8,8],\"datatype\":\"FP32\",\"data\":" + Json.write(MicroModel.pixels(1)) + "}]}");
    private static final byte[] IMAGE = file(MicroModel.image(1));

    private static final List<byte[]> VALID = List.of(
            RawHttp.request("GET", "/v2/health/ready", NONE, "Accept: */*"),
            RawHttp.request("GET", "/status?x=1", NONE),
            RawHttp.request("HEAD", "/", NONE, "Connection: close"),
            RawHttp.request("POST", INFER, JSON, "Content-Type: application/json"),
            RawHttp.request("POST", INFER, PIXELS, "Inference-Header-Content-Length: 0", "Content-Type: application/octet-stream"),
            RawHttp.request("POST", "/classify?top=3&timeout_ms=1000", IMAGE, "Content-Type: image/x-portable-pixmap"),
            RawHttp.request("POST", "/embed", joined(bytes("--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n"), IMAGE, bytes("\r\n--b--\r\n")),
                    "Content-Type: multipart/form-data; boundary=b"),
            RawHttp.request("POST", INFER, joined(bytes("300\r\n"), PIXELS, bytes("\r\n0\r\n\r\n")), "Transfer-Encoding: chunked", "Inference-Header-Content-Length: 0"));

    private final PassGate gate = new PassGate();

    @BeforeEach
    void start() throws IOException {
        start(gate.start(MicroModel.open(0), OPTIONS.service()), OPTIONS);
    }

    @AfterEach
    void end() {
        stop();
    }

    @Test
    void mutatedRequestsAreAnsweredOrCutOff() throws Exception {
        mutate(3000, 1);
    }

    @Test
    @Tag("heavy")
    void aHundredThousandMutatedRequestsAreAnsweredOrCutOff() throws Exception {
        mutate(100_000, System.nanoTime());
    }

    private void mutate(int count, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Map<Integer, Integer> statuses = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            byte[] request = Mutations.of(VALID.get(random.nextInt(VALID.size())), random);
            int number = i;
            try (RawHttp connection = new RawHttp(port())) {
                connection.send(request);
                connection.endOutput();
                boolean toHead = new String(request, StandardCharsets.ISO_8859_1).stripLeading().startsWith("HEAD ");
                for (Answer answer = next(connection, toHead); answer != null; answer = toHead ? null : next(connection, false)) { // only the first is surely one to HEAD
                    Answer checked = answer;
                    statuses.merge(answer.status(), 1, Integer::sum);
                    assertTrue(answer.status() < 500 || answer.status() == 503, () -> "seed " + seed + ", mutation " + number + ": " + checked + " of "
                            + Base64.getEncoder().encodeToString(request));
                    if (answer.status() >= 400 && answer.body().length > 0) {
                        assertError(answer.status(), answer.json().text("reason"), answer);
                    }
                }
            }
        }
        System.out.println(count + " mutated requests of seed " + seed + ", answers by status: " + statuses);
        assertTrue(statuses.get(200) > count / 10 && statuses.get(400) > count / 10, statuses::toString);
        assertWell();
        assertEquals(200, post(INFER, JSON).status());
    }

    /** The next answer on a connection, or null at its end. */
    private static Answer next(RawHttp connection, boolean toHead) throws IOException {
        try {
            return connection.answer(toHead);
        } catch (EOFException | SocketException e) {
            return null;
        }
    }
}
