package vit.model.serve;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.HdrHistogram.Histogram;

/**
 * Counts answers by status, and keeps the times of the last minute's requests, from the complete body to the results; a request of n images counts n times.
 */
final class HttpMeters {

    /** The last minute, in slices: the oldest is forgotten as a whole. */
    private static final int SLICES = 12;
    private static final long SLICE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(10);
    private static final int DIGITS = 2;
    private static final double MICROS_A_MILLISECOND = 1e3;

    private final Map<Integer, LongAdder> answers = new ConcurrentHashMap<>();
    private final LongSupplier clock; // nanoseconds
    private final long started;
    private final Histogram[] slices = new Histogram[SLICES]; // guarded by this, as is the number of the running one
    private long slice; // from 0

    /**
     * The last minute.
     *
     * @param seconds how many of it there were, since the server started
     * @param count   images that were answered with a result
     */
    record Recent(double seconds, long count, double p50Millis, double p99Millis) {}

    HttpMeters() {
        this(System::nanoTime);
    }

    HttpMeters(LongSupplier clock) {
        this.clock = clock;
        started = clock.getAsLong();
        for (int i = 0; i < SLICES; i++) {
            slices[i] = new Histogram(LONGEST_MICROS, DIGITS);
        }
    }

    void answered(int status) {
        answers.computeIfAbsent(status, _ -> new LongAdder()).increment();
    }

    /** A request of so many images was answered with their results. */
    synchronized void served(long nanos, int images) {
        running(now()).recordValueWithCount(Math.min(LONGEST_MICROS, TimeUnit.NANOSECONDS.toMicros(nanos)), images);
    }

    private long now() {
        return clock.getAsLong() - started;
    }

    /** The slice of this moment. Those that are older than a minute are empty then. */
    private Histogram running(long now) {
        long current = now / SLICE_NANOS;
        for (slice = Math.max(slice, current - SLICES); slice < current; slice++) {
            slices[(int) ((slice + 1) % SLICES)].reset();
        }
        return slices[(int) (slice % SLICES)];
    }

    /** How many answers there were, by status. */
    Map<Integer, Long> answers() {
        Map<Integer, Long> counts = new TreeMap<>();
        answers.forEach((status, count) -> counts.put(status, count.sum()));
        return counts;
    }

    synchronized Recent recent() {
        long now = now();
        running(now);
        Histogram all = new Histogram(LONGEST_MICROS, DIGITS);
        for (Histogram each : slices) {
            all.add(each);
        }
        double seconds = Math.min(now, (SLICES - 1) * SLICE_NANOS + now % SLICE_NANOS) / 1e9;
        return new Recent(seconds, all.getTotalCount(), all.getValueAtPercentile(50) / MICROS_A_MILLISECOND, all.getValueAtPercentile(99) / MICROS_A_MILLISECOND);
    }
}
