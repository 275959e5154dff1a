package vit.model.serve;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** Counts answers by status, and keeps the times of the last minute's requests for a model, from the request's head to the answer. */
final class HttpMeters {

    /** The last minute, in slices: the oldest is forgotten as a whole. */
    private static final int SLICES = 12;
    private static final long SLICE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(10);
    private static final int DIGITS = 2;
    private static final double MICROS_A_MILLISECOND = 1e3;

    private final Map<Integer, LongAdder> answers = new ConcurrentHashMap<>();
    private final Recorder recorder = new Recorder(LONGEST_MICROS, DIGITS);
    private final Histogram[] slices = new Histogram[SLICES];
    private final long started = System.nanoTime();
    private long slice; // the number of the running slice, from 0

    /**
     * The last minute.
     *
     * @param seconds how many of it there were, since the server started
     * @param count   requests that were answered with a result
     */
    record Recent(double seconds, long count, double p50Millis, double p99Millis) {}

    HttpMeters() {
        for (int i = 0; i < SLICES; i++) {
            slices[i] = new Histogram(LONGEST_MICROS, DIGITS);
        }
    }

    void answered(int status) {
        answers.computeIfAbsent(status, _ -> new LongAdder()).increment();
    }

    /** A request for the model was answered with a result. */
    void served(long nanos) {
        recorder.recordValue(Math.min(LONGEST_MICROS, TimeUnit.NANOSECONDS.toMicros(nanos)));
    }

    /** How many answers there were, by status. */
    Map<Integer, Long> answers() {
        Map<Integer, Long> counts = new TreeMap<>();
        answers.forEach((status, count) -> counts.put(status, count.sum()));
        return counts;
    }

    synchronized Recent recent() {
        long now = System.nanoTime() - started;
        for (long current = now / SLICE_NANOS; slice < current; slice++) {
            if (slice + SLICES < current) {
                slice = current - SLICES; // nobody has asked for long
            }
            slices[(int) ((slice + 1) % SLICES)].reset();
        }
        Histogram interval = recorder.getIntervalHistogram();
        slices[(int) (slice % SLICES)].add(interval);
        Histogram all = new Histogram(LONGEST_MICROS, DIGITS);
        for (Histogram each : slices) {
            all.add(each);
        }
        double seconds = Math.min(now, (SLICES - 1) * SLICE_NANOS + now % SLICE_NANOS) / 1e9;
        return new Recent(seconds, all.getTotalCount(), all.getValueAtPercentile(50) / MICROS_A_MILLISECOND, all.getValueAtPercentile(99) / MICROS_A_MILLISECOND);
    }
}
