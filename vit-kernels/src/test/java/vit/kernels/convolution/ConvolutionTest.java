package vit.kernels.convolution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/**
 * Unfold, fold and the change of layout against the scalar reference, against a convolution that is written out, and against each other as adjoints.
 * Copies must be exact. The sums of fold are held to a scalar chain exactly and to the reference within a derived bound.
 */
class ConvolutionTest {

    private static final Comparison FOLD = new Comparison("fold");
    private static final GradientCheck GRADIENTS = new GradientCheck("unfold");

    @AfterContainer
    static void printWorstErrors() {
        FOLD.print();
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

        int rowLength() {
            return window.pixels() * channels;
        }

        GuardedTensor map(TensorArena arena) {
            return GuardedTensor.of(arena, offset, gap, pixels(), channels);
        }

        GuardedTensor windows(TensorArena arena) {
            return GuardedTensor.of(arena, (offset + 3) % 16, gap, rows(), rowLength());
        }
    }

    @Provide
    static Arbitrary<Problem> problems() {
        Arbitrary<Window> windows = Combinators.combine(Arbitraries.integers().between(1, 7), Arbitraries.integers().between(1, 4)).as(Window::new);
        return Combinators.combine(Arbitraries.integers().between(1, 3), Arbitraries.integers().between(1, 9), Arbitraries.integers().between(1, 10),
                Arbitraries.integers().between(1, 37), windows, Arbitraries.integers().between(0, 15), Arbitraries.integers().between(0, 5)).as(Problem::new);
    }

    private static float[] unfold(TensorArena arena, Problem p, Tensor x) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor windows = p.windows(arena);
            Teams.run(threads, w -> Convolution.unfold(windows.tensor(), x, p.window, p.height, p.width, p.batch, w));
            windows.assertGuardsIntact("windows");
            return windows.tensor().toArray();
        });
    }

    private static float[] fold(TensorArena arena, Problem p, Tensor dwindows) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor dx = p.map(arena);
            Teams.run(threads, w -> Convolution.fold(dx.tensor(), dwindows, p.window, p.height, p.width, p.batch, w));
            dx.assertGuardsIntact("dx");
            return dx.tensor().toArray();
        });
    }

    @Property(tries = 200)
    void unfoldEqualsTheReferenceForEveryBitPattern(@ForAll("problems") Problem p, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = p.map(arena).special(random).tensor();
            double[] expected = new double[p.rows() * p.rowLength()];
            ConvolutionReference.unfold(expected, Doubles.read(x), p.window, p.height, p.width, p.batch, p.channels);
            Teams.assertSameBits(expected, unfold(arena, p, x), "windows");
        }
    }

    @Property(tries = 200)
    void foldIsOneChainOfAdditionsAndWithinItsBound(@ForAll("problems") Problem p, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor dwindows = p.windows(arena).random(random, 3).tensor();
            float[] actual = fold(arena, p, dwindows);
            Teams.assertSameBits(chains(p, dwindows), actual, "dx");
            double[] values = Doubles.read(dwindows);
            double[] expected = new double[actual.length];
            double[] magnitude = new double[actual.length];
            ConvolutionReference.fold(expected, values, p.window, p.height, p.width, p.batch, p.channels);
            for (int i = 0; i < values.length; i++) {
                values[i] = Math.abs(values[i]);
            }
            ConvolutionReference.fold(magnitude, values, p.window, p.height, p.width, p.batch, p.channels);
            int most = Math.ceilDiv(p.window.size(), p.window.stride());
            double u = (most * most - 1) * 0x1p-24; // the first addition, to 0, is exact (Higham, lemma 3.1)
            FOLD.addAll(expected, actual, i -> u / (1 - u) * magnitude[i]);
        }
    }

    /** Adds each copy to its pixel, window by window. The formulas of the padding are written out. */
    private static float[] chains(Problem p, Tensor dwindows) {
        float[] dx = new float[p.pixels() * p.channels];
        int size = p.window.size();
        int stride = p.window.stride();
        int acrossY = (p.height + stride - 1) / stride;
        int acrossX = (p.width + stride - 1) / stride;
        int top = Math.max((acrossY - 1) * stride + size - p.height, 0) / 2;
        int left = Math.max((acrossX - 1) * stride + size - p.width, 0) / 2;
        for (int row = 0; row < p.rows(); row++) {
            for (int k = 0; k < p.rowLength(); k++) {
                int y = row / acrossX % acrossY * stride - top + k / (size * p.channels);
                int x = row % acrossX * stride - left + k / p.channels % size;
                if (y >= 0 && y < p.height && x >= 0 && x < p.width) {
                    int image = row / (acrossY * acrossX);
                    dx[((image * p.height + y) * p.width + x) * p.channels + k % p.channels] += dwindows.get(row, k);
                }
            }
        }
        return dx;
    }

    /** ⟨unfold x, d⟩ = ⟨x, fold d⟩ exactly, because small whole numbers leave nothing to round. */
    @Property(tries = 150)
    void foldIsTheAdjointOfUnfold(@ForAll("problems") Problem p, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = whole(p.map(arena).tensor(), random);
            Tensor d = whole(p.windows(arena).tensor(), random);
            assertEquals(dot(unfold(arena, p, x), d.toArray()), dot(x.toArray(), fold(arena, p, d)));
        }
    }

    private static Tensor whole(Tensor tensor, Random random) {
        float[] values = new float[Math.toIntExact(tensor.shape().size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(19) - 9;
        }
        return tensor.copyFrom(values);
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** A product with the unfolded map is the convolution as it is defined, with zeros around the image. Whole numbers, so exact. */
    @Property(tries = 80)
    void unfoldMakesAConvolutionAProduct(@ForAll("problems") Problem p, @ForAll Random random) {
        int size = p.window.size();
        int stride = p.window.stride();
        try (TensorArena arena = TensorArena.open()) {
            Tensor images = whole(arena.allocate(p.batch, p.channels, p.height, p.width), random);
            Tensor kernel = whole(arena.allocate(p.channels * size, size), random); // of one output: (C, size, size), as PyTorch stores it
            Tensor x = p.map(arena).tensor();
            Teams.run(2, w -> Convolution.channelsLast(x, images, p.batch, w));
            float[] windows = unfold(arena, p, x);
            int acrossY = (p.height + stride - 1) / stride;
            int acrossX = (p.width + stride - 1) / stride;
            int top = Math.max((acrossY - 1) * stride + size - p.height, 0) / 2;
            int left = Math.max((acrossX - 1) * stride + size - p.width, 0) / 2;
            for (int row = 0; row < p.rows(); row++) {
                double product = 0;
                for (int k = 0; k < p.rowLength(); k++) {
                    int c = k % p.channels;
                    int tap = k / p.channels;
                    product += (double) windows[row * p.rowLength() + k] * kernel.get(c * size + tap / size, tap % size);
                }
                double convolution = 0;
                for (int c = 0; c < p.channels; c++) {
                    for (int ky = 0; ky < size; ky++) {
                        for (int kx = 0; kx < size; kx++) {
                            int y = row / acrossX % acrossY * stride + ky - top;
                            int xx = row % acrossX * stride + kx - left;
                            if (y >= 0 && y < p.height && xx >= 0 && xx < p.width) {
                                int image = row / (acrossY * acrossX);
                                convolution += (double) images.get((image * p.channels + c) * p.height + y, xx) * kernel.get(c * size + ky, kx);
                            }
                        }
                    }
                }
                assertEquals(convolution, product, "output " + row);
            }
        }
    }

    @Property(tries = 100)
    void channelsLastIsATransposeAndChannelsFirstItsInverse(
            @ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 20) int channels,
            @ForAll @IntRange(min = 1, max = 7) int height, @ForAll @IntRange(min = 1, max = 9) int width,
            @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor images = GuardedTensor.of(arena, 1, gap, batch, channels, height, width).special(random).tensor();
            Tensor x = GuardedTensor.of(arena, gap, gap, batch * height * width, channels).tensor();
            float[] last = Teams.sameBitsAtAnyThreadCount(threads -> {
                Teams.run(threads, w -> Convolution.channelsLast(x, images, batch, w));
                return x.toArray();
            });
            for (int i = 0; i < last.length; i++) {
                int pixel = i / channels % (height * width);
                float expected = images.get((i / channels / (height * width) * channels + i % channels) * height + pixel / width, pixel % width);
                assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(last[i]), "x " + i);
            }
            float[] back = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor out = GuardedTensor.of(arena, 2, gap, batch, channels, height, width);
                Teams.run(threads, w -> Convolution.channelsFirst(out.tensor(), x, batch, w));
                out.assertGuardsIntact("images");
                return out.tensor().toArray();
            });
            Teams.assertSameBits(images.toArray(), back, "images");
            double[] reference = new double[last.length];
            ConvolutionReference.channelsLast(reference, Doubles.read(images), batch, channels, height * width);
            Teams.assertSameBits(reference, last, "x of the reference");
            double[] inverse = new double[last.length];
            ConvolutionReference.channelsFirst(inverse, reference, batch, channels, height * width);
            Teams.assertSameBits(inverse, back, "images of the reference");
        }
    }

    @Property(tries = 30)
    void anImageGivesTheSameBitsAtAnyPlaceInABatch(@ForAll("problems") Problem p, @ForAll Random random) {
        Problem one = new Problem(1, p.height, p.width, p.channels, p.window, p.offset, p.gap);
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = p.map(arena).random(random, 1).tensor();
            Tensor d = p.windows(arena).random(random, 1).tensor();
            float[] windows = unfold(arena, p, x);
            float[] dx = fold(arena, p, d);
            for (int b = 0; b < p.batch; b++) {
                float[] single = unfold(arena, one, x.rows(b * one.pixels(), (b + 1) * one.pixels()));
                Teams.assertSameBits(single, Arrays.copyOfRange(windows, b * single.length, (b + 1) * single.length), "windows of image " + b);
                float[] gradient = fold(arena, one, d.rows(b * one.rows(), (b + 1) * one.rows()));
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
        double[] out = new double[batch * window.outputs(height) * window.outputs(width) * window.pixels() * channels];
        double[] weights = Gradients.random(random, out.length);
        double[] dx = Gradients.random(random, x.length); // overwritten
        GRADIENTS.backward(() -> ConvolutionReference.fold(dx, weights, window, height, width, batch, channels), dx);
        GRADIENTS.gradient("dx", x, dx, () -> {
            ConvolutionReference.unfold(out, x, window, height, width, batch, channels);
            return Gradients.dot(weights, out);
        });
        GRADIENTS.passed(batch, height, width, channels, size, stride);
    }

    /** The numbers of the ResNet stem at 224 pixels, and one where the window is larger than the map. */
    @Test
    void paddingIsThatOfTensorFlow() {
        assertEquals("112 2", describe(new Window(7, 2), 224));
        assertEquals("56 0", describe(new Window(3, 2), 112));
        assertEquals("56 1", describe(new Window(3, 1), 56));
        assertEquals("28 0", describe(new Window(1, 2), 56));
        assertEquals("28 0", describe(new Window(3, 2), 56));
        assertEquals("4 1", describe(new Window(3, 2), 7));
        assertEquals("2 3", describe(new Window(7, 2), 3));
    }

    private static String describe(Window window, int n) {
        return window.outputs(n) + " " + window.before(n);
    }

    @Property(tries = 300)
    void everyWindowCoversTheMapAndKnowsItsPixels(
            @ForAll @IntRange(min = 1, max = 9) int size, @ForAll @IntRange(min = 1, max = 5) int stride, @ForAll @IntRange(min = 1, max = 30) int n) {
        Window window = new Window(size, stride);
        for (int output = 0; output < window.outputs(n); output++) {
            int start = window.start(output, n);
            assertTrue(start < n && start + size > 0, window + " " + output + " of " + n);
        }
        for (int at = 0; at < n; at++) {
            for (int output = 0; output < window.outputs(n); output++) {
                boolean covers = window.start(output, n) <= at && at < window.start(output, n) + size;
                assertEquals(covers, window.firstOver(at, n) <= output && output < window.endOver(at, n), window + " " + output + " over " + at);
            }
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Window window = new Window(3, 2);
            Tensor x = arena.allocate(2 * 4 * 5, 6);
            Tensor windows = arena.allocate(2 * 2 * 3, 54);
            Tensor images = arena.allocate(2, 6, 4, 5);
            assertMessage("window: expected a size and a stride of at least 1, found 0 and 1", () -> new Window(0, 1));
            assertMessage("x: expected at least 60 rows of 6 columns, found shape (40, 6), 40 rows of 6",
                    () -> Teams.run(1, w -> Convolution.unfold(windows, x, window, 4, 5, 3, w)));
            assertMessage("windows: expected at least 12 rows of 24 columns, found shape (12, 54), 12 rows of 54",
                    () -> Teams.run(1, w -> Convolution.unfold(windows, x, new Window(2, 2), 4, 5, 2, w)));
            assertMessage("height: expected 1 to 2147483647, found 0",
                    () -> Teams.run(1, w -> Convolution.fold(x, windows, window, 0, 5, 2, w)));
            assertMessage("dx and dwindows: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> Convolution.fold(x, x, new Window(1, 1), 4, 5, 2, w)));
            assertMessage("images: expected 4 dimensions (B, C, H, W), found shape (40, 6)",
                    () -> Teams.run(1, w -> Convolution.channelsLast(x, x, 2, w)));
            assertMessage("x: expected at least 40 rows of 6 columns, found shape (39, 6), 39 rows of 6",
                    () -> Teams.run(1, w -> Convolution.channelsFirst(images, x.rows(0, 39), 2, w)));
            assertMessage("x and images: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> Convolution.channelsLast(images.reshape(40, 6), images, 2, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
