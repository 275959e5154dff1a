package vit.kernels.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A fixed team of threads. {@link #run} executes one task on every member at once, the calling thread being member 0,
 * and returns when all are done. Waiting spins for a bounded time, inside a task then yields for a bounded time, and then parks, so an idle
 * team costs nothing.
 *
 * <p>Several sessions may share a team: their calls take turns. A task must not call {@code run} on its own team. After
 * the team's threads are started a call allocates nothing.
 *
 * <p>If a member fails, the others leave at their next barrier and {@code run} throws the first failure.
 */
public final class Workers implements AutoCloseable {

    /** The work of one member. */
    @FunctionalInterface
    public interface Task {
        /** Does {@code worker}'s share. */
        void run(Worker worker);
    }

    /** Most members a team may have. */
    public static final int MAX_COUNT = 1024;

    /** How long a waiting member spins before it parks, in nanoseconds. */
    private static final long DEFAULT_SPIN_NANOS = 50_000;

    /** Spins between two looks at the clock. */
    private static final int SPINS_PER_CLOCK = 64;

    /**
     * How long a member that has spun goes on waiting for others of a running task, its core offered to them all the time. Linux wakes a
     * thread on a core that another member already uses, if both cores were busy before, and moves it only when it sees two that
     * want to run there; parked members were seen to share one of two cores for 70 ms, with the other idle. This is a tick of its scheduler.
     */
    private static final long YIELD_NANOS = 4_000_000;

    private static final class TeamBroken extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TeamBroken() {
            super("another worker of the team failed", null, false, false);
        }
    }

    private static final TeamBroken BROKEN = new TeamBroken();

    private final int count;
    private final long spinNanos;
    private final Worker[] workers;
    private final Shares shares;
    private final Thread[] threads; // threads[0] is the caller of the current run
    private final AtomicInteger[] parked; // 1 while the member is parked or about to be
    private final ReentrantLock turn = new ReentrantLock();

    private Task task; // published by the write of epoch
    private volatile int epoch;
    private volatile boolean closed;

    private final AtomicInteger arrived = new AtomicInteger();
    private volatile int phase; // barriers passed
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    private Workers(int count, long spinNanos) {
        this.count = count;
        this.spinNanos = spinNanos;
        this.workers = new Worker[count];
        this.shares = new Shares(count);
        this.threads = new Thread[count];
        this.parked = new AtomicInteger[count];
        for (int i = 0; i < count; i++) {
            workers[i] = new Worker(this, i, count, shares);
            parked[i] = new AtomicInteger();
        }
        for (int i = 1; i < count; i++) {
            int index = i;
            threads[i] = Thread.ofPlatform().daemon().name("vit-worker-" + i).unstarted(() -> serve(index));
        }
        for (int i = 1; i < count; i++) {
            threads[i].start();
        }
    }

    /**
     * A team of {@code count} members, {@code count − 1} threads of its own.
     *
     * @throws IllegalArgumentException if {@code count} is not in 1 … {@value #MAX_COUNT}
     */
    public static Workers of(int count) {
        return of(count, DEFAULT_SPIN_NANOS);
    }

    /**
     * A team whose waiting members spin for {@code spinNanos} nanoseconds before they park.
     *
     * @throws IllegalArgumentException if {@code count} is not in 1 … {@value #MAX_COUNT} or the time is negative
     */
    public static Workers of(int count, long spinNanos) {
        if (count < 1 || count > MAX_COUNT) {
            throw new IllegalArgumentException("a team of " + count + " workers; expected 1 to " + MAX_COUNT);
        }
        if (spinNanos < 0) {
            throw new IllegalArgumentException("spin time of " + spinNanos + " ns; expected 0 or more");
        }
        return new Workers(count, spinNanos);
    }

    /** The size of the team. */
    public int count() {
        return count;
    }

    /**
     * Runs {@code work} on every member and waits for all.
     *
     * @throws WorkersClosedException if the team is closed
     * @throws IllegalStateException  if this thread is already running a task of this team
     */
    public void run(Task work) {
        if (isMember(Thread.currentThread())) {
            throw new IllegalStateException("a task cannot run another on its own team");
        }
        turn.lock();
        try {
            if (closed) {
                throw new WorkersClosedException("the workers are closed");
            }
            threads[0] = Thread.currentThread();
            task = work;
            arrived.set(0);
            shares.reset();
            for (Worker worker : workers) {
                worker.reset();
            }
            unfinished.set(count - 1);
            epoch = epoch + 1;
            for (int i = 1; i < count; i++) {
                wake(i);
            }
            execute(work, workers[0]);
            awaitOthers();
            task = null;
            threads[0] = null;
            Throwable cause = failure.getAndSet(null);
            if (cause != null) {
                rethrow(cause);
            }
        } finally {
            turn.unlock();
        }
    }

    private boolean isMember(Thread thread) {
        for (int i = 1; i < count; i++) {
            if (threads[i] == thread) {
                return true;
            }
        }
        return turn.isHeldByCurrentThread();
    }

    private void execute(Task work, Worker worker) {
        try {
            work.run(worker);
        } catch (TeamBroken e) {
            // The member that broke the team has reported why.
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
            for (int i = 0; i < count; i++) {
                wake(i);
            }
        }
    }

    private static void rethrow(Throwable cause) {
        if (cause instanceof RuntimeException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
        throw new IllegalStateException(cause);
    }

    private void serve(int index) {
        int seen = 0;
        while (true) {
            awaitEpochAfter(seen, index);
            if (closed) {
                return;
            }
            seen = epoch;
            execute(task, workers[index]);
            if (unfinished.decrementAndGet() == 0) {
                wake(0);
            }
        }
    }

    /** Waits a moment, one of many since the time {@code start}, and says whether it is time to park. */
    private boolean pause(int spins, long start, long yieldNanos) {
        Thread.onSpinWait();
        if (spins % SPINS_PER_CLOCK != 0) {
            return false;
        }
        long waited = System.nanoTime() - start - spinNanos;
        if (waited >= 0 && waited < yieldNanos) {
            Thread.yield();
        }
        return waited >= yieldNanos;
    }

    private void awaitEpochAfter(int seen, int index) {
        long start = System.nanoTime();
        for (int spins = 1; epoch == seen && !closed; spins++) {
            if (pause(spins, start, 0)) {
                parked[index].set(1);
                if (epoch == seen && !closed) {
                    LockSupport.park(this);
                }
                parked[index].set(0);
            }
        }
    }

    private void awaitOthers() {
        long start = System.nanoTime();
        for (int spins = 1; unfinished.get() != 0; spins++) {
            if (pause(spins, start, YIELD_NANOS)) {
                parked[0].set(1);
                if (unfinished.get() != 0) {
                    LockSupport.park(this);
                }
                parked[0].set(0);
            }
        }
    }

    void barrier(int index) {
        if (count == 1) {
            return;
        }
        int before = phase;
        if (arrived.incrementAndGet() == count) {
            arrived.set(0);
            phase = before + 1;
            for (int i = 0; i < count; i++) {
                wake(i);
            }
        } else {
            awaitPhaseAfter(before, index);
        }
        if (failure.get() != null) {
            throw BROKEN;
        }
    }

    private void awaitPhaseAfter(int before, int index) {
        long start = System.nanoTime();
        for (int spins = 1; phase == before; spins++) {
            if (failure.get() != null) {
                throw BROKEN;
            }
            if (pause(spins, start, YIELD_NANOS)) {
                parked[index].set(1);
                if (phase == before && failure.get() == null) {
                    LockSupport.park(this);
                }
                parked[index].set(0);
            }
        }
    }

    private void wake(int index) {
        if (parked[index].get() == 1) {
            LockSupport.unpark(threads[index]);
        }
    }

    /** Ends the team's threads once the running call, if any, is done. Closing twice does nothing. */
    @Override
    public void close() {
        if (isMember(Thread.currentThread())) {
            throw new IllegalStateException("a task cannot close its own team");
        }
        turn.lock();
        try {
            closed = true;
            for (int i = 1; i < count; i++) {
                LockSupport.unpark(threads[i]);
            }
        } finally {
            turn.unlock();
        }
    }
}
