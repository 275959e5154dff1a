package vit.model.cli;

import java.util.Arrays;

/**
 * Records the times of any number of calls in a fixed amount of memory, without allocation: all times while there is room, then every second one,
 * every fourth, and so on. The longest and the count are exact. For one thread.
 */
final class Latencies {

    private final long[] kept;
    private int size;
    private long apart = 1; // one call in this many is kept
    private long count;
    private long max;

    /** Makes room for {@code capacity} times, which is an even number. */
    Latencies(int capacity) {
        kept = new long[capacity];
    }

    void add(long nanos) {
        max = Math.max(max, nanos);
        if (count++ % apart != 0) {
            return;
        }
        if (size == kept.length) {
            size /= 2;
            for (int i = 0; i < size; i++) {
                kept[i] = kept[2 * i];
            }
            apart *= 2; // this call's number is a multiple of it, because the number of times that were kept is even
        }
        kept[size++] = nanos;
    }

    long count() {
        return count;
    }

    /** Milliseconds of the longest call. */
    double max() {
        return max / 1e6;
    }

    /** The smallest time, in milliseconds, that at least a share {@code share} of the recorded calls did not exceed. */
    double quantile(double share) {
        long[] sorted = Arrays.copyOf(kept, size);
        Arrays.sort(sorted);
        return sorted[(int) Math.ceil(share * size) - 1] / 1e6;
    }
}
