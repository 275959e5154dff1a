package vit.kernels.lifetime;

import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Lets calls run while something, the owner, is open. After {@link #close()} it frees the owner's memory and threads once the last running call has
 * ended. If the owner is forgotten instead, a {@link CloseGuard} frees them; a running call keeps the owner reachable. All threads may use it; it
 * allocates nothing per call.
 */
public final class Lifetime {

    /** A {@code limit} that allows any number of calls at once. */
    public static final int UNLIMITED = Integer.MAX_VALUE >> 2;

    private static final int CLOSED = 1 << 30;

    private final int limit;
    private final Supplier<? extends IllegalStateException> inUse;
    private final Supplier<? extends IllegalStateException> closed;
    private final CloseGuard guard;
    private final AtomicInteger state = new AtomicInteger(); // running calls, plus CLOSED

    /**
     * The lifetime of something that is open.
     *
     * @param limit  the largest number of calls at once
     * @param inUse  makes the exception for a call beyond the limit
     * @param closed makes the exception for a call after {@link #close()}
     * @param what   names the owner in the warning if it is forgotten, for example {@code the session vit-session-3}
     * @param free   gives memory and threads back; runs once. It must refer neither to the owner nor to this object
     * @param makers classes through which the owner is made; see {@link CloseGuard#of}
     */
    public Lifetime(int limit, Supplier<? extends IllegalStateException> inUse, Supplier<? extends IllegalStateException> closed, String what,
            Runnable free, Class<?>... makers) {
        this.limit = limit;
        this.inUse = inUse;
        this.closed = closed;
        this.guard = CloseGuard.of(this, what, free, makers);
    }

    /**
     * Begins a call. If it returns, the caller must call {@link #exit()} exactly once.
     *
     * @throws StackOverflowError    if the stack has too little room left to end the call as well
     * @throws IllegalStateException the one that {@code inUse} makes if there are too many calls at once, or {@code closed} after {@link #close()}
     */
    public void enter() {
        Headroom.require();
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

    /** Ends a call. Until this returns, the object stays reachable, whatever the JIT finds about the rest of the caller. */
    public void exit() {
        while (true) {
            int running = state.get();
            if (state.compareAndSet(running, running - 1)) {
                if (running - 1 == CLOSED) {
                    guard.close();
                }
                break;
            }
        }
        Reference.reachabilityFence(this);
    }

    /** Refuses calls from now on, and frees what is owned once no call is running. Closing twice does nothing. */
    public void close() {
        while (true) {
            int running = state.get();
            if ((running & CLOSED) != 0) {
                return;
            }
            if (state.compareAndSet(running, running | CLOSED)) {
                if (running == 0) {
                    guard.close();
                }
                return;
            }
        }
    }
}
