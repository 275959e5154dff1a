package vit.model.serve;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import vit.model.config.VitConfig;
import vit.model.serve.protocol.InferenceReply.Result;
import vit.model.serve.protocol.InferenceRequest;

/**
 * Lets the JVM compile what reads requests and writes answers before the first client comes. A server of the same parts, on a port of the loopback interface that nobody
 * knows, is sent images by this thread. It does all that a request costs except for the pass: its results are zeros. Nothing of it is counted or logged.
 *
 * <p>The JVM keeps what it has compiled, so it is done once in a JVM.
 */
final class HttpRehearsal {

    private static final System.Logger LOGGER = System.getLogger("vit.serve");

    /** After so many the JVM's first compiler has compiled every loop and every method that is called for each piece of a body. */
    private static final int REQUESTS = 250;

    /** Whoever waits for the server to be ready does not wait longer than this for its rehearsal. */
    private static final long MOST_NANOS = 2_000_000_000;

    private static final int TIMEOUT_MILLIS = 5_000;

    private static final AtomicBoolean DONE = new AtomicBoolean();

    private final ServerState state;
    private final VitConfig config;
    private int answered;

    HttpRehearsal(ServerOptions options, ServerState serving) {
        this.state = new ServerState(options, serving.service);
        this.config = serving.service.model().config();
    }

    /** Does it, unless it was done in this JVM. Never throws an exception: a server that was not rehearsed is slower for its first hundred requests, and right. */
    void run() {
        if (!DONE.compareAndSet(false, true)) {
            return;
        }
        try {
            rehearse();
        } catch (Exception e) { // Jetty declares no less
            LOGGER.log(System.Logger.Level.DEBUG, "the server's code was not rehearsed", e);
        }
    }

    /** Does it without asking whether it was done, and reports what goes wrong. */
    void rehearse() throws Exception {
        Server server = VitServer.jetty(state.service + "-rehearsal");
        ServerConnector connector = VitServer.connector(server, InetAddress.getLoopbackAddress().getHostAddress(), 0);
        ConnectionGuard guard = VitServer.guard(connector, ConnectionGuard.Timeouts.DEFAULTS);
        server.addConnector(connector);
        server.setHandler(new Router(state, new Zeros(), guard));
        server.start();
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort()), TIMEOUT_MILLIS);
            byte[] request = request();
            InputStream in = new BufferedInputStream(socket.getInputStream());
            long begin = System.nanoTime();
            for (int i = 0; i < REQUESTS && System.nanoTime() - begin < MOST_NANOS; i++) {
                send(socket.getOutputStream(), request);
                skipAnswer(in);
                answered++;
            }
        } finally {
            server.stop();
        }
    }

    /** Requests that were answered. */
    int answered() {
        return answered;
    }

    private byte[] request() {
        int bytes = config.channels() * config.imageHeight() * config.imageWidth() * Float.BYTES;
        byte[] head = ("POST /v2/models/" + state.options.modelName() + "/infer HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: 0\r\nContent-Length: " + bytes
                + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(head.length + bytes).put(head).array();
    }

    private static void send(OutputStream out, byte[] request) throws IOException {
        out.write(request);
        out.flush();
    }

    private static void skipAnswer(InputStream in) throws IOException {
        String status = line(in);
        if (!status.startsWith("HTTP/1.1 200")) {
            throw new IOException(status);
        }
        long length = 0;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            if (line.regionMatches(true, 0, "Content-Length:", 0, "Content-Length:".length())) {
                length = Long.parseLong(line.substring("Content-Length:".length()).strip());
            }
        }
        in.skipNBytes(length);
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException();
            }
            line.append((char) next);
        }
        return line.toString().strip();
    }

    /** Admits every request, and answers it with zeros. */
    private final class Zeros implements Computation {

        private final Result zeros = new Result(new float[config.classes()], new double[config.classes()], new float[config.embeddingWidth()]);

        @Override
        public void requireAdmission(Duration timeout, boolean urgent) {
            // admitted
        }

        @Override
        public List<Result> results(InferenceRequest request) {
            return List.of(zeros);
        }
    }
}
