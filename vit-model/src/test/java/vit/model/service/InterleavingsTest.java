package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import vit.model.service.RequestRefusedException.Reason;

/**
 * Random orders of everything that can happen to a dispatcher: requests come, are prepared, wait, are withdrawn and expire; workers take, finish and deliver;
 * models are replaced; the service is closed. A simple model of what is right stands beside it. Each order follows from its seed.
 */
class InterleavingsTest {

    private static final int ORDERS = 3000;
    private static final int EVENTS = 120;
    private static final int SESSIONS = 3;
    private static final int QUEUE = 8;

    /** One order of events. */
    private static final class Order {
        private final SplittableRandom random;
        private final int mostBytes; // in images: the queue's bounds are reached in turn
        private final Desk desk;
        private final List<FakeEngine> engines = new ArrayList<>();
        private final List<Generation> generations = new ArrayList<>();
        private final List<Ticket> entered = new ArrayList<>();
        private final List<Ticket> waiting = new ArrayList<>(); // in the order of arrival
        private final Batch[] taken = new Batch[SESSIONS];
        private int computed;
        private int cancelled;
        private int expired;
        private int admitted;
        private final Map<Reason, Integer> refused = new EnumMap<>(Reason.class);

        Order(long seed) throws RequestRefusedException {
            random = new SplittableRandom(seed);
            mostBytes = seed % 2 == 0 ? 6 : 10;
            desk = new Desk(Desk.options(SESSIONS, QUEUE, mostBytes * Desk.BYTES, 4));
            install();
        }

        private void install() throws RequestRefusedException {
            FakeEngine engine = new FakeEngine();
            engines.add(engine);
            long cost = random.nextLong(5, 15);
            Generation generation = new Generation(null, new Engine[] {engine, new FakeEngine(), new FakeEngine()}, new CostTable(new long[] {cost, cost + 2, cost + 4, 4 * cost}));
            generations.add(generation);
            desk.dispatcher.install(generation);
        }

        private void event() throws RequestRefusedException {
            int worker = random.nextInt(SESSIONS);
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> enter();
                case 3, 4 -> offer();
                case 5 -> withdraw();
                case 6, 7 -> take(worker);
                case 8 -> finish(worker);
                default -> {
                    if (random.nextInt(10) == 0) {
                        install();
                    } else {
                        desk.time.now += random.nextInt(12);
                    }
                }
            }
            check();
        }

        private void enter() {
            Ticket ticket = desk.ticket(random.nextLong(1, 80));
            ticket.urgent = random.nextInt(3) == 0;
            ticket.output = Ticket.Output.values()[random.nextInt(2)];
            try {
                desk.dispatcher.enter(ticket);
                assertSame(generations.getLast(), ticket.generation);
                entered.add(ticket);
            } catch (RequestRefusedException e) {
                checkRefusal(ticket, e.reason());
            }
        }

        private void offer() {
            if (entered.isEmpty()) {
                return;
            }
            Ticket ticket = entered.remove(random.nextInt(entered.size()));
            try {
                desk.dispatcher.offer(ticket);
                assertTrue(waiting.size() < Math.min(QUEUE, mostBytes));
                assertTrue(neededUntil(ticket) <= ticket.deadline, "admitted, though it needs until " + neededUntil(ticket));
                waiting.add(ticket);
                admitted++;
            } catch (RequestRefusedException e) {
                checkRefusal(ticket, e.reason());
            }
        }

        private void checkRefusal(Ticket ticket, Reason reason) {
            switch (reason) {
                case QUEUE_FULL -> assertEquals(QUEUE, waiting.size());
                case QUEUE_BYTES -> assertEquals(mostBytes, waiting.size());
                case DEADLINE -> assertTrue(neededUntil(ticket) > ticket.deadline, "refused, though it needs until " + neededUntil(ticket));
                default -> throw new AssertionError(reason);
            }
            refused.merge(reason, 1, Integer::sum);
        }

        /** The time by which a request would be answered, margins included, if one request after the other went to the session that is free first. */
        private long neededUntil(Ticket ticket) {
            long cost = (ticket.generation == null ? generations.getLast() : ticket.generation).costs().of(1);
            PriorityQueue<Long> free = new PriorityQueue<>();
            for (Batch batch : taken) {
                free.add(batch == null || batch.size == 0 ? desk.time.now : Math.max(desk.time.now, batch.started + batch.expectedNanos));
            }
            for (Ticket other : waiting) {
                if (other != ticket && (other.urgent || !ticket.urgent)) {
                    free.add(free.remove() + cost);
                }
            }
            long wait = free.peek() - desk.time.now;
            return desk.time.now + wait + (long) (wait * desk.dispatcher.waitMargin()) + cost + cost / 5;
        }

        private void withdraw() {
            if (admitted == 0) {
                return;
            }
            boolean fromQueue = !waiting.isEmpty() && random.nextBoolean();
            Batch batch = taken[random.nextInt(SESSIONS)];
            if (fromQueue) {
                assertTrue(desk.dispatcher.withdraw(waiting.remove(random.nextInt(waiting.size())), random.nextBoolean()));
                cancelled++;
            } else if (batch != null && batch.size > 0) {
                assertTrue(!desk.dispatcher.withdraw(batch.members[random.nextInt(batch.size)], random.nextBoolean()), "it is being computed");
            }
        }

        private void take(int worker) {
            if (taken[worker] != null) {
                return;
            }
            Batch batch = desk.poll(worker);
            for (Ticket ticket = batch.expired; ticket != null; ticket = ticket.next) {
                assertTrue(ticket.deadline <= desk.time.now);
                assertTrue(waiting.remove(ticket), "it ended before");
                expired++;
            }
            List<Ticket> turn = waiting.stream().sorted(Comparator.comparing(ticket -> !ticket.urgent)).toList(); // stable
            for (int i = 0; i < batch.size; i++) {
                Ticket member = batch.members[i];
                assertSame(turn.get(i), member, "out of turn");
                assertTrue(member.deadline > desk.time.now, "computed after its deadline");
                assertSame(batch.members[0].generation, member.generation);
                assertEquals(batch.members[0].output, member.output);
                assertEquals(0, engineOf(member).closed);
                waiting.remove(member);
            }
            assertEquals(turn.isEmpty() || batch.expired != null, batch.size == 0);
            taken[worker] = batch.size > 0 || batch.expired != null ? batch : null;
        }

        private FakeEngine engineOf(Ticket ticket) {
            return engines.get(generations.indexOf(ticket.generation));
        }

        private void finish(int worker) {
            if (taken[worker] != null) {
                for (int i = 0; i < taken[worker].size; i++) {
                    assertEquals(0, engineOf(taken[worker].members[i]).closed, "closed while it computed");
                }
                computed += taken[worker].size;
                desk.finish(worker, taken[worker]);
                taken[worker] = null;
            }
        }

        private void check() {
            ServiceStatistics statistics = desk.statistics();
            assertEquals(waiting.size(), statistics.queueLength());
            assertEquals(waiting.size() * Desk.BYTES, statistics.queueBytes());
            assertEquals(computed, statistics.answered());
            for (int i = 0; i < engines.size(); i++) {
                Generation generation = generations.get(i);
                boolean used = i == engines.size() - 1 || entered.stream().anyMatch(ticket -> ticket.generation == generation)
                        || waiting.stream().anyMatch(ticket -> ticket.generation == generation) || isTaken(generation);
                assertEquals(used ? 0 : 1, engines.get(i).closed, "model " + i);
            }
        }

        private boolean isTaken(Generation generation) {
            for (Batch batch : taken) {
                for (int i = 0; batch != null && i < batch.size; i++) {
                    if (batch.members[i].generation == generation) {
                        return true;
                    }
                }
                for (Ticket ticket = batch == null ? null : batch.expired; ticket != null; ticket = ticket.next) {
                    if (ticket.generation == generation) {
                        return true;
                    }
                }
            }
            return false;
        }

        private int close() {
            desk.dispatcher.beginClosing();
            Ticket rest = desk.dispatcher.end();
            int count = 0;
            for (Ticket ticket = rest; ticket != null; ticket = ticket.next) {
                assertTrue(waiting.remove(ticket));
                count++;
            }
            assertTrue(waiting.isEmpty());
            ServiceWorker.failAll(rest, Reason.CLOSING, desk.dispatcher);
            desk.dispatcher.uninstall();
            for (int worker = 0; worker < SESSIONS; worker++) {
                finish(worker);
            }
            for (Ticket ticket : entered) {
                desk.dispatcher.leave(ticket);
            }
            engines.forEach(engine -> assertEquals(1, engine.closed));
            assertFalse(desk.dispatcher.isReady());
            return count;
        }
    }

    @Test
    void everyOrderOfEventsKeepsThePromises() throws RequestRefusedException {
        int computed = 0;
        int expired = 0;
        int replaced = 0;
        Map<Reason, Integer> refused = new EnumMap<>(Reason.class);
        for (long seed = 0; seed < ORDERS; seed++) {
            try {
                Order order = new Order(seed);
                for (int i = 0; i < EVENTS; i++) {
                    order.event();
                }
                int rest = order.close();
                assertEquals(order.admitted, order.computed + order.cancelled + order.expired + rest, "every admitted request ends once");
                computed += order.computed;
                expired += order.expired;
                replaced += order.engines.size() - 1;
                order.refused.forEach((reason, count) -> refused.merge(reason, count, Integer::sum));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
        System.out.println(ORDERS + " orders: " + computed + " requests computed, " + expired + " expired, refused " + refused + ", " + replaced + " models replaced");
        assertTrue(computed > 10_000 && expired > 1000 && replaced > 1000, "too little happened");
        for (Reason reason : new Reason[] {Reason.QUEUE_FULL, Reason.QUEUE_BYTES, Reason.DEADLINE}) {
            assertTrue(refused.getOrDefault(reason, 0) > 100, "too few were refused as " + reason);
        }
    }

    /** With equal passes and without batches, every request ends at the moment that was predicted when it was admitted. */
    @Test
    void predictedCompletionIsExact() throws RequestRefusedException {
        SplittableRandom random = new SplittableRandom(3);
        int waited = 0;
        for (int trial = 0; trial < 300; trial++) {
            int sessions = random.nextInt(1, 5);
            long cost = random.nextLong(1, 100);
            Desk desk = Desk.of(sessions, cost);
            Batch[] running = new Batch[sessions];
            for (int step = 0; step < 2000; step++) {
                for (int worker = 0; worker < sessions; worker++) {
                    if (running[worker] != null && desk.time.now == running[worker].started + cost) {
                        assertEquals(running[worker].members[0].predicted, desk.time.now);
                        desk.finish(worker, running[worker]);
                        running[worker] = null;
                    }
                }
                if (random.nextInt(30 * (int) cost / sessions + 1) < 28) {
                    Ticket ticket = desk.ticket(random.nextLong(cost, 20 * cost));
                    boolean keeps = desk.refusal(ticket) == null;
                    assertTrue(!keeps || ticket.predicted + cost / 5 <= ticket.deadline);
                    waited += keeps && ticket.predicted > desk.time.now + cost ? 1 : 0;
                }
                for (int worker = 0; worker < sessions; worker++) {
                    if (running[worker] == null) {
                        Batch batch = desk.poll(worker);
                        assertNull(batch.expired);
                        running[worker] = batch.size > 0 ? batch : null;
                    }
                }
                desk.time.now++;
            }
        }
        assertTrue(waited > 1000, "only " + waited + " requests waited");
    }
}
