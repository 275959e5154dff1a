package vit.model.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.serve.RawHttp.Answer;
import vit.model.service.MicroModel;
import vit.model.service.PassGate;

/** The end of a server under load: a load balancer learns of it in time, and no request is lost. */
@Timeout(120)
class ShutdownTest extends RunningServer {

    private static final byte[] REQUEST = RawHttp.request("POST", "/v2/models/vit/infer", littleEndian(MicroModel.pixels(1)), "Inference-Header-Content-Length: 0");

    /** What became of the requests of all callers. */
    private final ConcurrentHashMap<String, AtomicLong> outcomes = new ConcurrentHashMap<>();

    private void count(String outcome) {
        outcomes.computeIfAbsent(outcome, _ -> new AtomicLong()).incrementAndGet();
    }

    /** Sends requests until the server takes no connections any more; every other caller keeps its connection as long as the server does. */
    private void call(boolean keeps) {
        RawHttp connection = null;
        while (true) {
            boolean fresh = connection == null;
            try {
                connection = fresh ? new RawHttp(port()) : connection;
            } catch (ConnectException e) {
                count("refused connection");
                return;
            } catch (IOException e) {
                count("connecting failed: " + e);
                return;
            }
            try {
                Answer answer = connection.send(REQUEST).answer();
                count(answer.status() == 200 ? "200" : answer.status() + " " + answer.json().text("reason"));
                if (!keeps || "close".equals(answer.headers().get("connection"))) {
                    connection.close();
                    connection = null;
                }
            } catch (IOException e) {
                boolean unseen = fresh && e instanceof SocketException; // the system took the connection, and reset it when the server stopped listening
                if (!unseen) {
                    count("lost: " + e);
                }
                connection = null;
            }
        }
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(Thread::isAlive).collect(Collectors.toSet());
    }

    @Test
    void noRequestIsLostAndReadinessEndsFirst() throws Exception {
        Set<Thread> before = threads();
        start(OPTIONS.withPause(Duration.ofMillis(500)), ConnectionGuard.Timeouts.DEFAULTS);
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            boolean keeps = i % 2 == 0;
            callers.add(Thread.ofVirtual().start(() -> call(keeps)));
        }
        await(() -> server.service().statistics().answered() > 100, "callers are served");
        long begin = System.nanoTime();
        Thread end = Thread.ofPlatform().start(() -> server.shutDown());
        await(() -> status("/v2/health/ready") == 503, "not ready");
        long notReady = System.nanoTime() - begin;
        assertTrue(notReady < TimeUnit.MILLISECONDS.toNanos(100), () -> "not ready after " + notReady + " ns");
        long answered = server.service().statistics().answered();
        assertEquals(200, status("/v2/health/live"));
        assertEquals(503, status("/v2/models/vit/ready"));
        Thread.sleep(200);
        assertTrue(server.service().statistics().answered() > answered, "requests of the pause are answered");
        assertEquals(200, status("/v2/health/live"));
        end.join();
        long took = System.nanoTime() - begin;
        assertTrue(took > TimeUnit.MILLISECONDS.toNanos(500), () -> "closed after " + took + " ns");
        for (Thread caller : callers) {
            caller.join();
        }
        System.out.println("shut down in " + TimeUnit.NANOSECONDS.toMillis(took) + " ms: " + new TreeMap<>(outcomes));
        assertEquals(8, outcomes.get("refused connection").get());
        assertTrue(Set.of("200", "503 CLOSING", "refused connection").containsAll(outcomes.keySet()), outcomes::toString);
        server.close(); // again
        server.shutDown();
        stop();
        long waiting = System.nanoTime();
        for (Set<Thread> left = added(before); !left.isEmpty(); left = added(before)) {
            Set<Thread> still = left;
            assertTrue(System.nanoTime() - waiting < 5_000_000_000L, () -> "threads live on: " + still);
            Thread.sleep(10);
        }
    }

    private static Set<Thread> added(Set<Thread> before) {
        Set<Thread> now = threads();
        now.removeAll(before);
        now.removeIf(thread -> thread.getThreadGroup() == null || thread.getThreadGroup().getName().equals("system") || thread.getName().startsWith("junit")
                || thread.getName().startsWith("ForkJoinPool") || thread.getName().startsWith("VirtualThread")
                || thread.getName().endsWith("Poller") || thread.getName().equals("vit-cleaner")); // of the JVM and of all models
        return now;
    }

    private int status(String path) {
        try {
            return get(path).status();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What is being computed and what waits when the server is closed is answered, and new requests are told that it closes. */
    @Test
    void admittedRequestsAreAnsweredAtTheEnd() throws Exception {
        PassGate gate = new PassGate();
        start(gate.start(MicroModel.open(0), OPTIONS.service().withBatchLimit(1)), OPTIONS);
        gate.shut();
        List<RawHttp> admitted = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            admitted.add(new RawHttp(port()).send(REQUEST));
        }
        gate.awaitPass();
        await(() -> server.service().statistics().queueLength() == 4, "four wait");
        Thread end = Thread.ofPlatform().start(() -> server.close());
        await(() -> !server.service().isReady(), "the service refuses");
        Answer refused = assertError(503, "CLOSING", send(REQUEST));
        assertTrue(refused.headers().containsKey("retry-after"));
        assertEquals("close", refused.headers().get("connection"));
        assertEquals(200, status("/v2/health/live"));
        gate.open();
        for (RawHttp each : admitted) {
            Answer answer = each.answer();
            assertEquals(200, answer.status(), answer::toString);
            each.close();
        }
        end.join();
        stop();
    }

    /** What does not end in the drain time is refused, and closing does not wait for it. */
    @Test
    void drainingEnds() throws Exception {
        PassGate gate = new PassGate();
        start(gate.start(MicroModel.open(0), OPTIONS.service().withBatchLimit(1).withDrainTime(Duration.ofMillis(200))), OPTIONS);
        gate.shut();
        RawHttp computed = new RawHttp(port()).send(REQUEST);
        gate.awaitPass();
        RawHttp waits = new RawHttp(port()).send(REQUEST);
        await(() -> server.service().statistics().queueLength() == 1, "one waits");
        Thread end = Thread.ofPlatform().start(() -> server.close());
        assertError(503, "CLOSING", waits.answer());
        assertTrue(end.isAlive(), "a pass is not interrupted");
        gate.open();
        assertEquals(200, computed.answer().status());
        end.join();
        assertFalse(server.service().isReady());
        stop();
    }
}
