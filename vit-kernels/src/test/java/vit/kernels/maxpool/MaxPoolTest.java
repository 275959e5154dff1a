package vit.kernels.maxpool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.convolution.Window;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/** The maximum over windows and its gradient against the scalar reference; the maximum and its index in every bit. */
class MaxPoolTest {

    private static final float[] SPECIAL = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f};

    private static final Comparison BACKWARD = new Comparison("max pool dx");
    private static final GradientCheck GRADIENTS = new GradientCheck("max pool");

    @AfterContainer
    static void printWorstErrors() {
        BACKWARD.print();
        GRADIENTS.print();
    }

    /** Feature maps and a window over them. */
    record Problem(int batch, int height, int width, int channels, Window window, int offset, int gap) {

        int pixels() {
            return batch * height * width;
        }

        int rows() {
            return batch * window.outputs(height) * window.outputs(width);
        }

        GuardedTensor map(TensorArena arena) {
            return GuardedTensor.of(arena, offset, gap, pixels(), channels);
        }

        GuardedTensor pooled(TensorArena arena) {
            return GuardedTensor.of(arena, (offset + 3) % 16, gap, rows(), channels);
        }
    }

    @Provide
    static Arbitrary<Problem> problems() {
        Arbitrary<Window> windows = Combinators.combine(Arbitraries.integers().between(1, 5), Arbitraries.integers().between(1, 3)).as(Window::new);
        return Combinators.combine(Arbitraries.integers().between(1, 3), Arbitraries.integers().between(1, 8), Arbitraries.integers().between(1, 9),
                Arbitraries.integers().between(1, 37), windows, Arbitraries.integers().between(0, 15), Arbitraries.integers().between(0, 5)).as(Problem::new);
    }

    /** Small whole numbers, so that several pixels share a maximum, and sometimes NaN, infinities and −0. */
    private static Tensor candidates(Problem p, TensorArena arena, Random random) {
        float[] values = new float[p.pixels() * p.channels];
        int specials = random.nextInt(4);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(10) < specials ? SPECIAL[random.nextInt(SPECIAL.length)] : random.nextInt(9) - 4;
        }
        return p.map(arena).tensor().copyFrom(values);
    }

    /** The maxima, then the index. */
    private static float[] forward(TensorArena arena, Problem p, Tensor x) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor y = p.pooled(arena);
            GuardedTensor alone = p.pooled(arena);
            GuardedTensor index = p.pooled(arena);
            Teams.run(threads, w -> {
                MaxPool.forward(y.tensor(), index.tensor(), x, p.window, p.height, p.width, p.batch, w);
                MaxPool.forward(alone.tensor(), null, x, p.window, p.height, p.width, p.batch, w);
            });
            y.assertGuardsIntact("y");
            alone.assertGuardsIntact("y without index");
            index.assertGuardsIntact("index");
            Teams.assertSameBits(y.tensor().toArray(), alone.tensor().toArray(), "y without index");
            float[] all = Arrays.copyOf(y.tensor().toArray(), 2 * p.rows() * p.channels);
            System.arraycopy(index.tensor().toArray(), 0, all, all.length / 2, all.length / 2);
            return all;
        });
    }

    @Property(tries = 200)
    void maximumAndIndexEqualTheReference(@ForAll("problems") Problem p, @ForAll Random random) {
        int n = p.rows() * p.channels;
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = candidates(p, arena, random);
            float[] actual = forward(arena, p, x);
            double[] expected = new double[n];
            double[] index = new double[n];
            MaxPoolReference.forward(expected, index, Doubles.read(x), p.window, p.height, p.width, p.batch, p.channels);
            for (int i = 0; i < n; i++) {
                assertEquals(Float.floatToIntBits((float) expected[i]), Float.floatToIntBits(actual[i]), "y " + i);
                assertEquals((float) index[i], actual[n + i], "index " + i);
            }
        }
    }

    private static float[] backward(TensorArena arena, Problem p, Tensor dy, Tensor index) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor dx = p.map(arena);
            Teams.run(threads, w -> MaxPool.backward(dx.tensor(), dy, index, p.window, p.height, p.width, p.batch, w));
            dx.assertGuardsIntact("dx");
            return dx.tensor().toArray();
        });
    }

    @Property(tries = 200)
    void backwardIsWithinTheBoundOfAFloatSum(@ForAll("problems") Problem p, @ForAll Random random) {
        int n = p.rows() * p.channels;
        try (TensorArena arena = TensorArena.open()) {
            float[] forward = forward(arena, p, candidates(p, arena, random));
            Tensor index = p.pooled(arena).tensor().copyFrom(Arrays.copyOfRange(forward, n, 2 * n));
            Tensor dy = p.pooled(arena).random(random, 3).tensor();
            float[] actual = backward(arena, p, dy, index);
            double[] values = Doubles.read(dy);
            double[] expected = new double[actual.length];
            double[] magnitude = new double[actual.length];
            MaxPoolReference.backward(expected, values, Doubles.read(index), p.window, p.height, p.width, p.batch, p.channels);
            for (int i = 0; i < n; i++) {
                values[i] = Math.abs(values[i]);
            }
            MaxPoolReference.backward(magnitude, values, Doubles.read(index), p.window, p.height, p.width, p.batch, p.channels);
            int most = Math.ceilDiv(p.window.size(), p.window.stride());
            double u = (most * most - 1) * 0x1p-24; // the first addition, to 0, is exact (Higham, lemma 3.1)
            BACKWARD.addAll(expected, actual, i -> u / (1 - u) * magnitude[i]);
        }
    }

    /** ⟨y, d⟩ = ⟨x, backward(d)⟩, because y is linear in x where the choice is fixed. Small whole numbers, so exact. */
    @Property(tries = 100)
    void backwardIsTheAdjointOfTheChoice(@ForAll("problems") Problem p, @ForAll Random random) {
        int n = p.rows() * p.channels;
        try (TensorArena arena = TensorArena.open()) {
            float[] values = new float[p.pixels() * p.channels];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextInt(199) - 99;
            }
            float[] forward = forward(arena, p, p.map(arena).tensor().copyFrom(values));
            float[] gradient = new float[n];
            double ofY = 0;
            for (int i = 0; i < n; i++) {
                gradient[i] = random.nextInt(19) - 9;
                ofY += (double) gradient[i] * forward[i];
            }
            Tensor index = p.pooled(arena).tensor().copyFrom(Arrays.copyOfRange(forward, n, 2 * n));
            float[] dx = backward(arena, p, p.pooled(arena).tensor().copyFrom(gradient), index);
            double ofX = 0;
            for (int i = 0; i < dx.length; i++) {
                ofX += (double) dx[i] * values[i];
            }
            assertEquals(ofY, ofX);
        }
    }

    @Property(tries = 30)
    void anImageGivesTheSameBitsAtAnyPlaceInABatch(@ForAll("problems") Problem p, @ForAll Random random) {
        Problem one = new Problem(1, p.height, p.width, p.channels, p.window, p.offset, p.gap);
        int n = one.rows() * p.channels;
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = candidates(p, arena, random);
            float[] whole = forward(arena, p, x);
            Tensor index = p.pooled(arena).tensor().copyFrom(Arrays.copyOfRange(whole, whole.length / 2, whole.length));
            Tensor dy = p.pooled(arena).random(random, 1).tensor();
            float[] dx = backward(arena, p, dy, index);
            for (int b = 0; b < p.batch; b++) {
                float[] single = forward(arena, one, x.rows(b * one.pixels(), (b + 1) * one.pixels()));
                Teams.assertSameBits(Arrays.copyOf(single, n), Arrays.copyOfRange(whole, b * n, (b + 1) * n), "y of image " + b);
                float[] gradient = backward(arena, one, dy.rows(b * one.rows(), (b + 1) * one.rows()), index.rows(b * one.rows(), (b + 1) * one.rows()));
                Teams.assertSameBits(gradient, Arrays.copyOfRange(dx, b * gradient.length, (b + 1) * gradient.length), "dx of image " + b);
            }
        }
    }

    @Property(tries = 60)
    void referenceGradientMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 2) int batch, @ForAll @IntRange(min = 1, max = 5) int height, @ForAll @IntRange(min = 1, max = 6) int width,
            @ForAll @IntRange(min = 1, max = 3) int channels, @ForAll @IntRange(min = 1, max = 4) int size, @ForAll @IntRange(min = 1, max = 3) int stride,
            @ForAll Random random) {
        Window window = new Window(size, stride);
        double[] x = Gradients.random(random, batch * height * width * channels);
        double[] y = new double[batch * window.outputs(height) * window.outputs(width) * channels];
        double[] index = new double[y.length];
        double[] upstream = Gradients.random(random, y.length);
        double[] dx = Gradients.random(random, x.length); // overwritten
        MaxPoolReference.forward(y, index, x, window, height, width, batch, channels);
        GRADIENTS.backward(() -> MaxPoolReference.backward(dx, upstream, index, window, height, width, batch, channels), dx);
        GRADIENTS.gradient("dx", x, dx, () -> {
            MaxPoolReference.forward(y, index, x, window, height, width, batch, channels);
            return Gradients.dot(upstream, y);
        });
        GRADIENTS.passed(batch, height, width, channels, size, stride);
    }

    /** A window of 3×3 over a map of 1×3, whose pixels are therefore numbers 3 to 5: PyTorch's choice among equal numbers and among NaN. */
    @Test
    void theFirstOfEqualPixelsIsChosenAndTheLastNan() {
        assertEquals("5.0 at 4.0", pooled(1, 5, 5));
        assertEquals("NaN at 4.0", pooled(1, Float.NaN, 5));
        assertEquals("NaN at 5.0", pooled(Float.NaN, 3, Float.NaN));
        assertEquals("-Infinity at 3.0", pooled(Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY));
        assertEquals("-0.0 at 3.0", pooled(-0f, 0f, -1f));
    }

    private static String pooled(float... row) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor y = arena.allocate(1, 1);
            Tensor index = arena.allocate(1, 1);
            Tensor x = arena.allocate(3, 1).copyFrom(row);
            Teams.run(1, w -> MaxPool.forward(y, index, x, new Window(3, 3), 1, 3, 1, w)); // one line of padding above and one below
            return y.get(0, 0) + " at " + index.get(0, 0);
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Window window = new Window(3, 2);
            Tensor x = arena.allocate(2 * 4 * 5, 6);
            Tensor y = arena.allocate(2 * 2 * 3, 6);
            Tensor index = arena.allocate(2 * 2 * 3, 6);
            assertMessage("x: expected at least 60 rows of 6 columns, found shape (40, 6), 40 rows of 6",
                    () -> Teams.run(1, w -> MaxPool.forward(y, null, x, window, 4, 5, 3, w)));
            assertMessage("index: expected at least 12 rows of 6 columns, found shape (11, 6), 11 rows of 6",
                    () -> Teams.run(1, w -> MaxPool.forward(y, index.rows(0, 11), x, window, 4, 5, 2, w)));
            assertMessage("index and y: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> MaxPool.forward(y, y, x, window, 4, 5, 2, w)));
            assertMessage("dx and dy: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> MaxPool.backward(x, x, index, window, 4, 5, 2, w)));
            assertMessage("the size of the window: expected 1 to 4096, found 4097",
                    () -> Teams.run(1, w -> MaxPool.forward(y, index, x, new Window(4097, 2), 4, 5, 2, w)));
            assertMessage("width: expected 1 to 2147483647, found 0",
                    () -> Teams.run(1, w -> MaxPool.backward(x, y, index, window, 4, 0, 2, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
