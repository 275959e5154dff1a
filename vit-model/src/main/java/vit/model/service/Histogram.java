package vit.model.service;

import java.util.Arrays;

/**
 * How often a measured value fell into each of some fixed ranges. Immutable.
 *
 * @param bounds upper ends of the ranges, ascending; a value equal to a bound belongs below it
 * @param counts how many values fell into each range; one more than {@code bounds}, for the values above the last
 * @param sum    of all values
 */
public record Histogram(double[] bounds, long[] counts, double sum) {

    /**
     * Copies the arrays.
     *
     * @throws IllegalArgumentException if there is not one count more than there are bounds
     */
    public Histogram {
        bounds = bounds.clone();
        counts = counts.clone();
        if (counts.length != bounds.length + 1) {
            throw new IllegalArgumentException(counts.length + " counts for " + bounds.length + " bounds");
        }
    }

    /** A copy of the bounds. */
    @Override
    public double[] bounds() {
        return bounds.clone();
    }

    /** A copy of the counts. */
    @Override
    public long[] counts() {
        return counts.clone();
    }

    /** How many values there were. */
    public long count() {
        return Arrays.stream(counts).sum();
    }

    /** The mean of the values; 0 if there were none. */
    public double mean() {
        long count = count();
        return count == 0 ? 0 : sum / count;
    }

    /**
     * A bound below which at least {@code share} of the values lie: the upper end of the range in which the quantile is. 0 if there were no values,
     * infinity if the quantile is above the last bound.
     *
     * @param share 0 to 1, for example 0.99
     * @throws IllegalArgumentException if it is not
     */
    public double quantile(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("quantile " + share + "; expected 0 to 1");
        }
        long count = count();
        long below = 0;
        for (int i = 0; i < counts.length && count > 0; i++) {
            below += counts[i];
            if (below >= Math.max(1, share * count)) {
                return i == bounds.length ? Double.POSITIVE_INFINITY : bounds[i];
            }
        }
        return 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Histogram histogram && Arrays.equals(bounds, histogram.bounds) && Arrays.equals(counts, histogram.counts) && sum == histogram.sum;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(bounds) + Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return "Histogram[count " + count() + ", mean " + mean() + ", p50 ≤ " + quantile(0.5) + ", p99 ≤ " + quantile(0.99) + "]";
    }
}
