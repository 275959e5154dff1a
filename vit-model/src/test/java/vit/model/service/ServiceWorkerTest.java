package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vit.model.service.RequestRefusedException.Reason;

/** What becomes of a batch: who is told, in which order, and whatever is thrown. */
class ServiceWorkerTest {

    private static final long LONG = 1_000_000;

    private final List<String> told = new ArrayList<>();

    /** Three futures around a caller that waits; each future looks whether the caller has been told. */
    private Ticket[] aroundOneThatWaits(Desk desk, long within) throws RequestRefusedException {
        Ticket[] tickets = new Ticket[4];
        for (int i = 0; i < tickets.length; i++) {
            tickets[i] = desk.offer(desk.ticket(within));
        }
        for (int i : new int[] {0, 1, 3}) {
            tickets[i].delivery = () -> {
                told.add(i + " after " + tickets[2].state);
                throw ServiceWorkerTest.<RuntimeException>unchecked(new Exception("planted in a test: a checked exception of a callback"));
            };
        }
        return tickets;
    }

    @SuppressWarnings("unchecked")
    private static <E extends Exception> E unchecked(Exception checked) throws E {
        throw (E) checked;
    }

    @Test
    void callersThatWaitAreToldBeforeFuturesAreCompleted() throws RequestRefusedException {
        Desk desk = Desk.of(1, 100, 110, 120, 130);
        aroundOneThatWaits(desk, LONG);
        Batch batch = desk.poll(0);
        assertEquals(4, batch.size);
        desk.finish(0, batch);
        assertEquals(List.of("0 after DONE", "1 after DONE", "3 after DONE"), told);
    }

    @Test
    void callersThatWaitAreToldThatTheyExpiredBeforeFuturesFail() throws RequestRefusedException {
        Desk desk = Desk.of(4, 100);
        Ticket[] tickets = aroundOneThatWaits(desk, 200);
        desk.time.now = 200;
        desk.finish(0, desk.poll(0));
        assertEquals(List.of("3 after DONE", "1 after DONE", "0 after DONE"), told);
        for (Ticket ticket : tickets) {
            assertEquals(Reason.EXPIRED, ((RequestRefusedException) ticket.failure).reason());
        }
    }

    /** An engine must not throw. If one does, its callers get what it threw, and the worker computes the next batch. */
    @Test
    void anEngineThatThrowsFailsItsBatchAndNoOther() throws Exception {
        FakeTime time = new FakeTime();
        Dispatcher dispatcher = new Dispatcher(Desk.options(1, 10, 1000, 1), time, new Meters(), _ -> { });
        Error planted = new StackOverflowError("planted in a test");
        FakeEngine engine = new FakeEngine() {
            private boolean thrown;

            @Override
            public void run(Batch batch) {
                if (!thrown) {
                    thrown = true;
                    throw planted;
                }
            }

            @Override
            public void close() {
                super.close();
                throw new StackOverflowError("planted in a test");
            }
        };
        FakeEngine second = new FakeEngine();
        dispatcher.install(new Generation(null, new Engine[] {engine, second}, new CostTable(new long[] {10})));
        Ticket[] tickets = new Ticket[2];
        for (int i = 0; i < tickets.length; i++) {
            tickets[i] = new Ticket();
            tickets[i].output = Ticket.Output.LOGITS;
            tickets[i].deadline = LONG;
            dispatcher.enter(tickets[i]);
            dispatcher.offer(tickets[i]);
        }
        dispatcher.uninstall(); // so the last request closes the engines
        Thread worker = Thread.ofPlatform().daemon().start(new ServiceWorker(dispatcher, 0, 1));
        while (worker.isAlive() && tickets[1].state != Ticket.State.DONE) {
            Thread.sleep(1);
        }
        assertEquals(Ticket.State.DONE, tickets[1].state, "the worker has ended before");
        assertSame(planted, tickets[0].failure);
        assertNull(tickets[1].failure);
        assertEquals(1, engine.closed);
        assertEquals(1, second.closed, "though the first could not be closed");
        dispatcher.end();
        worker.join();
    }

    @Test
    void aLogThatFailsDoesNotHideARefusal() {
        Dispatcher dispatcher = new Dispatcher(Desk.options(1, 10, 1000, 1), new FakeTime(), new Meters(), _ -> {
            throw new StackOverflowError("planted in a test");
        });
        RequestRefusedException refusal = new RequestRefusedException(Reason.EXPIRED, -1);
        assertSame(refusal, dispatcher.refused(refusal));
    }
}
