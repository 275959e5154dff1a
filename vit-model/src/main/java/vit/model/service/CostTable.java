package vit.model.service;

/**
 * What a pass over b images costs: the times measured while the model was warmed up, times a factor that follows the passes since. The factor is an
 * exponential average of measured over expected time, so the prediction stays right if other programs take processors away or the clock
 * rate falls. Guarded by the {@link Dispatcher}.
 */
final class CostTable {

    /**
     * The share of the latest pass in the average. Passes vary by some per cent, and the average must vary much less, because an error of one per cent is
     * multiplied by all the passes ahead of a request.
     */
    private static final double LATEST = 1.0 / 32;

    /**
     * Its share if it took more than {@link #FAR} times, or less than this part of, the expected time. If passes suddenly take twice their time, ten of them
     * bring the average within a fifth of it, and the last part is {@link #LATEST}'s: fifty, within a twentieth.
     */
    private static final double LATEST_OF_FAR = 1.0 / 8;

    private static final double FAR = 1.25;

    /** A single pass moves the average by no more than a pass of this many times, or this part of, the expected time would. */
    private static final double OUTLIER = 4;

    /** Attention takes about so many passes. It is rarely asked for, so warming up does not measure it; the requests themselves do. */
    private static final double ATTENTION_PASSES = 4;

    private static final int MOST_PASSES = 64;

    private final long[] measured; // nanoseconds of a pass over b + 1 images
    private double factor = 1;
    private double attention = ATTENTION_PASSES; // the time of a request for attention, in passes over one image

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

    /** How many passes over one image take as long as a request for this output. */
    int passes(Ticket.Output output) {
        return output == Ticket.Output.ATTENTION ? (int) Math.ceil(attention) : 1;
    }

    /** Takes note of what a request for attention took. */
    void observeAttention(long nanos) {
        attention += (Math.clamp((double) nanos / of(1), 1, MOST_PASSES) - attention) / 2;
    }

    /** Takes note of what a pass took. */
    void observe(int images, long nanos) {
        double ratio = nanos / (measured[images - 1] * factor);
        double share = ratio > FAR || ratio < 1 / FAR ? LATEST_OF_FAR : LATEST;
        factor *= 1 + share * (Math.clamp(ratio, 1 / OUTLIER, OUTLIER) - 1);
    }
}
