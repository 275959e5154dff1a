package vit.model.serve;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import vit.model.VitModel;
import vit.model.WarmUpReport;
import vit.model.service.VitService;

/**
 * A model over HTTP: the Open Inference Protocol v2 below {@code /v2}, images at {@code /classify}, {@code /embed} and {@code /attention}, {@code /metrics} in Prometheus'
 * text format, {@code /status} as JSON, and a page at {@code /}. Requests are handled on virtual threads; the model runs on the threads of its {@link VitService}.
 *
 * <pre>{@code
 * try (VitServer server = VitServer.start(model, ServerOptions.defaults().withAddress("127.0.0.1", 0))) {
 *     server.ready().join();
 *     System.out.println(server.uri());
 * }
 * }</pre>
 */
public final class VitServer implements AutoCloseable {

    private static final System.Logger LOGGER = System.getLogger("vit.serve");

    private static final int HEAD_BYTES = 8 << 10;

    /** A body of 602 KB, an image of 224² pixels, is then read in ten pieces. With Jetty's own 8 KB it is seventy-five. */
    private static final int INPUT_BYTES = 64 << 10;
    private static final int ACCEPT_QUEUE = 128;

    /** Selectors, an acceptor and some to spare; requests run on virtual threads. */
    private static final int PLATFORM_THREADS = 16;

    /** The operating system makes a connection some time before the server knows of it. */
    private static final Duration QUIET = Duration.ofMillis(50);

    /** Who connects just before the listener is closed sends the request in this time. */
    private static final Duration LAST_REQUESTS = Duration.ofSeconds(1);

    /** Answers that are computed when the service ends are sent in this time. */
    private static final Duration LAST_ANSWERS = Duration.ofSeconds(5);

    private final ServerOptions options;
    private final VitService service;
    private final Server server;
    private final ServerConnector connector;
    private final Router router;
    private final ServerState state;
    private final HttpRehearsal rehearsal;
    private final CompletableFuture<WarmUpReport> ready;
    private final AtomicBoolean closed = new AtomicBoolean();
    private int port;

    private VitServer(VitService service, ServerOptions options, ConnectionGuard.Timeouts timeouts) {
        this.options = options;
        this.service = service;
        server = jetty(service.toString());
        connector = connector(server, options.host(), options.port());
        ConnectionGuard guard = guard(connector, timeouts);
        connector.addBean(new NetworkConnectionLimit(options.maxConnections(), connector));
        server.addConnector(connector);
        state = new ServerState(options, service);
        router = new Router(state, new ServiceComputation(service), guard);
        server.setHandler(router);
        rehearsal = new HttpRehearsal(options, service);
        ready = service.ready().thenApplyAsync(report -> {
            rehearsal.run();
            state.rehearsed();
            return report;
        }, task -> Thread.ofPlatform().daemon().name(service + "-rehearsal").start(task));
    }

    /** A server without connectors, whose threads have names that begin with this one. */
    static Server jetty(String name) {
        QueuedThreadPool threads = new QueuedThreadPool(PLATFORM_THREADS);
        threads.setName(name + "-http");
        threads.setDaemon(true);
        threads.setVirtualThreadsExecutor(VirtualThreads.getNamedVirtualThreadsExecutor(name + "-request-"));
        Server server = new Server(threads);
        server.setErrorHandler(new JsonErrors());
        server.setStopTimeout(0); // the service drains
        return server;
    }

    /** What listens at an address once it was added to the server. */
    static ServerConnector connector(Server server, String host, int port) {
        ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(configuration()));
        connector.setHost(host);
        connector.setPort(port);
        connector.setAcceptQueueSize(ACCEPT_QUEUE);
        return connector;
    }

    /** Lets a guard watch the connections. */
    static ConnectionGuard guard(ServerConnector connector, ConnectionGuard.Timeouts timeouts) {
        connector.setIdleTimeout(timeouts.idle().toMillis());
        ConnectionGuard guard = new ConnectionGuard(connector.getScheduler(), timeouts);
        connector.addBean(guard);
        return guard;
    }

    private static HttpConfiguration configuration() {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setRequestHeaderSize(HEAD_BYTES);
        configuration.setInputBufferSize(INPUT_BYTES);
        configuration.setSendServerVersion(false);
        configuration.setSendDateHeader(true);
        configuration.setUriCompliance(UriCompliance.DEFAULT); // ambiguous paths are refused
        return configuration;
    }

    /**
     * Starts to listen at once and to warm the model up. Until it is warm, {@code /v2/health/ready} answers 503.
     *
     * @param model taken over: it is closed with the server, or if the server cannot be started
     * @throws IOException if the address cannot be listened on
     */
    public static VitServer start(VitModel model, ServerOptions options) throws IOException {
        return start(model, options, ConnectionGuard.Timeouts.DEFAULTS);
    }

    static VitServer start(VitModel model, ServerOptions options, ConnectionGuard.Timeouts timeouts) throws IOException {
        return start(VitService.start(model, options.service()), options, timeouts);
    }

    /** Starts a server for a service that is taken over. */
    static VitServer start(VitService service, ServerOptions options, ConnectionGuard.Timeouts timeouts) throws IOException {
        VitServer made = new VitServer(service, options, timeouts);
        try {
            made.server.start();
            made.port = made.connector.getLocalPort();
        } catch (Exception e) { // Jetty declares no less
            made.close();
            throw e instanceof IOException io ? io : new IOException("the server could not be started", e);
        }
        return made;
    }

    /** Where the server listens, with the port that it has. */
    public URI uri() {
        String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
        return URI.create("http://" + host + ":" + port + "/");
    }

    /** Completes when the model and the server's own code are warm; see {@link VitService#ready}. */
    public CompletableFuture<WarmUpReport> ready() {
        return ready.copy();
    }

    /** The service that answers. It belongs to the server. */
    public VitService service() {
        return service;
    }

    /** Requests that have not got their whole answer. */
    int openRequests() {
        return router.openRequests();
    }

    /** Bytes that are set aside for the bodies of requests and what is made of them. */
    long bodyBytes() {
        return state.bodies.taken();
    }

    /**
     * Ends the server as a load balancer expects it: it is no longer ready from now on, serves on for {@link ServerOptions#pause}, then refuses new requests, ends those that
     * were admitted, and closes.
     */
    public void shutDown() {
        state.beginDraining();
        LOGGER.log(System.Logger.Level.INFO, service + ": no longer ready; requests are served for another " + options.pause().toMillis() + " ms");
        try {
            Thread.sleep(options.pause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // whoever interrupts has no time for the pause
        }
        close();
    }

    /** Refuses new requests, ends those that were admitted, sends their answers, and frees threads and memory. Closing twice does nothing. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        state.beginDraining();
        rehearsal.end();
        service.close();
        connector.close(); // nobody can connect any more
        router.awaitAnswers(QUIET, LAST_REQUESTS, LAST_ANSWERS);
        try {
            server.stop();
        } catch (Exception e) { // Jetty declares no less
            LOGGER.log(System.Logger.Level.WARNING, service + ": the server did not stop well", e);
        }
    }
}
