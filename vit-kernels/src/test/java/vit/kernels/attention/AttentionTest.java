package vit.kernels.attention;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.gemm.PackedRows;
import vit.kernels.gemm.Panels;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;
import vit.kernels.verify.catalogue.AttentionTruth;

/**
 * Multi-head attention, forward and backward, against the scalar reference with the error bounds of {@link AttentionTruth}. Every other way to
 * compute it (with some queries, from packed rows, with other teams, at another place in the batch) must give the same bits. The gradients of
 * the reference are compared with central differences.
 */
class AttentionTest {

    private static final double EPSILON = Math.ulp(1f);

    private static final GradientCheck GRADIENTS = new GradientCheck("attention");

    private static final Comparison OUT = new Comparison("attention");
    private static final Comparison MAPS = new Comparison("attention maps");
    private static final Comparison SUMS = new Comparison("attention log-sum-exp");
    private static final Comparison GRADIENT = new Comparison("attention dqkv");

    private static final Comparison BIASED = new Comparison("attention with bias, forward");
    private static final Comparison BIASED_GRADIENT = new Comparison("attention with bias, dqkv");
    private static final Comparison BIAS_GRADIENT = new Comparison("attention dbias");
    private static final GradientCheck BIASED_GRADIENTS = new GradientCheck("attention with bias");

    /** One problem: B images of T tokens, H heads of D. */
    private record Problem(int batch, int tokens, int heads, int headDim) {
        int inner() {
            return heads * headDim;
        }

        int rows() {
            return batch * tokens;
        }

        float scale() {
            return (float) (1 / Math.sqrt(headDim));
        }

        float[] random(long seed, int columns, double magnitude) {
            SplittableRandom random = new SplittableRandom(seed);
            float[] values = new float[rows() * columns];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) ((random.nextDouble() * 2 - 1) * magnitude);
            }
            return values;
        }
    }

    /** The results of forward. */
    private record Result(float[] out, float[] logSumExp, float[] probabilities) {}

    private static Result forward(Problem p, float[] qkv, int threads) {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor out = arena.allocate(p.rows(), p.inner()).fill(Float.NaN);
            Tensor sums = arena.allocate(p.batch * p.heads, p.tokens);
            Tensor maps = arena.allocate(p.batch * p.heads * p.tokens, p.tokens);
            Tensor input = arena.allocate(p.rows(), 3 * p.inner()).copyFrom(qkv);
            AttentionWorkspace workspace = AttentionWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            workers.run(w -> Attention.forward(out, sums, maps, input, p.batch, p.tokens, p.heads, p.scale(), workspace, w));
            PackedRows packed = PackedRows.allocate(arena, p.rows() + 1, p.inner());
            PackedRows packedInput = packed(arena, p, qkv);
            workers.run(w -> Attention.forward(packed, packedInput, p.batch, p.tokens, p.heads, p.scale(), workspace, w));
            assertArrayEquals(out.toDoubles(), packed.read(p.rows()), "packed");
            return new Result(out.toArray(), sums.toArray(), maps.toArray());
        }
    }

    /** Queries, keys and values in packed rows, with NaN in every place that belongs to none of them. */
    private static PackedRows packed(TensorArena arena, Problem p, float[] qkv) {
        PackedRows packed = PackedRows.allocate(arena, p.rows(), 3 * p.inner());
        Arrays.fill(packed.values(), Float.NaN);
        double[] values = new double[qkv.length];
        Arrays.setAll(values, i -> qkv[i]);
        packed.write(values, p.rows());
        return packed;
    }

    /** The rows of the first {@code queries} tokens of every image. */
    private static float[] forwardQueries(Problem p, float[] qkv, int queries, int threads) {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor out = arena.allocate(p.batch * queries, p.inner()).fill(Float.NaN);
            Tensor query = arena.allocate(p.batch * queries, 3 * p.inner()).fill(Float.NaN);
            float[] keysAndValues = qkv.clone();
            for (int row = 0; row < p.rows(); row++) {
                for (int c = 0; c < p.inner(); c++) {
                    if (row % p.tokens < queries) {
                        query.set(row / p.tokens * queries + row % p.tokens, c, qkv[row * 3 * p.inner() + c]);
                    }
                    keysAndValues[row * 3 * p.inner() + c] = Float.NaN;
                }
            }
            PackedRows input = packed(arena, p, keysAndValues);
            AttentionWorkspace workspace = AttentionWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            workers.run(w -> Attention.forwardQueries(
                    out, query, input, p.batch, queries, p.tokens, p.heads, p.scale(), workspace, w));
            return out.toArray();
        }
    }

    @Property(tries = 60)
    void someQueriesGiveTheBitsOfAll(@ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 1, max = 40) int tokens, @ForAll @IntRange(min = 1, max = 40) int queries,
            @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll @IntRange(min = 1, max = 20) int headDim,
            @ForAll @IntRange(min = 1, max = 3) int threads, @ForAll long seed) {
        Problem p = new Problem(batch, tokens, heads, headDim);
        int asked = Math.min(queries, tokens);
        float[] qkv = p.random(seed, 3 * p.inner(), 2);
        float[] all = forward(p, qkv, threads).out;
        float[] some = forwardQueries(p, qkv, asked, threads);
        for (int b = 0; b < batch; b++) {
            assertArrayEquals(Arrays.copyOfRange(all, b * tokens * p.inner(), (b * tokens + asked) * p.inner()),
                    Arrays.copyOfRange(some, b * asked * p.inner(), (b + 1) * asked * p.inner()), "image " + b);
        }
    }

    /** The queries, keys or values of a head may cross the end of a block of packed rows. All forms agree in every bit. */
    @Property(tries = 30)
    void headsAcrossBlocksOfPackedRowsGiveTheSameBits(@ForAll @IntRange(min = 1, max = 2) int batch,
            @ForAll @IntRange(min = 1, max = 14) int tokens, @ForAll @IntRange(min = 50, max = 170) int headDim,
            @ForAll @IntRange(min = 0, max = 3) int more, @ForAll @IntRange(min = 1, max = 2) int threads, @ForAll long seed) {
        Problem p = new Problem(batch, tokens, Panels.ROW / headDim + more, headDim);
        float[] qkv = p.random(seed, 3 * p.inner(), 1);
        float[] all = forward(p, qkv, threads).out;
        float[] first = forwardQueries(p, qkv, 1, threads);
        for (int b = 0; b < batch; b++) {
            assertArrayEquals(Arrays.copyOfRange(all, b * tokens * p.inner(), (b * tokens + 1) * p.inner()),
                    Arrays.copyOfRange(first, b * p.inner(), (b + 1) * p.inner()), "image " + b);
        }
    }

    /** If there are fewer heads than workers, or only a few more, the workers share the queries of a head. The bits stay the same. */
    @Property(tries = 40)
    void headsInPartsGiveTheSameBits(@ForAll @IntRange(min = 1, max = 2) int batch, @ForAll @IntRange(min = 24, max = 130) int tokens,
            @ForAll @IntRange(min = 1, max = 5) int heads, @ForAll @IntRange(min = 1, max = 20) int headDim,
            @ForAll @IntRange(min = 2, max = 8) int threads, @ForAll long seed) {
        Problem p = new Problem(batch, tokens, heads, headDim);
        float[] qkv = p.random(seed, 3 * p.inner(), 2);
        Result expected = forward(p, qkv, 1);
        Result actual = forward(p, qkv, threads);
        assertArrayEquals(expected.out, actual.out);
        assertArrayEquals(expected.logSumExp, actual.logSumExp);
        assertArrayEquals(expected.probabilities, actual.probabilities);
    }

    @Property
    void fewHeadsAreSharedOutEvenly(@ForAll @IntRange(min = 1, max = 200) int heads, @ForAll @IntRange(min = 1, max = 16) int workers) {
        int parts = AttentionSimd.parts(heads, 1 << 16, workers);
        assertTrue(parts >= 1 && parts <= workers);
        assertTrue(heads * parts % workers == 0 || parts == 1 && heads >= 8 * workers, parts + " parts");
        assertEquals(1, AttentionSimd.parts(heads, 47, workers), "parts of fewer than four tiles of queries");
    }

    private static float[] backward(Problem p, float[] qkv, float[] dout, int threads) {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(threads)) {
            Tensor out = arena.allocate(p.rows(), p.inner());
            Tensor sums = arena.allocate(p.batch * p.heads, p.tokens);
            Tensor input = arena.allocate(p.rows(), 3 * p.inner()).copyFrom(qkv);
            Tensor gradient = arena.allocate(p.rows(), p.inner()).copyFrom(dout);
            Tensor dqkv = arena.allocate(p.rows(), 3 * p.inner()).fill(Float.NaN);
            AttentionWorkspace workspace = AttentionWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            AttentionGradientWorkspace gradients = AttentionGradientWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            workers.run(w -> {
                Attention.forward(out, sums, null, input, p.batch, p.tokens, p.heads, p.scale(), workspace, w);
                w.barrier();
                Attention.backward(dqkv, gradient, out, sums, input, p.batch, p.tokens, p.heads, p.scale(), gradients, w);
            });
            return dqkv.toArray();
        }
    }

    private static double[] doubles(float[] values, int from, int count) {
        double[] copy = new double[count];
        for (int i = 0; i < count; i++) {
            copy[i] = values[from + i];
        }
        return copy;
    }

    /**
     * Relative error of a probability: a score is a chain of D products, off by at most (D + 1)·ε·Σ|q·k|, which exp turns into a relative error. The
     * errors of exp and of the sum over T add a few ε each.
     */
    private static double probabilityError(Problem p, double magnitude) {
        double score = (p.headDim + 2) * EPSILON * p.headDim * magnitude * magnitude * p.scale();
        return 4 * score + (p.tokens + 16) * EPSILON;
    }

    @Property(tries = 200)
    void forwardAndBackwardMatchReference(@ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll @IntRange(min = 1, max = 4) int heads, @ForAll @IntRange(min = 1, max = 37) int headDim,
            @ForAll @IntRange(min = -4, max = 2) int exponent, @ForAll long seed) {
        Problem p = new Problem(batch, tokens, heads, headDim);
        float[] qkv = p.random(seed, 3 * p.inner(), Math.scalb(1.0, exponent));
        float[] dout = p.random(seed + 1, p.inner(), 1);
        int threads = 1 + (int) (Math.abs(seed % 3));
        Result result = forward(p, qkv, threads);
        float[] dqkv = backward(p, qkv, dout, threads);
        for (int b = 0; b < batch; b++) {
            int size = tokens * p.inner();
            AttentionTruth truth = new AttentionTruth(doubles(qkv, b * 3 * size, 3 * size), doubles(dout, b * size, size),
                    tokens, heads, headDim, p.scale());
            compare(OUT, truth.out, result.out, b, truth.outBound);
            compare(MAPS, truth.maps, result.probabilities, b, truth.mapsBound);
            compare(SUMS, truth.logSumExp, result.logSumExp, b, truth.logSumExpBound);
            compare(GRADIENT, truth.dqkv, dqkv, b, truth.dqkvBound);
        }
    }

    /** More tokens than a block of packed rows holds, and heads that together are wider than a block. */
    @Test
    void manyTokensAndWideHeadsMatchReference() {
        for (Problem p : new Problem[] {new Problem(1, Panels.ROW + 11, 1, 5), new Problem(2, 7, 3, Panels.ROW / 2 + 3)}) {
            float[] qkv = p.random(5, 3 * p.inner(), 0.5);
            float[] dout = p.random(6, p.inner(), 1);
            Result result = forward(p, qkv, 2);
            for (int b = 0; b < p.batch; b++) {
                int size = p.tokens * p.inner();
                AttentionTruth truth = new AttentionTruth(doubles(qkv, b * 3 * size, 3 * size), doubles(dout, b * size, size),
                        p.tokens, p.heads, p.headDim, p.scale());
                compare(OUT, truth.out, result.out, b, truth.outBound);
                compare(MAPS, truth.maps, result.probabilities, b, truth.mapsBound);
            }
        }
    }

    /** The results of a forward and a backward pass with a bias. */
    private record Biased(Result forward, float[] dqkv, float[] dbias) {}

    /** The tensors have gaps between their rows and begin off alignment. {@code dbias0} is what the gradient of the bias holds before. */
    private static Biased biased(Problem p, float[] qkv, float[] bias, float[] dout, float[] dbias0, int threads) {
        try (TensorArena arena = TensorArena.open()) {
            GuardedTensor out = GuardedTensor.of(arena, 3, 2, p.rows(), p.inner());
            GuardedTensor dqkv = GuardedTensor.of(arena, 1, 5, p.rows(), 3 * p.inner());
            GuardedTensor dbias = GuardedTensor.of(arena, 7, 3, p.heads * p.tokens, p.tokens);
            Tensor sums = arena.allocate(p.batch * p.heads, p.tokens);
            Tensor maps = arena.allocate(p.batch * p.heads * p.tokens, p.tokens);
            Tensor input = GuardedTensor.of(arena, 5, 1, p.rows(), 3 * p.inner()).tensor().copyFrom(qkv);
            Tensor gradient = GuardedTensor.of(arena, 2, 4, p.rows(), p.inner()).tensor().copyFrom(dout);
            Tensor biases = GuardedTensor.of(arena, 9, 6, p.heads * p.tokens, p.tokens).tensor().copyFrom(bias);
            dbias.tensor().copyFrom(dbias0);
            AttentionWorkspace workspace = AttentionWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            AttentionGradientWorkspace gradients = AttentionGradientWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            Teams.run(threads, w -> {
                Attention.forward(out.tensor(), sums, maps, input, biases, p.batch, p.tokens, p.heads, p.scale(), workspace, w);
                w.barrier();
                Attention.backward(dqkv.tensor(), dbias.tensor(), gradient, out.tensor(), sums, input, biases, p.batch, p.tokens, p.heads,
                        p.scale(), gradients, w);
            });
            out.assertGuardsIntact("out");
            dqkv.assertGuardsIntact("dqkv");
            dbias.assertGuardsIntact("dbias");
            float[] withDbias = dqkv.tensor().toArray();
            Teams.run(threads, w -> Attention.backward(dqkv.tensor(), null, gradient, out.tensor(), sums, input, biases, p.batch, p.tokens,
                    p.heads, p.scale(), gradients, w));
            Teams.assertSameBits(withDbias, dqkv.tensor().toArray(), "dqkv without dbias");
            return new Biased(new Result(out.tensor().toArray(), sums.toArray(), maps.toArray()), withDbias, dbias.tensor().toArray());
        }
    }

    private static float[] bias(Problem p, long seed, double magnitude) {
        return new Problem(1, p.heads * p.tokens, 1, 1).random(seed, p.tokens, magnitude);
    }

    @Property(tries = 200)
    void forwardAndBackwardWithABiasMatchReference(@ForAll @IntRange(min = 1, max = 3) int batch,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll @IntRange(min = 1, max = 4) int heads, @ForAll @IntRange(min = 1, max = 37) int headDim,
            @ForAll @IntRange(min = -4, max = 2) int exponent, @ForAll @IntRange(min = -3, max = 5) int biasExponent, @ForAll long seed) {
        Problem p = new Problem(batch, tokens, heads, headDim);
        float[] qkv = p.random(seed, 3 * p.inner(), Math.scalb(1.0, exponent));
        float[] bias = bias(p, seed + 2, Math.scalb(1.0, biasExponent));
        float[] dout = p.random(seed + 1, p.inner(), 1);
        float[] dbias0 = bias(p, seed + 3, 1);
        Biased result = biased(p, qkv, bias, dout, dbias0, 1 + (int) (Math.abs(seed % 3)));
        double[] dbias = doubles(dbias0, 0, dbias0.length);
        double[] bounds = new double[dbias.length];
        double[] sizes = new double[dbias.length];
        Arrays.setAll(sizes, i -> Math.abs(dbias0[i]));
        for (int b = 0; b < batch; b++) {
            int size = tokens * p.inner();
            AttentionTruth truth = new AttentionTruth(doubles(qkv, b * 3 * size, 3 * size), doubles(bias, 0, bias.length),
                    doubles(dout, b * size, size), tokens, heads, headDim, p.scale());
            compare(BIASED, truth.out, result.forward.out, b, truth.outBound);
            compare(BIASED, truth.maps, result.forward.probabilities, b, truth.mapsBound);
            compare(BIASED, truth.logSumExp, result.forward.logSumExp, b, truth.logSumExpBound);
            compare(BIASED_GRADIENT, truth.dqkv, result.dqkv, b, truth.dqkvBound);
            for (int i = 0; i < dbias.length; i++) {
                dbias[i] += truth.dbias[i];
                bounds[i] += truth.dbiasBound[i];
                sizes[i] += Math.abs(truth.dbias[i]) + truth.dbiasBound[i];
            }
        }
        BIAS_GRADIENT.addAll(dbias, result.dbias, i -> bounds[i] + AttentionTruth.gamma(batch) * sizes[i]);
    }

    @Test
    void manyTokensWithABiasMatchReference() {
        Problem p = new Problem(1, Panels.ROW + 11, 1, 5);
        float[] qkv = p.random(5, 3 * p.inner(), 0.5);
        float[] dout = p.random(6, p.inner(), 1);
        float[] bias = bias(p, 7, 2);
        Biased result = biased(p, qkv, bias, dout, new float[bias.length], 2);
        AttentionTruth truth = new AttentionTruth(doubles(qkv, 0, qkv.length), doubles(bias, 0, bias.length), doubles(dout, 0, dout.length),
                p.tokens, p.heads, p.headDim, p.scale());
        compare(BIASED, truth.out, result.forward.out, 0, truth.outBound);
        compare(BIASED_GRADIENT, truth.dqkv, result.dqkv, 0, truth.dqkvBound);
        BIAS_GRADIENT.addAll(truth.dbias, result.dbias, i -> truth.dbiasBound[i]);
    }

    /** The results of a forward and a backward pass with a bias of keys, from tensors; and of one between packed rows, which must have the same bits. */
    private static Biased keyBiased(Problem p, float[] qkv, float[] keyBias, float[] dout, int threads) {
        try (TensorArena arena = TensorArena.open()) {
            GuardedTensor out = GuardedTensor.of(arena, 3, 2, p.rows(), p.inner());
            GuardedTensor dqkv = GuardedTensor.of(arena, 1, 5, p.rows(), 3 * p.inner());
            Tensor sums = arena.allocate(p.batch * p.heads, p.tokens);
            Tensor maps = arena.allocate(p.batch * p.heads * p.tokens, p.tokens);
            Tensor input = GuardedTensor.of(arena, 5, 1, p.rows(), 3 * p.inner()).tensor().copyFrom(qkv);
            Tensor gradient = GuardedTensor.of(arena, 2, 4, p.rows(), p.inner()).tensor().copyFrom(dout);
            Tensor biases = GuardedTensor.of(arena, 9, 6, p.batch, p.tokens).tensor().copyFrom(keyBias);
            AttentionWorkspace workspace = AttentionWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            AttentionGradientWorkspace gradients = AttentionGradientWorkspace.allocate(arena, p.tokens, p.headDim, threads);
            PackedRows packed = PackedRows.allocate(arena, p.rows(), p.inner());
            PackedRows packedInput = packed(arena, p, qkv);
            Teams.run(threads, w -> {
                Attention.forward(out.tensor(), sums, maps, input, null, biases, p.batch, p.tokens, p.heads, p.scale(), workspace, w);
                w.barrier();
                Attention.backward(dqkv.tensor(), null, gradient, out.tensor(), sums, input, null, biases, p.batch, p.tokens, p.heads, p.scale(),
                        gradients, w);
                w.barrier();
                Attention.forward(packed, packedInput, biases, p.batch, p.tokens, p.heads, p.scale(), workspace, w);
            });
            out.assertGuardsIntact("out");
            dqkv.assertGuardsIntact("dqkv");
            assertArrayEquals(out.tensor().toDoubles(), packed.read(p.rows()), "packed");
            return new Biased(new Result(out.tensor().toArray(), sums.toArray(), maps.toArray()), dqkv.tensor().toArray(), null);
        }
    }

    /** A bias of keys is one of pairs that is the same for every head and query, and differs from image to image. */
    @Property(tries = 100)
    void aBiasOfKeysGivesTheBitsOfThatBiasForEveryPair(@ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll @IntRange(min = 1, max = 20) int headDim, @ForAll long seed) {
        Problem p = new Problem(batch, tokens, heads, headDim);
        Problem one = new Problem(1, tokens, heads, headDim);
        float[] qkv = p.random(seed, 3 * p.inner(), 2);
        float[] dout = p.random(seed + 1, p.inner(), 1);
        float[] keyBias = new Problem(batch, 1, 1, 1).random(seed + 2, tokens, 2);
        Biased all = keyBiased(p, qkv, keyBias, dout, 1);
        for (int threads = 2; threads <= 4; threads++) {
            Biased team = keyBiased(p, qkv, keyBias, dout, threads);
            Teams.assertSameBits(all.forward.out, team.forward.out, "out at " + threads);
            Teams.assertSameBits(all.dqkv, team.dqkv, "dqkv at " + threads);
        }
        int size = one.rows() * one.inner();
        for (int b = 0; b < batch; b++) {
            float[] pairs = new float[heads * tokens * tokens];
            for (int i = 0; i < pairs.length; i++) {
                pairs[i] = keyBias[b * tokens + i % tokens];
            }
            Biased image = biased(one, Arrays.copyOfRange(qkv, b * 3 * size, (b + 1) * 3 * size), pairs, Arrays.copyOfRange(dout, b * size, (b + 1) * size),
                    new float[pairs.length], 1);
            Teams.assertSameBits(image.forward.out, Arrays.copyOfRange(all.forward.out, b * size, (b + 1) * size), "out of image " + b);
            Teams.assertSameBits(image.forward.logSumExp, Arrays.copyOfRange(all.forward.logSumExp, b * heads * tokens, (b + 1) * heads * tokens),
                    "log-sum-exp of image " + b);
            Teams.assertSameBits(image.dqkv, Arrays.copyOfRange(all.dqkv, b * 3 * size, (b + 1) * 3 * size), "dqkv of image " + b);
        }
    }

    @Property(tries = 30)
    void aBiasOfZerosGivesTheBitsOfNone(@ForAll @IntRange(min = 1, max = 40) int tokens, @ForAll @IntRange(min = 1, max = 3) int heads,
            @ForAll @IntRange(min = 1, max = 20) int headDim, @ForAll long seed) {
        Problem p = new Problem(2, tokens, heads, headDim);
        float[] qkv = p.random(seed, 3 * p.inner(), 2);
        float[] zeros = new float[heads * tokens * tokens];
        Result expected = forward(p, qkv, 2);
        Result actual = biased(p, qkv, zeros, p.random(seed, p.inner(), 1), zeros, 2).forward;
        Teams.assertSameBits(expected.out, actual.out, "out");
        Teams.assertSameBits(expected.probabilities, actual.probabilities, "maps");
        assertArrayEquals(expected.logSumExp, actual.logSumExp, 0, "log-sum-exp"); // a zero may have another sign
    }

    /** With a bias of −∞ for some pairs, a row is the softmax of the others. */
    @Property(tries = 60)
    void aBiasOfMinusInfinityHidesAKey(@ForAll @IntRange(min = 2, max = 40) int tokens, @ForAll @IntRange(min = 1, max = 3) int heads,
            @ForAll Random random, @ForAll long seed) {
        Problem p = new Problem(2, tokens, heads, 6);
        float[] bias = bias(p, seed, 1);
        boolean[] hidden = new boolean[bias.length];
        for (int i = 0; i < bias.length; i++) {
            hidden[i] = i % tokens > 0 && random.nextInt(3) == 0;
            bias[i] = hidden[i] ? Float.NEGATIVE_INFINITY : bias[i];
        }
        Biased result = biased(p, p.random(seed, 3 * p.inner(), 1), bias, p.random(seed + 1, p.inner(), 1), new float[bias.length], 2);
        for (int row = 0; row < p.batch * heads * tokens; row++) {
            double sum = 0;
            for (int j = 0; j < tokens; j++) {
                float probability = result.forward.probabilities[row * tokens + j];
                assertEquals(hidden[row % (heads * tokens) * tokens + j], probability == 0, "row " + row + ", key " + j);
                sum += probability;
            }
            assertEquals(1, sum, (tokens + 16) * EPSILON);
        }
        for (int i = 0; i < bias.length; i++) {
            assertTrue(hidden[i] ? result.dbias[i] == 0 : Float.isFinite(result.dbias[i]), "dbias " + i);
        }
        for (float gradient : result.dqkv) {
            assertTrue(Float.isFinite(gradient));
        }
    }

    @Test
    void biasedResultsAreTheSameAtAnyThreadCountAndPlaceInTheBatch() {
        Problem one = new Problem(1, 53, 3, 16);
        Problem five = new Problem(5, 53, 3, 16);
        float[] bias = bias(one, 3, 1);
        float[] zeros = new float[bias.length];
        float[] batch = five.random(1, 3 * five.inner(), 2);
        float[] dBatch = five.random(2, five.inner(), 1);
        Biased expected = biased(five, batch, bias, dBatch, zeros, 1);
        for (int threads = 2; threads <= Teams.LARGEST; threads++) {
            Biased actual = biased(five, batch, bias, dBatch, zeros, threads);
            Teams.assertSameBits(expected.forward.out, actual.forward.out, "out at " + threads);
            Teams.assertSameBits(expected.dqkv, actual.dqkv, "dqkv at " + threads);
            Teams.assertSameBits(expected.dbias, actual.dbias, "dbias at " + threads);
        }
        float[] dbias = zeros;
        int size = one.rows() * one.inner();
        for (int b = 0; b < 5; b++) { // images one by one: micro-batches
            Biased image = biased(one, Arrays.copyOfRange(batch, b * 3 * size, (b + 1) * 3 * size), bias,
                    Arrays.copyOfRange(dBatch, b * size, (b + 1) * size), dbias, 2);
            Teams.assertSameBits(Arrays.copyOfRange(expected.forward.out, b * size, (b + 1) * size), image.forward.out, "out of image " + b);
            Teams.assertSameBits(Arrays.copyOfRange(expected.dqkv, b * 3 * size, (b + 1) * 3 * size), image.dqkv, "dqkv of image " + b);
            dbias = image.dbias;
        }
        Teams.assertSameBits(expected.dbias, dbias, "dbias of micro-batches");
    }

    @Property(tries = 60)
    void referenceBackwardWithABiasIsTheGradientOfForward(@ForAll @IntRange(min = 1, max = 6) int tokens,
            @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll @IntRange(min = 1, max = 5) int headDim, @ForAll Random random) {
        int inner = heads * headDim;
        double[] qkv = Gradients.random(random, tokens * 3 * inner);
        double[] bias = Gradients.random(random, heads * tokens * tokens);
        double[] dout = Gradients.random(random, tokens * inner);
        double[] maps = new double[bias.length];
        double[] dqkv = new double[qkv.length];
        double[] dbias = new double[bias.length];
        double scale = 1 / Math.sqrt(headDim);
        AttentionReference.forward(new double[dout.length], maps, new double[heads * tokens], qkv, bias, tokens, heads, headDim, scale);
        BIASED_GRADIENTS.backward(() -> AttentionReference.backward(dqkv, dbias, dout, qkv, maps, tokens, heads, headDim, scale), dqkv, dbias);
        DoubleSupplier loss = () -> {
            double[] out = new double[dout.length];
            AttentionReference.forward(out, new double[maps.length], new double[heads * tokens], qkv, bias, tokens, heads, headDim, scale);
            return Gradients.dot(dout, out);
        };
        BIASED_GRADIENTS.gradient("dqkv", qkv, dqkv, loss);
        BIASED_GRADIENTS.gradient("dbias", bias, dbias, loss);
        BIASED_GRADIENTS.passed(tokens, heads, headDim);
    }

    /** Image {@code b} of a result. */
    private static void compare(Comparison comparison, double[] truth, float[] actual, int b, double[] bounds) {
        comparison.addAll(truth, Arrays.copyOfRange(actual, b * truth.length, (b + 1) * truth.length), i -> bounds[i]);
    }

    @AfterContainer
    static void printWorstErrors() {
        OUT.print();
        MAPS.print();
        SUMS.print();
        GRADIENT.print();
        GRADIENTS.print();
        BIASED.print();
        BIASED_GRADIENT.print();
        BIAS_GRADIENT.print();
        BIASED_GRADIENTS.print();
    }

    @Property(tries = 50)
    void attentionIsPermutationEquivariant(@ForAll @IntRange(min = 2, max = 30) int tokens, @ForAll long seed) {
        Problem p = new Problem(1, tokens, 2, 8);
        float[] qkv = p.random(seed, 3 * p.inner(), 1);
        int[] order = new SplittableRandom(seed).ints(tokens * 4L, 0, tokens).distinct().limit(tokens).toArray();
        int rows = order.length; // a permutation of the first rows; the rest stay
        float[] permuted = qkv.clone();
        int[] sorted = order.clone();
        Arrays.sort(sorted);
        for (int i = 0; i < rows; i++) {
            System.arraycopy(qkv, order[i] * 3 * p.inner(), permuted, sorted[i] * 3 * p.inner(), 3 * p.inner());
        }
        float[] out = forward(p, qkv, 1).out;
        float[] outPermuted = forward(p, permuted, 1).out;
        for (int i = 0; i < rows; i++) {
            for (int d = 0; d < p.inner(); d++) {
                assertEquals(out[order[i] * p.inner() + d], outPermuted[sorted[i] * p.inner() + d], probabilityError(p, 1));
            }
        }
    }

    @Property(tries = 50)
    void probabilitiesOfARowSumToOne(@ForAll @IntRange(min = 1, max = 70) int tokens, @ForAll long seed) {
        Problem p = new Problem(1, tokens, 2, 5);
        float[] maps = forward(p, p.random(seed, 3 * p.inner(), 4), 2).probabilities;
        for (int row = 0; row < 2 * tokens; row++) {
            double sum = 0;
            for (int j = 0; j < tokens; j++) {
                sum += maps[row * tokens + j];
            }
            assertEquals(1, sum, (tokens + 16) * EPSILON);
        }
    }

    @Test
    void resultIsTheSameAtAnyThreadCountAndPlaceInTheBatch() {
        Problem one = new Problem(1, 23, 3, 16);
        float[] image = one.random(7, 3 * one.inner(), 2);
        float[] dImage = one.random(8, one.inner(), 1);
        float[] expected = forward(one, image, 1).out;
        float[] gradient = backward(one, image, dImage, 1);
        Problem five = new Problem(5, 23, 3, 16);
        for (int place = 0; place < 5; place++) {
            float[] batch = five.random(place, 3 * five.inner(), 2);
            float[] dBatch = five.random(place + 10, five.inner(), 1);
            System.arraycopy(image, 0, batch, place * image.length, image.length);
            System.arraycopy(dImage, 0, dBatch, place * dImage.length, dImage.length);
            for (int threads = 1; threads <= 8; threads++) {
                float[] out = forward(five, batch, threads).out;
                assertArrayEquals(expected, Arrays.copyOfRange(out, place * expected.length, (place + 1) * expected.length));
                float[] dqkv = backward(five, batch, dBatch, threads);
                assertArrayEquals(gradient, Arrays.copyOfRange(dqkv, place * gradient.length, (place + 1) * gradient.length));
            }
        }
    }

    @Property(tries = 60)
    void referenceBackwardIsTheGradientOfForward(@ForAll @IntRange(min = 1, max = 7) int tokens,
            @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll @IntRange(min = 1, max = 5) int headDim, @ForAll Random random) {
        int inner = heads * headDim;
        double[] qkv = Gradients.random(random, tokens * 3 * inner);
        double[] dout = Gradients.random(random, tokens * inner);
        double[] maps = new double[heads * tokens * tokens];
        double[] dqkv = new double[qkv.length];
        double scale = 1 / Math.sqrt(headDim);
        AttentionReference.forward(new double[dout.length], maps, new double[heads * tokens], qkv, tokens, heads, headDim, scale);
        GRADIENTS.backward(() -> AttentionReference.backward(dqkv, dout, qkv, maps, tokens, heads, headDim, scale), dqkv);
        GRADIENTS.gradient("dqkv", qkv, dqkv, () -> {
            double[] out = new double[dout.length];
            double[] sums = new double[heads * tokens];
            AttentionReference.forward(out, new double[maps.length], sums, qkv, tokens, heads, headDim, scale);
            return Gradients.dot(dout, out);
        });
        GRADIENTS.passed(tokens, heads, headDim);
    }

    @Test
    void shapesThatDoNotFitAreRefusedByName() {
        try (TensorArena arena = TensorArena.open(); Workers workers = Workers.of(1)) {
            Tensor qkv = arena.allocate(6, 24);
            Tensor out = arena.allocate(6, 8);
            AttentionWorkspace workspace = AttentionWorkspace.allocate(arena, 6, 4, 1);
            AttentionWorkspace small = AttentionWorkspace.allocate(arena, 5, 4, 1);
            workers.run(w -> Attention.forward(out, null, null, qkv, 1, 6, 2, 1, workspace, w));
            refused("heads", () -> workers.run(w -> Attention.forward(out, null, null, qkv, 1, 6, 3, 1, workspace, w)));
            refused("2 images", () -> workers.run(w -> Attention.forward(out, null, null, qkv, 2, 6, 2, 1, workspace, w)));
            refused("logSumExp", () -> workers.run(w -> Attention.forward(out, out, null, qkv, 1, 6, 2, 1, workspace, w)));
            refused("workspace", () -> workers.run(w -> Attention.forward(out, null, null, qkv, 1, 6, 2, 1, small, w)));
            Tensor bias = arena.allocate(12, 6);
            AttentionGradientWorkspace gradients = AttentionGradientWorkspace.allocate(arena, 6, 4, 1);
            Tensor sums = arena.allocate(2, 6);
            refused("bias: expected 12 rows of 6 columns, found shape (6, 8)",
                    () -> workers.run(w -> Attention.forward(out, null, null, qkv, out, 1, 6, 2, 1, workspace, w)));
            refused("dbias: expected 12 rows of 6 columns, found shape (6, 8)",
                    () -> workers.run(w -> Attention.backward(qkv, out, out, out, sums, qkv, bias, 1, 6, 2, 1, gradients, w)));
            refused("dbias: expected null, because bias is null",
                    () -> workers.run(w -> Attention.backward(qkv, bias, out, out, sums, qkv, null, 1, 6, 2, 1, gradients, w)));
            Tensor keyBias = arena.allocate(1, 6);
            refused("keyBias: expected null, because there is a bias",
                    () -> workers.run(w -> Attention.forward(out, null, null, qkv, bias, keyBias, 1, 6, 2, 1, workspace, w)));
            refused("keyBias: expected null, because there is a bias",
                    () -> workers.run(w -> Attention.backward(qkv, null, out, out, sums, qkv, bias, keyBias, 1, 6, 2, 1, gradients, w)));
            refused("keyBias: expected at least 1 rows of 6 columns, found shape (12)",
                    () -> workers.run(w -> Attention.backward(qkv, null, out, out, sums, qkv, null, arena.allocate(12), 1, 6, 2, 1, gradients, w)));
            PackedRows packed = PackedRows.allocate(arena, 6, 24);
            PackedRows packedOut = PackedRows.allocate(arena, 6, 8);
            refused("heads", () -> workers.run(w -> Attention.forward(packedOut, packed, 1, 6, 3, 1, workspace, w)));
            refused("2 images", () -> workers.run(w -> Attention.forward(packedOut, packed, 2, 6, 2, 1, workspace, w)));
            refused("not 1 of 7 tokens", () -> workers.run(w -> Attention.forwardQueries(out, qkv, packed, 1, 1, 7, 2, 1, workspace, w)));
        }
    }

    private static void refused(String part, Runnable call) {
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }
}
