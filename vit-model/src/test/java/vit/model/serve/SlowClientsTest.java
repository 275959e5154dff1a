package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.service.MicroModel;
import vit.model.service.PassGate;

/** Clients that send slowly, read slowly, say nothing, or go away. */
@Timeout(60)
class SlowClientsTest extends RunningServer {

    private static final ConnectionGuard.Timeouts TIMEOUTS = new ConnectionGuard.Timeouts(Duration.ofMillis(400), Duration.ofMillis(800), Duration.ofMillis(400), 1 << 20,
            Duration.ofSeconds(30));
    private static final ConnectionGuard.Timeouts SOON_IDLE = new ConnectionGuard.Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(10), 1 << 20,
            Duration.ofMillis(600));
    private static final byte[] LIVE = RawHttp.request("GET", "/v2/health/live", NONE);

    /** The guard looks four times a second. */
    private static final int LATEST_MILLIS = 3000;

    private final PassGate gate = new PassGate();

    private void begin(ServerOptions options, ConnectionGuard.Timeouts timeouts) throws Exception {
        server = VitServer.start(gate.start(MicroModel.open(0), options.service()), options, timeouts);
    }

    @AfterEach
    void end() throws Exception {
        gate.open();
        assertWell();
        stop();
    }

    /** Sends a byte every 20 ms, until the server closes; returns after how many milliseconds it did. */
    private static long dribble(RawHttp connection, String text) throws Exception {
        long begin = System.nanoTime();
        for (char next : text.toCharArray()) {
            try {
                connection.send(String.valueOf(next));
            } catch (IOException e) {
                break; // reset
            }
            if (connection.isClosedWithin(20)) {
                break;
            }
        }
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    }

    private static void assertBetween(long least, long most, long value) {
        assertTrue(value >= least && value <= most, value + " ms; expected " + least + " to " + most);
    }

    @Test
    void aHeadThatComesSlowlyIsCutOff() throws Exception {
        begin(OPTIONS, TIMEOUTS);
        try (RawHttp slow = new RawHttp(port()); RawHttp silent = new RawHttp(port())) {
            assertBetween(300, LATEST_MILLIS, dribble(slow, "GET /v2/health/live HTTP/1.1\r\nHost: " + "x".repeat(1000)));
            assertTrue(silent.isClosedWithin(LATEST_MILLIS));
        }
    }

    @Test
    void aBodyThatComesSlowlyIsCutOffWhileOthersAreServed() throws Exception {
        begin(OPTIONS, TIMEOUTS);
        List<Thread> slow = new ArrayList<>();
        List<Long> times = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 50; i++) {
            boolean chunked = i % 2 == 0;
            slow.add(Thread.startVirtualThread(() -> {
                try (RawHttp connection = new RawHttp(port())) {
                    connection.send("POST /classify HTTP/1.1\r\nHost: x\r\n" + (chunked ? "Transfer-Encoding: chunked\r\n\r\n400\r\n" : "Content-Length: 1000\r\n\r\n"));
                    times.add(dribble(connection, "x".repeat(1000)));
                } catch (Exception e) {
                    times.add(-1L);
                }
            }));
        }
        await(() -> server.openRequests() == 50, "all clients have begun");
        for (int i = 0; i < 20; i++) {
            assertEquals(200, send(LIVE).status());
            assertEquals(200, post("/v2/models/vit/infer", littleEndian(MicroModel.pixels(i)), "Inference-Header-Content-Length: 0").status());
        }
        for (Thread each : slow) {
            each.join();
        }
        assertEquals(50, times.size());
        for (long time : times) {
            assertBetween(300, 2 * LATEST_MILLIS, time); // a body of unknown length has a second more
        }
    }

    @Test
    void aConnectionThatIsKeptAliveIsNotKeptForever() throws Exception {
        begin(OPTIONS, TIMEOUTS);
        try (RawHttp connection = new RawHttp(port())) {
            for (int i = 0; i < 6; i++) { // longer than the time for the first head, and than one pause
                assertEquals(200, connection.send(LIVE).answer().status());
                Thread.sleep(200);
            }
            assertTrue(connection.isClosedWithin(LATEST_MILLIS));
        }
        try (RawHttp dribbling = new RawHttp(port())) {
            assertEquals(200, dribbling.send(LIVE).answer().status());
            assertBetween(600, LATEST_MILLIS, dribble(dribbling, "GET /v2/health/live HTTP/1.1\r\nHost: " + "x".repeat(1000)));
        }
    }

    @Test
    void aBodyThatStaysAwayIsAnsweredWithATimeout() throws Exception {
        begin(OPTIONS, SOON_IDLE);
        for (String path : List.of("/classify", "/v2/models/vit/infer")) {
            try (RawHttp connection = new RawHttp(port())) {
                assertError(408, "BODY_TOO_SLOW", connection.send(RawHttp.request("POST", path, bytes("begun"), "Content-Length: 1000")).answer());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRequestThatIsComputedForLongIsNotCutOff(boolean soonIdle) throws Exception {
        begin(OPTIONS, soonIdle ? SOON_IDLE : TIMEOUTS);
        gate.shut();
        try (RawHttp connection = new RawHttp(port())) {
            connection.send(RawHttp.request("POST", "/v2/models/vit/infer", littleEndian(MicroModel.pixels(1)), "Inference-Header-Content-Length: 0"));
            gate.awaitPass();
            assertFalse(connection.isClosedWithin(2000));
            gate.open();
            assertEquals(200, connection.answer().status());
            assertEquals(200, connection.send(LIVE).answer().status(), "the connection serves on");
        }
    }

    /** A client that asks for much and does not read holds the connection no longer than its answers may take. */
    @Test
    void aClientThatDoesNotReadIsCutOff() throws Exception {
        begin(OPTIONS, TIMEOUTS);
        try (RawHttp connection = new RawHttp(port())) {
            byte[] ask = RawHttp.request("GET", "/page.js", NONE);
            Thread sender = Thread.startVirtualThread(() -> {
                try {
                    while (true) {
                        connection.send(ask);
                    }
                } catch (IOException e) {
                    // cut off
                }
            });
            sender.join(20_000);
            assertFalse(sender.isAlive(), "the server lets a client wait that reads nothing");
        }
    }

    @Test
    void oneConnectionTooManyWaitsForAnotherToClose() throws Exception {
        begin(OPTIONS.withMaxConnections(3), ConnectionGuard.Timeouts.DEFAULTS);
        List<RawHttp> open = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            open.add(new RawHttp(port()));
            assertEquals(200, open.getLast().send(LIVE).answer().status());
        }
        try (RawHttp more = new RawHttp(port())) {
            more.send(LIVE);
            assertFalse(more.isClosedWithin(300), "it waits");
            open.removeFirst().close();
            assertEquals(200, more.answer().status());
            for (RawHttp each : open) {
                assertEquals(200, each.send(LIVE).answer().status());
            }
        }
        for (RawHttp each : open) {
            each.close();
        }
    }

    @Test
    void aClientThatGoesAwayLeavesNothing() throws Exception {
        begin(OPTIONS, ConnectionGuard.Timeouts.DEFAULTS);
        for (int i = 0; i < 20; i++) {
            RawHttp connection = new RawHttp(port());
            connection.send(RawHttp.request("POST", "/classify", new byte[100_000], "Content-Length: 200000"));
            await(() -> server.bodyBytes() > 0, "the body has begun");
            if (i % 2 == 0) {
                connection.close();
            } else {
                connection.reset();
            }
            await(() -> server.bodyBytes() == 0 && server.openRequests() == 0, "nothing is left");
        }
        gate.shut(); // a client that goes away while its request is computed
        RawHttp connection = new RawHttp(port());
        connection.send(RawHttp.request("POST", "/v2/models/vit/infer", littleEndian(MicroModel.pixels(1)), "Inference-Header-Content-Length: 0"));
        gate.awaitPass();
        connection.reset();
        gate.open();
        await(() -> server.openRequests() == 0, "nothing is left");
    }
}
