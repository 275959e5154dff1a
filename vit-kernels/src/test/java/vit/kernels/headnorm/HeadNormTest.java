package vit.kernels.headnorm;

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
import vit.kernels.layernorm.LayerNorm;
import vit.kernels.rmsnorm.RmsNorm;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Teams;
import vit.kernels.verify.Values;
import vit.kernels.verify.catalogue.HeadNormTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/**
 * The normalisation of queries and keys. With biases it must have the bits of LayerNorm over the heads, and without them those of RMSNorm forward;
 * without biases, both directions are held against the double reference within derived bounds. Other teams, work in place and micro-batches must give
 * the same bits.
 */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class HeadNormTest {

    private static final double EPSILON = 1e-6;

    private static final Comparison FORWARD = new Comparison("headnorm forward, RMSNorm");
    private static final Comparison INPUT = new Comparison("headnorm dx, RMSNorm");
    private static final Comparison WEIGHTS = new Comparison("headnorm dweight, RMSNorm");
    private static final GradientCheck GRADIENTS = new GradientCheck("headnorm");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        INPUT.print();
        WEIGHTS.print();
        GRADIENTS.print();
    }

    /** The tensors of one call; the layout's columns are those of a head. The biases are null for RMSNorm. */
    private record Problem(Layout layout, int heads, Tensor x, Tensor dy, Tensor[] weights, Tensor[] biases, float[][] before) {

        static Problem of(TensorArena arena, Layout layout, int heads, boolean centred, Values values, Random random) {
            Tensor[] weights = {vector(arena, layout, random), vector(arena, layout, random)};
            Tensor[] biases = {vector(arena, layout, random), vector(arena, layout, random)};
            float[][] before = new float[4][];
            Arrays.setAll(before, i -> vector(arena, layout, random).toArray());
            return new Problem(layout, heads, values.fill(matrix(arena, layout, heads).tensor(), random),
                    Values.ORDINARY.fill(matrix(arena, layout, heads).tensor(), random), weights, centred ? biases : new Tensor[2], before);
        }

        static GuardedTensor matrix(TensorArena arena, Layout layout, int heads) {
            return GuardedTensor.of(arena, layout.offset(), layout.gap(), layout.rows(), 3 * heads * layout.columns());
        }

        private static Tensor vector(TensorArena arena, Layout layout, Random random) {
            return Values.ORDINARY.fill(layout.perColumn(arena).tensor(), random);
        }

        boolean isCentred() {
            return biases[0] != null;
        }

        int headDim() {
            return layout.columns();
        }

        int width() {
            return 3 * heads * headDim();
        }

        /** The heads of the queries (0), keys (1) or values (2) of a matrix, one below the other. */
        float[] heads(float[] matrix, int part) {
            float[] result = new float[layout.rows() * heads * headDim()];
            for (int row = 0; row < layout.rows(); row++) {
                System.arraycopy(matrix, row * width() + part * heads * headDim(), result, row * heads * headDim(), heads * headDim());
            }
            return result;
        }
    }

    private static float[] forward(TensorArena arena, Problem p) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor y = Problem.matrix(arena, p.layout, p.heads);
            Teams.run(threads, w -> HeadNorm.forward(y.tensor(), p.x, p.weights[0], p.biases[0], p.weights[1], p.biases[1], EPSILON, p.heads,
                    p.layout.rows(), w));
            y.assertGuardsIntact("y");
            return y.tensor().toArray();
        });
    }

    /** dx and the gradients of the query's weight and bias and of the key's weight and bias. Biases are null for RMSNorm. */
    private record Gradient(float[] dx, float[][] parameters) {}

    private static Gradient backward(TensorArena arena, Problem p, Tensor x, Tensor dy, Tensor dx, float[][] before, int rows, int threads) {
        GuardedTensor[] d = new GuardedTensor[4];
        for (int i = 0; i < 4; i++) {
            if (i % 2 == 0 || p.isCentred()) {
                d[i] = p.layout.perColumn(arena);
                d[i].tensor().copyFrom(before[i]);
            }
        }
        Teams.run(threads, w -> HeadNorm.backward(dx, d[0].tensor(), tensor(d[1]), d[2].tensor(), tensor(d[3]), dy, x, p.weights[0], p.weights[1],
                EPSILON, p.heads, rows, w));
        float[][] parameters = new float[4][];
        for (int i = 0; i < 4; i++) {
            if (d[i] != null) {
                d[i].assertGuardsIntact("gradient of parameter " + i);
                parameters[i] = d[i].tensor().toArray();
            }
        }
        return new Gradient(dx.toArray(), parameters);
    }

    private static Tensor tensor(GuardedTensor guarded) {
        return guarded == null ? null : guarded.tensor();
    }

    private static Gradient backward(TensorArena arena, Problem p) {
        Gradient first = null;
        for (int threads = 1; threads <= Teams.LARGEST; threads++) {
            GuardedTensor dx = Problem.matrix(arena, p.layout, p.heads);
            Gradient gradient = backward(arena, p, p.x, p.dy, dx.tensor(), p.before, p.layout.rows(), threads);
            dx.assertGuardsIntact("dx");
            if (first == null) {
                first = gradient;
            }
            assertSame(first, gradient, threads + " threads");
        }
        return first;
    }

    private static void assertSame(Gradient expected, Gradient actual, String what) {
        Teams.assertSameBits(expected.dx, actual.dx, "dx, " + what);
        for (int i = 0; i < 4; i++) {
            if (expected.parameters[i] != null) {
                Teams.assertSameBits(expected.parameters[i], actual.parameters[i], "parameter " + i + ", " + what);
            }
        }
    }

    @Property(tries = 100)
    void withBiasesEveryHeadHasTheBitsOfLayerNorm(@ForAll Layout layout, @ForAll @IntRange(min = 1, max = 4) int heads, @ForAll Values values,
            @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, heads, true, values, new Random(seed));
            float[] y = forward(arena, p);
            Gradient gradient = backward(arena, p);
            int rows = layout.rows() * heads;
            for (int part = 0; part < 2; part++) {
                int of = part;
                Tensor x = arena.allocate(rows, p.headDim()).copyFrom(p.heads(p.x.toArray(), part));
                Tensor dy = arena.allocate(rows, p.headDim()).copyFrom(p.heads(p.dy.toArray(), part));
                Tensor result = arena.allocate(rows, p.headDim());
                Tensor mean = arena.allocate(rows);
                Tensor rstd = arena.allocate(rows);
                Teams.run(1, w -> LayerNorm.forward(result, mean, rstd, x, p.weights[of], p.biases[of], EPSILON, rows, w));
                Teams.assertSameBits(result.toArray(), p.heads(y, part), "y of part " + part);
                Tensor dweight = arena.allocate(p.headDim()).copyFrom(p.before[2 * part]);
                Tensor dbias = arena.allocate(p.headDim()).copyFrom(p.before[2 * part + 1]);
                Teams.run(1, w -> LayerNorm.backward(result, dweight, dbias, dy, x, mean, rstd, p.weights[of], rows, w));
                Teams.assertSameBits(result.toArray(), p.heads(gradient.dx, part), "dx of part " + part);
                Teams.assertSameBits(dweight.toArray(), gradient.parameters[2 * part], "dweight of part " + part);
                Teams.assertSameBits(dbias.toArray(), gradient.parameters[2 * part + 1], "dbias of part " + part);
            }
            Teams.assertSameBits(p.heads(p.x.toArray(), 2), p.heads(y, 2), "values");
            Teams.assertSameBits(p.heads(p.dy.toArray(), 2), p.heads(gradient.dx, 2), "gradient of the values");
        }
    }

    /** The factor reaches heads whose squares are beyond the range of float, or subnormal. */
    @Property(tries = 100)
    void withoutBiasesEveryHeadHasTheBitsOfRmsNorm(@ForAll Layout layout, @ForAll @IntRange(min = 1, max = 4) int heads,
            @ForAll @IntRange(min = -120, max = 124) int exponent, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, heads, false, Values.ORDINARY, new Random(seed));
            for (int row = 0; row < layout.rows(); row++) {
                for (int column = 0; column < p.width(); column++) {
                    p.x.set(row, column, Math.scalb(p.x.get(row, column), exponent));
                }
            }
            float[] y = forward(arena, p);
            int rows = layout.rows() * heads;
            for (int part = 0; part < 2; part++) {
                int of = part;
                Tensor x = arena.allocate(rows, p.headDim()).copyFrom(p.heads(p.x.toArray(), part));
                Tensor result = arena.allocate(rows, p.headDim());
                Teams.run(1, w -> RmsNorm.forward(result, null, x, p.weights[of], EPSILON, rows, w));
                Teams.assertSameBits(result.toArray(), p.heads(y, part), "y of part " + part);
            }
        }
    }

    @Property(tries = 100)
    void withoutBiasesForwardAndBackwardMatchReference(@ForAll Layout layout, @ForAll @IntRange(min = 1, max = 4) int heads,
            @ForAll Values values, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, heads, false, values, new Random(seed));
            float[] result = forward(arena, p);
            Gradient gradient = backward(arena, p);
            double[][] weights = {Doubles.read(p.weights[0]), Doubles.read(p.weights[1])};
            double[][] dweights = {doubles(p.before[0]), doubles(p.before[2])};
            HeadNormTruth truth = new HeadNormTruth(Doubles.read(p.x), Doubles.read(p.dy), weights, null, dweights, null, EPSILON, heads, layout.rows());
            FORWARD.addAll(truth.y, result, i -> truth.yBounds[i]);
            INPUT.addAll(truth.dx, gradient.dx, i -> truth.dxBounds[i]);
            for (int part = 0; part < 2; part++) {
                double[] bounds = truth.dweightBounds[part];
                WEIGHTS.addAll(truth.dweights[part], gradient.parameters[2 * part], d -> bounds[d]);
            }
            Teams.assertSameBits(p.heads(p.x.toArray(), 2), p.heads(result, 2), "values");
            Teams.assertSameBits(p.heads(p.dy.toArray(), 2), p.heads(gradient.dx, 2), "gradient of the values");
        }
    }

    private static double[] doubles(float[] values) {
        double[] copy = new double[values.length];
        Arrays.setAll(copy, i -> values[i]);
        return copy;
    }

    @Property(tries = 60)
    void worksInPlace(@ForAll Layout layout, @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll boolean centred, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, heads, centred, Values.ORDINARY, new Random(seed));
            float[] y = forward(arena, p);
            Gradient gradient = backward(arena, p);
            assertSame(gradient, backward(arena, p, p.x, p.dy, p.dy, p.before, layout.rows(), 3), "in place");
            Teams.run(3, w -> HeadNorm.forward(p.x, p.x, p.weights[0], p.biases[0], p.weights[1], p.biases[1], EPSILON, heads, layout.rows(), w));
            Teams.assertSameBits(y, p.x.toArray(), "in place");
        }
    }

    @Property(tries = 60)
    void microBatchesGiveTheBitsOfTheWhole(@ForAll Layout layout, @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll boolean centred,
            @ForAll long seed) {
        int rows = layout.rows();
        int first = rows / 2;
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, heads, centred, Values.ORDINARY, new Random(seed));
            Gradient whole = backward(arena, p);
            Tensor dx = Problem.matrix(arena, layout, heads).tensor();
            Gradient part = backward(arena, p, p.x.rows(0, first), p.dy.rows(0, first), dx.rows(0, first), p.before, first, 2);
            part = backward(arena, p, p.x.rows(first, rows), p.dy.rows(first, rows), dx.rows(first, rows), part.parameters, rows - first, 2);
            assertSame(whole, new Gradient(dx.toArray(), part.parameters), "micro-batches");
        }
    }

    @Property(tries = 60)
    void nanTakesItsHeadAndNoOther(@ForAll Layout layout, @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll boolean centred,
            @ForAll boolean infinite, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, layout, heads, centred, Values.ORDINARY, random);
            float[] before = forward(arena, p);
            int row = random.nextInt(layout.rows());
            int column = random.nextInt(2 * heads * p.headDim());
            p.x.set(row, column, infinite ? Float.NEGATIVE_INFINITY : Float.NaN);
            float[] after = forward(arena, p);
            int head = (row * p.width() + column) / p.headDim();
            for (int i = 0; i < after.length; i++) {
                if (i / p.headDim() != head) {
                    assertEquals(before[i], after[i], "element " + i);
                } else if (centred || !infinite || i == row * p.width() + column) {
                    assertTrue(Float.isNaN(after[i]), "element " + i);
                } else {
                    assertTrue(after[i] == 0, "element " + i);
                }
            }
        }
    }

    @Property(tries = 100)
    void referenceGradientsMatchCentralDifferences(@ForAll @IntRange(min = 1, max = 3) int rows, @ForAll @IntRange(min = 1, max = 3) int heads,
            @ForAll @IntRange(min = 1, max = 7) int headDim, @ForAll boolean centred, @ForAll Random random) {
        double[] x = Gradients.random(random, rows * 3 * heads * headDim);
        double[] upstream = Gradients.random(random, x.length);
        double[][] weights = {Gradients.random(random, headDim), Gradients.random(random, headDim)};
        double[][] biases = centred ? new double[][] {Gradients.random(random, headDim), Gradients.random(random, headDim)} : new double[2][];
        double[] dx = new double[x.length];
        double[][] d = new double[4][headDim];
        double epsilon = 1e-2; // nearly equal elements would make the function too steep for the step
        GRADIENTS.backward(() -> HeadNormReference.backward(dx, d[0], centred ? d[1] : null, d[2], centred ? d[3] : null, upstream, x, weights[0],
                weights[1], epsilon, heads, rows), dx, d[0], d[1], d[2], d[3]);
        double[] y = new double[x.length];
        DoubleSupplier loss = () -> {
            HeadNormReference.forward(y, x, weights[0], biases[0], weights[1], biases[1], epsilon, heads, rows);
            return Gradients.dot(upstream, y);
        };
        GRADIENTS.gradient("dx", x, dx, loss);
        for (int part = 0; part < 2; part++) {
            GRADIENTS.gradient("dweight", weights[part], d[2 * part], loss);
            if (centred) {
                GRADIENTS.gradient("dbias", biases[part], d[2 * part + 1], loss);
            }
        }
        GRADIENTS.passed(rows, heads, headDim, centred);
    }

    @Test
    void wrongShapesAndOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(4, 24);
            Tensor y = arena.allocate(4, 24);
            Tensor w4 = arena.allocate(4);
            Tensor w5 = arena.allocate(5);
            assertMessage("x: expected at least 4 rows of 36 columns, found shape (4, 24), 4 rows of 24",
                    () -> Teams.run(1, w -> HeadNorm.forward(y, x, w4, w4, w4, w4, EPSILON, 3, 4, w)));
            assertMessage("keyWeight: expected 1 rows of 4 columns, found shape (5), 1 rows of 5",
                    () -> Teams.run(1, w -> HeadNorm.forward(y, x, w4, w4, w5, w4, EPSILON, 2, 4, w)));
            assertMessage("queryBias and keyBias: expected both or neither, found queryBias alone",
                    () -> Teams.run(1, w -> HeadNorm.forward(y, x, w4, w4, w4, null, EPSILON, 2, 4, w)));
            assertMessage("dqueryBias and dkeyBias: expected both or neither, found dkeyBias alone",
                    () -> Teams.run(1, w -> HeadNorm.backward(y, w4, null, w4, w4, y, x, w4, w4, EPSILON, 2, 4, w)));
            assertMessage("rows: expected 0 to 4, found 5",
                    () -> Teams.run(1, w -> HeadNorm.forward(y, x, w4, w4, w4, w4, EPSILON, 2, 5, w)));
            assertMessage("y and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> HeadNorm.forward(x.rows(1, 3), x.rows(0, 2), w4, w4, w4, w4, EPSILON, 2, 2, w)));
            assertMessage("dx and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> HeadNorm.backward(x, w4, w4, w4, w4, y, x, w4, w4, EPSILON, 2, 4, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
