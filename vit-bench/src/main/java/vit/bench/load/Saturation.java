package vit.bench.load;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Measures a target's capacity, closed loop: a fixed number of requests is always on its way, and an answer sends the next. The first fifth of the time is not
 * counted. Answers are counted in a window of fixed length, so that those of one pass, which come together, count as the time that the pass took.
 */
final class Saturation {

    private static final long REFUSED_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long PATIENCE_SECONDS = 60;
    private static final long LEAST_ANSWERS = 2;
    private static final long NO_DEADLINE_NANOS = TimeUnit.HOURS.toNanos(1);

    private final Semaphore free;
    private final int outstanding;
    private final AtomicReference<String> fault = new AtomicReference<>();
    private final AtomicLong answers = new AtomicLong();
    private final AtomicLong refusals = new AtomicLong();
    private volatile long countFrom;
    private volatile long countTo;

    private final Reply reply = new Reply() {
        @Override
        public void answered() {
            long now = System.nanoTime();
            if (now - countFrom >= 0 && now - countTo < 0) {
                answers.incrementAndGet();
            }
            free.release();
        }

        @Override
        public void refused(String reason) {
            refusals.incrementAndGet();
            free.release();
        }

        @Override
        public void expired(String reason) {
            refused(reason);
        }

        @Override
        public void failed(String what) {
            fault.compareAndSet(null, what);
            free.release();
        }
    };

    private Saturation(int outstanding) {
        this.outstanding = outstanding;
        this.free = new Semaphore(outstanding);
    }

    /**
     * Answers per second at saturation.
     *
     * @param outstanding requests that are always on their way
     * @throws IllegalStateException if requests fail, or fewer than two are answered in time to be counted
     */
    static double measure(Target target, int outstanding, double seconds) throws InterruptedException {
        return new Saturation(outstanding).run(target, seconds);
    }

    private double run(Target target, double seconds) throws InterruptedException {
        long start = System.nanoTime();
        countFrom = start + Math.round(seconds * 0.2e9);
        countTo = start + Math.round(seconds * 1e9);
        long refused = 0;
        while (System.nanoTime() - countTo < 0 && fault.get() == null) {
            if (free.tryAcquire(1, Math.max(1, countTo - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                if (refusals.get() > refused) { // it is full, so it is saturated
                    refused = refusals.get();
                    Clock.awaitNanos(System.nanoTime() + REFUSED_PAUSE_NANOS);
                }
                target.send(System.nanoTime() + NO_DEADLINE_NANOS, reply);
            }
        }
        if (!free.tryAcquire(outstanding, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException(target.name() + ": " + (outstanding - free.availablePermits()) + " requests were not answered within "
                    + PATIENCE_SECONDS + " s");
        }
        if (fault.get() != null) {
            throw new IllegalStateException(target.name() + ": a request failed: " + fault.get());
        }
        if (answers.get() < LEAST_ANSWERS) {
            throw new IllegalStateException(target.name() + ": fewer than " + LEAST_ANSWERS + " answers within " + seconds + " s; measure for longer");
        }
        return answers.get() / ((countTo - countFrom) / 1e9);
    }
}
