package vit.model.service;

import java.util.concurrent.locks.LockSupport;
import jdk.jfr.FlightRecorder;
import vit.model.service.RequestRefusedException.Reason;

/**
 * The loop of a worker: takes a batch, computes it, hands out the results. Callers that wait are told before futures are completed, because code of the
 * futures' owners may run then. Nothing that is thrown, there or elsewhere, ends the loop or keeps a request from ending.
 */
final class ServiceWorker implements Runnable {

    private final Dispatcher dispatcher;
    private final int worker;
    private final Batch batch;
    private InferenceEvent event; // made once a recording has begun: the first event of a program loads a hundred classes

    ServiceWorker(Dispatcher dispatcher, int worker, int batchLimit) {
        this.dispatcher = dispatcher;
        this.worker = worker;
        this.batch = new Batch(batchLimit);
    }

    @Override
    public void run() {
        while (true) {
            try {
                if (!dispatcher.take(worker, batch)) {
                    return;
                }
                serve();
            } catch (InterruptedException e) {
                // Only the service ends its workers. This interrupt came from a callback of a caller.
            } catch (Throwable e) {
                ServiceLog.error("a session's thread goes on after a failure", e);
            }
        }
    }

    /** Computes and delivers what was taken. */
    void serve() {
        Thread.interrupted(); // a callback of a caller may have set it, and it is not for the next pass
        if (batch.expired != null) {
            failAll(batch.expired, Reason.EXPIRED, dispatcher);
        }
        if (batch.size > 0) {
            boolean recorded = beginEvent();
            compute();
            if (recorded) {
                endEvent();
            }
            try {
                dispatcher.finish(worker, batch);
            } finally {
                endAll(batch);
            }
        }
    }

    /** An engine throws nothing; if one does nevertheless, its callers must not wait for ever. */
    private void compute() {
        try {
            batch.members[0].generation.engine(worker).run(batch);
        } catch (Throwable e) {
            for (int i = 0; i < batch.size; i++) {
                if (batch.members[i].failure == null) {
                    batch.members[i].failure = e;
                }
            }
        }
    }

    /** Returns whether the pass is recorded. */
    private boolean beginEvent() {
        try {
            if (!FlightRecorder.isInitialized()) {
                return false;
            }
            event = event == null ? new InferenceEvent() : event;
            event.begin();
            return true;
        } catch (Throwable e) {
            ServiceLog.error("a pass could not be recorded", e);
            return false;
        }
    }

    private void endEvent() {
        try {
            event.end(batch);
        } catch (Throwable e) {
            ServiceLog.error("a pass could not be recorded", e);
        }
    }

    /** Ends the members of a batch, waiting callers first. */
    static void endAll(Batch batch) {
        for (int i = 0; i < batch.size; i++) {
            Ticket member = batch.members[i];
            if (member.delivery == null) {
                batch.members[i] = null; // it may be used again at once
                end(member);
            }
        }
        for (int i = 0; i < batch.size; i++) {
            if (batch.members[i] != null) {
                end(batch.members[i]);
            }
        }
    }

    /** Fails the tickets of a list, which were taken out of the queue and not computed; waiting callers first. */
    static void failAll(Ticket first, Reason reason, Dispatcher dispatcher) {
        Ticket futures = null;
        Ticket last = null;
        Ticket next;
        for (Ticket ticket = first; ticket != null; ticket = next) {
            next = ticket.next; // a ticket that has ended may be used again at once
            fail(ticket, reason, dispatcher);
            if (ticket.delivery == null) {
                end(ticket);
                continue;
            }
            ticket.next = null;
            if (last == null) {
                futures = ticket;
            } else {
                last.next = ticket;
            }
            last = ticket;
        }
        for (Ticket ticket = futures; ticket != null; ticket = ticket.next) {
            end(ticket);
        }
    }

    private static void fail(Ticket ticket, Reason reason, Dispatcher dispatcher) {
        try {
            ticket.failure = dispatcher.refused(new RequestRefusedException(reason, -1));
        } catch (Throwable e) {
            ticket.failure = e; // no memory even for that
        }
        dispatcher.leave(ticket);
    }

    /** Tells the caller that the request has ended. The ticket is the caller's from then on. */
    static void end(Ticket ticket) {
        Thread waiter = ticket.waiter;
        Runnable delivery = ticket.delivery;
        ticket.state = Ticket.State.DONE;
        try {
            LockSupport.unpark(waiter);
            if (delivery != null) {
                delivery.run();
            }
        } catch (Throwable e) {
            ServiceLog.error("a request's result could not be delivered", e);
        }
    }
}
