package vit.model.train;

import java.util.concurrent.locks.ReentrantLock;
import vit.model.SessionInUseException;

/** Admits one thread at a time. Another thread is refused, not made to wait. The thread that has entered may enter again, as a listener does. */
final class SoleCaller {

    private final String what;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * For one object.
     *
     * @param what names it in the message, for example {@code the trainer}
     */
    SoleCaller(String what) {
        this.what = what;
    }

    /**
     * Begins a call; every success is followed by one {@link #exit()}.
     *
     * @throws SessionInUseException if another thread has entered
     */
    void enter() {
        if (!lock.tryLock()) {
            throw new SessionInUseException(what + " is in use by another thread; it serves one at a time");
        }
    }

    /** Ends a call. */
    void exit() {
        lock.unlock();
    }
}
