package vit.kernels.parallel;

import java.lang.ref.Reference;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import vit.kernels.lifetime.CloseGuard;

/**
 * A fixed team of threads. {@link #run} executes one task on every member at once, the calling thread being member 0,
 * and returns when all are done. Waiting spins for a bounded time, inside a task then yields for a bounded time, and then parks, so an idle
 * team costs nothing.
 *
 * <p>Several sessions may share a team: their calls take turns. A task must not call {@code run} on its own team. After
 * the team's threads are started a call allocates nothing.
 *
 * <p>If a member fails, whatever it throws, the others leave at their next barrier, {@code run} throws the first failure, and the team
 * works again.
 *
 * <p>Its threads are daemons and carry its name. Close it; the threads of a team that was forgotten end some time after the garbage
 * collector found it, with a warning ({@link CloseGuard}).
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

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final Team team;
    private final CloseGuard guard;

    private Workers(int count, long spinNanos, String name) {
        if (count < 1 || count > MAX_COUNT) {
            throw new IllegalArgumentException("a team of " + count + " workers; expected 1 to " + MAX_COUNT);
        }
        if (spinNanos < 0) {
            throw new IllegalArgumentException("spin time of " + spinNanos + " ns; expected 0 or more");
        }
        this.team = new Team(count, spinNanos, name);
        this.guard = CloseGuard.of(this, "the team " + name, team::close, Workers.class);
    }

    /**
     * A team of {@code count} members, {@code count − 1} threads of its own.
     *
     * @throws IllegalArgumentException if {@code count} is not in 1 … {@value #MAX_COUNT}
     * @throws OutOfMemoryError         if the system gives no more threads
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
        return new Workers(count, spinNanos, "vit-workers-" + NUMBER.incrementAndGet());
    }

    /**
     * A team of this name, which its threads carry: {@code NAME-worker-1} and so on.
     *
     * @throws IllegalArgumentException if {@code count} is not in 1 … {@value #MAX_COUNT}
     */
    public static Workers of(int count, String name) {
        return new Workers(count, DEFAULT_SPIN_NANOS, Objects.requireNonNull(name, "name"));
    }

    /** The size of the team. */
    public int count() {
        return team.count();
    }

    /**
     * Runs {@code work} on every member and waits for all.
     *
     * @throws WorkersClosedException   if the team is closed
     * @throws CallInterruptedException if this thread was interrupted before the team had time for it; the work was not begun. Work that
     *                                  has begun runs to its end, and the interrupt flag stays set
     * @throws IllegalStateException    if this thread is already running a task of this team
     */
    public void run(Task work) {
        try {
            team.run(work);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Ends the team's threads once the running call, if any, is done. Closing twice does nothing.
     *
     * @throws IllegalStateException if this thread is running a task of this team
     */
    @Override
    public void close() {
        team.refuseMember("a task cannot close its own team");
        guard.close();
    }
}
