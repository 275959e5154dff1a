package vit.model.service;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import jdk.jfr.FlightRecorder;
import vit.model.service.RequestRefusedException.Reason;

/**
 * Decides what is admitted and what is computed next. Its lock guards the queue, the predictions, the current {@link Generation} and the state of every
 * {@link Ticket} that waits; it is held only for these decisions, never while something is computed or a caller's code runs.
 *
 * <p>Time comes from a given clock, and {@link #poll} decides without waiting. So tests can run every order of events without threads.
 */
final class Dispatcher {

    private static final int NANOS_PER_MILLISECOND = 1_000_000;

    /** A caller that comes before the first warm-up is over is asked to come again after this time; a warm-up takes a few seconds. */
    private static final long RETRY_NOT_READY_NANOS = 1_000_000_000;

    private final int sessions;
    private final LongSupplier clock;
    private final Meters meters;
    private final Consumer<Reason> overload;
    private final RequestQueue queue = new RequestQueue();
    private final Admission admission;
    private Generation current; // null until ready
    private int computing; // batches
    private boolean closing;
    private boolean ended;

    /** @param overload is told every refusal */
    Dispatcher(ServiceOptions options, LongSupplier clock, Meters meters, Consumer<Reason> overload) {
        this.sessions = options.sessions();
        this.clock = clock;
        this.meters = meters;
        this.overload = overload;
        this.admission = new Admission(options);
    }

    long now() {
        return clock.getAsLong();
    }

    int queueLength() {
        return queue.length();
    }

    long queueBytes() {
        return queue.bytes();
    }

    /**
     * Binds a request to the current model, if it would be admitted now. Its caller then calls {@link #offer} or {@link #leave}. Between the two the image
     * is prepared.
     */
    void enter(Ticket ticket) throws RequestRefusedException {
        long now = now();
        RequestRefusedException refusal;
        synchronized (this) {
            ticket.generation = current;
            refusal = refusal(ticket, now);
            if (refusal == null) {
                current.retain();
                return;
            }
        }
        ticket.generation = null;
        throw refused(refusal);
    }

    /** Ends a request that was never offered. */
    void leave(Ticket ticket) {
        boolean last;
        synchronized (this) {
            last = ticket.generation.release();
        }
        if (last) {
            ticket.generation.close();
        }
    }

    /** Admits a request that has entered, or refuses it. A refused request has ended. */
    void offer(Ticket ticket) throws RequestRefusedException {
        long now = now();
        RequestRefusedException refusal;
        synchronized (this) {
            refusal = refusal(ticket, now);
            if (refusal == null) {
                ticket.queued = now;
                ticket.passes = ticket.generation.costs().passes(ticket.output);
                ticket.state = Ticket.State.WAITING;
                queue.add(ticket);
                notify(); // a worker: nobody else waits here while requests are admitted
                return;
            }
        }
        leave(ticket);
        throw refused(refusal);
    }

    /** Counts a refusal, whichever class finds it. A log or a recording that fails does not take the refusal's place. */
    RequestRefusedException refused(RequestRefusedException refusal) {
        meters.refused(refusal.reason());
        try {
            overload.accept(refusal.reason());
            if (FlightRecorder.isInitialized()) {
                RefusalEvent.commit(refusal);
            }
        } catch (Throwable e) {
            ServiceLog.error("a refusal could not be logged", e);
        }
        return refusal;
    }

    /** Why a request cannot be admitted now; null if it can. */
    private RequestRefusedException refusal(Ticket ticket, long now) {
        if (closing) {
            return new RequestRefusedException(Reason.CLOSING, -1);
        }
        if (current == null) {
            return new RequestRefusedException(Reason.NOT_READY, RETRY_NOT_READY_NANOS);
        }
        return admission.refusal(ticket, queue, now);
    }

    /** How long preparing an image may take, so that its request can still be admitted if nothing waits. */
    long preparationNanos(Ticket ticket) {
        synchronized (this) {
            return ticket.deadline - now() - Admission.withMargin(Admission.cost(ticket));
        }
    }

    /**
     * Takes a request out of the queue, because its caller has gone or its deadline has passed. The caller ends it.
     *
     * @param expired whether its deadline has passed; otherwise its caller has gone
     * @return whether it waited; otherwise it is being computed or has ended, and nothing changes
     */
    boolean withdraw(Ticket ticket, boolean expired) {
        synchronized (this) {
            if (ticket.state != Ticket.State.WAITING) {
                return false;
            }
            queue.remove(ticket);
            if (expired) {
                admission.observe(ticket, true);
            }
            ticket.state = Ticket.State.DONE;
            wakeCloser();
        }
        leave(ticket);
        return true;
    }

    /**
     * Waits for work for a worker.
     *
     * @return false if there will be none any more
     */
    boolean take(int worker, Batch batch) throws InterruptedException {
        synchronized (this) {
            while (!poll(worker, batch)) {
                if (ended) {
                    return false;
                }
                wait();
            }
        }
        return true;
    }

    /**
     * Takes work for a worker if there is any: all requests whose deadline has passed before their turn, in {@code batch.expired}, which the worker fails; or
     * else a batch of those whose turn it is, in {@code batch.members}, which it computes, and then calls {@link #finish}. Never both, because callers' code may
     * run when requests fail, and would hold up the batch.
     */
    synchronized boolean poll(int worker, Batch batch) {
        batch.clear();
        long now = now();
        Ticket first;
        while ((first = queue.first()) != null && first.deadline <= now) {
            expire(first, batch);
        }
        if (first != null && batch.expired == null) {
            CostTable costs = first.generation.costs();
            int size = BatchRule.size(queue, costs, sessions, batch.members.length, now);
            for (int i = 0; i < size; i++) {
                Ticket member = queue.first();
                queue.remove(member);
                member.state = Ticket.State.COMPUTING;
                member.started = now;
                batch.members[i] = member;
            }
            batch.size = size;
            batch.started = now;
            batch.expectedNanos = size == 1 ? Admission.cost(first) : costs.of(size);
            computing++;
            admission.begins(worker, now, now + batch.expectedNanos);
        }
        return batch.size > 0 || batch.expired != null;
    }

    private void expire(Ticket ticket, Batch batch) {
        queue.remove(ticket);
        ticket.state = Ticket.State.COMPUTING; // the worker's, until it has failed it
        ticket.next = batch.expired;
        batch.expired = ticket;
        admission.observe(ticket, true);
        wakeCloser();
    }

    private static void observe(Batch batch, long nanos) {
        CostTable costs = batch.members[0].generation.costs();
        if (batch.members[0].output == Ticket.Output.ATTENTION) {
            costs.observeAttention(nanos);
        } else {
            costs.observe(batch.size, nanos);
        }
    }

    /** Notes that a batch was computed: its cost, its members' end. A pass that failed is no measure, because faults are looked for in it. */
    void finish(int worker, Batch batch) {
        long now = now();
        meters.computed(batch, now);
        for (int i = 0; i < batch.size; i++) {
            batch.members[i].ended = now;
        }
        synchronized (this) {
            if (!batch.hasFailed()) {
                observe(batch, now - batch.started);
            }
            for (int i = 0; i < batch.size; i++) {
                admission.observe(batch.members[i], now > batch.members[i].deadline);
            }
            admission.ends(worker);
            computing--;
            wakeCloser();
        }
        for (int i = 0; i < batch.size; i++) {
            leave(batch.members[i]);
        }
    }

    /** Makes a model the current one. Requests that have entered keep theirs. */
    void install(Generation next) throws RequestRefusedException {
        Generation old;
        synchronized (this) {
            if (closing) {
                throw new RequestRefusedException(Reason.CLOSING, -1);
            }
            old = current;
            current = next;
            if (old != null && !old.release()) {
                old = null; // its last request closes it
            }
        }
        if (old != null) {
            old.close();
        }
    }

    /** See {@link Admission#waitMargin}. */
    synchronized double waitMargin() {
        return admission.waitMargin();
    }

    synchronized boolean isReady() {
        return current != null && !closing;
    }

    /** Refuses requests from now on. */
    synchronized void beginClosing() {
        closing = true;
    }

    private void wakeCloser() {
        if (closing) {
            notifyAll();
        }
    }

    /**
     * Waits until nothing waits and nothing is computed any more, but no longer than the given time.
     *
     * @return whether nothing is left
     */
    synchronized boolean awaitIdle(long nanos) throws InterruptedException {
        long end = now() + nanos;
        while (queue.length() > 0 || computing > 0) {
            long left = end - now();
            if (left <= 0) {
                return false;
            }
            wait(left / NANOS_PER_MILLISECOND, (int) (left % NANOS_PER_MILLISECOND));
        }
        return true;
    }

    /** Ends the workers once they have nothing under way, and gives back what still waits, a list by {@link Ticket#next} for the caller to fail. */
    synchronized Ticket end() {
        ended = true;
        Ticket rest = null;
        for (Ticket ticket = queue.first(); ticket != null; ticket = queue.first()) {
            queue.remove(ticket);
            ticket.state = Ticket.State.COMPUTING;
            ticket.next = rest;
            rest = ticket;
        }
        notifyAll();
        return rest;
    }

    /** Lets go of the current model, once. */
    void uninstall() {
        Generation last;
        synchronized (this) {
            last = current;
            current = null;
            if (last != null && !last.release()) {
                last = null;
            }
        }
        if (last != null) {
            last.close();
        }
    }
}
