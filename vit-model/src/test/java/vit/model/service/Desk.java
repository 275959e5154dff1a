package vit.model.service;

import java.time.Duration;
import vit.model.service.RequestRefusedException.Reason;

/** A dispatcher without threads: time stands still until a test moves it, and workers take and finish when a test says so. */
final class Desk {

    static final long BYTES = 100; // of an image

    final FakeTime time = new FakeTime();
    final Meters meters = new Meters();
    final FakeEngine engine = new FakeEngine();
    final Dispatcher dispatcher;
    final int limit;

    Desk(ServiceOptions options) {
        dispatcher = new Dispatcher(options, time, meters, _ -> { });
        limit = options.batchLimit();
    }

    /** A ready one: so many sessions, and a pass over 1, 2, … images takes so long. */
    static Desk of(int sessions, long... costs) throws RequestRefusedException {
        Desk desk = new Desk(options(sessions, 1000, 1000 * BYTES, costs.length));
        desk.dispatcher.install(desk.generation(costs));
        return desk;
    }

    static ServiceOptions options(int sessions, int queueLength, long queueBytes, int batchLimit) {
        return new ServiceOptions(sessions, 1, queueLength, queueBytes, Duration.ofSeconds(1), Duration.ofSeconds(1), batchLimit, 1, 1000);
    }

    Generation generation(long... costs) {
        return new Generation(null, new Engine[] {engine}, new CostTable(costs));
    }

    Ticket ticket(long within) {
        Ticket ticket = new Ticket();
        ticket.output = Ticket.Output.LOGITS;
        ticket.bytes = BYTES;
        ticket.arrived = time.now;
        ticket.deadline = time.now + within;
        return ticket;
    }

    Ticket urgent(long within) {
        Ticket ticket = ticket(within);
        ticket.urgent = true;
        return ticket;
    }

    Ticket offer(Ticket ticket) throws RequestRefusedException {
        dispatcher.enter(ticket);
        dispatcher.offer(ticket);
        return ticket;
    }

    /** Why a request is refused; null if it is admitted. */
    RequestRefusedException refusal(Ticket ticket) {
        try {
            offer(ticket);
            return null;
        } catch (RequestRefusedException e) {
            return e;
        }
    }

    /** What a worker takes now, an empty batch included. */
    Batch poll(int worker) {
        Batch batch = new Batch(limit);
        dispatcher.poll(worker, batch);
        return batch;
    }

    /** The batch that a worker computes next, after it has failed what has expired; empty if nothing waits. */
    Batch next(int worker) {
        Batch batch = poll(worker);
        while (batch.expired != null) {
            finish(worker, batch);
            batch = poll(worker);
        }
        return batch;
    }

    /** Ends what a worker took. */
    void finish(int worker, Batch batch) {
        ServiceWorker.failAll(batch.expired, Reason.EXPIRED, dispatcher);
        if (batch.size > 0) {
            dispatcher.finish(worker, batch);
            ServiceWorker.endAll(batch);
        }
    }

    ServiceStatistics statistics() {
        return meters.read(dispatcher.queueLength(), dispatcher.queueBytes());
    }
}
