package vit.model.spark.compare;

import java.util.Locale;

/** Says on standard error, every two seconds, how far a long job is. For one thread. */
final class Progress {

    private static final long INTERVAL = 2_000_000_000L;

    private final String what;
    private final long all;
    private final long start = System.nanoTime();
    private long last = start;

    Progress(String what, long all) {
        this.what = what;
        this.all = all;
    }

    void reached(long done) {
        long now = System.nanoTime();
        if (now - last > INTERVAL) {
            last = now;
            System.err.printf(Locale.ROOT, "%s: %d of %d, %.0f s%n", what, done, all, (now - start) / 1e9);
        }
    }

    /** Seconds since the beginning. */
    double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }
}
