package vit.model;

import java.util.Locale;

/**
 * What warming up did.
 *
 * @param ready             whether of the last three calls each took at most 1.1 times the fastest until then, and none was faster by as much
 *                          than the first of them; otherwise time was up
 * @param milliseconds      how long it took
 * @param calls             forward passes run on the session itself
 * @param firstMilliseconds the first of them
 * @param lastMilliseconds  the last of them
 */
public record WarmUpReport(boolean ready, double milliseconds, int calls, double firstMilliseconds, double lastMilliseconds) {

    /** One line for a log. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s after %.0f ms: %d calls, first %.1f ms, last %.1f ms",
                ready ? "ready" : "not yet steady", milliseconds, calls, firstMilliseconds, lastMilliseconds);
    }
}
