package vit.model.serve;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Cuts off clients that send or read too slowly. Jetty's idle timeout starts again with every byte, so a client could hold a connection for hours by sending one byte a
 * second. Here the head of a request and its body have to be complete by a point in time.
 */
final class ConnectionGuard extends AbstractLifeCycle implements Connection.Listener {

    private static final long SWEEP_MILLIS = 250;

    private final Scheduler scheduler;
    private final Timeouts timeouts;
    private final Map<EndPoint, Long> limits = new ConcurrentHashMap<>(); // nanoTime by which a client must have sent what is awaited
    private final Map<EndPoint, Long> silent = new ConcurrentHashMap<>(); // connections without a request yet: nanoTime at which they were made
    private volatile Scheduler.Task next;

    /**
     * How long a client may take.
     *
     * @param head           until the head of the first request is complete
     * @param next           on a connection that is kept alive: until the head of the next request is complete
     * @param body           for a body, beside the time for its length; also for the client to take the answer
     * @param bytesPerSecond how fast a body has to come at least, and an answer to be taken
     * @param idle           without a byte, unless a request is computed
     */
    record Timeouts(Duration head, Duration next, Duration body, long bytesPerSecond, Duration idle) {

        static final Timeouts DEFAULTS = new Timeouts(Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(5), 64 << 10, Duration.ofSeconds(30));
    }

    ConnectionGuard(Scheduler scheduler, Timeouts timeouts) {
        this.scheduler = scheduler;
        this.timeouts = timeouts;
    }

    @Override
    public void onOpened(Connection connection) {
        silent.put(connection.getEndPoint(), System.nanoTime());
        within(connection.getEndPoint(), timeouts.head);
    }

    @Override
    public void onClosed(Connection connection) {
        silent.remove(connection.getEndPoint());
        limits.remove(connection.getEndPoint());
    }

    /** Whether there is a connection that is younger than this and has not sent the head of a request. */
    boolean awaitsFirstRequest(Duration age) {
        long now = System.nanoTime();
        return silent.values().stream().anyMatch(made -> now - made < age.toNanos());
    }

    /** The head of a request is complete. */
    void requestBegins(Request request) {
        silent.remove(endPoint(request));
        limits.remove(endPoint(request));
    }

    /** A body is awaited. */
    void bodyBegins(Request request, long bytes) {
        within(endPoint(request), timeouts.body.plusSeconds(bytes / timeouts.bytesPerSecond));
    }

    /** The request is complete: nothing more is awaited. */
    void bodyEnds(Request request) {
        limits.remove(endPoint(request));
    }

    /** An answer is written; its client may also read too slowly. */
    void answerBegins(Request request, long bytes) {
        within(endPoint(request), timeouts.body.plusSeconds(bytes / timeouts.bytesPerSecond));
    }

    /** The answer was sent. */
    void answered(Request request) {
        EndPoint endPoint = endPoint(request);
        if (endPoint.isOpen()) {
            within(endPoint, timeouts.next);
        }
    }

    private static EndPoint endPoint(Request request) {
        return request.getConnectionMetaData().getConnection().getEndPoint();
    }

    private void within(EndPoint endPoint, Duration time) {
        limits.put(endPoint, System.nanoTime() + time.toNanos());
    }

    @Override
    protected void doStart() {
        schedule();
    }

    @Override
    protected void doStop() {
        next.cancel();
    }

    private void schedule() {
        next = scheduler.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void sweep() {
        try {
            limits.forEach(this::check);
        } finally {
            if (isRunning()) {
                schedule();
            }
        }
    }

    private void check(EndPoint endPoint, Long limit) {
        if (!endPoint.isOpen()) {
            limits.remove(endPoint, limit);
        } else if (System.nanoTime() - limit > 0 && limits.remove(endPoint, limit)) {
            endPoint.close(new TimeoutException("the client was too slow"));
        }
    }
}
