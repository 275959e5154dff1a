package vit.kernels.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A team of workers runs every member once, hands out every item once, separates phases by barriers, and passes failures to the caller. */
@Timeout(60)
class WorkersTest {

    @Test
    void everyMemberRunsOnceAndSharesCoverAllItems() {
        for (int count = 1; count <= 9; count++) {
            try (Workers workers = Workers.of(count)) {
                AtomicIntegerArray visits = new AtomicIntegerArray(23);
                workers.run(w -> {
                    for (int i = w.from(23); i < w.to(23); i++) {
                        visits.incrementAndGet(i);
                    }
                });
                for (int i = 0; i < 23; i++) {
                    assertEquals(1, visits.get(i), "item " + i + " at " + count + " workers");
                }
            }
        }
    }

    @Test
    void claimsCoverAllItemsOnceInLoopsWithoutBarriers() {
        int loops = 200;
        int items = 37;
        for (int count = 1; count <= 5; count++) {
            try (Workers workers = Workers.of(count)) {
                for (int run = 0; run < 3; run++) {
                    AtomicIntegerArray visits = new AtomicIntegerArray(loops * items);
                    workers.run(w -> {
                        for (int loop = 0; loop < loops; loop++) {
                            int n = loop % (items + 1);
                            w.begin(n);
                            for (int item = w.claim(); item >= 0; item = w.claim()) {
                                visits.incrementAndGet(loop * items + item);
                            }
                        }
                    });
                    for (int i = 0; i < loops * items; i++) {
                        assertEquals(i % items < i / items % (items + 1) ? 1 : 0, visits.get(i), "item " + i + " at " + count + " workers");
                    }
                }
            }
        }
    }

    @Test
    void whoHasFinishedTakesFromOneThatIsHeldUp() {
        try (Workers workers = Workers.of(2)) {
            AtomicInteger begun = new AtomicInteger();
            AtomicInteger byTheOther = new AtomicInteger();
            workers.run(w -> {
                w.begin(10);
                begun.incrementAndGet();
                while (begun.get() < 2) {
                    Thread.onSpinWait();
                }
                if (w.isFirst()) {
                    while (byTheOther.get() < 10) {
                        Thread.onSpinWait();
                    }
                }
                for (int item = w.claim(); item >= 0; item = w.claim()) {
                    byTheOther.addAndGet(w.isFirst() ? 100 : 1);
                }
            });
            assertEquals(10, byTheOther.get(), "all items by the worker that was not held up");
        }
    }

    @Test
    void aLoopOfTooManyItemsIsRefused() {
        try (Workers workers = Workers.of(1)) {
            assertThrows(IllegalArgumentException.class, () -> workers.run(w -> w.begin(Shares.MAX_ITEMS + 1)));
            assertThrows(IllegalArgumentException.class, () -> workers.run(w -> w.begin(-1)));
        }
    }

    @Test
    void barrierSeparatesPhasesInManyRounds() {
        for (long spin : new long[] {0, 50_000}) {
            try (Workers workers = Workers.of(4, spin)) {
                int[] slots = new int[4];
                AtomicInteger wrong = new AtomicInteger();
                for (int run = 0; run < 50; run++) {
                    workers.run(w -> {
                        for (int round = 1; round <= 100; round++) {
                            slots[w.index()] = round;
                            w.barrier();
                            for (int i = 0; i < 4; i++) {
                                if (slots[i] != round) {
                                    wrong.incrementAndGet();
                                }
                            }
                            w.barrier();
                        }
                    });
                }
                assertEquals(0, wrong.get());
            }
        }
    }

    /** Each member waits at a barrier, and then the caller at the end of a run, for longer than spinning and yielding last. */
    @Test
    void whoWaitsLongUsesNoCoreAndIsWoken() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        try (Workers workers = Workers.of(2)) {
            long waited = 200_000_000;
            for (int late = 0; late < 2; late++) {
                int last = late;
                long[] used = new long[2];
                AtomicInteger passed = new AtomicInteger();
                workers.run(w -> {
                    long before = threads.getCurrentThreadCpuTime();
                    if (w.index() == last) {
                        LockSupport.parkNanos(waited);
                    }
                    w.barrier();
                    used[w.index()] = threads.getCurrentThreadCpuTime() - before;
                    passed.incrementAndGet();
                });
                assertEquals(2, passed.get());
                assertTrue(used[1 - last] < waited / 4, "used " + used[1 - last] + " ns of a core");
            }
            long before = threads.getCurrentThreadCpuTime();
            workers.run(w -> {
                if (!w.isFirst()) {
                    LockSupport.parkNanos(waited);
                }
            });
            long used = threads.getCurrentThreadCpuTime() - before;
            assertTrue(used < waited / 4, "used " + used + " ns of a core");
        }
    }

    @Test
    void failureOfOneMemberEndsTheRunAndIsThrown() {
        try (Workers workers = Workers.of(3)) {
            for (int failing = 0; failing < 3; failing++) {
                int bad = failing;
                ArithmeticException thrown = assertThrows(ArithmeticException.class, () -> workers.run(w -> {
                    if (w.index() == bad) {
                        throw new ArithmeticException("planned");
                    }
                    w.barrier();
                    w.barrier();
                }));
                assertEquals("planned", thrown.getMessage());
                AtomicInteger ran = new AtomicInteger();
                workers.run(w -> {
                    w.barrier();
                    ran.incrementAndGet();
                });
                assertEquals(3, ran.get(), "the team works again");
            }
        }
    }

    @Test
    void runInsideARunIsRefused() {
        try (Workers workers = Workers.of(2)) {
            for (int member = 0; member < 2; member++) {
                int nesting = member;
                IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> workers.run(w -> {
                    if (w.index() == nesting) {
                        workers.run(inner -> {});
                    }
                }));
                assertTrue(thrown.getMessage().contains("own team"), thrown.getMessage());
            }
        }
    }

    @Test
    void closedTeamRefusesWorkAndItsThreadsEnd() throws InterruptedException {
        Workers workers = Workers.of(3, 0);
        Thread[] members = new Thread[3];
        workers.run(w -> members[w.index()] = Thread.currentThread());
        workers.close();
        workers.close();
        for (int i = 1; i < 3; i++) {
            members[i].join(10_000);
            assertFalse(members[i].isAlive());
        }
        assertThrows(IllegalStateException.class, () -> workers.run(w -> {}));
    }

    @Test
    void severalCallersTakeTurns() throws InterruptedException {
        try (Workers workers = Workers.of(2)) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger overlaps = new AtomicInteger();
            AtomicInteger runs = new AtomicInteger();
            Thread[] callers = new Thread[4];
            for (int c = 0; c < callers.length; c++) {
                callers[c] = Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < 100; i++) {
                        workers.run(w -> {
                            if (w.isFirst() && inside.incrementAndGet() != 1) {
                                overlaps.incrementAndGet();
                            }
                            w.barrier();
                            if (w.isFirst()) {
                                inside.decrementAndGet();
                                runs.incrementAndGet();
                            }
                        });
                    }
                });
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertEquals(0, overlaps.get());
            assertEquals(400, runs.get());
        }
    }

    @Test
    void absurdCountsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Workers.of(0));
        assertThrows(IllegalArgumentException.class, () -> Workers.of(Workers.MAX_COUNT + 1));
        assertThrows(IllegalArgumentException.class, () -> Workers.of(1, -1));
    }
}
