package vit.kernels.dropout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/**
 * Dropout and stochastic depth against their references to the last rounding, the shares of what they drop against a binomial count, and the
 * mask of the backward pass against that of the forward pass.
 */
class DropoutTest {

    private static final double[] PROBABILITIES = {0, 0.1, 0.25, 0.5, 0.9, 0.999};

    private static final GradientCheck GRADIENTS = new GradientCheck("dropout");
    private static final GradientCheck GRADIENTS_DEPTH = new GradientCheck("stochastic depth");

    @AfterContainer
    static void printWorstErrors() {
        GRADIENTS.print();
        GRADIENTS_DEPTH.print();
    }

    @Property(tries = 150)
    void dropoutEqualsTheReferenceToTheLastRounding(
            @ForAll @IntRange(min = 1, max = 9) int rows, @ForAll @IntRange(min = 1, max = 200) int columns,
            @ForAll boolean special, @ForAll Random random) {
        int gap = random.nextInt(5);
        double p = PROBABILITIES[random.nextInt(PROBABILITIES.length)];
        long seed = random.nextLong();
        long stream = random.nextLong();
        int firstRow = random.nextInt(1 << 30);
        try (TensorArena arena = TensorArena.open()) {
            GuardedTensor guarded = GuardedTensor.of(arena, gap, 1, rows, columns);
            Tensor in = (special ? guarded.special(random) : guarded.random(random, 2)).tensor();
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor out = GuardedTensor.of(arena, 1, gap, rows, columns);
                Teams.run(threads, w -> Dropout.apply(out.tensor(), in, p, seed, stream, firstRow, rows, w));
                out.assertGuardsIntact("out");
                return out.tensor().toArray();
            });
            double[] expected = new double[rows * columns];
            DropoutReference.apply(expected, Doubles.read(in), p, seed, stream, firstRow, columns);
            for (int i = 0; i < expected.length; i++) {
                assertWithinTwoRoundings(expected[i], actual[i], i);
            }
        }
    }

    /** The scale and the product are each rounded by at most half an ulp. An overflow may begin two roundings early. */
    private static void assertWithinTwoRoundings(double expected, float actual, int i) {
        if (Double.isNaN(expected) || Double.isInfinite(expected) || Math.abs(expected) > Float.MAX_VALUE) {
            assertEquals((float) expected, actual, "element " + i);
        } else {
            assertEquals(expected, actual, 2 * 0x1p-24 * Math.abs(expected) + Float.MIN_VALUE, "element " + i);
        }
    }

    @Property(tries = 30)
    void aMicroBatchSeesItsRowsOfTheWholeBatchsMask(@ForAll @IntRange(min = 1, max = 130) int columns, @ForAll Random random) {
        int rows = 8;
        long seed = random.nextLong();
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = GuardedTensor.of(arena, 0, 0, rows, columns).random(random, 1).tensor();
            Tensor whole = arena.allocate(rows, columns);
            Teams.run(2, w -> {
                Dropout.apply(whole, in, 0.3, seed, 5, 0, rows, w);
                w.barrier();
                Dropout.apply(in.rows(0, 3), in.rows(0, 3), 0.3, seed, 5, 0, 3, w);
                Dropout.apply(in.rows(3, 8), in.rows(3, 8), 0.3, seed, 5, 3, 5, w);
            });
            Teams.assertSameBits(whole.toArray(), in.toArray(), "micro-batches, in place");
        }
    }

    @Property(tries = 100)
    void referenceGradientMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 8) int rows, @ForAll @IntRange(min = 1, max = 70) int columns, @ForAll Random random) {
        double[] x = Gradients.random(random, rows * columns);
        double[] weights = Gradients.random(random, x.length);
        double[] dx = new double[x.length];
        double[] out = new double[x.length];
        long seed = random.nextLong();
        GRADIENTS.backward(() -> DropoutReference.apply(dx, weights, 0.4, seed, 1, 2, columns), dx);
        GRADIENTS.gradient("dx", x, dx, () -> {
            DropoutReference.apply(out, x, 0.4, seed, 1, 2, columns);
            return Gradients.dot(weights, out);
        });
        GRADIENTS.passed(rows, columns);
    }

    @Property(tries = 100)
    void referenceGradientOfStochasticDepthMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 5) int batch, @ForAll @IntRange(min = 1, max = 4) int tokens,
            @ForAll @IntRange(min = 1, max = 9) int columns, @ForAll Random random) {
        double[] x = Gradients.random(random, batch * tokens * columns);
        double[] weights = Gradients.random(random, x.length);
        double[] dx = new double[x.length];
        double[] out = new double[x.length];
        long seed = random.nextLong();
        GRADIENTS_DEPTH.backward(() -> StochasticDepthReference.apply(dx, weights, 0.4, seed, 1, 2, tokens, columns), dx);
        GRADIENTS_DEPTH.gradient("dx", x, dx, () -> {
            StochasticDepthReference.apply(out, x, 0.4, seed, 1, 2, tokens, columns);
            return Gradients.dot(weights, out);
        });
        GRADIENTS_DEPTH.passed(batch, tokens, columns);
    }

    /** The backward pass is the forward call, applied to gradients. It drops what the forward pass dropped, at any number of threads. */
    @Property(tries = 40)
    void backwardHasTheMaskOfForward(
            @ForAll @IntRange(min = 1, max = 5) int batch, @ForAll @IntRange(min = 1, max = 4) int tokens,
            @ForAll @IntRange(min = 1, max = 200) int columns, @ForAll @IntRange(min = 1, max = 8) int threads,
            @ForAll Random random) {
        int rows = batch * tokens;
        long seed = random.nextLong();
        try (TensorArena arena = TensorArena.open()) {
            Tensor ones = GuardedTensor.of(arena, 1, 2, rows, columns).tensor().fill(1);
            Tensor y = arena.allocate(rows, columns);
            Tensor dx = GuardedTensor.of(arena, 2, 5, rows, columns).tensor();
            Teams.run(threads, w -> Dropout.apply(y, ones, 0.4, seed, 3, 1, rows, w));
            Teams.run(1, w -> Dropout.apply(dx, ones, 0.4, seed, 3, 1, rows, w));
            Teams.assertSameBits(y.toArray(), dx.toArray(), "dropout");
            Teams.run(threads, w -> StochasticDepth.apply(y, ones, 0.4, seed, 3, 1, batch, tokens, w));
            Teams.run(1, w -> StochasticDepth.apply(dx, ones, 0.4, seed, 3, 1, batch, tokens, w));
            Teams.assertSameBits(y.toArray(), dx.toArray(), "stochastic depth");
        }
    }

    @Test
    void theShareOfDroppedElementsIsP() {
        int rows = 64;
        int columns = 1000;
        try (TensorArena arena = TensorArena.open()) {
            Tensor ones = arena.allocate(rows, columns).fill(1);
            Tensor out = arena.allocate(rows, columns);
            for (double p : PROBABILITIES) {
                Teams.run(2, w -> Dropout.apply(out, ones, p, 11, Philox.stream(3, 2), 0, rows, w));
                int dropped = 0;
                for (float x : out.toArray()) {
                    dropped += x == 0 ? 1 : 0;
                    assertTrue(x == 0 || x == (float) (1 / (1 - p)), "kept ones become 1 / (1 - p), found " + x);
                }
                double n = rows * columns;
                // five standard deviations of a binomial count
                assertEquals(p * n, dropped, 5 * Math.sqrt(n * p * (1 - p)), "p = " + p);
            }
        }
    }

    @Property(tries = 100)
    void stochasticDepthDropsWholeImagesAndScalesTheOthers(
            @ForAll @IntRange(min = 1, max = 9) int batch, @ForAll @IntRange(min = 1, max = 5) int tokens,
            @ForAll @IntRange(min = 1, max = 70) int columns, @ForAll Random random) {
        double p = PROBABILITIES[random.nextInt(PROBABILITIES.length)];
        long seed = random.nextLong();
        int gap = random.nextInt(5);
        int firstImage = random.nextInt(100);
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = GuardedTensor.of(arena, gap, 1, batch, tokens, columns).random(random, 1).tensor();
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor out = GuardedTensor.of(arena, 1, gap, batch, tokens, columns);
                Teams.run(threads, w -> StochasticDepth.apply(out.tensor(), in, p, seed, 1, firstImage, batch, tokens, w));
                out.assertGuardsIntact("out");
                return out.tensor().toArray();
            });
            double[] expected = new double[actual.length];
            StochasticDepthReference.apply(expected, Doubles.read(in), p, seed, 1, firstImage, tokens, columns);
            for (int i = 0; i < expected.length; i++) {
                assertWithinTwoRoundings(expected[i], actual[i], i);
                boolean dropped = StochasticDepth.drops(p, seed, 1, firstImage + i / (tokens * columns));
                assertEquals(dropped, actual[i] == 0 && in.get(i / columns, i % columns) != 0, "element " + i);
            }
        }
    }

    @Test
    void theShareOfDroppedImagesIsP() {
        int dropped = 0;
        int n = 20_000;
        for (int image = 0; image < n; image++) {
            dropped += StochasticDepth.drops(0.1, 5, Philox.stream(1, 7), image) ? 1 : 0;
        }
        assertEquals(0.1 * n, dropped, 5 * Math.sqrt(n * 0.1 * 0.9));
    }

    @Test
    void aProbabilityOutOfRangeIsNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(2, 3);
            for (double p : new double[] {-0.1, 1, Double.NaN}) {
                IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                        () -> Teams.run(1, w -> Dropout.apply(x, x, p, 0, 0, 0, 2, w)));
                assertEquals("drop probability: expected at least 0.0 and below 1.0, found " + p, e.getMessage());
            }
        }
    }
}
