package vit.kernels.softmax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Teams;
import vit.kernels.verify.Values;
import vit.kernels.verify.catalogue.SoftmaxTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/**
 * Softmax over rows, forward and backward, against the scalar reference within derived bounds. Rows sum to one, and a shift of a row changes
 * nothing. The gradients of the reference are compared with central differences.
 */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class SoftmaxTest {

    /** Half an ulp as a relative error: the most that one rounding can cost. */
    private static final double U = 0x1p-24;

    private static final Comparison FORWARD = new Comparison("softmax forward");
    private static final Comparison LOG_SUM = new Comparison("softmax log-sum-exp");
    private static final Comparison SUMS = new Comparison("softmax row sums");
    private static final Comparison BACKWARD = new Comparison("softmax backward");
    private static final GradientCheck GRADIENTS = new GradientCheck("softmax");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        LOG_SUM.print();
        SUMS.print();
        BACKWARD.print();
        GRADIENTS.print();
    }

    private static float[] forward(TensorArena arena, Layout layout, Tensor x) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor y = layout.matrix(arena);
            Teams.run(threads, w -> Softmax.forward(y.tensor(), x, layout.rows(), w));
            y.assertGuardsIntact("y");
            return y.tensor().toArray();
        });
    }

    @Property
    void forwardMatchesReference(@ForAll Layout layout, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = values.fill(layout.matrix(arena).tensor(), random);
            float[] result = forward(arena, layout, x);
            double[] input = Doubles.read(x);
            double[] expected = new double[input.length];
            SoftmaxReference.forward(expected, input, layout.rows(), layout.columns());
            double[] bounds = SoftmaxTruth.bounds(input, expected, layout.columns());
            FORWARD.addAll(expected, result, i -> bounds[i]);
        }
    }

    /** Infinities, NaN, extremes and subnormals: the same rows become NaN as in the reference and in PyTorch. */
    @Property
    void forwardOfSpecialValuesMatchesReference(@ForAll Layout layout, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = layout.matrix(arena).special(new Random(seed)).tensor();
            float[] result = forward(arena, layout, x);
            double[] input = Doubles.read(x);
            double[] expected = new double[input.length];
            SoftmaxReference.forward(expected, input, layout.rows(), layout.columns());
            double[] bounds = SoftmaxTruth.bounds(input, expected, layout.columns());
            FORWARD.addAll(expected, result, i -> bounds[i]);
        }
    }

    @Property
    void softmaxRowsSumToOne(@ForAll Layout layout, @ForAll Values values, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = values.fill(layout.matrix(arena).tensor(), new Random(seed));
            float[] y = forward(arena, layout, x);
            for (int row = 0; row < layout.rows(); row++) {
                double sum = 0;
                for (int c = 0; c < layout.columns(); c++) {
                    sum += y[row * layout.columns() + c];
                }
                SUMS.add(row, 1, (float) sum, U * (SoftmaxTruth.summation(layout.columns()) + 2));
            }
        }
    }

    /** The results are exactly equal: if x and the shifted x are floats without rounding, x − max is the same float. */
    @Property
    void softmaxIgnoresAShift(@ForAll Layout layout, @ForAll @IntRange(min = -500, max = 500) int shift, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = layout.matrix(arena).tensor();
            Tensor shifted = layout.matrix(arena).tensor();
            for (int i = 0; i < layout.rows() * layout.columns(); i++) {
                float value = random.nextInt(2000) / 64f;
                x.set(i / layout.columns(), i % layout.columns(), value);
                shifted.set(i / layout.columns(), i % layout.columns(), value + shift);
            }
            Teams.assertSameBits(forward(arena, layout, x), forward(arena, layout, shifted), "shifted");
        }
    }

    /** The row kernel with a scale computes the softmax of the scaled row, in place or not, and returns the log-sum-exp. */
    @Property
    void rowScalesAndReturnsTheLogSumExp(@ForAll Layout layout, @ForAll boolean inPlace, @ForAll long seed) {
        Random random = new Random(seed);
        float scale = (float) random.nextGaussian();
        int n = layout.columns();
        float[] lanes = new float[32];
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = Values.SPREAD.fill(layout.matrix(arena).tensor(), random);
            Tensor scaled = layout.matrix(arena).tensor();
            for (int i = 0; i < layout.rows() * n; i++) {
                scaled.set(i / n, i % n, scale * x.get(i / n, i % n));
            }
            float[] expected = forward(arena, layout, scaled);
            GuardedTensor guarded = layout.matrix(arena);
            Tensor y = guarded.tensor().copyFrom(x.toArray());
            Tensor source = inPlace ? y : x;
            for (int row = 0; row < layout.rows(); row++) {
                float sum = SoftmaxSimd.row(
                        y.segment(), y.rowOffset(row), source.segment(), source.rowOffset(row), n, scale, lanes);
                checkLogSumExp(row, scaled, row, sum);
                assertArrayRow(y, x, row, scale, sum);
            }
            guarded.assertGuardsIntact("y");
            Teams.assertSameBits(expected, y.toArray(), "row by row");
        }
    }

    /** The form for arrays gives the bits of the form for memory, and writes nothing but the row and the padding that its documentation names. */
    private static void assertArrayRow(Tensor expected, Tensor x, int row, float scale, float logSumExp) {
        int n = x.columns();
        float[] array = new float[n + 40];
        Arrays.fill(array, 42);
        for (int i = 0; i < n; i++) {
            array[5 + i] = x.get(row, i);
        }
        float sum = SoftmaxSimd.row(array, 5, n, scale, new float[16]);
        assertEquals(Float.floatToIntBits(logSumExp), Float.floatToIntBits(sum));
        int end = 5 + (n + 15) / 16 * 16;
        for (int i = 0; i < array.length; i++) {
            float wanted = i < 5 || i >= end ? 42 : i < 5 + n ? expected.get(row, i - 5) : Float.isNaN(sum) ? Float.NaN : 0;
            assertEquals(Float.floatToIntBits(wanted), Float.floatToIntBits(array[i]), "element " + (i - 5) + " of " + n);
        }
    }

    private static void checkLogSumExp(int index, Tensor x, int row, float actual) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < x.columns(); c++) {
            max = Math.max(max, x.get(row, c));
        }
        double sum = 0;
        double mean = 0;
        for (int c = 0; c < x.columns(); c++) {
            double e = Math.exp(x.get(row, c) - max);
            sum += e;
            mean += e * (max - x.get(row, c));
        }
        double truth = max + Math.log(sum);
        // The relative error of the sum is the absolute error of its logarithm. The logarithm and the last sum are rounded.
        double bound = U * (mean / sum + SoftmaxTruth.summation(x.columns()) + 4 + 2 * Math.log(sum) + Math.abs(truth));
        LOG_SUM.add(index, truth, actual, bound * 1.001);
    }

    @Property
    void backwardMatchesReference(@ForAll Layout layout, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        int n = layout.columns();
        try (TensorArena arena = TensorArena.open()) {
            Tensor dy = values.fill(layout.matrix(arena).tensor(), random);
            Tensor y = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            Teams.run(1, w -> Softmax.forward(y, y, layout.rows(), w));
            float[] result = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor dx = layout.matrix(arena);
                Teams.run(threads, w -> Softmax.backward(dx.tensor(), dy, y, layout.rows(), w));
                dx.assertGuardsIntact("dx");
                return dx.tensor().toArray();
            });
            double[] upstream = Doubles.read(dy);
            double[] probability = Doubles.read(y);
            double[] expected = new double[upstream.length];
            SoftmaxReference.backward(expected, upstream, probability, layout.rows(), n);
            BACKWARD.addAll(expected, result, i -> SoftmaxTruth.backwardBound(upstream, probability, n, i));
        }
    }

    @Property
    void worksInPlace(@ForAll Layout layout, @ForAll boolean intoY, @ForAll long seed) {
        Random random = new Random(seed);
        int rows = layout.rows();
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            Tensor y = layout.matrix(arena).tensor();
            Tensor dx = layout.matrix(arena).tensor();
            Teams.run(2, w -> {
                Softmax.forward(y, x, rows, w);
                Softmax.backward(dx, dy, y, rows, w);
                Softmax.forward(x, x, rows, w);
            });
            Teams.assertSameBits(y.toArray(), x.toArray(), "y in place");
            Tensor target = intoY ? y : dy;
            Teams.run(2, w -> Softmax.backward(target, dy, y, rows, w));
            Teams.assertSameBits(dx.toArray(), target.toArray(), "dx in place");
        }
    }

    @Property(tries = 100)
    void referenceGradientMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 6) int rows, @ForAll @IntRange(min = 1, max = 17) int columns, @ForAll long seed) {
        Random random = new Random(seed);
        int n = rows * columns;
        double[] x = random.doubles(n, -3, 3).toArray();
        double[] weights = Gradients.random(random, n);
        double[] y = new double[n];
        double[] dx = new double[n];
        SoftmaxReference.forward(y, x, rows, columns);
        GRADIENTS.backward(() -> SoftmaxReference.backward(dx, weights, y, rows, columns), dx);
        DoubleSupplier loss = () -> {
            SoftmaxReference.forward(y, x, rows, columns);
            return Gradients.dot(weights, y);
        };
        GRADIENTS.gradient("dx", x, dx, loss);
        GRADIENTS.passed(rows, columns);
    }

    @Test
    void rowsOfInfinitiesAndNanAreAsStated() {
        float inf = Float.POSITIVE_INFINITY;
        assertRow(new float[] {0.5f, 0, 0.5f}, 1, -inf, 1);
        assertRow(new float[] {Float.NaN, Float.NaN}, -inf, -inf);
        assertRow(new float[] {Float.NaN, Float.NaN, Float.NaN}, 1, inf, 2);
        assertRow(new float[] {Float.NaN, Float.NaN, Float.NaN}, 1, 2, Float.NaN);
        assertRow(new float[] {1}, 1e38f);
        assertRow(new float[] {1, 0}, Float.MAX_VALUE, -Float.MAX_VALUE);
    }

    private static void assertRow(float[] expected, float... row) {
        for (int padding = 0; padding < 40; padding += 13) { // the row at several places, in the blocks and in the tail
            float[] longer = new float[row.length + padding];
            java.util.Arrays.fill(longer, Float.NEGATIVE_INFINITY);
            System.arraycopy(row, 0, longer, padding, row.length);
            try (TensorArena arena = TensorArena.open()) {
                Tensor x = arena.allocate(1, longer.length).copyFrom(longer);
                Teams.run(1, w -> Softmax.forward(x, x, 1, w));
                for (int i = 0; i < row.length; i++) {
                    assertEquals(expected[i], x.get(0, padding + i));
                }
            }
        }
    }

    @Test
    void wrongShapesAndPartialOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(4, 6);
            assertMessage("columns: expected 1 to 2147483647, found 0",
                    () -> Teams.run(1, w -> Softmax.forward(x, arena.allocate(4, 0), 4, w)));
            assertMessage("y: expected at least 4 rows of 6 columns, found shape (3, 6), 3 rows of 6",
                    () -> Teams.run(1, w -> Softmax.forward(arena.allocate(3, 6), x, 4, w)));
            assertMessage("dx and dy: expected separate memory, found an overlap", () -> Teams.run(1,
                    w -> Softmax.backward(x.rows(0, 2), x.rows(1, 3), arena.allocate(2, 6), 2, w)));
            assertTrue(assertThrows(IllegalArgumentException.class,
                    () -> Teams.run(1, w -> Softmax.forward(x, x, -1, w))).getMessage().contains("found -1"));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
