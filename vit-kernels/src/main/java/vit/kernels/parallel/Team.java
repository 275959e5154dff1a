package vit.kernels.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import vit.kernels.lifetime.Headroom;

/**
 * The threads of {@link Workers} and the state that they wait on. The threads refer to this object and not to the {@code Workers}, so that the
 * garbage collector can find a {@code Workers} that was never closed. Between two runs this object refers to no task.
 */
final class Team {

    /** Spins between two looks at the clock. */
    private static final int SPINS_PER_CLOCK = 64;

    /**
     * How long a member that has finished spinning goes on yielding its core before it parks, while a task is running. If both cores were busy just
     * before, Linux wakes a parked thread on a core that another member already uses. It moves the thread only when it sees both wanting to run
     * there: parked members were seen to share one of two cores for 70 ms while the other core was idle. The time is one tick of the scheduler.
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
    private final String name;
    private final Worker[] workers;
    private final Shares shares;
    private final Thread[] threads; // threads[0] is the caller of the current run
    private final AtomicInteger[] parked; // 1 while the member is parked or about to be
    private final ReentrantLock turn = new ReentrantLock();

    private Workers.Task task; // published by the write of epoch
    private volatile int epoch;
    private volatile boolean closed;

    private final Arrivals arrivals;
    private volatile int phase; // barriers passed
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /**
     * Starts the threads.
     *
     * @param name of the team; each thread has this name and a number
     * @throws OutOfMemoryError if the system gives no more threads; those that were started end
     */
    Team(int count, long spinNanos, String name) {
        this.count = count;
        this.spinNanos = spinNanos;
        this.name = name;
        this.workers = new Worker[count];
        this.shares = new Shares(count);
        this.arrivals = new Arrivals(count);
        this.threads = new Thread[count];
        this.parked = new AtomicInteger[count];
        for (int i = 0; i < count; i++) {
            workers[i] = new Worker(this, i, count, shares);
            parked[i] = new AtomicInteger();
        }
        for (int i = 1; i < count; i++) {
            int index = i;
            threads[i] = Thread.ofPlatform().daemon().name(name + "-worker-" + i).inheritInheritableThreadLocals(false)
                    .unstarted(() -> serve(index));
        }
        boolean started = false;
        try {
            for (int i = 1; i < count; i++) {
                threads[i].start();
            }
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    int count() {
        return count;
    }

    /** See {@link Workers#run}. */
    void run(Workers.Task work) {
        refuseMember("a task cannot run another on its own team");
        Headroom.require(); // from here to the end only the task can throw
        takeTurn();
        try {
            if (closed) {
                throw new WorkersClosedException("the workers are closed");
            }
            threads[0] = Thread.currentThread();
            task = work;
            arrivals.reset();
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

    private void takeTurn() {
        if (turn.tryLock()) {
            return;
        }
        try {
            turn.lockInterruptibly();
        } catch (InterruptedException e) {
            throw CallInterruptedException.restoring("interrupted while waiting for the turn of " + name);
        }
    }

    /** Throws {@link IllegalStateException} if the calling thread is running a task of this team. */
    void refuseMember(String message) {
        if (isMember(Thread.currentThread())) {
            throw new IllegalStateException(message);
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

    private void execute(Workers.Task work, Worker worker) {
        try {
            work.run(worker);
        } catch (TeamBroken e) {
            // Nothing is reported here: the member that broke the team has already reported its failure.
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

    /** Waits for a moment, as one of many turns since the time {@code start}, and returns whether it is time to park. */
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
                    Thread.interrupted(); // otherwise an interrupted member would never park again
                }
                parked[index].set(0);
            }
        }
    }

    /** Waits until all members are done. The caller must wait, because the others use its memory. An interrupt meanwhile only sets the flag. */
    private void awaitOthers() {
        boolean interrupted = false;
        long start = System.nanoTime();
        for (int spins = 1; unfinished.get() != 0; spins++) {
            if (pause(spins, start, YIELD_NANOS)) {
                parked[0].set(1);
                if (unfinished.get() != 0) {
                    LockSupport.park(this);
                    interrupted |= Thread.interrupted();
                }
                parked[0].set(0);
            }
        }
        restore(interrupted);
    }

    private static void restore(boolean interrupted) {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void barrier(int index) {
        if (count == 1) {
            return;
        }
        int before = phase;
        if (arrivals.isLast(index)) {
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
        boolean interrupted = false;
        long start = System.nanoTime();
        for (int spins = 1; phase == before && failure.get() == null; spins++) {
            if (pause(spins, start, YIELD_NANOS)) {
                parked[index].set(1);
                if (phase == before && failure.get() == null) {
                    LockSupport.park(this);
                    interrupted |= Thread.interrupted();
                }
                parked[index].set(0);
            }
        }
        restore(interrupted);
    }

    private void wake(int index) {
        if (parked[index].get() == 1) {
            LockSupport.unpark(threads[index]);
        }
    }

    /** See {@link Workers#close}. */
    void close() {
        turn.lock();
        try {
            closed = true;
            for (int i = 1; i < count; i++) {
                LockSupport.unpark(threads[i]); // does nothing for a thread that has not started
            }
        } finally {
            turn.unlock();
        }
    }
}
