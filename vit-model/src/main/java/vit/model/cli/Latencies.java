package vit.model.cli;

import java.util.Arrays;

/**
 * The times of any number of calls in a fixed memory, without allocation: all of them while there is room, then every second, every fourth and
 * so on. The longest and the count are exact. For one thread.
 */
final class Latencies {

    private final long[] kept;
    private int size;
    private long apart = 1; // one of so many calls is kept
    private long count;
    private long max;

    /** Room for {@code capacity} times, an even number. */
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
            apart *= 2; // this call's number is a multiple of it: the room was full of an even number of them
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

    /** The smallest time, in milliseconds, that at least {@code share} of the calls that were kept did not exceed. */
    double quantile(double share) {
        long[] sorted = Arrays.copyOf(kept, size);
        Arrays.sort(sorted);
        return sorted[(int) Math.ceil(share * size) - 1] / 1e6;
    }
}
