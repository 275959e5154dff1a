package vit.model.service;

import java.time.Duration;
import java.util.Objects;
import vit.kernels.parallel.Workers;
import vit.model.SessionOptions;
import vit.model.VitModel;

/**
 * How a service computes, and how much it takes on. Immutable. Start from {@link #defaults()} for a busy service or {@link #lowestLatency()} for one
 * whose requests seldom meet.
 *
 * <pre>{@code
 * ServiceOptions options = ServiceOptions.defaults()
 *         .withSessions(4, 1)                              // four images at once, one thread each
 *         .withDeadline(Duration.ofMillis(250))
 *         .withQueue(200, 128L << 20);
 * }</pre>
 *
 * @param sessions    sessions of the model, each with a thread that serves it; so many batches are computed at once
 * @param threads     threads on which one session computes, the serving one included
 * @param queueLength most requests that wait
 * @param queueBytes  most bytes that the pixel arrays of the waiting requests have together; an array may be in the queue only if there is room for it
 * @param deadline    time from the call to the answer, for requests that do not say {@link Request#within}
 * @param drainTime   how long {@link VitService#close} lets admitted requests end
 * @param batchLimit  most images in one pass; sessions plan their memory for it. 1 turns batching off
 * @param decoders    most images that are decoded and preprocessed at once, on the threads of the callers
 * @param decodeBytes most bytes that decoding them takes; each image may take its share, {@code decodeBytes / decoders}, and one that
 *                    needs more is refused with an {@link vit.model.InputException} before its pixels are decoded
 */
public record ServiceOptions(int sessions, int threads, int queueLength, long queueBytes, Duration deadline, Duration drainTime, int batchLimit,
        int decoders, long decodeBytes) {

    private static final int DEFAULT_BATCH = 4;
    private static final int DEFAULT_QUEUE = 256;
    private static final long MOST_QUEUE_BYTES = 256L << 20;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if a number is below 1, a team is too large, or a time is not positive ({@code drainTime} may be zero)
     */
    public ServiceOptions {
        atLeastOne("sessions", sessions);
        atLeastOne("threads", threads);
        atLeastOne("queueLength", queueLength);
        atLeastOne("queueBytes", queueBytes);
        atLeastOne("batchLimit", batchLimit);
        atLeastOne("decoders", decoders);
        atLeastOne("decodeBytes / decoders", decodeBytes / decoders);
        if (sessions > Workers.MAX_COUNT || threads > Workers.MAX_COUNT) {
            throw new IllegalArgumentException(sessions + " sessions of " + threads + " threads; expected at most " + Workers.MAX_COUNT + " each");
        }
        nanos("deadline", deadline, 1);
        nanos("drainTime", drainTime, 0);
    }

    private static void atLeastOne(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " " + value + "; expected 1 or more");
        }
    }

    /** The nanoseconds of a time, of which a century is enough. */
    static long nanos(String name, Duration time, long least) {
        Objects.requireNonNull(time, name);
        if (time.compareTo(Duration.ofNanos(least)) < 0) {
            throw new IllegalArgumentException(name + " " + time + "; expected " + (least == 0 ? "zero or more" : "more than zero"));
        }
        Duration century = Duration.ofDays(36_500);
        return time.compareTo(century) > 0 ? century.toNanos() : time.toNanos();
    }

    /**
     * For a busy service: as many sessions as the JVM has processors, one thread each, which is the most throughput. Up to 256 requests wait, of 256 MiB or an
     * eighth of the heap if that is less, a deadline is a second, draining takes at most ten, up to four images go through a session together, and as many
     * images are decoded at once as there are processors, in half of the heap.
     */
    public static ServiceOptions defaults() {
        int cores = Runtime.getRuntime().availableProcessors();
        long heap = Runtime.getRuntime().maxMemory();
        return new ServiceOptions(Math.min(cores, Workers.MAX_COUNT), 1, DEFAULT_QUEUE, Math.min(MOST_QUEUE_BYTES, heap / 8), Duration.ofSeconds(1), Duration.ofSeconds(10),
                DEFAULT_BATCH, cores, heap / 2);
    }

    /** For the shortest time of a single image: one session that computes on all processors, and no batches; otherwise as {@link #defaults()}. */
    public static ServiceOptions lowestLatency() {
        return defaults().withSessions(1, Math.min(Runtime.getRuntime().availableProcessors(), Workers.MAX_COUNT)).withBatchLimit(1);
    }

    /** The same options with this many sessions, each of which computes on this many threads. */
    public ServiceOptions withSessions(int count, int threadsEach) {
        return new ServiceOptions(count, threadsEach, queueLength, queueBytes, deadline, drainTime, batchLimit, decoders, decodeBytes);
    }

    /** The same options with a queue of at most this many requests, whose pixel arrays have at most this many bytes. */
    public ServiceOptions withQueue(int requests, long bytes) {
        return new ServiceOptions(sessions, threads, requests, bytes, deadline, drainTime, batchLimit, decoders, decodeBytes);
    }

    /** The same options with this time from the call to the answer, for requests that name none. */
    public ServiceOptions withDeadline(Duration time) {
        return new ServiceOptions(sessions, threads, queueLength, queueBytes, time, drainTime, batchLimit, decoders, decodeBytes);
    }

    /** The same options with this time for admitted requests to end when the service is closed. */
    public ServiceOptions withDrainTime(Duration time) {
        return new ServiceOptions(sessions, threads, queueLength, queueBytes, deadline, time, batchLimit, decoders, decodeBytes);
    }

    /** The same options with at most this many images in one pass. */
    public ServiceOptions withBatchLimit(int images) {
        return new ServiceOptions(sessions, threads, queueLength, queueBytes, deadline, drainTime, images, decoders, decodeBytes);
    }

    /** The same options with at most this many images decoded at once, which together take at most this many bytes. */
    public ServiceOptions withDecoding(int images, long bytes) {
        return new ServiceOptions(sessions, threads, queueLength, queueBytes, deadline, drainTime, batchLimit, images, bytes);
    }

    /** The options of each session. */
    SessionOptions session(Workers team) {
        return SessionOptions.workers(team).withBatch(batchLimit).withFiniteCheck(true);
    }

    /**
     * The bytes that the sessions of a service of this model take, without making them: their memory off the heap, and on the heap the arrays that batches
     * are put together in. While a model is replaced, the sessions of both are there. The queue and the decoding come on top, up to
     * {@link #queueBytes} and {@link #decodeBytes}.
     *
     * @throws IllegalArgumentException if no session can have so large a batch
     */
    public long sessionBytes(VitModel model) {
        long arrays = batchLimit == 1 ? 0 : (long) batchLimit * Float.BYTES * SessionEngine.batchElements(model.config());
        return sessions * (model.sessionBytes(SessionOptions.threads(threads).withBatch(batchLimit)) + arrays);
    }
}
