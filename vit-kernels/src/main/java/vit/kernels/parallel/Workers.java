package vit.kernels.parallel;

import java.lang.ref.Reference;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import vit.kernels.lifetime.CloseGuard;

/**
 * A fixed team of threads. {@link #run} executes one task on every member at once and returns when all members are done. The calling thread is member
 * 0. A member that waits spins for a bounded time and then parks, so an idle team costs nothing; inside a task it yields its core for a bounded time
 * before it parks.
 *
 * <p>Several sessions may share a team: their calls take turns. A task must not call {@code run} on its own team. Once the team's threads are
 * started, a call allocates nothing.
 *
 * <p>If a member fails with any exception or error, the others leave at their next barrier, {@code run} throws the first failure, and the team can be
 * used again.
 *
 * <p>The threads are daemons and carry the team's name. A team must be closed. If it is forgotten, its threads end some time after the garbage
 * collector has found it, and a warning is logged ({@link CloseGuard}).
 */
public final class Workers implements AutoCloseable {

    /** The work of one member. */
    @FunctionalInterface
    public interface Task {
        /** Does {@code worker}'s share. */
        void run(Worker worker);
    }

    /** The largest number of members of a team. */
    public static final int MAX_COUNT = 1024;

    /**
     * The number of workers that a barrier counts together. A larger team is divided into such groups, and the groups are counted in the same way. The time of a
     * count grows with the size of the group.
     */
    public static final int BARRIER_GROUP = 8;

    /** How long a waiting member spins before it yields or parks, in nanoseconds. */
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
     * A team of {@code count} members: the calling thread and {@code count − 1} threads that the team starts.
     *
     * @throws IllegalArgumentException if {@code count} is not in 1 … {@value #MAX_COUNT}
     * @throws OutOfMemoryError         if the system gives no more threads
     */
    public static Workers of(int count) {
        return of(count, DEFAULT_SPIN_NANOS);
    }

    /**
     * A team whose waiting members spin for {@code spinNanos} nanoseconds before they yield or park.
     *
     * @throws IllegalArgumentException if {@code count} is not in 1 … {@value #MAX_COUNT} or the time is negative
     */
    public static Workers of(int count, long spinNanos) {
        return new Workers(count, spinNanos, "vit-workers-" + NUMBER.incrementAndGet());
    }

    /**
     * A team with this name, which its threads carry: {@code NAME-worker-1} and so on.
     *
     * @throws IllegalArgumentException if {@code count} is not in 1 … {@value #MAX_COUNT}
     * @throws OutOfMemoryError         if the system gives no more threads
     */
    public static Workers of(int count, String name) {
        return new Workers(count, DEFAULT_SPIN_NANOS, Objects.requireNonNull(name, "name"));
    }

    /** The number of members, the calling thread included. */
    public int count() {
        return team.count();
    }

    /**
     * Runs {@code work} on every member and waits until all are done. A call of another thread waits for its turn.
     *
     * @param work called once for each member, with that member's {@link Worker}
     * @throws WorkersClosedException   if the team is closed
     * @throws CallInterruptedException if this thread was interrupted while it waited for the team; the work was not begun. Work that has begun runs
     *     to its end, and the interrupt flag stays set
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
