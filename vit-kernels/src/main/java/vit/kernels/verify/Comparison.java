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
        if (!(bound >= 0 && bound < Double.POSITIVE_INFINITY) && Double.isFinite(expected)) {
            throw new IllegalArgumentException(name + "[" + index + "]: a bound of " + bound);
        }
        count++;
        if (!Double.isFinite(expected)) {
            if (Double.compare(expected, actual) != 0) {
                throw failure(index, expected, actual, 0);
            }
            return;
        }
        double error = Math.abs(actual - expected);
        if (!(error <= bound)) {
            throw failure(index, expected, actual, bound);
        }
        double share = error == 0 ? 0 : error / bound;
        if (share > worstShare) {
            worstShare = share;
            worst = describe(index, expected, actual) + ", off by " + error + " of " + bound;
        }
    }

    /** Compares all elements of the first rows of {@code actual}. */
    public void addAll(double[] expected, Tensor actual, Bound bound) {
        int columns = actual.columns();
        for (int i = 0; i < expected.length; i++) {
            add(i, expected[i], actual.get(i / columns, i % columns), bound.at(i));
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

    private AssertionError failure(int index, double expected, float actual, double bound) {
        return new AssertionError(name + describe(index, expected, actual) + ", off by "
                + Math.abs(actual - expected) + ", allowed " + bound);
    }

    private static String describe(int index, double expected, float actual) {
        return "[" + index + "]: expected " + expected + ", found " + actual;
    }

    /** The worst error seen, as a share of its bound. */
    public double worstShare() {
        return worstShare;
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
        System.out.printf(Locale.ROOT, "%s: worst error %.3f of its bound in %d elements, at %s%n", name, worstShare, count, worst);
    }
}
