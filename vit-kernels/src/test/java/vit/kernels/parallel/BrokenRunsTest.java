package vit.kernels.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs that fail: the call throws, the next call gives the right result, and no thread waits for ever. */
@Timeout(120)
class BrokenRunsTest {

    private static int depth;

    private static int recurse(int n) {
        return n == Integer.MAX_VALUE ? 0 : recurse(n + 1) + 1;
    }

    /** The faults of a member that are tested. */
    private enum Fault {
        EXCEPTION(ArithmeticException.class) {
            @Override
            void happen() {
                throw new ArithmeticException("planned");
            }
        },
        STACK(StackOverflowError.class) {
            @Override
            void happen() {
                depth = recurse(0);
            }
        },
        HEAP(OutOfMemoryError.class) {
            @Override
            void happen() {
                long[] hoard = new long[Integer.MAX_VALUE];
                depth = hoard.length;
            }
        };

        private final Class<? extends Throwable> thrown;

        Fault(Class<? extends Throwable> thrown) {
            this.thrown = thrown;
        }

        abstract void happen();
    }

    private static void works(Workers workers) {
        AtomicInteger ran = new AtomicInteger();
        workers.run(w -> {
            w.begin(50);
            for (int item = w.claim(); item >= 0; item = w.claim()) {
                ran.incrementAndGet();
            }
            w.barrier();
        });
        assertEquals(50, ran.get());
    }

    @Test
    void aMemberThatFailsFailsTheRunAndTheNextOneIsRight() {
        for (int count = 1; count <= 3; count++) {
            try (Workers workers = Workers.of(count)) {
                for (Fault fault : Fault.values()) {
                    for (int failing = 0; failing < count; failing++) {
                        int bad = failing;
                        assertThrows(fault.thrown, () -> workers.run(w -> {
                            w.barrier();
                            if (w.index() == bad) {
                                fault.happen();
                            }
                            w.barrier();
                        }), fault + " in member " + bad + " of " + count);
                        works(workers);
                    }
                }
            }
        }
    }

    /** The caller's stack overflows while it begins a run, inside the run, or while it waits for the others. */
    @Test
    void aCallerNearTheEndOfItsStackLeavesTheTeamWhole() throws InterruptedException {
        try (Workers workers = Workers.of(3)) {
            AtomicInteger refused = new AtomicInteger();
            AtomicReference<Throwable> wrong = new AtomicReference<>();
            Thread caller = Thread.ofPlatform().stackSize(400_000).uncaughtExceptionHandler((t, e) -> wrong.set(e)).start(() -> {
                for (int round = 0; round < 10; round++) { // from the interpreter to compiled code
                    try {
                        descend(workers, refused);
                    } catch (StackOverflowError e) {
                        refused.incrementAndGet();
                    }
                }
            });
            caller.join();
            assertEquals(null, wrong.get());
            assertTrue(refused.get() > 0);
            works(workers);
        }
    }

    /** Runs a task at the greatest stack depth at which that succeeds, and fails to run it at greater depths. */
    private static void descend(Workers workers, AtomicInteger refused) {
        try {
            descend(workers, refused);
        } catch (StackOverflowError e) {
            int[] order = new int[3];
            try {
                workers.run(w -> {
                    order[w.index()] = 1;
                    w.barrier();
                    order[w.index()] += order[(w.index() + 1) % 3];
                });
            } catch (StackOverflowError deeper) {
                refused.incrementAndGet();
                throw deeper;
            }
            if (order[0] + order[1] + order[2] < 6) {
                throw new AssertionError("the run did not end in all members");
            }
        }
    }

    @Test
    void whoIsInterruptedWhileWaitingForItsTurnGetsAnException() throws InterruptedException {
        try (Workers workers = Workers.of(2, "shared")) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            Thread first = Thread.ofPlatform().start(() -> workers.run(w -> {
                if (w.isFirst()) {
                    inside.countDown();
                    await(leave);
                }
            }));
            inside.await();
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            AtomicInteger flag = new AtomicInteger();
            Thread second = Thread.ofPlatform().start(() -> {
                try {
                    workers.run(w -> { });
                } catch (Throwable e) {
                    thrown.set(e);
                    flag.set(Thread.currentThread().isInterrupted() ? 1 : 0);
                }
            });
            while (second.getState() != Thread.State.WAITING) {
                Thread.sleep(1);
            }
            second.interrupt();
            second.join();
            assertInstanceOf(CallInterruptedException.class, thrown.get());
            assertTrue(thrown.get().getMessage().contains("turn of shared"), thrown.get().getMessage());
            assertEquals(1, flag.get(), "the interrupt flag");
            leave.countDown();
            first.join();
            works(workers);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void anInterruptedThreadThatNeedNotWaitGetsItsResultAndKeepsTheFlag() {
        try (Workers workers = Workers.of(2)) {
            Thread.currentThread().interrupt();
            try {
                works(workers);
                workers.run(w -> { // waits at a barrier and at the end, longer than spinning and yielding last
                    for (int i = 0; i < 2; i++) {
                        if (!w.isFirst()) {
                            LockSupport.parkNanos(20_000_000);
                        }
                        w.barrier();
                    }
                    if (!w.isFirst()) {
                        LockSupport.parkNanos(20_000_000);
                    }
                });
            } finally {
                assertTrue(Thread.interrupted(), "the flag is kept");
            }
        }
    }

    @Test
    void threadsCarryTheNameOfTheirTeam() {
        try (Workers named = Workers.of(3, "search"); Workers other = Workers.of(2)) {
            String[] names = new String[3];
            named.run(w -> names[w.index()] = Thread.currentThread().getName());
            assertEquals("search-worker-1", names[1]);
            assertEquals("search-worker-2", names[2]);
            other.run(w -> names[w.index()] = Thread.currentThread().getName());
            assertTrue(names[1].matches("vit-workers-\\d+-worker-1"), names[1]);
            assertFalse(names[0].contains("worker-0"), "the caller keeps its name");
        }
    }
}
