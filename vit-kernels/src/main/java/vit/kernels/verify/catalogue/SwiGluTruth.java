package vit.kernels.verify.catalogue;

import static vit.kernels.verify.catalogue.Truth.U;

/** The bounds of SwiGLU, forward and backward. */
public final class SwiGluTruth {

    /** silu(a) may be 0 where its exponential would be subnormal: below −87.3, where it is at most this large. */
    private static final double FLUSHED = 88 * Float.MIN_NORMAL;

    private SwiGluTruth() {}

    /** Where a float overflows, the truth counts as infinite. */
    public static double toRange(double truth) {
        return Math.abs(truth) > Float.MAX_VALUE ? Math.copySign(Double.POSITIVE_INFINITY, truth) : truth;
    }

    /**
     * The bound of silu(a)·factor: 2 roundings for exp, 1 each for two products, the sum and the division, and 1 to spare.
     *
     * @param factor b in the forward pass, and the upstream gradient in that of b
     * @param truth  the true product
     */
    public static double bound(double factor, double truth) {
        return 7 * U * Math.abs(truth) + Math.abs(factor) * FLUSHED + Float.MIN_NORMAL;
    }

    /**
     * The bound of da = product·silu′(a). silu′ = h or 1 − h with h = q − t·q/(1 + z). Each rounding counts with the size of a term: at most 8 on the
     * way to the second, 1 for each difference and for the two products outside.
     *
     * @param product the upstream gradient times b
     * @param a       the input of silu
     * @param da      the true gradient
     */
    public static double slopeBound(double product, double a, double da) {
        double t = Math.abs(a);
        double q = 1 / (1 + Math.exp(t));
        double size = q == 0 ? 0 : q * (1 + t);
        return Math.abs(product) * (U * (8 * size + (a < 0 ? 0 : 1)) + 2 * FLUSHED) + 3 * U * Math.abs(da) + Float.MIN_NORMAL;
    }
}
