package vit.model.service;

import vit.model.service.RequestRefusedException.Reason;

/**
 * Decides whether a request may wait: there must be room, and its deadline must be kept by prediction. The prediction comes from the work under way and
 * the requests ahead. All images of a model have the same size, so their passes take the same time c, and the prediction is exact for the order first in,
 * first out and passes over one image: a session that is free at r has started 1 + ⌊(t − r)/c⌋ requests by t, and the request with k ahead of it starts as
 * soon as all sessions together have started k + 1. Guarded by the {@link Dispatcher}.
 *
 * <p>Only passes teach what passes cost. If a slow one has raised the prediction above every deadline, nothing would be admitted and nothing measured ever
 * again. So one request a second is admitted against the prediction if the service has nothing else to do: a trial.
 *
 * <p>How well the speed of the next second can be predicted depends on the machine. So the margin of the wait is learned: it grows with every request that
 * waited and was late, and shrinks with every other that waited, such that it stands still where one in {@link #LATE_ONE_IN} of them is late.
 */
final class Admission {

    /** A pass takes up to 1.2 times its usual time in 99 of 100 cases, so a request's own pass has a margin of a fifth. */
    private static final int MARGIN_PART = 5;

    /** The times of the passes ahead even out, so this may be smaller than the own pass's. A larger margin refuses more requests whose deadline is near. */
    private static final double LEAST_WAIT_MARGIN = 1.0 / 32;

    private static final double MOST_WAIT_MARGIN = 0.5;

    /** What a late request adds to the margin of the wait. */
    private static final double MARGIN_STEP = 0.01;

    private static final int LATE_ONE_IN = 400;

    /** No pass has begun for this long before a trial. */
    static final long TRIAL_NANOS = 1_000_000_000;

    private final int queueLength;
    private final long queueBytes;
    private final boolean[] busy; // by session
    private final long[] until; // when a busy session should be free
    private final long[] remaining; // scratch
    private long latest; // when a pass began
    private double waitMargin = LEAST_WAIT_MARGIN; // a share of the predicted wait

    Admission(ServiceOptions options) {
        int sessions = options.sessions();
        queueLength = options.queueLength();
        queueBytes = options.queueBytes();
        busy = new boolean[sessions];
        until = new long[sessions];
        remaining = new long[sessions];
    }

    static long withMargin(long cost) {
        return cost + cost / MARGIN_PART;
    }

    /** Session {@code session} begins a pass that should end at {@code end}. */
    void begins(int session, long now, long end) {
        busy[session] = true;
        until[session] = end;
        latest = now;
    }

    void ends(int session) {
        busy[session] = false;
    }

    /** The margin of the wait now, as a share of it. */
    double waitMargin() {
        return waitMargin;
    }

    /** Takes note that a request that was admitted has ended, or has expired. One that was to start at once tells nothing about the wait, whatever came of it. */
    void observe(Ticket ticket, boolean late) {
        if (!ticket.toWait) {
            return;
        }
        waitMargin = Math.clamp(waitMargin + (late ? MARGIN_STEP : -MARGIN_STEP / (LATE_ONE_IN - 1)), LEAST_WAIT_MARGIN, MOST_WAIT_MARGIN);
    }

    /** Why a request may not wait; null if it may, and then {@link Ticket#predicted} is set. */
    RequestRefusedException refusal(Ticket ticket, RequestQueue queue, long now) {
        long cost = ticket.generation.costs().of(1);
        if (queue.length() >= queueLength) {
            return new RequestRefusedException(Reason.QUEUE_FULL, untilStart(0, cost, now));
        }
        if (ticket.bytes > queueBytes - queue.bytes()) {
            return new RequestRefusedException(Reason.QUEUE_BYTES, ticket.bytes > queueBytes ? -1 : untilStart(0, cost, now));
        }
        long own = withMargin(cost(ticket));
        long wait = untilStart(queue.ahead(ticket.urgent), cost, now);
        long excess = now + wait + (long) (wait * waitMargin) + own - ticket.deadline;
        boolean trial = wait == 0 && queue.length() == 0 && ticket.deadline > now && now - latest >= TRIAL_NANOS;
        if (excess > 0 && !trial) {
            return new RequestRefusedException(Reason.DEADLINE, own > ticket.deadline - ticket.arrived ? -1 : excess);
        }
        ticket.predicted = now + wait + cost(ticket);
        ticket.toWait = wait > 0 && excess <= 0;
        return null;
    }

    /** Nanoseconds that computing a request alone is expected to take. */
    static long cost(Ticket ticket) {
        CostTable costs = ticket.generation.costs();
        return costs.of(1) * costs.passes(ticket.output);
    }

    /**
     * Nanoseconds until a request with {@code ahead} passes in front of it is expected to start.
     *
     * @param cost of a pass over one image
     */
    private long untilStart(int ahead, long cost, long now) {
        long first = Long.MAX_VALUE;
        long last = 0;
        for (int i = 0; i < remaining.length; i++) {
            remaining[i] = busy[i] ? Math.max(0, until[i] - now) : 0;
            first = Math.min(first, remaining[i]);
            last = Math.max(last, remaining[i]);
        }
        long rounds = ahead / remaining.length * cost; // if all sessions were free at the same time
        long low = first + rounds;
        long high = Math.min(last + rounds, first + ahead * cost);
        while (low < high) {
            long middle = (low + high) >>> 1;
            if (starts(middle, cost) > ahead) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** How many requests the sessions have started by this time, if each takes one after the other. */
    private long starts(long time, long cost) {
        long starts = 0;
        for (long free : remaining) {
            starts += free <= time ? (time - free) / cost + 1 : 0;
        }
        return starts;
    }
}
