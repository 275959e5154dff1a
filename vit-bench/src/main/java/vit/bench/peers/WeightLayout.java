package vit.bench.peers;

import java.util.EnumMap;
import java.util.Map;

/** How the weight B of C = A·Bᵀ can lie in memory for a BLAS. Contenders that know both use the one that is faster in trial calls. */
public enum WeightLayout {
    /** B as it is, (N, K); the BLAS is asked to transpose it. */
    ROWS,
    /** Bᵀ, (K, N). */
    COLUMNS;

    private static final int TRIALS = 3;

    /** A product with the weight in one of the layouts. */
    @FunctionalInterface
    public interface Product {

        /** Computes it. */
        void multiply(WeightLayout layout);
    }

    /** The layout that is faster in a few calls, each after one that is not timed. */
    public static WeightLayout faster(Product product) {
        Map<WeightLayout, Long> best = new EnumMap<>(WeightLayout.class);
        for (int trial = 0; trial < TRIALS; trial++) {
            for (WeightLayout layout : values()) {
                product.multiply(layout);
                long start = System.nanoTime();
                product.multiply(layout);
                best.merge(layout, System.nanoTime() - start, Math::min);
            }
        }
        return best.get(ROWS) <= best.get(COLUMNS) ? ROWS : COLUMNS;
    }

    /** Bᵀ, (K, N). */
    public static float[] columns(Work.Gemm work) {
        float[] columns = new float[work.b().length];
        for (int n = 0; n < work.n(); n++) {
            for (int k = 0; k < work.k(); k++) {
                columns[k * work.n() + n] = work.b()[n * work.k() + k];
            }
        }
        return columns;
    }
}
