package vit.model;

import java.util.List;
import java.util.Locale;

/**
 * What {@link VitSession#warmUp} or {@link VitTraining#warmUp} did. A training's passes are forward and backward, and two steady ones are enough.
 *
 * @param ready             whether the session's time became steady: each of the last three calls took at most 1.1 times the fastest until then, and none
 *                          was faster by as much than the first of the three. Where an earlier warm-up in this JVM has compiled the code, two calls count
 *                          instead of three, or one if it took at most 1.1 times as long as that warm-up's last. If false, time was up first
 * @param milliseconds      how long warming up took
 * @param calls             passes run on the session or training itself
 * @param firstMilliseconds the time of the first of them
 * @param lastMilliseconds  the time of the last of them
 * @param warnings          what makes calls slow on this machine however warm they are, a sentence each that says what to do about it
 *                          ({@link vit.kernels.simd.NativeSpeed#obstacles}); empty if the kernels run at the machine's full speed
 */
public record WarmUpReport(boolean ready, double milliseconds, int calls, double firstMilliseconds, double lastMilliseconds, List<String> warnings) {

    public WarmUpReport {
        warnings = List.copyOf(warnings);
    }

    /** One line for a log. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s after %.0f ms: %d calls, first %.1f ms, last %.1f ms%s",
                ready ? "ready" : "not yet steady", milliseconds, calls, firstMilliseconds, lastMilliseconds,
                warnings.isEmpty() ? "" : "; warning: " + String.join("; ", warnings));
    }
}
