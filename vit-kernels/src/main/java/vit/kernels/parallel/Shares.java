package vit.kernels.parallel;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What is left of each worker's share of the current loop: a range of items. The worker itself takes items from the lower end. Workers that have
 * finished their own shares take items from the upper end. So neighbouring items stay with one worker, and nobody waits long for a worker whose core
 * is slow or busy with another program. All members of a team may use it at once; it allocates nothing.
 */
final class Shares {

    /** The largest number of items of a loop. */
    static final int MAX_ITEMS = (1 << 20) - 1;

    private static final int BITS = 20;
    private static final int LOOP_SHIFT = 2 * BITS;

    /** Longs from one worker's range to the next: two cache lines, because cores fetch lines in pairs. */
    private static final int STRIDE = 16;

    /** For each worker, packed into a long: the number of its loop, the first item left, and the end. */
    private final AtomicLongArray ranges;

    private final int count;

    Shares(int count) {
        this.count = count;
        this.ranges = new AtomicLongArray(count * STRIDE);
    }

    /** Forgets all loops. Called while no member runs. */
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

    /**
     * Takes the last item of a share if its worker is in the same loop. A worker that is still in an earlier loop has no items of this loop to give
     * yet and will begin it later.
     */
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
