package vit.bench.load;

import java.util.concurrent.locks.LockSupport;

/** Time, and waiting for it. */
final class Clock {

    private Clock() {}

    /** Waits until {@link System#nanoTime} has reached {@code time}; at once if it has. Does not spin: the processors belong to the target. */
    static void awaitNanos(long time) throws InterruptedException {
        for (long left = time - System.nanoTime(); left > 0; left = time - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted while waiting for a request to become due");
            }
        }
    }
}
