package vit.kernels.rmsnorm;

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
import vit.kernels.verify.catalogue.RmsNormTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/** RMSNorm against its double reference within derived bounds; the reference's gradients against central differences. */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class RmsNormTest {

    private static final Comparison FORWARD = new Comparison("rmsnorm forward");
    private static final Comparison STATISTICS = new Comparison("rmsnorm rstd");
    private static final Comparison INPUT = new Comparison("rmsnorm dx");
    private static final Comparison PARAMETERS = new Comparison("rmsnorm dweight");
    private static final GradientCheck GRADIENTS = new GradientCheck("rmsnorm");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        STATISTICS.print();
        INPUT.print();
        PARAMETERS.print();
        GRADIENTS.print();
    }

    /** The tensors of one call. */
    private record Problem(Tensor x, Tensor weight) {
        static Problem of(TensorArena arena, Layout layout, Values values, Random random) {
            return new Problem(values.fill(layout.matrix(arena).tensor(), random),
                    Values.ORDINARY.fill(layout.perColumn(arena).tensor(), random));
        }

        /** The same with x multiplied by a power of two, in double, then rounded. */
        Problem scaled(TensorArena arena, Layout layout, int exponent) {
            Tensor scaled = layout.matrix(arena).tensor();
            for (int i = 0; i < layout.rows() * layout.columns(); i++) {
                scaled.set(i / layout.columns(), i % layout.columns(), Math.scalb(x.get(i / layout.columns(), i % layout.columns()), exponent));
            }
            return new Problem(scaled, weight);
        }
    }

    private static RmsNormTruth truth(Problem p, double epsilon) {
        return new RmsNormTruth(Doubles.read(p.x), Doubles.read(p.weight), epsilon);
    }

    private static double epsilon(Random random) {
        return new double[] {1e-12, 1e-6, 1e-5}[random.nextInt(3)];
    }

    /** y, then the rows' rstd. */
    private static float[] forward(TensorArena arena, Layout layout, Problem p, double epsilon) {
        int rows = layout.rows();
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor y = layout.matrix(arena);
            GuardedTensor rstd = layout.perRow(arena);
            Teams.run(threads, w -> RmsNorm.forward(y.tensor(), rstd.tensor(), p.x, p.weight, epsilon, rows, w));
            y.assertGuardsIntact("y");
            rstd.assertGuardsIntact("rstd");
            assertPackedTheSame(arena, y.tensor(), p, epsilon, threads);
            float[] all = Arrays.copyOf(y.tensor().toArray(), rows * layout.columns() + rows);
            System.arraycopy(rstd.tensor().toArray(), 0, all, rows * layout.columns(), rows);
            return all;
        });
    }

    private static void assertPackedTheSame(TensorArena arena, Tensor y, Problem p, double epsilon, int threads) {
        PackedRows packed = PackedRows.allocate(arena, y.rows() + 1, y.columns());
        Teams.run(threads, w -> RmsNorm.forward(packed, p.x, p.weight, epsilon, y.rows(), w));
        assertArrayEquals(Doubles.read(y), packed.read(y.rows()), "packed");
    }

    /** Rows longer than a block of packed rows. */
    @Test
    void longRowsArePackedTheSame() {
        int columns = 2 * Panels.ROW + 13;
        try (TensorArena arena = TensorArena.open()) {
            Random random = new Random(3);
            Problem p = new Problem(Values.SPREAD.fill(arena.allocate(8, columns), random), Values.SPREAD.fill(arena.allocate(columns), random));
            Tensor y = arena.allocate(8, columns);
            Teams.run(1, w -> RmsNorm.forward(y, null, p.x, p.weight, 1e-6, 8, w));
            assertPackedTheSame(arena, y, p, 1e-6, 2);
        }
    }

    private static void checkForward(TensorArena arena, Layout layout, Problem p, double epsilon) {
        int size = layout.rows() * layout.columns();
        float[] result = forward(arena, layout, p, epsilon);
        RmsNormTruth truth = truth(p, epsilon);
        FORWARD.addAll(truth.y, Arrays.copyOf(result, size), truth::yBound);
        for (int row = 0; row < layout.rows(); row++) {
            STATISTICS.add(row, truth.rstd[row], result[size + row], truth.rstdBound(row));
        }
    }

    @Property
    void forwardMatchesReference(@ForAll Layout layout, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        double epsilon = epsilon(random);
        try (TensorArena arena = TensorArena.open()) {
            checkForward(arena, layout, Problem.of(arena, layout, values, random), epsilon);
        }
    }

    /** Rows whose squares are beyond the range of float, or subnormal, or 0. */
    @Property
    void forwardOfHugeAndTinyRowsMatchesReference(
            @ForAll Layout layout, @ForAll @IntRange(min = -120, max = 124) int exponent, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, random).scaled(arena, layout, exponent);
            checkForward(arena, layout, p, random.nextBoolean() ? 1e-6 : 1e-66);
        }
    }

    @Property
    void forwardOfInfinitiesAndNanMatchesReference(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem ordinary = Problem.of(arena, layout, Values.ORDINARY, random);
            checkForward(arena, layout, new Problem(layout.matrix(arena).special(random).tensor(), ordinary.weight), 1e-6);
        }
    }

    @Property
    void aNanTakesItsRowAndNoOther(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, random);
            float[] before = forward(arena, layout, p, 1e-6);
            int row = random.nextInt(layout.rows());
            p.x.set(row, random.nextInt(layout.columns()), Float.NaN);
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

    /** The results are exactly equal for powers of two and no epsilon, because nothing is rounded differently. */
    @Property
    void rmsNormIgnoresAScale(@ForAll Layout layout, @ForAll @IntRange(min = -20, max = 20) int exponent, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, new Random(seed));
            int size = layout.rows() * layout.columns();
            Teams.assertSameBits(Arrays.copyOf(forward(arena, layout, p, 0), size),
                    Arrays.copyOf(forward(arena, layout, p.scaled(arena, layout, exponent), 0), size), "scaled");
        }
    }

    @Property
    void worksInPlaceAndWithoutStatistics(@ForAll Layout layout, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, new Random(seed));
            float[] expected = Arrays.copyOf(forward(arena, layout, p, 1e-6), layout.rows() * layout.columns());
            Teams.run(3, w -> RmsNorm.forward(p.x, null, p.x, p.weight, 1e-6, layout.rows(), w));
            Teams.assertSameBits(expected, p.x.toArray(), "in place");
        }
    }

    /** dx, then dweight. */
    private static float[] backward(TensorArena arena, Layout layout, Problem p, Tensor dy, float[] dweight0) {
        int rows = layout.rows();
        int columns = layout.columns();
        Tensor rstd = layout.perRow(arena).tensor();
        Tensor y = layout.matrix(arena).tensor();
        Teams.run(1, w -> RmsNorm.forward(y, rstd, p.x, p.weight, 1e-6, rows, w));
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor dx = layout.matrix(arena);
            GuardedTensor dweight = layout.perColumn(arena);
            dweight.tensor().copyFrom(dweight0);
            Teams.run(threads, w -> RmsNorm.backward(dx.tensor(), dweight.tensor(), dy, p.x, rstd, p.weight, rows, w));
            dx.assertGuardsIntact("dx");
            dweight.assertGuardsIntact("dweight");
            float[] all = Arrays.copyOf(dx.tensor().toArray(), (rows + 1) * columns);
            System.arraycopy(dweight.tensor().toArray(), 0, all, rows * columns, columns);
            return all;
        });
    }

    @Property
    void backwardMatchesReference(@ForAll Layout layout, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            checkBackward(arena, layout, Problem.of(arena, layout, values, random), random);
        }
    }

    @Property
    void backwardOfHugeAndTinyRowsMatchesReference(
            @ForAll Layout layout, @ForAll @IntRange(min = -120, max = 124) int exponent, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            checkBackward(arena, layout, Problem.of(arena, layout, Values.ORDINARY, random).scaled(arena, layout, exponent), random);
        }
    }

    private static void checkBackward(TensorArena arena, Layout layout, Problem p, Random random) {
        int rows = layout.rows();
        int columns = layout.columns();
        Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
        float[] dweight0 = Values.ORDINARY.fill(arena.allocate(columns), random).toArray();
        float[] result = backward(arena, layout, p, dy, dweight0);
        RmsNormTruth truth = truth(p, 1e-6);
        double[] upstream = Doubles.read(dy);
        double[] dx = new double[rows * columns];
        double[] dweight = new double[columns];
        for (int c = 0; c < columns; c++) {
            dweight[c] = dweight0[c];
        }
        RmsNormReference.backward(dx, dweight, upstream, truth.x, truth.rstd, truth.weight, rows);
        for (int i = 0; i < dx.length; i++) {
            INPUT.add(i, dx[i], result[i], truth.inputBound(upstream, i));
        }
        for (int c = 0; c < columns; c++) {
            PARAMETERS.add(c, dweight[c], result[rows * columns + c], truth.weightBound(upstream, dweight0[c], c));
        }
    }

    @Property
    void microBatchesGiveTheBitsOfTheWhole(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        int rows = layout.rows();
        int columns = layout.columns();
        int head = rows / 2;
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, Values.ORDINARY, random);
            Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            float[] dweight = new float[columns];
            float[] whole = backward(arena, layout, p, dy, dweight);
            for (int[] part : head == 0 ? new int[][] {{0, rows}} : new int[][] {{0, head}, {head, rows}}) {
                int from = part[0];
                int count = part[1] - from;
                float[] all = backward(arena, new Layout(count, columns, layout.offset(), layout.gap()),
                        new Problem(p.x.rows(from, part[1]), p.weight), dy.rows(from, part[1]), dweight);
                dweight = Arrays.copyOfRange(all, count * columns, all.length);
                Teams.assertSameBits(Arrays.copyOfRange(whole, from * columns, part[1] * columns), Arrays.copyOf(all, count * columns), "dx");
            }
            Teams.assertSameBits(Arrays.copyOfRange(whole, rows * columns, whole.length), dweight, "dweight");
        }
    }

    @Property(tries = 100)
    void referenceGradientsMatchCentralDifferences(
            @ForAll @IntRange(min = 1, max = 6) int rows, @ForAll @IntRange(min = 1, max = 17) int columns, @ForAll long seed) {
        Random random = new Random(seed);
        int n = rows * columns;
        double[] x = Gradients.random(random, n);
        double[] weight = Gradients.random(random, columns);
        double[] upstream = Gradients.random(random, n);
        double[] y = new double[n];
        double[] rstd = new double[rows];
        double epsilon = 1e-2; // a row of one small element would make the function too steep for the step
        RmsNormReference.forward(y, rstd, x, weight, epsilon, rows);
        double[] dx = new double[n];
        double[] dweight = new double[columns];
        GRADIENTS.backward(() -> RmsNormReference.backward(dx, dweight, upstream, x, rstd, weight, rows), dx, dweight);
        DoubleSupplier loss = () -> {
            RmsNormReference.forward(y, rstd, x, weight, epsilon, rows);
            return Gradients.dot(upstream, y);
        };
        GRADIENTS.gradient("dx", x, dx, loss);
        GRADIENTS.gradient("dweight", weight, dweight, loss);
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
                    () -> Teams.run(1, w -> RmsNorm.forward(x, null, x, w5, 1e-6, 4, w)));
            assertMessage("rstd: expected at least 4 elements without gaps, found shape (3), row stride 3",
                    () -> Teams.run(1, w -> RmsNorm.forward(x, arena.allocate(3), x, w6, 1e-6, 4, w)));
            assertMessage("columns: expected 5 to 5, found 6",
                    () -> Teams.run(1, w -> RmsNorm.forward(PackedRows.allocate(arena, 4, 5), x, w6, 1e-6, 4, w)));
            assertMessage("y and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> RmsNorm.forward(x.rows(1, 4), null, x.rows(0, 3), w6, 1e-6, 3, w)));
            assertMessage("dx and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> RmsNorm.backward(x, w6, arena.allocate(4, 6), x, s4, w6, 4, w)));
            assertMessage("rows: expected 0 to 4, found 5", () -> Teams.run(1, w -> RmsNorm.forward(x, null, x, w6, 1e-6, 5, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
