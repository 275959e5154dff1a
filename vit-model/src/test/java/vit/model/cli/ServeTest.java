package vit.model.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static vit.model.cli.Ran.vit;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import vit.model.serve.RawHttp;
import vit.model.serve.RawHttp.Answer;

/** {@code vit serve}, as a process of its own where it serves. */
@Timeout(180)
class ServeTest {

    private static final int PAUSE_MILLIS = 300;
    private static final int DRAIN_MILLIS = 5000;

    /** A JVM on a busy machine. */
    private static final int SLACK_MILLIS = 20_000;

    @TempDir
    private Path folder;

    private Path weights;
    private Process process;

    @BeforeEach
    void writeModel() throws IOException {
        weights = TinyModel.weights(folder);
        TinyModel.config(folder);
    }

    @AfterEach
    void kill() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    @Test
    void badUsageIsRefused() {
        vit("serve", "--port", 99999).isRefused("port 99999", "0 to 65535");
        vit("serve", "--port", -1).isRefused("port -1");
        vit("serve", "--sessions", 0).isRefused("sessions 0");
        vit("serve", "--sessions", 100_000).isRefused("100000 sessions");
        vit("serve", "--threads", 0).isRefused("threads 0");
        vit("serve", "--deadline", 0).isRefused("deadline");
        vit("serve", "--drain", -1).isRefused("drainTime");
        vit("serve", "--pause", -1).isRefused("pause");
        vit("serve", "--queue", 0).isRefused("queueLength 0");
        vit("serve", "--batch-limit", 0).isRefused("batchLimit 0");
        vit("serve", "--max-body", 0).isRefused("--max-body 0", "1 to 2047 MiB");
        vit("serve", "--max-body", 2048).isRefused("--max-body 2048", "1 to 2047 MiB");
        vit("serve", "--name", "a/b").isRefused("model name 'a/b'");
        vit("serve", "--port", "http").isRefused("--port", "http");
        vit("serve", "--weights", folder.resolve("missing.safetensors")).isRefused("missing.safetensors");
    }

    @Test
    void anAddressThatCannotBeListenedOnIsRefused() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Ran refused = vit("serve", "--weights", weights, "--port", taken.getLocalPort()).isRefused("127.0.0.1:" + taken.getLocalPort(), "in use");
            assertTrue(refused.err().contains("hint: choose another --port"), refused::toString);
        }
        vit("serve", "--weights", weights, "--host", "192.0.2.1", "--port", 0).isRefused("192.0.2.1:0");
        vit("serve", "--weights", weights, "--host", "no.such.host.invalid", "--port", 0).isRefused("no.such.host.invalid:0: the name of the host is not known");
    }

    private void startProcess() throws IOException {
        process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "--add-modules", "jdk.incubator.vector", "-XX:+UseSerialGC",
                "-cp", System.getProperty("java.class.path"), Vit.class.getName(), "serve", "--weights", weights.toString(), "--port", "0",
                "--pause", String.valueOf(PAUSE_MILLIS), "--drain", String.valueOf(DRAIN_MILLIS))
                .redirectOutput(folder.resolve("out.txt").toFile()).redirectError(folder.resolve("err.txt").toFile()).start();
    }

    private String printed(String name) throws IOException {
        return Files.readString(folder.resolve(name));
    }

    private int listeningPort() throws Exception {
        long begin = System.nanoTime();
        while (true) {
            Matcher line = Pattern.compile("(?m)^listening on http://127\\.0\\.0\\.1:(\\d+)/$").matcher(printed("out.txt"));
            if (line.find()) {
                return Integer.parseInt(line.group(1));
            }
            assertTrue(process.isAlive() && System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(2 * SLACK_MILLIS), printed("out.txt") + printed("err.txt"));
            Thread.sleep(5);
        }
    }

    private void assertEndsWell(long most) throws Exception {
        assertTrue(process.waitFor(most, TimeUnit.MILLISECONDS), () -> "still there after " + most + " ms");
        assertEquals(0, process.exitValue(), printed("out.txt") + printed("err.txt"));
        assertEquals("closed", printed("out.txt").lines().toList().getLast());
        assertFalse(printed("err.txt").contains("error") || printed("err.txt").contains("Exception") || printed("err.txt").contains("SEVERE"), printed("err.txt"));
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "a process is not asked to end there, but ended")
    void aProcessServesUntilItIsAskedToEnd() throws Exception {
        startProcess();
        int port = listeningPort();
        long begin = System.nanoTime();
        while (!printed("out.txt").contains("\nready: ")) {
            assertTrue(System.nanoTime() - begin < TimeUnit.MILLISECONDS.toNanos(2 * SLACK_MILLIS), "not ready");
            Thread.sleep(5);
        }
        assertEquals(200, RawHttp.exchange(port, RawHttp.request("GET", "/v2/health/ready", new byte[0])).status());
        byte[] picture = Files.readAllBytes(TinyModel.image(folder.resolve("x.png"), 30, 20, 1));
        byte[] request = RawHttp.request("POST", "/classify?top=3", picture, "Content-Type: image/png");
        Answer answer = RawHttp.exchange(port, request);
        assertEquals(200, answer.status(), answer::toString);
        assertEquals(3, answer.json().array("top").size());
        RawHttp.exchange(port, "GET / HTTP/1.1\r\nHost: [bad\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        AtomicInteger answered = new AtomicInteger();
        AtomicBoolean asked = new AtomicBoolean();
        List<Thread> callers = new ArrayList<>();
        List<String> lost = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 4; i++) {
            callers.add(Thread.startVirtualThread(() -> {
                while (process.isAlive()) {
                    try {
                        int status = RawHttp.exchange(port, request).status();
                        if (status == 200) {
                            answered.incrementAndGet();
                        } else if (status != 503) {
                            lost.add("status " + status);
                        }
                    } catch (ConnectException e) {
                        return;
                    } catch (SocketException e) {
                        if (!asked.get()) { // later: the system took the connection, and reset it when the server stopped listening
                            lost.add(e.toString());
                        }
                        return;
                    } catch (IOException e) {
                        lost.add(e.toString());
                        return;
                    }
                }
            }));
        }
        while (answered.get() < 20) {
            Thread.sleep(5);
        }
        long since = System.nanoTime();
        asked.set(true);
        process.destroy();
        assertEndsWell(PAUSE_MILLIS + DRAIN_MILLIS + SLACK_MILLIS);
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
        assertTrue(took >= PAUSE_MILLIS, took + " ms");
        for (Thread caller : callers) {
            caller.join();
        }
        System.out.println(answered + " answers; the process ended " + took + " ms after it was asked to");
        assertEquals(List.of(), lost);
        assertFalse(printed("err.txt").contains("jetty"), "a bad request is nothing to warn of: " + printed("err.txt"));
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "a process is not asked to end there, but ended")
    void aProcessThatIsAskedToEndBeforeItsModelIsWarmEndsWell() throws Exception {
        startProcess();
        listeningPort();
        process.destroy();
        assertEndsWell(PAUSE_MILLIS + DRAIN_MILLIS + SLACK_MILLIS);
    }
}
