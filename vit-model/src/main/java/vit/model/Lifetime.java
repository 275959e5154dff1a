package vit.model;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets calls run while something is open, and frees it after {@link #close()} once the last running call is out. A call that
 * comes later gets {@link IllegalStateException}. Safe for all threads; allocates nothing per call.
 */
final class Lifetime {

    private static final int CLOSED = 1 << 30;

    private final String what;
    private final int limit;
    private final Runnable free;
    private final AtomicInteger state = new AtomicInteger(); // running calls, plus CLOSED

    /**
     * @param what  names the thing in messages, for example {@code the model}
     * @param limit most calls at once
     * @param free  gives the memory back; runs once
     */
    Lifetime(String what, int limit, Runnable free) {
        this.what = what;
        this.limit = limit;
        this.free = free;
    }

    /** Begins a call; every success is followed by one {@link #exit()}. */
    void enter() {
        while (true) {
            int running = state.get();
            if ((running & CLOSED) != 0) {
                throw new IllegalStateException(what + " is closed");
            }
            if (running >= limit) {
                throw new IllegalStateException(what + " is in use by another thread; it serves one at a time");
            }
            if (state.compareAndSet(running, running + 1)) {
                return;
            }
        }
    }

    /** Ends a call. */
    void exit() {
        if (state.decrementAndGet() == CLOSED) {
            free.run();
        }
    }

    /** Refuses calls from now on. Closing twice does nothing. */
    void close() {
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

    boolean isClosed() {
        return (state.get() & CLOSED) != 0;
    }
}
