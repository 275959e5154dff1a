package vit.model.visualise;

/**
 * The edge above which principal components are more than noise. For an n × p matrix X of independent numbers of variance σ², the largest eigenvalue
 * of XᵀX is about σ²·(μ + s·W), where W has the Tracy-Widom law of order one (Johnstone 2001, theorem 1.1):
 *
 * <pre>
 *   μ = (√(n−1) + √p)²,   s = (√(n−1) + √p)·(1/√(n−1) + 1/√p)^⅓
 * </pre>
 *
 * The variance σ² is that of the matrix without the components above the edge, so that a few strong ones do not hide others. It is found by repeating
 * the estimate until the number of these components no longer changes (as Kritchman and Nadler 2008 do).
 */
final class NoiseEdge {

    /** A variable of the Tracy-Widom law of order one exceeds this with probability 0.01. */
    private static final double RARE = 2.0234;

    private NoiseEdge() {}

    /**
     * The share of the energy above which a component is more than noise.
     *
     * @param shares the shares of the first components, descending
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

    /** The variance of the numbers of a matrix whose squares sum to {@code energy}. */
    private static double variance(double energy, int rows, int columns) {
        return energy / ((double) rows * columns);
    }
}
