package vit.model.visualise;

/**
 * Which principal components are more than noise. Of an n × p matrix of independent numbers of variance σ² the largest eigenvalue of XᵀX is
 * about σ²·(μ + s·W), where W has the Tracy-Widom law of order one (Johnstone 2001, theorem 1.1):
 *
 * <pre>
 *   μ = (√(n−1) + √p)²,   s = (√(n−1) + √p)·(1/√(n−1) + 1/√p)^⅓
 * </pre>
 *
 * The variance is that of what remains when the components above the edge are taken away, so that a few strong ones do not hide others; it
 * is found by repeating that until their number stays (as Kritchman and Nadler 2008 do).
 */
final class NoiseEdge {

    /** Exceeded by the Tracy-Widom law of order one with probability 0.01. */
    private static final double RARE = 2.0234;

    private NoiseEdge() {}

    /**
     * The share of the energy above which a component is more than noise.
     *
     * @param shares of the first components, descending
     */
    static double share(double[] shares, int rows, int columns) {
        double root = Math.sqrt(Math.max(1, rows - 1)) + Math.sqrt(columns);
        double spread = root * Math.cbrt(1 / Math.sqrt(Math.max(1, rows - 1)) + 1 / Math.sqrt(columns));
        double factor = root * root + RARE * spread; // of the largest eigenvalue, in units of the variance
        double rest = 1;
        int above = 0;
        while (above < shares.length && above < columns - 1 && shares[above] > factor * variance(rest, rows, columns - above)) {
            rest = Math.max(0, rest - shares[above]);
            above++;
        }
        return factor * variance(rest, rows, columns - above);
    }

    /** Of the numbers of a matrix that holds {@code energy}. */
    private static double variance(double energy, int rows, int columns) {
        return energy / ((double) rows * columns);
    }
}
