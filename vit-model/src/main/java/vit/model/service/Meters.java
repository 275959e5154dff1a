package vit.model.service;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import vit.model.service.RequestRefusedException.Reason;

/** Counts what a service does. Any thread may count and read at any time; nothing waits and nothing is allocated, but by {@link #read}. */
final class Meters {

    private static final double NANOS = 1e9;

    private static final double[] SECONDS = {100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    private static final double[] IMAGES = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64};
    private static final double[] RATIO = {0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4, 8};

    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong late = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong cancelled = new AtomicLong();
    private final AtomicLongArray refused = new AtomicLongArray(Reason.values().length);
    private final Counts queue = new Counts(SECONDS, NANOS);
    private final Counts decode = new Counts(SECONDS, NANOS);
    private final Counts compute = new Counts(SECONDS, NANOS);
    private final Counts images = new Counts(IMAGES, 1);
    private final Counts ratio = new Counts(RATIO, NANOS);

    /** Counts by range. Values are integers of a small unit, so that their sum can be atomic. */
    private static final class Counts {
        private final double[] bounds;
        private final double unit;
        private final AtomicLongArray counts;
        private final AtomicLong sum = new AtomicLong();

        /** @param unit how many of the values' unit make one of the bounds' unit */
        Counts(double[] bounds, double unit) {
            this.bounds = bounds;
            this.unit = unit;
            this.counts = new AtomicLongArray(bounds.length + 1);
        }

        void add(long value) {
            int range = 0;
            while (range < bounds.length && value > bounds[range] * unit) {
                range++;
            }
            counts.incrementAndGet(range);
            sum.addAndGet(value);
        }

        Histogram read() {
            long[] read = new long[counts.length()];
            for (int i = 0; i < read.length; i++) {
                read[i] = counts.get(i);
            }
            return new Histogram(bounds, read, sum.get() / unit);
        }
    }

    void refused(Reason reason) {
        refused.incrementAndGet(reason.ordinal());
    }

    void cancelled() {
        cancelled.incrementAndGet();
    }

    void failed() {
        failed.incrementAndGet();
    }

    void decoded(long nanos) {
        decode.add(nanos);
    }

    /** Counts a pass and its members, which ended at {@code now}. */
    void computed(Batch batch, long now) {
        compute.add(now - batch.started);
        images.add(batch.size);
        for (int i = 0; i < batch.size; i++) {
            Ticket member = batch.members[i];
            queue.add(batch.started - member.queued);
            if (member.failure != null) {
                failed.incrementAndGet();
                continue;
            }
            answered.incrementAndGet();
            ratio.add(Math.round(NANOS * (now - member.queued) / Math.max(1, member.predicted - member.queued)));
            if (now > member.deadline) {
                late.incrementAndGet();
            }
        }
    }

    /** What was counted until now. */
    ServiceStatistics read(int queueLength, long queueBytes) {
        Map<Reason, Long> reasons = new EnumMap<>(Reason.class);
        for (Reason reason : Reason.values()) {
            reasons.put(reason, refused.get(reason.ordinal()));
        }
        return new ServiceStatistics(answered.get(), late.get(), failed.get(), cancelled.get(), reasons, queueLength, queueBytes, queue.read(), decode.read(),
                compute.read(), images.read(), ratio.read());
    }
}
