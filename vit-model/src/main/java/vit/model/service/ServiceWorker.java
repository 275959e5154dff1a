package vit.model.service;

import java.util.concurrent.locks.LockSupport;
import jdk.jfr.FlightRecorder;
import vit.model.service.RequestRefusedException.Reason;

/** The loop of a worker: takes a batch, computes it, hands out the results. */
final class ServiceWorker implements Runnable {

    private static final System.Logger LOGGER = System.getLogger("vit.service");

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
            }
        }
    }

    /** Computes and delivers what was taken. */
    void serve() {
        Thread.interrupted(); // a callback of a caller may have set it, and it is not for the next pass
        failAll(batch.expired, Reason.EXPIRED, dispatcher);
        if (batch.size > 0) {
            boolean recorded = FlightRecorder.isInitialized();
            if (recorded) {
                event = event == null ? new InferenceEvent() : event;
                event.begin();
            }
            batch.members[0].generation.engine(worker).run(batch);
            if (recorded) {
                event.end(batch);
            }
            dispatcher.finish(worker, batch);
            for (int i = 0; i < batch.size; i++) {
                end(batch.members[i]);
            }
        }
    }

    /** Fails the tickets of a list, which were taken out of the queue and not computed. */
    static void failAll(Ticket first, Reason reason, Dispatcher dispatcher) {
        Ticket next;
        for (Ticket ticket = first; ticket != null; ticket = next) {
            next = ticket.next; // a ticket that has ended may be used again at once
            ticket.failure = dispatcher.refused(new RequestRefusedException(reason, -1));
            dispatcher.leave(ticket);
            end(ticket);
        }
    }

    /** Tells the caller that the request has ended. The ticket is the caller's from then on. */
    static void end(Ticket ticket) {
        Thread waiter = ticket.waiter;
        Runnable delivery = ticket.delivery;
        ticket.state = Ticket.State.DONE;
        LockSupport.unpark(waiter);
        if (delivery != null) {
            try {
                delivery.run();
            } catch (RuntimeException | Error e) {
                LOGGER.log(System.Logger.Level.ERROR, "a request's result could not be delivered", e);
            }
        }
    }
}
