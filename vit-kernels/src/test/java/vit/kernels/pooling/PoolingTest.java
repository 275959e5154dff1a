package vit.kernels.pooling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/**
 * The mean over the patch tokens, the copy of one token and the maximum, forward and backward, against the scalar reference within derived bounds. The
 * gradients of the reference are compared with central differences.
 */
class PoolingTest {

    private static final int MAX_TOKENS = 40;

    private static final float[] SPECIAL = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};

    private static final Comparison FORWARD = new Comparison("pooling");
    private static final GradientCheck GRADIENTS = new GradientCheck("pooling");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        GRADIENTS.print();
    }

    @Property(tries = 150)
    void meanIsWithinTheBoundOfAFloatSum(
            @ForAll @IntRange(min = 1, max = 4) int batch, @ForAll @IntRange(min = 1, max = MAX_TOKENS) int tokens,
            @ForAll @IntRange(min = 1, max = 150) int columns, @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        int first = random.nextInt(tokens);
        int last = first + 1 + random.nextInt(tokens - first);
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = GuardedTensor.of(arena, gap, gap, batch, tokens, columns).random(random, 3).tensor();
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor pooled = GuardedTensor.of(arena, 1, gap, batch, columns);
                Teams.run(threads, w -> Pooling.forward(pooled.tensor(), in, first, last, batch, tokens, w));
                pooled.assertGuardsIntact("pooled");
                return pooled.tensor().toArray();
            });
            double[] expected = new double[batch * columns];
            double[] magnitude = new double[batch * columns];
            double[] values = Doubles.read(in);
            PoolingReference.forward(expected, values, first, last, batch, tokens, columns);
            for (int i = 0; i < values.length; i++) {
                values[i] = Math.abs(values[i]);
            }
            PoolingReference.forward(magnitude, values, first, last, batch, tokens, columns);
            for (int i = 0; i < expected.length; i++) {
                // n − 1 additions and a division, each with an error of 2^-24 (Higham, lemma 3.1)
                double u = (last - first) * 0x1p-24;
                FORWARD.add(i, expected[i], actual[i], u / (1 - u) * magnitude[i]);
            }
        }
    }

    @Property(tries = 100)
    void oneTokenIsCopiedExactly(
            @ForAll @IntRange(min = 1, max = 4) int batch, @ForAll @IntRange(min = 1, max = 9) int tokens,
            @ForAll @IntRange(min = 1, max = 70) int columns, @ForAll @IntRange(min = 1, max = 8) int threads,
            @ForAll Random random) {
        int token = random.nextInt(tokens);
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = GuardedTensor.of(arena, 1, 2, batch, tokens, columns).special(random).tensor();
            Tensor pooled = GuardedTensor.of(arena, 3, 1, batch, columns).tensor();
            Teams.run(threads, w -> Pooling.forward(pooled, in, token, token + 1, batch, tokens, w));
            float[] expected = new float[batch * columns];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = in.get(i / columns * tokens + token, i % columns);
            }
            Teams.assertSameBits(expected, pooled.toArray(), "pooled");
        }
    }

    @Property(tries = 100)
    void backwardEqualsTheRoundedReference(
            @ForAll @IntRange(min = 1, max = 4) int batch, @ForAll @IntRange(min = 1, max = MAX_TOKENS) int tokens,
            @ForAll @IntRange(min = 1, max = 70) int columns, @ForAll @IntRange(min = 0, max = 5) int gap,
            @ForAll Random random) {
        int first = random.nextInt(tokens);
        int last = first + 1 + random.nextInt(tokens - first);
        try (TensorArena arena = TensorArena.open()) {
            Tensor dpooled = GuardedTensor.of(arena, gap, gap, batch, columns).random(random, 3).tensor();
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor dtokens = GuardedTensor.of(arena, 1, gap, batch, tokens, columns);
                Teams.run(threads, w -> Pooling.backward(dtokens.tensor(), dpooled, first, last, batch, tokens, w));
                dtokens.assertGuardsIntact("dtokens");
                return dtokens.tensor().toArray();
            });
            double[] expected = new double[actual.length];
            PoolingReference.backward(expected, Doubles.read(dpooled), first, last, batch, tokens, columns);
            for (int i = 0; i < expected.length; i++) {
                assertEquals((float) expected[i], actual[i], "dtokens " + i);
            }
        }
    }

    @Property(tries = 30)
    void anImageIsPooledToTheSameBitsAtAnyPlaceInABatch(
            @ForAll @IntRange(min = 2, max = 5) int batch, @ForAll @IntRange(min = 1, max = 90) int columns, @ForAll Random random) {
        int tokens = 7;
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = arena.allocate(batch, tokens, columns);
            Tensor one = GuardedTensor.of(arena, 0, 0, tokens, columns).random(random, 1).tensor();
            for (int b = 0; b < batch; b++) {
                in.rows(b * tokens, (b + 1) * tokens).copyFrom(one.toArray());
            }
            Tensor pooled = arena.allocate(batch, columns);
            Teams.run(3, w -> Pooling.forward(pooled, in, 0, tokens, batch, tokens, w));
            for (int b = 1; b < batch; b++) {
                Teams.assertSameBits(pooled.rows(0, 1).toArray(), pooled.rows(b, b + 1).toArray(), "image " + b);
            }
        }
    }

    /** Small whole numbers, so that several tokens share a maximum, and sometimes NaN and infinities; the results are exact but for the division. */
    @Property(tries = 150)
    void maximumAndItsGradientEqualTheRoundedReference(
            @ForAll @IntRange(min = 1, max = 4) int batch, @ForAll @IntRange(min = 1, max = MAX_TOKENS) int tokens,
            @ForAll @IntRange(min = 1, max = 70) int columns, @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        int first = random.nextInt(tokens);
        int last = first + 1 + random.nextInt(tokens - first);
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = GuardedTensor.of(arena, gap, gap, batch, tokens, columns).tensor();
            float[] values = new float[batch * tokens * columns];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextInt(9) - 4;
            }
            for (int i = random.nextInt(4) - 1; i > 0; i--) {
                values[random.nextInt(values.length)] = SPECIAL[random.nextInt(SPECIAL.length)];
            }
            in.copyFrom(values);
            Tensor dpooled = GuardedTensor.of(arena, gap, gap, batch, columns).random(random, 3).tensor();
            float[] pooled = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor out = GuardedTensor.of(arena, 1, gap, batch, columns);
                Teams.run(threads, w -> Pooling.forwardMax(out.tensor(), in, first, last, batch, tokens, w));
                out.assertGuardsIntact("pooled");
                return out.tensor().toArray();
            });
            float[] dtokens = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor out = GuardedTensor.of(arena, 1, gap, batch, tokens, columns);
                Teams.run(threads, w -> Pooling.backwardMax(out.tensor(), dpooled, in, first, last, batch, tokens, w));
                out.assertGuardsIntact("dtokens");
                return out.tensor().toArray();
            });
            double[] expected = new double[pooled.length];
            double[] gradient = new double[dtokens.length];
            PoolingReference.forwardMax(expected, Doubles.read(in), first, last, batch, tokens, columns);
            PoolingReference.backwardMax(gradient, Doubles.read(dpooled), Doubles.read(in), first, last, batch, tokens, columns);
            for (int i = 0; i < expected.length; i++) {
                assertEquals((float) expected[i], pooled[i], "pooled " + i);
            }
            for (int i = 0; i < gradient.length; i++) {
                assertEquals((float) gradient[i], dtokens[i], "dtokens " + i);
            }
        }
    }

    /** In a whole vector and in the columns after it. */
    @Test
    void aNanMaximumMakesTheGradientOfTheTokensPooledNan() {
        int columns = Simd.LANES + 1;
        try (TensorArena arena = TensorArena.open()) {
            Tensor tokens = arena.allocate(1, 4, columns);
            Tensor dtokens = arena.allocate(1, 4, columns).fill(7);
            Tensor dpooled = arena.allocate(1, columns).fill(1);
            tokens.set(2, 0, Float.NaN);
            tokens.set(1, columns - 1, Float.NaN);
            Teams.run(1, w -> Pooling.backwardMax(dtokens, dpooled, tokens, 1, 4, 1, 4, w));
            for (int c = 0; c < columns; c++) {
                float share = c == 0 || c == columns - 1 ? Float.NaN : 1f / 3;
                assertArrayEquals(new float[] {0, share, share, share},
                        new float[] {dtokens.get(0, c), dtokens.get(1, c), dtokens.get(2, c), dtokens.get(3, c)}, "column " + c);
            }
        }
    }

    /** A pooling: y from x over the tokens {@code first} to {@code last}. */
    private interface Forward {
        void run(double[] y, double[] x, int first, int last);
    }

    /** Its gradient: dx from dy. */
    private interface Backward {
        void run(double[] dx, double[] dy, double[] x, int first, int last);
    }

    private static void assertReferenceGradient(int batch, int tokens, int columns, Random random, Backward backward, Forward forward) {
        int first = random.nextInt(tokens);
        int last = first + 1 + random.nextInt(tokens - first);
        double[] x = Gradients.random(random, batch * tokens * columns);
        double[] dy = Gradients.random(random, batch * columns);
        double[] y = new double[batch * columns];
        double[] dx = Gradients.random(random, x.length); // overwritten
        GRADIENTS.backward(() -> backward.run(dx, dy, x, first, last), dx);
        GRADIENTS.gradient("dtokens", x, dx, () -> {
            forward.run(y, x, first, last);
            return Gradients.dot(dy, y);
        });
        GRADIENTS.passed(batch, tokens, columns, first, last);
    }

    @Property(tries = 60)
    void referenceGradientOfTheMaximumMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 6) int tokens,
            @ForAll @IntRange(min = 1, max = 7) int columns, @ForAll Random random) {
        assertReferenceGradient(batch, tokens, columns, random,
                (dx, dy, x, first, last) -> PoolingReference.backwardMax(dx, dy, x, first, last, batch, tokens, columns),
                (y, x, first, last) -> PoolingReference.forwardMax(y, x, first, last, batch, tokens, columns));
    }

    @Property(tries = 60)
    void referenceGradientMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 6) int tokens,
            @ForAll @IntRange(min = 1, max = 7) int columns, @ForAll Random random) {
        assertReferenceGradient(batch, tokens, columns, random,
                (dx, dy, x, first, last) -> PoolingReference.backward(dx, dy, first, last, batch, tokens, columns),
                (y, x, first, last) -> PoolingReference.forward(y, x, first, last, batch, tokens, columns));
    }

    /** The image's row of sizes is read by several workers, of which some begin within an image. */
    @Property(tries = 100)
    void gradientOfTheWeightedMeanIsThatOfTheReferenceAtAnyThreadCount(
            @ForAll @IntRange(min = 1, max = 4) int batch, @ForAll @IntRange(min = 1, max = MAX_TOKENS) int tokens,
            @ForAll @IntRange(min = 1, max = 70) int columns, @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        int first = random.nextInt(tokens);
        int last = first + 1 + random.nextInt(tokens - first);
        try (TensorArena arena = TensorArena.open()) {
            Tensor dpooled = GuardedTensor.of(arena, gap, gap, batch, columns).random(random, 3).tensor();
            Tensor sizes = GuardedTensor.of(arena, gap, 1, batch, tokens).tensor();
            float[] values = new float[batch * tokens];
            for (int i = 0; i < values.length; i++) {
                values[i] = 1 + random.nextInt(20);
            }
            sizes.copyFrom(values);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor dtokens = GuardedTensor.of(arena, 1, gap, batch, tokens, columns);
                Teams.run(threads, w -> Pooling.backwardWeighted(dtokens.tensor(), dpooled, sizes, first, last, batch, tokens, w));
                dtokens.assertGuardsIntact("dtokens");
                return dtokens.tensor().toArray();
            });
            double[] expected = new double[actual.length];
            PoolingReference.backwardWeighted(expected, Doubles.read(dpooled), Doubles.read(sizes), first, last, batch, tokens, columns);
            for (int i = 0; i < expected.length; i++) {
                // the sum of the sizes is exact; a quotient and a product are rounded
                FORWARD.add(i, expected[i], actual[i], 2 * 0x1.01p-24 * Math.abs(expected[i]));
            }
        }
    }

    @Property(tries = 60)
    void referenceGradientOfTheWeightedMeanMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 6) int tokens,
            @ForAll @IntRange(min = 1, max = 7) int columns, @ForAll Random random) {
        double[] sizes = random.ints((long) batch * tokens, 1, 9).asDoubleStream().toArray();
        assertReferenceGradient(batch, tokens, columns, random,
                (dx, dy, x, first, last) -> PoolingReference.backwardWeighted(dx, dy, sizes, first, last, batch, tokens, columns),
                (y, x, first, last) -> PoolingReference.forwardWeighted(y, x, sizes, first, last, batch, tokens, columns));
    }

    @Test
    void wrongArgumentsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor tokens = arena.allocate(2, 5, 8);
            Tensor pooled = arena.allocate(2, 8);
            assertMessage("last token: expected 3 to 5, found 2",
                    () -> Teams.run(1, w -> Pooling.forward(pooled, tokens, 2, 2, 2, 5, w)));
            assertMessage("tokens: expected at least 12 rows of 8 columns, found shape (2, 5, 8), 10 rows of 8",
                    () -> Teams.run(1, w -> Pooling.forward(pooled, tokens, 0, 1, 2, 6, w)));
            assertMessage("pooled and tokens: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> Pooling.forward(tokens.rows(0, 2), tokens, 0, 1, 2, 5, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
