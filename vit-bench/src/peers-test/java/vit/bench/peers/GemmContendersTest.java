package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The other libraries' products, all loaded in one process. */
class GemmContendersTest {

    private static final int M = 13;
    private static final int N = 37;
    private static final int K = 29;

    private static float[] random(int n, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (random.nextDouble() * 2 - 1);
        }
        return values;
    }

    @Test
    void everyContenderGivesTheProductAtEveryThreadCount() throws Exception {
        float[] a = random(M * K, 1);
        float[] b = random(N * K, 2);
        List<Contender> contenders = Contenders.find("").of(Work.Kind.GEMM);
        assertTrue(contenders.size() >= 3, "MKL in two forms, and OpenBLAS, at least");
        for (int threads : new int[] {1, 2, 1}) {
            for (Contender contender : contenders) {
                try (PreparedWork product = contender.prepare(new Work.Gemm(M, N, K, a, b, threads))) {
                    product.run();
                    product.run();
                    check(product.label(), a, b, product.result());
                }
            }
        }
    }

    private static void check(String label, float[] a, float[] b, float[] c) {
        assertEquals(M * N, c.length, label);
        for (int i = 0; i < c.length; i++) {
            double sum = 0;
            for (int k = 0; k < K; k++) {
                sum += (double) a[i / N * K + k] * b[i % N * K + k];
            }
            assertEquals(sum, c[i], 1e-5, label + ", element " + i);
        }
    }
}
