package vit.kernels.parallel;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What is left of each worker's share of the current loop: a range of items from whose lower end the worker takes, and from whose upper
 * end those take who have finished theirs. So neighbouring items stay with one worker, and nobody waits long for a worker whose core
 * is slower or away. Safe for all members of a team at once; allocates nothing.
 */
final class Shares {

    /** Most items of a loop. */
    static final int MAX_ITEMS = (1 << 20) - 1;

    private static final int BITS = 20;
    private static final int LOOP_SHIFT = 2 * BITS;

    /** Longs from one worker's range to the next: two cache lines, as cores fetch them in pairs. */
    private static final int STRIDE = 16;

    /** By worker: the number of its loop, then the first item left, then the end. */
    private final AtomicLongArray ranges;

    private final int count;

    Shares(int count) {
        this.count = count;
        this.ranges = new AtomicLongArray(count * STRIDE);
    }

    /** Forgets all loops; while no member runs. */
    void reset() {
        for (int i = 0; i < count; i++) {
            ranges.set(i * STRIDE, 0);
        }
    }

    void begin(int worker, int loop, int from, int to, int n) {
        if (n < 0 || n > MAX_ITEMS) {
            throw new IllegalArgumentException("a loop of " + n + " items; expected 0 to " + MAX_ITEMS);
        }
        ranges.set(worker * STRIDE, (long) loop << LOOP_SHIFT | (long) from << BITS | to);
    }

    int claim(int worker, int loop) {
        int slot = worker * STRIDE;
        for (long range = ranges.get(slot); from(range) < to(range); range = ranges.get(slot)) {
            if (ranges.compareAndSet(slot, range, range + (1L << BITS))) {
                return from(range);
            }
        }
        for (int i = 1; i < count; i++) {
            int item = steal((worker + i) % count * STRIDE, loop);
            if (item >= 0) {
                return item;
            }
        }
        return -1;
    }

    /** The last item of a share, if its worker is in the same loop; one that is behind will begin it, or has nothing to give yet. */
    private int steal(int slot, int loop) {
        for (long range = ranges.get(slot); range >>> LOOP_SHIFT == loop && from(range) < to(range); range = ranges.get(slot)) {
            if (ranges.compareAndSet(slot, range, range - 1)) {
                return to(range) - 1;
            }
        }
        return -1;
    }

    private static int from(long range) {
        return (int) (range >>> BITS) & MAX_ITEMS;
    }

    private static int to(long range) {
        return (int) range & MAX_ITEMS;
    }
}
