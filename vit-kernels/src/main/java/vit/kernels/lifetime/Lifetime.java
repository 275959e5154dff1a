package vit.kernels.lifetime;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Lets calls run while something is open, and frees it after {@link #close()} once the last running call is out. Safe for all
 * threads; allocates nothing per call.
 */
public final class Lifetime {

    /** For {@code limit}: any number of calls at once. */
    public static final int UNLIMITED = Integer.MAX_VALUE >> 2;

    private static final int CLOSED = 1 << 30;

    private final int limit;
    private final Supplier<? extends IllegalStateException> inUse;
    private final Supplier<? extends IllegalStateException> closed;
    private final Runnable free;
    private final AtomicInteger state = new AtomicInteger(); // running calls, plus CLOSED

    /**
     * Something that is open.
     *
     * @param limit  most calls at once
     * @param inUse  makes the exception for a call beyond the limit
     * @param closed makes the exception for a call after {@link #close()}
     * @param free   gives memory and threads back; runs once
     */
    public Lifetime(int limit, Supplier<? extends IllegalStateException> inUse, Supplier<? extends IllegalStateException> closed, Runnable free) {
        this.limit = limit;
        this.inUse = inUse;
        this.closed = closed;
        this.free = free;
    }

    /**
     * Begins a call; every success is followed by one {@link #exit()}.
     *
     * @throws IllegalStateException what was given for too many calls at once, or for one after the end
     */
    public void enter() {
        while (true) {
            int running = state.get();
            if ((running & CLOSED) != 0) {
                throw closed.get();
            }
            if (running >= limit) {
                throw inUse.get();
            }
            if (state.compareAndSet(running, running + 1)) {
                return;
            }
        }
    }

    /**
     * Ends a call. It calls the same methods as {@link #enter()}, no deeper: where there was stack for that, there is for this.
     */
    public void exit() {
        while (true) {
            int running = state.get();
            if (state.compareAndSet(running, running - 1)) {
                if (running - 1 == CLOSED) {
                    free.run();
                }
                return;
            }
        }
    }

    /** Refuses calls from now on. Closing twice does nothing. */
    public void close() {
        while (true) {
            int running = state.get();
            if ((running & CLOSED) != 0) {
                return;
            }
            if (state.compareAndSet(running, running | CLOSED)) {
                if (running == 0) {
                    free.run();
                }
                return;
            }
        }
    }
}
