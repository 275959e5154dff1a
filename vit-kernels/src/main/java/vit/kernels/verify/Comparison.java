package vit.kernels.verify;

import java.util.Locale;
import vit.kernels.tensor.Tensor;

/**
 * Compares float results with true values in double, element by element. Each element has a bound of its own. The worst error is remembered as a
 * share of its bound.
 *
 * <p>NaN is expected where the truth is NaN, and only there. Where the truth is an infinity, the same infinity is expected. A truth of 0 with a bound
 * of 0 accepts either zero.
 *
 * <p>A comparison belongs to one thread at a time.
 */
public final class Comparison {

    /** The least share of its bound that the worst of many errors must reach. */
    private static final double LEAST_SHARE = 0.01;

    private final String name;
    private double worstShare;
    private String worst = "none";
    private long count;

    /** A comparison whose messages begin with {@code name}. */
    public Comparison(String name) {
        this.name = name;
    }

    /**
     * Compares one element.
     *
     * @throws AssertionError if it is off by more than {@code bound}
     * @throws IllegalArgumentException if the bound is negative, infinite or NaN, and so would accept anything or nothing
     */
    public void add(int index, double expected, float actual, double bound) {
        if (!accepts(index, expected, actual, bound)) {
            throw new AssertionError(name + describe(index, expected, actual) + ", " + Mismatch.error(expected, actual, bound));
        }
    }

    /** As {@link #add}, but returns whether the element lies within its bound. Only then it counts. */
    boolean accepts(int index, double expected, float actual, double bound) {
        if (!(bound >= 0 && bound < Double.POSITIVE_INFINITY) && Double.isFinite(expected)) {
            throw new IllegalArgumentException(name + "[" + index + "]: a bound of " + bound);
        }
        if (!Double.isFinite(expected)) {
            count++;
            return Double.compare(expected, actual) == 0;
        }
        double error = Math.abs(actual - expected);
        if (!(error <= bound)) {
            return false;
        }
        count++;
        double share = error == 0 ? 0 : error / bound;
        if (share > worstShare) {
            worstShare = share;
            worst = describe(index, expected, actual) + ", " + Mismatch.error(expected, actual, bound);
        }
        return true;
    }

    /**
     * Compares all elements of the first rows of {@code actual}.
     *
     * @throws AssertionError if one is off by more than its bound; the message has its row and column
     */
    public void addAll(double[] expected, Tensor actual, Bound bound) {
        int columns = actual.columns();
        for (int i = 0; i < expected.length; i++) {
            float value = actual.get(i / columns, i % columns);
            if (!accepts(i, expected[i], value, bound.at(i))) {
                throw new AssertionError(name + " " + new Mismatch("element", actual.rows(), columns, i, expected[i], value, bound.at(i)));
            }
        }
    }

    /** Compares all elements. */
    public void addAll(double[] expected, float[] actual, Bound bound) {
        if (expected.length != actual.length) {
            throw new AssertionError(name + ": expected " + expected.length + " elements, found " + actual.length);
        }
        for (int i = 0; i < expected.length; i++) {
            add(i, expected[i], actual[i], bound.at(i));
        }
    }

    /** The bound of each element. */
    @FunctionalInterface
    public interface Bound {
        /** The largest accepted absolute error of element {@code index}: not negative, and finite where the truth is finite. */
        double at(int index);
    }

    private static String describe(int index, double expected, float actual) {
        return "[" + index + "]: expected " + expected + ", found " + actual;
    }

    /** The worst error seen, as a share of its bound. */
    public double worstShare() {
        return worstShare;
    }

    /** The number of elements that have been compared. */
    public long count() {
        return count;
    }

    /** The worst error in one line: its share of the bound, and the element. */
    public String summary() {
        return String.format(Locale.ROOT, "%s: worst error %.3f of its bound in %d elements, at %s", name, worstShare, count, worst);
    }

    /**
     * Prints the worst error in one line. Fails if nothing was compared, or if no error came near its bound, because a fault could hide below such a
     * loose bound.
     */
    public void print() {
        if (count == 0) {
            throw new AssertionError(name + ": nothing was compared");
        }
        if (worstShare < LEAST_SHARE) {
            throw new AssertionError(name + ": the worst error is only " + worstShare + " of its bound; derive a closer one");
        }
        System.out.println(summary());
    }
}
