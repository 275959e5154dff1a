package vit.kernels.lifetime;

import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Lets calls run while something is open, and frees it after {@link #close()} once the last running call is out. What is forgotten
 * is freed by a {@link CloseGuard}; a call that runs keeps it from being forgotten. Safe for all threads; allocates nothing per call.
 */
public final class Lifetime {

    /** For {@code limit}: any number of calls at once. */
    public static final int UNLIMITED = Integer.MAX_VALUE >> 2;

    private static final int CLOSED = 1 << 30;

    private final int limit;
    private final Supplier<? extends IllegalStateException> inUse;
    private final Supplier<? extends IllegalStateException> closed;
    private final CloseGuard guard;
    private final AtomicInteger state = new AtomicInteger(); // running calls, plus CLOSED

    /**
     * Something that is open.
     *
     * @param limit  most calls at once
     * @param inUse  makes the exception for a call beyond the limit
     * @param closed makes the exception for a call after {@link #close()}
     * @param what   names it in the warning when it was forgotten, for example {@code the session vit-session-3}
     * @param free   gives memory and threads back; runs once. It must not refer to what is open, nor to this
     * @param makers classes through which it is made; see {@link CloseGuard#of}
     */
    public Lifetime(int limit, Supplier<? extends IllegalStateException> inUse, Supplier<? extends IllegalStateException> closed, String what,
            Runnable free, Class<?>... makers) {
        this.limit = limit;
        this.inUse = inUse;
        this.closed = closed;
        this.guard = CloseGuard.of(this, what, free, makers);
    }

    /**
     * Begins a call; every success is followed by one {@link #exit()}.
     *
     * @throws StackOverflowError    if the stack has too little left to end the call as well
     * @throws IllegalStateException what was given for too many calls at once, or for one after the end
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

    /**
     * Ends a call. Until it returns, this is not forgotten, whatever the JIT thinks of the rest of the caller.
     */
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

    /** Refuses calls from now on. Closing twice does nothing. */
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
