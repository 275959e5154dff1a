package vit.bench.load;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Starts every request when it is due, however many are still unanswered, and counts latency from that moment. A client that waits for an answer before it
 * sends the next request would send few requests while the target is slow, and so would hardly see the slow phases that its callers suffer.
 *
 * <p>The first seconds warm up and are not counted. For one run.
 */
final class OpenLoop {

    private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Target target;
    private final Recording recording = new Recording();
    private final ProcessMeter meter = new ProcessMeter();
    private final AtomicLong ended = new AtomicLong();
    private ServiceReading service = ServiceReading.NONE;

    OpenLoop(Target target) {
        this.target = target;
    }

    /** A request on its way. */
    private final class Pending implements Reply {
        private final long due;
        private final long started;
        private final long deadline;
        private final boolean counted;

        Pending(long due, long started, long deadline, boolean counted) {
            this.due = due;
            this.started = started;
            this.deadline = deadline;
            this.counted = counted;
        }

        @Override
        public void answered() {
            long now = System.nanoTime();
            if (counted) {
                recording.answered(now - due, now - deadline <= 0);
            }
            ended.incrementAndGet();
        }

        @Override
        public void refused(String reason) {
            long now = System.nanoTime();
            if (counted) {
                recording.refused(reason, now - started);
            }
            ended.incrementAndGet();
        }

        @Override
        public void expired(String reason) {
            if (counted) {
                recording.expired(reason);
            }
            ended.incrementAndGet();
        }

        @Override
        public void failed(String fault) {
            if (counted) {
                recording.failed(fault);
            }
            ended.incrementAndGet();
        }
    }

    /**
     * Puts a load on the target, and waits for the last answers.
     *
     * @param schedule      when requests are due
     * @param deadlineNanos from the moment when a request is due to its answer
     */
    void run(Arrivals.Schedule schedule, double warmUpSeconds, double seconds, long deadlineNanos) throws InterruptedException {
        long warm = Math.round(warmUpSeconds * 1e9);
        long end = warm + Math.round(seconds * 1e9);
        long origin = System.nanoTime();
        long sent = 0;
        ServiceReading before = null;
        for (long offset = schedule.next(); offset < end; offset = schedule.next()) {
            if (before == null && offset >= warm) {
                Clock.awaitNanos(origin + warm);
                before = target.reading();
                meter.begin();
            }
            long due = origin + offset;
            Clock.awaitNanos(due);
            long started = System.nanoTime();
            if (offset >= warm) {
                recording.sent(started - due);
            }
            sent++;
            target.send(due + deadlineNanos, new Pending(due, started, due + deadlineNanos, offset >= warm));
        }
        Clock.awaitNanos(origin + end);
        long last = System.nanoTime() + deadlineNanos + GRACE_NANOS;
        while (ended.get() < sent && System.nanoTime() - last < 0) {
            Clock.awaitNanos(System.nanoTime() + LOOK_NANOS);
        }
        if (before != null) {
            meter.end();
            service = target.reading().since(before);
        }
    }

    Recording recording() {
        return recording;
    }

    /** Memory of this process, before and after. */
    ProcessMeter meter() {
        return meter;
    }

    /** What the target has measured itself, the last answers included. */
    ServiceReading service() {
        return service;
    }
}
