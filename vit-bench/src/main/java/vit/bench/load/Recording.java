package vit.bench.load;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Counts how requests end, and their times in nanoseconds. Any thread may count. */
final class Recording {

    private static final long HIGHEST_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final int DIGITS = 3;

    private final Histogram latency = new ConcurrentHistogram(HIGHEST_NANOS, DIGITS);
    private final Histogram refusal = new ConcurrentHistogram(HIGHEST_NANOS, DIGITS);
    private final Histogram lateness = new Histogram(HIGHEST_NANOS, DIGITS);
    private final LongAdder inTime = new LongAdder();
    private final LongAdder late = new LongAdder();
    private final Map<String, LongAdder> refused = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> expired = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> failed = new ConcurrentHashMap<>();

    private static void record(Histogram histogram, long nanos) {
        histogram.recordValue(Math.clamp(nanos, 0, HIGHEST_NANOS));
    }

    private static void count(Map<String, LongAdder> counts, String what) {
        counts.computeIfAbsent(what, _ -> new LongAdder()).increment();
    }

    private static Map<String, Long> read(Map<String, LongAdder> counts) {
        Map<String, Long> read = new TreeMap<>();
        counts.forEach((what, count) -> read.put(what, count.sum()));
        return read;
    }

    /** Adds what another has counted, which must be complete. */
    void add(Recording other) {
        latency.add(other.latency);
        refusal.add(other.refusal);
        lateness.add(other.lateness);
        inTime.add(other.inTime.sum());
        late.add(other.late.sum());
        add(refused, other.refused);
        add(expired, other.expired);
        add(failed, other.failed);
    }

    private static void add(Map<String, LongAdder> to, Map<String, LongAdder> from) {
        from.forEach((what, count) -> to.computeIfAbsent(what, _ -> new LongAdder()).add(count.sum()));
    }

    /** Notes that a request was started; only for the thread that starts them. */
    void sent(long latenessNanos) {
        record(lateness, latenessNanos);
    }

    void answered(long latencyNanos, boolean isInTime) {
        record(latency, latencyNanos);
        (isInTime ? inTime : late).increment();
    }

    void refused(String reason, long nanosFromStart) {
        record(refusal, nanosFromStart);
        count(refused, reason);
    }

    void expired(String reason) {
        count(expired, reason);
    }

    void failed(String fault) {
        count(failed, fault);
    }

    /** Requests that were started. */
    long sent() {
        return lateness.getTotalCount();
    }

    long inTime() {
        return inTime.sum();
    }

    long late() {
        return late.sum();
    }

    /** Requests that were declined, by reason. */
    Map<String, Long> refused() {
        return read(refused);
    }

    /** Requests that were admitted and not computed, by reason. */
    Map<String, Long> expired() {
        return read(expired);
    }

    Map<String, Long> failed() {
        return read(failed);
    }

    /** Of the answered: the time from the moment when the request was due. */
    Percentiles latency() {
        return Percentiles.of(latency);
    }

    /** Of the refused: the time from the request's start. */
    Percentiles refusal() {
        return Percentiles.of(refusal);
    }

    /** By how much the generator started requests too late. */
    Percentiles lateness() {
        return Percentiles.of(lateness);
    }
}
