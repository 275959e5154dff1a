package vit.kernels.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Counts who has arrived at a barrier. The members are counted in groups of at most {@link Workers#BARRIER_GROUP}. The last member of a group then counts
 * its group among other groups, and so on up to a single one: the combining tree of Yew, Tzeng and Lawrie (1987). So no counter is changed by more than a few
 * members, and the time of a barrier grows with the logarithm of their number. A team of one group has one counter.
 *
 * <p>Every counter has cache lines of its own. Members that wait read other lines, so arriving does not disturb them. All members of a team may use it at
 * once. It allocates nothing.
 */
final class Arrivals {

    private static final int GROUP = Workers.BARRIER_GROUP;

    /** Integers from one counter to the next: two cache lines, because cores fetch lines in pairs. */
    private static final int STRIDE = 32;

    /** There is room before the first counter and after the last, so that no other object shares their lines. */
    private final AtomicIntegerArray arrived;

    /** By level: the first counter, and how many are counted there. */
    private final int[] first;
    private final int[] counted;

    Arrivals(int members) {
        List<Integer> levels = new ArrayList<>();
        for (int left = members; levels.isEmpty() || left > 1; left = groups(left)) {
            levels.add(left);
        }
        counted = levels.stream().mapToInt(Integer::intValue).toArray();
        first = new int[counted.length];
        int counters = 1;
        for (int level = 0; level < counted.length; level++) {
            first[level] = counters;
            counters += groups(counted[level]);
        }
        arrived = new AtomicIntegerArray((counters + 1) * STRIDE);
    }

    private static int groups(int members) {
        return (members + GROUP - 1) / GROUP;
    }

    /** Counts a member; returns whether it is the last of all. Then all counters are zero again, and the next barrier may begin. */
    boolean isLast(int member) {
        int index = member;
        for (int level = 0; level < counted.length; level++) {
            int group = index / GROUP;
            int counter = (first[level] + group) * STRIDE;
            if (arrived.incrementAndGet(counter) < Math.min(GROUP, counted[level] - group * GROUP)) {
                return false;
            }
            arrived.set(counter, 0);
            index = group;
        }
        return true;
    }

    /** Forgets who has arrived. Called while no member runs, because members that failed did not arrive. */
    void reset() {
        for (int i = 0; i < arrived.length(); i += STRIDE) {
            arrived.set(i, 0);
        }
    }
}
