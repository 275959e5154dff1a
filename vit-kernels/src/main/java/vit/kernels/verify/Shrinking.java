package vit.kernels.verify;

import java.util.List;
import java.util.function.Function;

/**
 * Searches for the smallest case that fails as a given one does. It simplifies the layout and the values, and then tries for each dimension all smaller
 * sizes from the least on, as faults depend on remainders and a failing size need not lie between failing sizes. It repeats this until nothing changes.
 */
final class Shrinking {

    /** Runs after which the search gives up. */
    private static final int MOST_RUNS = 4_000;

    private final KernelSpec spec;
    private final Function<KernelCase, Throwable> failure; // null where the case passes
    private KernelCase smallest;
    private Throwable cause;
    private int runs;

    Shrinking(KernelSpec spec, KernelCase failing, Throwable cause, Function<KernelCase, Throwable> failure) {
        this.spec = spec;
        this.failure = failure;
        this.smallest = failing;
        this.cause = cause;
    }

    KernelCase smallest() {
        return smallest;
    }

    /** How the smallest case fails. */
    Throwable cause() {
        return cause;
    }

    int runs() {
        return runs;
    }

    Shrinking search() {
        KernelCase before;
        do {
            before = smallest;
            if (smallest.offset() != 0 || smallest.gap() != 0) {
                accept(smallest.withLayout(0, 0));
                accept(smallest.withLayout(0, smallest.gap()));
                accept(smallest.withLayout(smallest.offset(), 0));
            }
            List<Values> values = spec.values();
            for (int i = 0; i < values.indexOf(smallest.values()); i++) {
                if (accept(smallest.withValues(values.get(i), smallest.seed()))) {
                    break;
                }
            }
            for (Dimension dimension : spec.dimensions()) {
                for (int size = dimension.least(); size < smallest.sizes().get(dimension.name()); size++) {
                    if (accept(smallest.withSize(dimension.name(), size))) {
                        break;
                    }
                }
            }
        } while (!before.equals(smallest) && runs < MOST_RUNS);
        return this;
    }

    private boolean accept(KernelCase candidate) {
        if (runs >= MOST_RUNS || candidate.equals(smallest)) {
            return false;
        }
        runs++;
        Throwable found = failure.apply(candidate);
        if (found != null) {
            smallest = candidate;
            cause = found;
        }
        return found != null;
    }
}
