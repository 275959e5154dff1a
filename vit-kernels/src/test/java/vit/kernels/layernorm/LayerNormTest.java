package vit.kernels.layernorm;

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
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.gemm.PackedRows;
import vit.kernels.gemm.Panels;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Teams;
import vit.kernels.verify.Values;
import vit.kernels.verify.catalogue.LayerNormTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/**
 * LayerNorm, forward and backward, against the scalar reference within derived bounds. It ignores a shift and a scale of its input. The
 * gradients of the reference are compared with central differences.
 */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class LayerNormTest {

    /** Half an ulp as a relative error: the most that one rounding can cost. */
    private static final double U = 0x1p-24;

    private static final Comparison FORWARD = new Comparison("layernorm forward");
    private static final Comparison STATISTICS = new Comparison("layernorm mean and rstd");
    private static final Comparison SHIFT = new Comparison("layernorm of a shifted row");
    private static final Comparison INPUT = new Comparison("layernorm dx");
    private static final Comparison PARAMETERS = new Comparison("layernorm dweight and dbias");
    private static final GradientCheck GRADIENTS = new GradientCheck("layernorm");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        STATISTICS.print();
        SHIFT.print();
        INPUT.print();
        PARAMETERS.print();
        GRADIENTS.print();
    }

    /** The tensors of one call. */
    private record Problem(Tensor x, Tensor weight, Tensor bias) {
        static Problem of(TensorArena arena, Layout layout, Values values, Random random) {
            return new Problem(values.fill(layout.matrix(arena).tensor(), random),
                    Values.ORDINARY.fill(layout.perColumn(arena).tensor(), random),
                    Values.ORDINARY.fill(layout.perColumn(arena).tensor(), random));
        }
    }

    private static LayerNormTruth truth(Problem p, double epsilon) {
        return new LayerNormTruth(Doubles.read(p.x), Doubles.read(p.weight), Doubles.read(p.bias), epsilon);
    }

    private static double epsilon(Random random) {
        return new double[] {1e-12, 1e-6, 1e-5}[random.nextInt(3)];
    }

    /** y, then the rows' means, then their rstd. */
    private static float[] forward(TensorArena arena, Layout layout, Problem p, double epsilon) {
        int rows = layout.rows();
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor y = layout.matrix(arena);
            GuardedTensor mean = layout.perRow(arena);
            GuardedTensor rstd = layout.perRow(arena);
            Teams.run(threads, w -> LayerNorm.forward(
                    y.tensor(), mean.tensor(), rstd.tensor(), p.x, p.weight, p.bias, epsilon, rows, w));
            y.assertGuardsIntact("y");
            mean.assertGuardsIntact("mean");
            rstd.assertGuardsIntact("rstd");
            assertPackedTheSame(arena, y.tensor(), p, epsilon, threads);
            float[] all = Arrays.copyOf(y.tensor().toArray(), rows * layout.columns() + 2 * rows);
            System.arraycopy(mean.tensor().toArray(), 0, all, rows * layout.columns(), rows);
            System.arraycopy(rstd.tensor().toArray(), 0, all, rows * layout.columns() + rows, rows);
            return all;
        });
    }

    private static void assertPackedTheSame(TensorArena arena, Tensor y, Problem p, double epsilon, int threads) {
        PackedRows packed = PackedRows.allocate(arena, y.rows() + 1, y.columns());
        Teams.run(threads, w -> LayerNorm.forward(packed, p.x, p.weight, p.bias, epsilon, y.rows(), w));
        assertArrayEquals(Doubles.read(y), packed.read(y.rows()), "packed");
    }

    /** Normalises rows that are longer than a block of packed rows. */
    @Test
    void longRowsArePackedTheSame() {
        int columns = 2 * Panels.ROW + 13;
        try (TensorArena arena = TensorArena.open()) {
            Random random = new Random(3);
            Problem p = new Problem(Values.SPREAD.fill(arena.allocate(8, columns), random),
                    Values.SPREAD.fill(arena.allocate(columns), random), Values.SPREAD.fill(arena.allocate(columns), random));
            Tensor y = arena.allocate(8, columns);
            Teams.run(1, w -> LayerNorm.forward(y, null, null, p.x, p.weight, p.bias, 1e-6, 8, w));
            assertPackedTheSame(arena, y, p, 1e-6, 2);
        }
    }

    @Property
    void forwardMatchesReference(@ForAll Layout layout, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        double epsilon = epsilon(random);
        int size = layout.rows() * layout.columns();
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, values, random);
            float[] result = forward(arena, layout, p, epsilon);
            LayerNormTruth truth = truth(p, epsilon);
            FORWARD.addAll(truth.y, Arrays.copyOf(result, size), truth::yBound);
            for (int row = 0; row < layout.rows(); row++) {
                STATISTICS.add(row, truth.mean[row], result[size + row], truth.meanBound(row));
                STATISTICS.add(row, truth.rstd[row], result[size + layout.rows() + row], truth.rstdBound(row));
            }
        }
    }

    @Property
    void rowsOfEqualValuesGiveTheBias(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.EQUAL, random);
            float[] y = forward(arena, layout, p, 1e-12);
            for (int i = 0; i < layout.rows() * layout.columns(); i++) {
                assertEquals(p.bias.get(0, i % layout.columns()), y[i], "element " + i);
            }
        }
    }

    @Property
    void nanAndInfinityTakeTheirRowAndNoOther(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, random);
            float[] before = forward(arena, layout, p, 1e-6);
            int row = random.nextInt(layout.rows());
            p.x.set(row, random.nextInt(layout.columns()), special[random.nextInt(3)]);
            float[] after = forward(arena, layout, p, 1e-6);
            for (int i = 0; i < layout.rows() * layout.columns(); i++) {
                if (i / layout.columns() == row) {
                    assertTrue(Float.isNaN(after[i]), "element " + i);
                } else {
                    assertEquals(before[i], after[i], "element " + i);
                }
            }
        }
    }

    /** If the shift causes no rounding, the two results differ only by their own errors: at most twice the bound. */
    @Property
    void layerNormIgnoresAConstantShift(
            @ForAll Layout layout, @ForAll @IntRange(min = -1000, max = 1000) int shift, @ForAll long seed) {
        Random random = new Random(seed);
        int columns = layout.columns();
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, random);
            Problem shifted = new Problem(layout.matrix(arena).tensor(), p.weight, p.bias);
            for (int i = 0; i < layout.rows() * columns; i++) {
                float value = random.nextInt(4000) / 256f;
                p.x.set(i / columns, i % columns, value);
                shifted.x.set(i / columns, i % columns, value + shift);
            }
            float[] expected = forward(arena, layout, p, 1e-6);
            float[] actual = forward(arena, layout, shifted, 1e-6);
            LayerNormTruth truth = truth(p, 1e-6);
            LayerNormTruth shiftedTruth = truth(shifted, 1e-6);
            for (int i = 0; i < truth.y.length; i++) {
                SHIFT.add(i, expected[i], actual[i], truth.yBound(i) + shiftedTruth.yBound(i) + U * Math.abs(truth.y[i]));
            }
        }
    }

    /** The results are exactly equal for powers of two and no epsilon, because nothing is rounded differently. */
    @Property
    void layerNormIgnoresAScale(@ForAll Layout layout, @ForAll @IntRange(min = -20, max = 20) int exponent, @ForAll long seed) {
        Random random = new Random(seed);
        int columns = layout.columns();
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, random);
            Problem scaled = new Problem(layout.matrix(arena).tensor(), p.weight, p.bias);
            for (int i = 0; i < layout.rows() * columns; i++) {
                scaled.x.set(i / columns, i % columns, Math.scalb(p.x.get(i / columns, i % columns), exponent));
            }
            int size = layout.rows() * columns;
            Teams.assertSameBits(Arrays.copyOf(forward(arena, layout, p, 0), size),
                    Arrays.copyOf(forward(arena, layout, scaled, 0), size), "scaled");
        }
    }

    @Property
    void worksInPlaceAndWithoutStatistics(@ForAll Layout layout, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, new Random(seed));
            float[] expected = Arrays.copyOf(forward(arena, layout, p, 1e-6), layout.rows() * layout.columns());
            Teams.run(3, w -> LayerNorm.forward(p.x, null, null, p.x, p.weight, p.bias, 1e-6, layout.rows(), w));
            Teams.assertSameBits(expected, p.x.toArray(), "in place");
        }
    }

    /** dx, then dweight, then dbias. */
    private static float[] backward(
            TensorArena arena, Layout layout, Problem p, Tensor dy, float[] dweight0, float[] dbias0) {
        int rows = layout.rows();
        int columns = layout.columns();
        Tensor mean = layout.perRow(arena).tensor();
        Tensor rstd = layout.perRow(arena).tensor();
        Tensor y = layout.matrix(arena).tensor();
        Teams.run(1, w -> LayerNorm.forward(y, mean, rstd, p.x, p.weight, p.bias, 1e-6, rows, w));
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor dx = layout.matrix(arena);
            GuardedTensor dweight = layout.perColumn(arena);
            GuardedTensor dbias = layout.perColumn(arena);
            dweight.tensor().copyFrom(dweight0);
            dbias.tensor().copyFrom(dbias0);
            Teams.run(threads, w -> LayerNorm.backward(dx.tensor(), dweight.tensor(), dbias.tensor(), dy, p.x, mean, rstd,
                    p.weight, rows, w));
            dx.assertGuardsIntact("dx");
            dweight.assertGuardsIntact("dweight");
            dbias.assertGuardsIntact("dbias");
            float[] all = Arrays.copyOf(dx.tensor().toArray(), (rows + 2) * columns);
            System.arraycopy(dweight.tensor().toArray(), 0, all, rows * columns, columns);
            System.arraycopy(dbias.tensor().toArray(), 0, all, (rows + 1) * columns, columns);
            return all;
        });
    }

    @Property
    void backwardMatchesReference(@ForAll Layout layout, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        int rows = layout.rows();
        int columns = layout.columns();
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, values, random);
            Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            float[] dweight0 = Values.ORDINARY.fill(arena.allocate(columns), random).toArray();
            float[] dbias0 = Values.ORDINARY.fill(arena.allocate(columns), random).toArray();
            float[] result = backward(arena, layout, p, dy, dweight0, dbias0);
            LayerNormTruth truth = truth(p, 1e-6);
            double[] upstream = Doubles.read(dy);
            double[] dx = new double[rows * columns];
            double[] dweight = doubles(dweight0);
            double[] dbias = doubles(dbias0);
            LayerNormReference.backward(
                    dx, dweight, dbias, upstream, truth.x, truth.mean, truth.rstd, truth.weight, rows);
            for (int i = 0; i < dx.length; i++) {
                INPUT.add(i, dx[i], result[i], truth.inputBound(upstream, i));
            }
            for (int c = 0; c < columns; c++) {
                PARAMETERS.add(c, dweight[c], result[rows * columns + c], truth.weightBound(upstream, dweight0[c], c));
                PARAMETERS.add(c, dbias[c], result[(rows + 1) * columns + c], truth.biasBound(upstream, dbias0[c], c));
            }
        }
    }

    private static double[] doubles(float[] values) {
        double[] copy = new double[values.length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = values[i];
        }
        return copy;
    }

    @Property
    void microBatchesGiveTheBitsOfTheWhole(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        int rows = layout.rows();
        int head = rows / 2;
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, random);
            Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            float[] zeros = new float[layout.columns()];
            float[] whole = backward(arena, layout, p, dy, zeros, zeros);
            Layout headLayout = new Layout(head, layout.columns(), layout.offset(), layout.gap());
            Layout tailLayout = new Layout(rows - head, layout.columns(), layout.offset(), layout.gap());
            float[] dweight = zeros;
            float[] dbias = zeros;
            for (Layout part : head == 0 ? new Layout[] {tailLayout} : new Layout[] {headLayout, tailLayout}) {
                int from = part == headLayout ? 0 : head;
                int to = from + part.rows();
                float[] all = backward(arena, part, new Problem(p.x.rows(from, to), p.weight, p.bias), dy.rows(from, to),
                        dweight, dbias);
                dweight = Arrays.copyOfRange(all, part.rows() * part.columns(), (part.rows() + 1) * part.columns());
                dbias = Arrays.copyOfRange(all, (part.rows() + 1) * part.columns(), all.length);
                Teams.assertSameBits(Arrays.copyOfRange(whole, from * part.columns(), to * part.columns()),
                        Arrays.copyOf(all, part.rows() * part.columns()), "dx");
            }
            int columns = layout.columns();
            Teams.assertSameBits(Arrays.copyOfRange(whole, rows * columns, (rows + 1) * columns), dweight, "dweight");
            Teams.assertSameBits(Arrays.copyOfRange(whole, (rows + 1) * columns, whole.length), dbias, "dbias");
        }
    }

    @Property(tries = 100)
    void referenceGradientsMatchCentralDifferences(
            @ForAll @IntRange(min = 1, max = 6) int rows, @ForAll @IntRange(min = 1, max = 17) int columns, @ForAll long seed) {
        Random random = new Random(seed);
        int n = rows * columns;
        double[] x = Gradients.random(random, n);
        double[] weight = Gradients.random(random, columns);
        double[] bias = Gradients.random(random, columns);
        double[] upstream = Gradients.random(random, n);
        double[] y = new double[n];
        double[] mean = new double[rows];
        double[] rstd = new double[rows];
        double epsilon = 1e-2; // two nearly equal columns would make the function too steep for the step
        LayerNormReference.forward(y, mean, rstd, x, weight, bias, epsilon, rows);
        double[] dx = new double[n];
        double[] dweight = new double[columns];
        double[] dbias = new double[columns];
        GRADIENTS.backward(() -> LayerNormReference.backward(dx, dweight, dbias, upstream, x, mean, rstd, weight, rows),
                dx, dweight, dbias);
        DoubleSupplier loss = () -> {
            LayerNormReference.forward(y, mean, rstd, x, weight, bias, epsilon, rows);
            return Gradients.dot(upstream, y);
        };
        GRADIENTS.gradient("dx", x, dx, loss);
        GRADIENTS.gradient("dweight", weight, dweight, loss);
        GRADIENTS.gradient("dbias", bias, dbias, loss);
        GRADIENTS.passed(rows, columns);
    }

    @Test
    void wrongShapesAndOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(4, 6);
            Tensor w6 = arena.allocate(6);
            Tensor w5 = arena.allocate(5);
            Tensor s4 = arena.allocate(4);
            assertMessage("weight: expected 1 rows of 6 columns, found shape (5), 1 rows of 5",
                    () -> Teams.run(1, w -> LayerNorm.forward(x, null, null, x, w5, w6, 1e-6, 4, w)));
            assertMessage("mean: expected at least 4 elements without gaps, found shape (3), row stride 3",
                    () -> Teams.run(1, w -> LayerNorm.forward(x, arena.allocate(3), s4, x, w6, w6, 1e-6, 4, w)));
            assertMessage("dx and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> LayerNorm.backward(x, w6, w6, arena.allocate(4, 6), x, s4, s4, w6, 4, w)));
            assertMessage("rows: expected 0 to 4, found 5",
                    () -> Teams.run(1, w -> LayerNorm.forward(x, null, null, x, w6, w6, 1e-6, 5, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
