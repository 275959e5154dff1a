package vit.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import vit.kernels.gelu.GeluKind;
import vit.kernels.gelu.GeluReference;

/** The other libraries' kernels, all loaded in one process, against plain loops in double. Shapes are odd, and small or just above a library's blocks. */
class KernelContendersTest {

    private static final double TOLERANCE = 3e-6; // of the largest magnitude
    private static final int M = 13;
    private static final int N = 37;
    private static final int K = 29;

    private final Map<String, Double> worst = new TreeMap<>();
    private final Set<String> refused = new TreeSet<>();

    /** Prepares and runs the work on every contender that can do it, twice, and compares the results with the truth. */
    private void check(Work work, double[] truth) throws Exception {
        List<Contender> contenders = Contenders.find("").of(work.kind());
        assertTrue(contenders.stream().anyMatch(contender -> contender.name().equals("pytorch")), work.name());
        for (Contender contender : contenders) {
            try (PreparedWork prepared = contender.prepare(work)) {
                assertTrue(prepared.label().length() <= 40, prepared.label());
                prepared.run();
                prepared.run();
                float[] result = prepared.result();
                assertEquals(truth.length, result.length, prepared.label());
                double scale = 0;
                double error = 0;
                for (int i = 0; i < truth.length; i++) {
                    scale = Math.max(scale, Math.abs(truth[i]));
                    error = Math.max(error, Math.abs(truth[i] - result[i]));
                }
                worst.merge(prepared.label(), error / scale, Math::max);
                assertTrue(error <= TOLERANCE * scale, work.name() + " on " + work.threads() + " threads, " + prepared.label() + ": " + error / scale);
            } catch (UnsupportedOperationException e) {
                refused.add(contender.name() + ": " + e.getMessage());
            }
        }
    }

    private static double[] product(Work.Gemm work) {
        double[] c = new double[work.m() * work.n()];
        for (int i = 0; i < c.length; i++) {
            for (int k = 0; k < work.k(); k++) {
                c[i] += (double) work.a()[i / work.n() * work.k() + k] * work.b()[i % work.n() * work.k() + k];
            }
        }
        return c;
    }

    @Test
    void everyProductIsRightAtEveryThreadCount() throws Exception {
        for (int threads : new int[] {1, 2, 1}) {
            Work.Gemm small = Work.Gemm.of(M, N, K, threads);
            check(small, product(small));
            Work.Gemm large = Work.Gemm.of(197, 96, 160, threads);
            check(large, product(large));
        }
        System.out.println("gemm, largest differences: " + worst);
        assertTrue(worst.size() >= 9, worst.toString());
        assertEquals(Set.of("jlama: the length of its dot products must be a multiple of 16, and is 29"), refused);
    }

    @Test
    void everyDotProductIsRight() throws Exception {
        for (int width : new int[] {K, 768}) {
            Work.DotProducts work = Work.DotProducts.of(N, width, 1);
            check(work, product(new Work.Gemm(1, N, width, work.query(), work.vectors(), 1)));
        }
        System.out.println("dot, largest differences: " + worst);
        assertTrue(worst.size() >= 5, worst.toString());
    }

    @Test
    void everyLayerNormIsRight() throws Exception {
        Work.LayerNorm work = Work.LayerNorm.of(M, N, 2);
        double[] truth = new double[M * N];
        for (int row = 0; row < M; row++) {
            double mean = 0;
            double variance = 0;
            for (int i = 0; i < N; i++) {
                mean += work.x()[row * N + i] / (double) N;
            }
            for (int i = 0; i < N; i++) {
                variance += Math.pow(work.x()[row * N + i] - mean, 2) / N;
            }
            for (int i = 0; i < N; i++) {
                truth[row * N + i] = (work.x()[row * N + i] - mean) / Math.sqrt(variance + work.epsilon()) * work.weight()[i] + work.bias()[i];
            }
        }
        check(work, truth);
    }

    @Test
    void everySoftmaxIsRight() throws Exception {
        Work.Softmax work = Work.Softmax.of(M, N, 1);
        double[] truth = new double[M * N];
        for (int row = 0; row < M; row++) {
            double sum = 0;
            for (int i = 0; i < N; i++) {
                sum += truth[row * N + i] = Math.exp(work.x()[row * N + i]);
            }
            for (int i = 0; i < N; i++) {
                truth[row * N + i] /= sum;
            }
        }
        check(work, truth);
        assertTrue(worst.size() >= 2, worst.toString());
    }

    @Test
    void everyGeluIsRight() throws Exception {
        for (GeluKind form : List.of(GeluKind.ERF, GeluKind.TANH)) {
            Work.Gelu work = Work.Gelu.of(form, M, N, 1);
            double[] x = new double[M * N];
            for (int i = 0; i < x.length; i++) {
                x[i] = work.x()[i];
            }
            double[] truth = new double[x.length];
            GeluReference.forward(truth, x, form);
            check(work, truth);
        }
        assertEquals(Set.of("jlama: it has the tanh form of GELU only"), refused);
    }
}
