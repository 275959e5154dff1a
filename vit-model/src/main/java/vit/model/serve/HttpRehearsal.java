package vit.model.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URL;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import vit.model.config.VitConfig;
import vit.model.serve.protocol.InferenceReply.Result;
import vit.model.serve.protocol.InferenceRequest;
import vit.model.service.RequestRefusedException;
import vit.model.service.VitService;

/**
 * Lets the JVM compile what reads requests and writes answers before the first client comes. A server of the same parts, on a port of the loopback interface that nobody
 * knows, is sent images. It does all that a request costs except for the pass: its results are zeros. Nothing of it is counted or logged.
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

    private final ServerState state; // its counts are not those of the server that is rehearsed
    private final VitConfig config;
    private volatile boolean ended;
    private int answered;

    HttpRehearsal(ServerOptions options, VitService service) {
        this.state = new ServerState(options, service);
        this.config = service.model().config();
    }

    /** Rehearses, unless this JVM has done so. Never throws an exception: a server that was not rehearsed is right, and slower for its first hundred requests. */
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

    /** Ends a rehearsal that is under way after its next request. */
    void end() {
        ended = true;
    }

    /** Requests that were answered. */
    int answered() {
        return answered;
    }

    /** Rehearses without asking whether that was done, and reports what goes wrong. */
    void rehearse() throws Exception {
        Server server = VitServer.jetty(state.service + "-rehearsal");
        String host = InetAddress.getLoopbackAddress().getHostAddress();
        ServerConnector connector = VitServer.connector(server, host, 0);
        ConnectionGuard guard = VitServer.guard(connector, ConnectionGuard.Timeouts.DEFAULTS);
        server.addConnector(connector);
        server.setHandler(new Router(state, new Zeros(), guard));
        server.start();
        try {
            URL infer = new URI("http", null, host, connector.getLocalPort(), "/v2/models/" + state.options.modelName() + "/infer", null, null).toURL();
            byte[] image = new byte[config.channels() * config.imageHeight() * config.imageWidth() * Float.BYTES];
            long begin = System.nanoTime();
            while (answered < REQUESTS && !ended && System.nanoTime() - begin < MOST_NANOS) {
                ask(infer, image);
                answered++;
            }
        } finally {
            server.stop();
        }
    }

    /** Sends an image and reads the answer. The JDK keeps the connection for the next. */
    private static void ask(URL infer, byte[] image) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) infer.openConnection(Proxy.NO_PROXY);
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        connection.setDoOutput(true);
        connection.setFixedLengthStreamingMode(image.length);
        connection.setRequestProperty("Content-Type", "application/octet-stream");
        connection.setRequestProperty(InferenceEndpoints.JSON_LENGTH, "0");
        try (OutputStream out = connection.getOutputStream()) {
            out.write(image);
        }
        try (InputStream in = connection.getInputStream()) { // throws if the answer is an error
            in.readAllBytes();
        }
    }

    /** Admits every request, and answers it with zeros. */
    private final class Zeros implements Computation {

        private final Result zeros = new Result(new float[config.classes()], new double[config.classes()], new float[config.embeddingWidth()]);

        @Override
        public void requireAdmission(Duration timeout, boolean urgent) throws RequestRefusedException {
            // admitted
        }

        @Override
        public List<Result> results(InferenceRequest request) {
            return List.of(zeros);
        }
    }
}
