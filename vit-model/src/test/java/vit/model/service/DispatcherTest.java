package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vit.model.service.RequestRefusedException.Reason;

class DispatcherTest {

    private static final long LONG = 1_000_000;

    private static void assertRefused(Reason reason, long retryNanos, RequestRefusedException refusal) {
        assertEquals(reason, refusal.reason());
        assertEquals(retryNanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(retryNanos)), refusal.retryAfter());
    }

    @Test
    void firstInIsFirstOut() throws RequestRefusedException {
        Desk desk = Desk.of(1, 10);
        Ticket[] tickets = {desk.offer(desk.ticket(LONG)), desk.offer(desk.ticket(LONG)), desk.offer(desk.ticket(LONG))};
        for (Ticket ticket : tickets) {
            Batch batch = desk.poll(0);
            assertEquals(1, batch.size);
            assertSame(ticket, batch.members[0]);
            desk.finish(0, batch);
            assertEquals(Ticket.State.DONE, ticket.state);
        }
        assertEquals(0, desk.poll(0).size);
    }

    @Test
    void urgentRequestsGoInFrontAndKeepTheirOrder() throws RequestRefusedException {
        Desk desk = Desk.of(1, 10);
        Ticket ordinary = desk.offer(desk.ticket(LONG));
        Ticket first = desk.offer(desk.urgent(LONG));
        Ticket second = desk.offer(desk.urgent(LONG));
        for (Ticket expected : new Ticket[] {first, second, ordinary}) {
            assertSame(expected, desk.poll(0).members[0]);
        }
    }

    @Test
    void nothingIsAdmittedBeforeTheModelIsReady() throws RequestRefusedException {
        Desk desk = new Desk(Desk.options(1, 1, Desk.BYTES, 1));
        assertEquals(Reason.NOT_READY, desk.refusal(desk.ticket(LONG)).reason());
        desk.dispatcher.install(desk.generation(10));
        assertNull(desk.refusal(desk.ticket(LONG)));
    }

    @Test
    void aFullQueueRefusesUntilASessionIsFree() throws RequestRefusedException {
        Desk desk = new Desk(Desk.options(1, 2, LONG, 1));
        desk.dispatcher.install(desk.generation(10));
        desk.offer(desk.ticket(LONG));
        Batch batch = desk.poll(0);
        desk.offer(desk.ticket(LONG));
        desk.offer(desk.ticket(LONG));
        desk.time.now += 3;
        assertRefused(Reason.QUEUE_FULL, 7, desk.refusal(desk.ticket(LONG)));
        assertRefused(Reason.QUEUE_FULL, 7, desk.refusal(desk.urgent(LONG)));
        desk.finish(0, batch);
        desk.poll(0);
        assertNull(desk.refusal(desk.ticket(LONG)));
        assertEquals(2, desk.statistics().refused().get(Reason.QUEUE_FULL));
    }

    @Test
    void theBytesOfWaitingImagesAreBounded() throws RequestRefusedException {
        Desk desk = new Desk(Desk.options(1, 100, 2 * Desk.BYTES + 1, 1));
        desk.dispatcher.install(desk.generation(10));
        desk.offer(desk.ticket(LONG));
        Ticket second = desk.offer(desk.ticket(LONG));
        assertRefused(Reason.QUEUE_BYTES, 0, desk.refusal(desk.ticket(LONG)));
        assertEquals(2 * Desk.BYTES, desk.statistics().queueBytes());
        assertTrue(desk.dispatcher.withdraw(second, false));
        assertNull(desk.refusal(desk.ticket(LONG)));
    }

    @Test
    void anImageThatNeverFitsIsNotAskedToComeAgain() throws RequestRefusedException {
        Desk desk = new Desk(Desk.options(1, 100, Desk.BYTES - 1, 1));
        desk.dispatcher.install(desk.generation(10));
        assertRefused(Reason.QUEUE_BYTES, -1, desk.refusal(desk.ticket(LONG)));
    }

    /** A pass takes 10, and a request needs a fifth more than that. */
    @Test
    void aDeadlineThatNoPassCanKeepIsRefused() throws RequestRefusedException {
        Desk desk = Desk.of(1, 10);
        assertRefused(Reason.DEADLINE, -1, desk.refusal(desk.ticket(11)));
        assertNull(desk.refusal(desk.ticket(12)));
    }

    @Test
    void aRefusedRequestIsAdmittedAfterTheTimeItIsTold() throws RequestRefusedException {
        Desk desk = Desk.of(1, 10);
        desk.offer(desk.ticket(LONG));
        Batch batch = desk.poll(0);
        desk.offer(desk.ticket(LONG));
        desk.time.now += 2;
        assertRefused(Reason.DEADLINE, 10, desk.refusal(desk.ticket(20))); // 8 until the session is free, 10 for the one that waits, 12 for itself
        Ticket urgent = desk.offer(desk.urgent(20)); // need not wait for the others
        assertTrue(desk.dispatcher.withdraw(urgent, false));
        desk.time.now += 8;
        desk.finish(0, batch);
        desk.poll(0);
        desk.time.now += 1;
        assertRefused(Reason.DEADLINE, 1, desk.refusal(desk.ticket(20)));
        desk.time.now += 1;
        assertNull(desk.refusal(desk.ticket(20)));
    }

    @Test
    void twoSessionsShareTheQueue() throws RequestRefusedException {
        Desk desk = Desk.of(2, 10);
        desk.offer(desk.ticket(LONG));
        desk.poll(0);
        desk.time.now += 4;
        Ticket second = desk.offer(desk.ticket(LONG));
        assertEquals(14, second.predicted);
        desk.poll(1);
        assertEquals(20, desk.offer(desk.ticket(LONG)).predicted, "when the first session has ended its pass");
        assertEquals(24, desk.offer(desk.ticket(LONG)).predicted, "when the second has");
        assertEquals(30, desk.offer(desk.ticket(LONG)).predicted, "after the one that waits for the first");
    }

    @Test
    void aSessionWhosePassEndsEarlyIsFree() throws RequestRefusedException {
        Desk desk = Desk.of(1, 1000);
        desk.offer(desk.ticket(LONG));
        Batch batch = desk.poll(0);
        desk.time.now += 500;
        desk.finish(0, batch);
        Ticket next = desk.ticket(LONG);
        desk.offer(next);
        assertEquals(desk.time.now + next.generation.costs().of(1), next.predicted, "nothing is under way");
    }

    @Test
    void whatWaitsPastItsDeadlineIsNotComputed() throws RequestRefusedException {
        Desk desk = Desk.of(1, 10);
        desk.offer(desk.ticket(LONG));
        Batch slow = desk.poll(0);
        Ticket late = desk.offer(desk.ticket(30));
        Ticket later = desk.offer(desk.ticket(40));
        later.deadline = late.deadline;
        Ticket other = desk.offer(desk.ticket(LONG));
        desk.time.now += 30; // the pass takes three times what was expected
        desk.finish(0, slow);
        Batch batch = desk.poll(0);
        assertSame(later, batch.expired);
        assertSame(late, later.next);
        assertNull(late.next);
        assertEquals(0, batch.size, "no batch waits while these fail");
        desk.finish(0, batch);
        for (Ticket ticket : new Ticket[] {late, later}) {
            assertEquals(Reason.EXPIRED, ((RequestRefusedException) ticket.failure).reason());
            assertEquals(Ticket.State.DONE, ticket.state);
        }
        assertEquals(2, desk.statistics().refused().get(Reason.EXPIRED));
        batch = desk.poll(0);
        assertSame(other, batch.members[0]);
        desk.finish(0, batch);
        assertEquals(2, desk.statistics().answered());
    }

    @Test
    void aWithdrawnRequestLeavesTheQueueAndARunningOneDoesNot() throws RequestRefusedException {
        Desk desk = Desk.of(1, 10);
        Ticket[] tickets = {desk.offer(desk.ticket(LONG)), desk.offer(desk.ticket(LONG)), desk.offer(desk.ticket(LONG)), desk.offer(desk.urgent(LONG))};
        assertTrue(desk.dispatcher.withdraw(tickets[1], false), "in the middle");
        assertFalse(desk.dispatcher.withdraw(tickets[1], false), "twice");
        assertTrue(desk.dispatcher.withdraw(tickets[2], false), "the last");
        assertTrue(desk.dispatcher.withdraw(tickets[3], false), "the only urgent one");
        assertEquals(1, desk.statistics().queueLength());
        assertEquals(Desk.BYTES, desk.statistics().queueBytes());
        assertSame(tickets[0], desk.poll(0).members[0]);
        assertFalse(desk.dispatcher.withdraw(tickets[0], false), "is being computed");
    }

    @Test
    void passesTeachWhatTheNextOnesCost() throws RequestRefusedException {
        Desk desk = Desk.of(1, 1000);
        for (int pass = 0; pass < 200; pass++) {
            desk.offer(desk.ticket(LONG));
            Batch batch = desk.poll(0);
            desk.time.now += 2000;
            desk.finish(0, batch);
        }
        assertEquals(desk.time.now + 2000, desk.offer(desk.ticket(LONG)).predicted, 10);
    }

    @Test
    void aPassThatFailedTeachesNothing() throws RequestRefusedException {
        Desk desk = Desk.of(1, 1000);
        desk.offer(desk.ticket(LONG)).failure = new ArithmeticException("planted");
        Batch batch = desk.poll(0);
        desk.time.now += 3000;
        desk.finish(0, batch);
        assertEquals(desk.time.now + 1000, desk.offer(desk.ticket(LONG)).predicted);
        assertEquals(1, desk.statistics().failed());
        assertEquals(0, desk.statistics().answered());
    }

    @Test
    void tenPassesBringTheCostWithinAFifthAndFiftyWithinATwentieth() {
        CostTable costs = new CostTable(new long[] {1000});
        for (int pass = 1; pass <= 50; pass++) {
            assertTrue(costs.of(1) < 1900, "after " + (pass - 1) + " passes " + costs.of(1));
            costs.observe(1, 2000);
            assertTrue(pass != 10 || costs.of(1) >= 1600, "after ten passes " + costs.of(1));
        }
        assertTrue(costs.of(1) >= 1900, "after fifty passes " + costs.of(1));
    }

    @Test
    void oneOutlierMovesTheCostLittle() {
        CostTable costs = new CostTable(new long[] {1000});
        costs.observe(1, 1_000_000_000);
        assertEquals(1375, costs.of(1));
    }

    /** A request needs 1200 and has 1300. One slow pass raises that to 1650; only a pass can lower it again. */
    @Test
    void aServiceThatPredictsNothingInTimeTriesAgainEverySecond() throws RequestRefusedException {
        Desk desk = Desk.of(1, 1000);
        desk.offer(desk.ticket(1300));
        Batch slow = desk.poll(0);
        desk.time.now += LONG;
        desk.finish(0, slow);
        long begun = slow.started;
        int trials = 0;
        while (desk.refusal(desk.ticket(1300)) != null) {
            desk.time.now = begun + Admission.TRIAL_NANOS - 1;
            assertRefused(Reason.DEADLINE, -1, desk.refusal(desk.ticket(1300)));
            desk.time.now++;
            Ticket passed = desk.ticket(1300);
            passed.deadline = desk.time.now;
            assertEquals(Reason.DEADLINE, desk.refusal(passed).reason(), "its deadline has passed");
            assertNull(desk.refusal(desk.ticket(1300)), "a trial");
            assertEquals(Reason.DEADLINE, desk.refusal(desk.ticket(1300)).reason(), "one waits already");
            assertEquals(Reason.DEADLINE, desk.refusal(desk.urgent(1300)).reason(), "one waits already");
            Batch batch = desk.poll(0);
            begun = desk.time.now;
            assertEquals(Reason.DEADLINE, desk.refusal(desk.ticket(1300)).reason(), "one is being computed");
            desk.time.now += 1000;
            desk.finish(0, batch);
            trials++;
        }
        assertTrue(trials > 1 && trials < 50, trials + " trials");
    }

    @Test
    void aReplacedModelIsClosedWhenItsLastRequestEnds() throws RequestRefusedException {
        Desk desk = Desk.of(2, 10);
        FakeEngine old = desk.engine;
        FakeEngine next = new FakeEngine();
        Ticket computed = desk.offer(desk.ticket(LONG));
        Batch batch = desk.poll(0);
        Ticket waiting = desk.offer(desk.ticket(LONG));
        Ticket decoding = desk.ticket(LONG);
        desk.dispatcher.enter(decoding);
        desk.dispatcher.install(new Generation(null, new Engine[] {next}, new CostTable(new long[] {10})));
        Ticket fresh = desk.offer(desk.ticket(LONG));
        desk.dispatcher.offer(decoding);
        assertSame(computed.generation, waiting.generation);
        assertSame(computed.generation, decoding.generation, "its pixels were prepared for the old model");
        assertSame(next, fresh.generation.engine(0));
        desk.finish(0, batch);
        for (int i = 0; i < 3; i++) {
            assertEquals(0, old.closed);
            desk.finish(0, desk.poll(0));
        }
        assertEquals(1, old.closed);
        assertEquals(0, next.closed);
        desk.dispatcher.uninstall();
        assertEquals(1, next.closed);
    }

    @Test
    void closingRefusesAndGivesBackWhatWaits() throws RequestRefusedException {
        Desk desk = Desk.of(1, 10);
        Ticket waiting = desk.offer(desk.ticket(LONG));
        Ticket decoding = desk.ticket(LONG);
        desk.dispatcher.enter(decoding);
        desk.dispatcher.beginClosing();
        assertFalse(desk.dispatcher.isReady());
        assertRefused(Reason.CLOSING, -1, desk.refusal(desk.ticket(LONG)));
        Ticket rest = desk.dispatcher.end();
        assertSame(waiting, rest);
        assertNull(rest.next);
        desk.dispatcher.uninstall();
        ServiceWorker.failAll(rest, Reason.CLOSING, desk.dispatcher);
        assertEquals(0, desk.engine.closed, "an image is being decoded for it");
        assertEquals(Reason.CLOSING, assertThrows(RequestRefusedException.class, () -> desk.dispatcher.offer(decoding)).reason());
        assertEquals(1, desk.engine.closed);
        assertEquals(0, desk.statistics().queueLength());
    }

    /** Only those that waited by prediction and were late, or expired, make the margin of the wait larger; on time, they make it smaller. */
    @Test
    void theMarginIsLearnedFromThoseThatWait() throws RequestRefusedException {
        Desk desk = Desk.of(1, 100);
        double least = desk.dispatcher.waitMargin();
        desk.offer(desk.ticket(130));
        Batch atOnce = desk.poll(0);
        desk.time.now += 500;
        desk.finish(0, atOnce);
        assertEquals(least, desk.dispatcher.waitMargin(), "it did not wait");

        desk.offer(desk.ticket(10_000));
        Batch ahead = desk.poll(0);
        Ticket late = desk.offer(desk.ticket(1_000));
        Ticket expired = desk.offer(desk.ticket(1_000));
        desk.time.now += 900;
        desk.finish(0, ahead);
        Batch slow = desk.poll(0);
        assertSame(late, slow.members[0]);
        desk.time.now += 200;
        assertTrue(desk.dispatcher.withdraw(expired, true));
        double one = desk.dispatcher.waitMargin();
        assertTrue(one > least, "one has expired");
        desk.finish(0, slow);
        double two = desk.dispatcher.waitMargin();
        assertTrue(two > one, "one was late");

        desk.offer(desk.ticket(100_000));
        desk.offer(desk.ticket(100_000));
        desk.finish(0, desk.poll(0));
        desk.finish(0, desk.poll(0));
        assertTrue(desk.dispatcher.waitMargin() <= two && desk.dispatcher.waitMargin() > one, "one in time is worth less than one late");
    }
}
