package vit.model.service;

/**
 * What a pass over b images costs: the times measured while the model was warmed up, times a factor that follows the passes since. The factor is an
 * exponential average of measured over expected time, so the prediction stays right if other programs take processors away or the clock
 * rate falls. Guarded by the {@link Dispatcher}.
 */
final class CostTable {

    /** The share of the latest pass in the average: some ten passes bring it most of the way to a new level. */
    private static final double LATEST = 1.0 / 8;

    /** A single pass moves the average by no more than a pass of this many times, or this part of, the expected time would. */
    private static final double OUTLIER = 4;

    private final long[] measured; // nanoseconds of a pass over b + 1 images
    private double factor = 1;

    /** @param measured nanoseconds of a pass over 1, 2, … images */
    CostTable(long[] measured) {
        this.measured = measured.clone();
        for (long nanos : measured) {
            if (nanos < 1) {
                throw new IllegalArgumentException("a pass of " + nanos + " ns");
            }
        }
    }

    /** Nanoseconds that a pass over {@code images} images is expected to take. */
    long of(int images) {
        return Math.max(1, Math.round(measured[images - 1] * factor));
    }

    /** The largest batch whose cost is known. */
    int largest() {
        return measured.length;
    }

    /** Takes note of what a pass took. */
    void observe(int images, long nanos) {
        double ratio = nanos / (measured[images - 1] * factor);
        factor *= 1 + LATEST * (Math.clamp(ratio, 1 / OUTLIER, OUTLIER) - 1);
    }
}
