package vit.model.serve;

import java.time.Duration;
import java.util.Objects;
import vit.model.service.ServiceOptions;

/**
 * Where a server listens, and how much it takes on. Immutable.
 *
 * @param host           the address to listen on, a name or a number
 * @param port           0 for any free one
 * @param modelName      the name of the model in paths and answers
 * @param shippedModel   whether the model is the small one that ships in the jar; the page says so
 * @param maxBodyBytes   the largest body of a request
 * @param bodyBytes      how many bytes the bodies of all requests, and what is made of them, may take together: an image counts twice, a body of the
 *                       protocol three times. At least three times {@code maxBodyBytes}
 * @param maxConnections how many connections may be open at once; others wait until one is closed
 * @param pause          how long {@link VitServer#shutDown} goes on serving while it is no longer ready, so that a load balancer learns of it
 * @param service        the options of the queue and the sessions
 */
public record ServerOptions(String host, int port, String modelName, boolean shippedModel, long maxBodyBytes, long bodyBytes, int maxConnections, Duration pause,
        ServiceOptions service) {

    private static final int DEFAULT_PORT = 8080;
    private static final int DEFAULT_MAX_BODY = 16 << 20;
    private static final int DEFAULT_CONNECTIONS = 1024;
    private static final int MAX_PORT = 65_535;

    /** What the largest body and what is made of it count. */
    private static final long TIMES_A_BODY = 3;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public ServerOptions {
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(service, "service");
        require(port >= 0 && port <= MAX_PORT, "port " + port + "; expected 0 to " + MAX_PORT);
        require(modelName.matches("[A-Za-z0-9._-]+"), "model name '" + modelName + "'; expected letters, digits, '.', '_' and '-'");
        require(maxBodyBytes >= 1 && maxBodyBytes <= Integer.MAX_VALUE - 8, "maxBodyBytes " + maxBodyBytes + "; expected 1 to " + (Integer.MAX_VALUE - 8));
        require(bodyBytes >= TIMES_A_BODY * maxBodyBytes,
                "bodyBytes " + bodyBytes + "; expected at least " + TIMES_A_BODY + " × maxBodyBytes, " + TIMES_A_BODY * maxBodyBytes);
        require(maxConnections >= 1, "maxConnections " + maxConnections + "; expected 1 or more");
        require(!pause.isNegative(), "pause " + pause + "; expected zero or more");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    /**
     * Port 8080 of the loopback interface, the model's name {@code vit}, bodies of up to 16 MiB that take up to a quarter of the heap together with what is made of
     * them, 1024 connections, a pause of two seconds, and {@link ServiceOptions#defaults()}.
     */
    public static ServerOptions defaults() {
        return new ServerOptions("127.0.0.1", DEFAULT_PORT, "vit", false, DEFAULT_MAX_BODY, Math.max(TIMES_A_BODY * DEFAULT_MAX_BODY, Runtime.getRuntime().maxMemory() / 4),
                DEFAULT_CONNECTIONS, Duration.ofSeconds(2), ServiceOptions.defaults());
    }

    /** The same options with this address and port; port 0 is any free one. */
    public ServerOptions withAddress(String name, int number) {
        return new ServerOptions(name, number, modelName, shippedModel, maxBodyBytes, bodyBytes, maxConnections, pause, service);
    }

    /** The same options with this name of the model, and whether it is the one that ships. */
    public ServerOptions withModel(String name, boolean shipped) {
        return new ServerOptions(host, port, name, shipped, maxBodyBytes, bodyBytes, maxConnections, pause, service);
    }

    /** The same options with bodies of at most this many bytes, and so many for all bodies together, or three times {@code each} if that is more. */
    public ServerOptions withBodies(long each, long together) {
        return new ServerOptions(host, port, modelName, shippedModel, each, Math.max(TIMES_A_BODY * each, together), maxConnections, pause, service);
    }

    /** The same options with at most this many connections. */
    public ServerOptions withMaxConnections(int count) {
        return new ServerOptions(host, port, modelName, shippedModel, maxBodyBytes, bodyBytes, count, pause, service);
    }

    /** The same options with this time between not being ready and refusing requests. */
    public ServerOptions withPause(Duration time) {
        return new ServerOptions(host, port, modelName, shippedModel, maxBodyBytes, bodyBytes, maxConnections, time, service);
    }

    /** The same options with these for the queue and the sessions. */
    public ServerOptions withService(ServiceOptions options) {
        return new ServerOptions(host, port, modelName, shippedModel, maxBodyBytes, bodyBytes, maxConnections, pause, options);
    }
}
