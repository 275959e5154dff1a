package vit.kernels.linear;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/**
 * A linear layer, forward and backward: each element of the output and of all gradients equals one scalar chain of fma exactly, and is within
 * the bound of such a chain of the reference. The gradients of the reference are compared with central differences.
 */
class LinearTest {

    /** Half an ulp as a relative error: the most that one rounding can cost. */
    private static final double U = 0x1p-24;

    private static final GradientCheck CHECK = new GradientCheck("linear");
    private static final Comparison FORWARD = new Comparison("linear forward");
    private static final Comparison INPUT = new Comparison("linear dx");
    private static final Comparison PARAMETERS = new Comparison("linear dweight and dbias");

    @AfterContainer
    static void printWorstErrors() {
        CHECK.print();
        FORWARD.print();
        INPUT.print();
        PARAMETERS.print();
    }

    /** One layer whose tensors are off alignment and have gaps, and the same numbers in arrays. */
    private static final class Problem {
        final int m;
        final int n;
        final int k;
        final int gap;
        final Tensor x;
        final Tensor dy;
        final float[] weight; // (N, K)
        final float[] bias; // (N)
        final float[] dweight0; // (N, K), what the gradient holds before the call
        final float[] dbias0; // (N), as dweight0
        final PackedMatrix packed;
        final PackedMatrix transposed;

        Problem(TensorArena arena, int m, int n, int k, Random random) {
            this.m = m;
            this.n = n;
            this.k = k;
            this.gap = random.nextInt(6);
            this.x = GuardedTensor.of(arena, gap, gap, m, k).random(random, 1).tensor();
            this.dy = GuardedTensor.of(arena, gap + 1, gap, m, n).random(random, 1).tensor();
            this.weight = floats(random, n * k);
            this.bias = floats(random, n);
            this.dweight0 = floats(random, n * k);
            this.dbias0 = floats(random, n);
            this.packed = PackedMatrix.allocate(arena, n, k).packRows(weight);
            this.transposed = PackedMatrix.allocate(arena, k, n);
            GemmWorkspace workspace = workspace(arena, m, n, k, 2);
            Teams.run(2, w -> transposed.packTransposed(packed, workspace, w));
        }

        /** y, then dx, then dweight, then dbias. */
        float[] run(TensorArena arena, int threads) {
            GuardedTensor y = GuardedTensor.of(arena, 3, gap, m, n);
            GuardedTensor dx = GuardedTensor.of(arena, 2, gap, m, k);
            GuardedTensor dbias = GuardedTensor.of(arena, 1, 0, n);
            dbias.tensor().copyFrom(dbias0);
            PackedMatrix dweight = PackedMatrix.allocate(arena, n, k).packRows(dweight0);
            GemmWorkspace workspace = workspace(arena, m, n, k, threads);
            Linear layer = Linear.of(packed, Epilogue.bias(arena.allocate(n).copyFrom(bias)));
            Teams.run(threads, w -> {
                layer.forward(y.tensor(), x, m, workspace, w);
                w.barrier();
                Linear.backwardInput(dx.tensor(), dy, transposed, m, workspace, w);
                w.barrier();
                Linear.backwardParameters(dweight, dbias.tensor(), true, dy, x, m, workspace, w);
            });
            y.assertGuardsIntact("y");
            dx.assertGuardsIntact("dx");
            dbias.assertGuardsIntact("dbias");
            allAtOnce(arena, workspace, layer, threads, dx.tensor(), dweight, dbias.tensor());
            float[] all = new float[m * n + m * k + n * k + n];
            System.arraycopy(y.tensor().toArray(), 0, all, 0, m * n);
            System.arraycopy(dx.tensor().toArray(), 0, all, m * n, m * k);
            float[] gradient = new float[n * k];
            dweight.unpackRows(gradient);
            System.arraycopy(gradient, 0, all, m * n + m * k, n * k);
            System.arraycopy(dbias.tensor().toArray(), 0, all, m * n + m * k + n * k, n);
            return all;
        }

        /** Computes all gradients in one call, with memory for the transposed weight that holds something else, and compares the bits. */
        private void allAtOnce(TensorArena arena, GemmWorkspace workspace, Linear layer, int threads, Tensor dx, PackedMatrix dweight, Tensor dbias) {
            GuardedTensor dxAtOnce = GuardedTensor.of(arena, 1, gap, m, k);
            Tensor dbiasAtOnce = arena.allocate(n).copyFrom(dbias0);
            PackedMatrix dweightAtOnce = PackedMatrix.allocate(arena, n, k).packRows(dweight0);
            Tensor shared = arena.allocate(PackedMatrix.floats(k, n) + 5).fill(Float.NaN);
            PackedMatrix memory = PackedMatrix.in(shared, k, n);
            Teams.run(threads, w -> layer.backward(dxAtOnce.tensor(), dweightAtOnce, dbiasAtOnce, true, dy, x, memory, m, workspace, w));
            dxAtOnce.assertGuardsIntact("dx of all at once");
            assertArrayEquals(dx.toArray(), dxAtOnce.tensor().toArray(), "dx");
            assertArrayEquals(dbias.toArray(), dbiasAtOnce.toArray(), "dbias");
            assertArrayEquals(dweight.elements().toArray(), dweightAtOnce.elements().toArray(), "dweight");
            overwritten(arena, workspace, layer, threads);
        }

        /** Gradients that overwrite NaN have the bits of gradients that are added to zeros. */
        private void overwritten(TensorArena arena, GemmWorkspace workspace, Linear layer, int threads) {
            Tensor dx = arena.allocate(m, k);
            PackedMatrix memory = PackedMatrix.allocate(arena, k, n);
            PackedMatrix[] dweights = {PackedMatrix.allocate(arena, n, k), PackedMatrix.allocate(arena, n, k), PackedMatrix.allocate(arena, n, k)};
            Tensor[] dbiases = {arena.allocate(n), arena.allocate(n).fill(Float.NaN), arena.allocate(n).fill(Float.NaN)};
            float[] unset = new float[n * k];
            Arrays.fill(unset, Float.NaN);
            dweights[1].packRows(unset);
            dweights[2].packRows(unset);
            Teams.run(threads, w -> {
                layer.backward(dx, dweights[0], dbiases[0], true, dy, x, memory, m, workspace, w);
                w.barrier();
                layer.backward(dx, dweights[1], dbiases[1], false, dy, x, memory, m, workspace, w);
                w.barrier();
                Linear.backwardParameters(dweights[2], dbiases[2], false, dy, x, m, workspace, w);
            });
            for (int i = 1; i < dweights.length; i++) {
                float[] added = new float[n * k];
                float[] set = new float[n * k];
                dweights[0].unpackRows(added);
                dweights[i].unpackRows(set);
                assertArrayEquals(added, set, "dweight");
                assertArrayEquals(dbiases[0].toArray(), dbiases[i].toArray(), "dbias");
            }
        }
    }

    private static GemmWorkspace workspace(TensorArena arena, int m, int n, int k, int threads) {
        return GemmWorkspace.allocateForLayer(arena, m, n, k, threads);
    }

    private static float[] floats(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Σ_i a[i·aStep]·b[i·bStep] as one chain of fma that begins at {@code start}. */
    private static float chain(float start, float[] a, int aFrom, int aStep, float[] b, int bFrom, int bStep, int count) {
        float acc = start;
        for (int i = 0; i < count; i++) {
            acc = Math.fma(a[aFrom + i * aStep], b[bFrom + i * bStep], acc);
        }
        return acc;
    }

    /** What the contract promises, in scalar code: y, dx, dweight, dbias. */
    private static float[] chains(Problem p) {
        float[] x = p.x.toArray();
        float[] dy = p.dy.toArray();
        float[] all = new float[p.m * p.n + p.m * p.k + p.n * p.k + p.n];
        int at = 0;
        for (int i = 0; i < p.m * p.n; i++) {
            all[at++] = p.bias[i % p.n] + chain(0, x, i / p.n * p.k, 1, p.weight, i % p.n * p.k, 1, p.k);
        }
        for (int i = 0; i < p.m * p.k; i++) {
            all[at++] = chain(0, dy, i / p.k * p.n, 1, p.weight, i % p.k, p.k, p.n);
        }
        for (int i = 0; i < p.n * p.k; i++) {
            all[at++] = chain(p.dweight0[i], dy, i / p.k, p.n, x, i % p.k, p.k, p.m);
        }
        for (int i = 0; i < p.n; i++) {
            float acc = p.dbias0[i];
            for (int row = 0; row < p.m; row++) {
                acc += dy[row * p.n + i];
            }
            all[at++] = acc;
        }
        return all;
    }

    @Property
    void forwardAndAllGradientsEqualScalarFmaChains(@ForAll @IntRange(min = 1, max = 50) int m,
            @ForAll @IntRange(min = 1, max = 70) int n, @ForAll @IntRange(min = 1, max = 70) int k, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = new Problem(arena, m, n, k, random);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> p.run(arena, threads));
            Teams.assertSameBits(chains(p), actual, "y, dx, dweight, dbias of " + m + "×" + n + "×" + k);
        }
    }

    /** The error of a chain with n roundings: γ_n times the sum of absolute values (Higham, Accuracy and Stability, lemma 3.1). */
    private static double gamma(int n) {
        return n * U / (1 - n * U);
    }

    @Property
    void forwardAndBackwardAreWithinTheBoundsOfAChainOfTheReference(@ForAll @IntRange(min = 1, max = 40) int m,
            @ForAll @IntRange(min = 1, max = 40) int n, @ForAll @IntRange(min = 1, max = 40) int k, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = new Problem(arena, m, n, k, random);
            float[] actual = p.run(arena, 2);
            double[][] truth = reference(p, false);
            double[][] sizes = reference(p, true);
            int y = m * n;
            int dx = y + m * k;
            int dweight = dx + n * k;
            FORWARD.addAll(truth[0], Arrays.copyOf(actual, y), i -> gamma(k + 1) * sizes[0][i]);
            INPUT.addAll(truth[1], Arrays.copyOfRange(actual, y, dx), i -> gamma(n) * sizes[1][i]);
            PARAMETERS.addAll(truth[2], Arrays.copyOfRange(actual, dx, dweight), i -> gamma(m) * sizes[2][i]);
            PARAMETERS.addAll(truth[3], Arrays.copyOfRange(actual, dweight, actual.length), i -> gamma(m) * sizes[3][i]);
        }
    }

    /** y, dx, dweight and dbias of the reference, from the operands or from their absolute values. */
    private static double[][] reference(Problem p, boolean absolute) {
        double[] x = doubles(p.x.toArray(), absolute);
        double[] dy = doubles(p.dy.toArray(), absolute);
        double[] weight = doubles(p.weight, absolute);
        double[][] results = {new double[p.m * p.n], new double[p.m * p.k], doubles(p.dweight0, absolute),
            doubles(p.dbias0, absolute)};
        LinearReference.forward(results[0], x, weight, doubles(p.bias, absolute), p.m, p.n, p.k);
        LinearReference.backward(results[1], results[2], results[3], dy, x, weight, p.m, p.n, p.k);
        return results;
    }

    private static double[] doubles(float[] values, boolean absolute) {
        double[] copy = new double[values.length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = absolute ? Math.abs(values[i]) : values[i];
        }
        return copy;
    }

    @Property(tries = 40)
    void microBatchesGiveTheBitsOfTheWhole(@ForAll @IntRange(min = 2, max = 30) int m, @ForAll @IntRange(min = 1, max = 40) int n,
            @ForAll @IntRange(min = 1, max = 40) int k, @ForAll Random random) {
        int head = 1 + random.nextInt(m - 1);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = new Problem(arena, m, n, k, random);
            PackedMatrix whole = PackedMatrix.allocate(arena, n, k).packRows(p.dweight0);
            PackedMatrix parts = PackedMatrix.allocate(arena, n, k).packRows(p.dweight0);
            Tensor biasOfWhole = arena.allocate(n).copyFrom(p.dbias0);
            Tensor biasOfParts = arena.allocate(n).copyFrom(p.dbias0);
            GemmWorkspace workspace = workspace(arena, m, n, k, 3);
            Tensor dyTail = p.dy.rows(head, m);
            Tensor xTail = p.x.rows(head, m);
            Teams.run(3, w -> {
                Linear.backwardParameters(whole, biasOfWhole, true, p.dy, p.x, m, workspace, w);
                w.barrier();
                Linear.backwardParameters(parts, biasOfParts, true, p.dy, p.x, head, workspace, w);
                w.barrier();
                Linear.backwardParameters(parts, biasOfParts, true, dyTail, xTail, m - head, workspace, w);
            });
            Teams.assertSameBits(whole.elements().toArray(), parts.elements().toArray(), "dweight");
            Teams.assertSameBits(biasOfWhole.toArray(), biasOfParts.toArray(), "dbias");
        }
    }

    @Property(tries = 60)
    void referenceGradientsMatchCentralDifferences(@ForAll @IntRange(min = 1, max = 6) int m,
            @ForAll @IntRange(min = 1, max = 7) int n, @ForAll @IntRange(min = 1, max = 8) int k, @ForAll boolean biased,
            @ForAll Random random) {
        double[] x = Gradients.random(random, m * k);
        double[] weight = Gradients.random(random, n * k);
        double[] bias = biased ? Gradients.random(random, n) : null;
        double[] dy = Gradients.random(random, m * n);
        double[] y = new double[m * n];
        double[] dx = new double[m * k];
        double[] dweight = new double[n * k];
        double[] dbias = new double[n];
        CHECK.backward(() -> LinearReference.backward(dx, dweight, biased ? dbias : null, dy, x, weight, m, n, k),
                dx, dweight, dbias);
        DoubleSupplier loss = () -> {
            LinearReference.forward(y, x, weight, bias, m, n, k);
            return Gradients.dot(dy, y);
        };
        CHECK.gradient("dx", x, dx, loss);
        CHECK.gradient("dweight", weight, dweight, loss);
        if (biased) {
            CHECK.gradient("dbias", bias, dbias, loss);
        }
        CHECK.passed(m, n, k, biased);
    }

    @Test
    void wrongShapesAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(4, 5);
            Tensor y = arena.allocate(4, 6);
            PackedMatrix weight = PackedMatrix.allocate(arena, 6, 5);
            Linear layer = Linear.of(weight, Epilogue.NONE);
            GemmWorkspace workspace = workspace(arena, 4, 6, 5, 1);
            assertEquals(6, layer.outputs());
            assertEquals(5, layer.inputs());
            refused("a (4, 6)", () -> Teams.run(1, w -> layer.forward(y, y, 4, workspace, w)));
            refused("a (4, 5)", () -> Teams.run(1, w -> Linear.backwardInput(x, x, PackedMatrix.allocate(arena, 5, 6), 4, workspace, w)));
            refused("dy (4, 5)", () -> Teams.run(1, w -> Linear.backwardParameters(weight, null, true, x, x, 4, workspace, w)));
            refused("dbias (5)", () -> Teams.run(
                    1, w -> Linear.backwardParameters(weight, arena.allocate(5), true, y, x, 4, workspace, w)));
        }
    }

    private static void refused(String part, Runnable call) {
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }
}
