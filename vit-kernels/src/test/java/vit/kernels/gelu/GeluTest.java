package vit.kernels.gelu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.DoubleUnaryOperator;
import jdk.incubator.vector.FloatVector;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.simd.ErfReference;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Teams;
import vit.kernels.verify.Values;
import vit.kernels.verify.catalogue.GeluTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/**
 * Both forms of GELU, forward and backward, against the scalar reference within derived bounds; the exact form also against its stated worst
 * error. Vectors and scalars give the same bits. The gradients of the reference are compared with central differences.
 */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class GeluTest {

    /** Half an ulp as a relative error: the most that one rounding can cost. */
    private static final double U = 0x1p-24;

    private static final Comparison FORWARD = new Comparison("gelu forward");
    private static final Comparison BACKWARD = new Comparison("gelu backward");
    private static final Comparison REFLECTION = new Comparison("gelu(x) - gelu(-x)");
    private static final Map<GeluKind, GradientCheck> GRADIENTS = new EnumMap<>(Map.of(GeluKind.ERF, new GradientCheck("gelu, exact"),
            GeluKind.TANH, new GradientCheck("gelu, tanh"), GeluKind.QUICK, new GradientCheck("gelu, quick")));

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        BACKWARD.print();
        REFLECTION.print();
        GRADIENTS.values().forEach(GradientCheck::print);
    }

    @Property
    void forwardMatchesReference(
            @ForAll Layout layout, @ForAll Values values, @ForAll GeluKind kind, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = values.fill(layout.matrix(arena).tensor(), random);
            float[] result = forward(arena, layout, x, kind);
            double[] input = Doubles.read(x);
            double[] expected = new double[input.length];
            GeluReference.forward(expected, input, kind);
            FORWARD.addAll(expected, result, i -> GeluTruth.forwardBound(input[i], expected[i], kind));
        }
    }

    @Property
    void forwardOfInfinitiesAndNanMatchesReference(@ForAll Layout layout, @ForAll GeluKind kind, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = layout.matrix(arena).special(new Random(seed)).tensor();
            float[] result = forward(arena, layout, x, kind);
            double[] input = Doubles.read(x);
            double[] expected = new double[input.length];
            GeluReference.forward(expected, input, kind);
            FORWARD.addAll(expected, result, i -> GeluTruth.forwardBound(input[i], expected[i], kind));
        }
    }

    private static float[] forward(TensorArena arena, Layout layout, Tensor x, GeluKind kind) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor y = layout.matrix(arena);
            Teams.run(threads, w -> Gelu.forward(y.tensor(), x, kind, layout.rows(), w));
            y.assertGuardsIntact("y");
            return y.tensor().toArray();
        });
    }

    @Property
    void backwardMatchesReference(
            @ForAll Layout layout, @ForAll Values values, @ForAll GeluKind kind, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = values.fill(layout.matrix(arena).tensor(), random);
            Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            checkBackward(arena, layout, dy, x, kind);
        }
    }

    @Property
    void backwardOfInfinitiesAndNanMatchesReference(@ForAll Layout layout, @ForAll GeluKind kind, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = layout.matrix(arena).special(random).tensor();
            Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            checkBackward(arena, layout, dy, x, kind);
        }
    }

    private static void checkBackward(TensorArena arena, Layout layout, Tensor dy, Tensor x, GeluKind kind) {
        float[] result = Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor dx = layout.matrix(arena);
            Teams.run(threads, w -> Gelu.backward(dx.tensor(), dy, x, kind, layout.rows(), w));
            dx.assertGuardsIntact("dx");
            return dx.tensor().toArray();
        });
        double[] input = Doubles.read(x);
        double[] upstream = Doubles.read(dy);
        double[] expected = new double[input.length];
        GeluReference.backward(expected, upstream, input, kind);
        BACKWARD.addAll(expected, result, i -> GeluTruth.backwardBound(upstream[i], input[i], kind));
    }

    @Property
    void geluOfXLessGeluOfMinusXIsX(@ForAll Layout layout, @ForAll GeluKind kind, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = Values.SPREAD.fill(layout.matrix(arena).tensor(), new Random(seed));
            Tensor minus = layout.matrix(arena).tensor();
            for (int i = 0; i < layout.rows() * layout.columns(); i++) {
                minus.set(i / layout.columns(), i % layout.columns(), -x.get(i / layout.columns(), i % layout.columns()));
            }
            float[] left = forward(arena, layout, x, kind);
            float[] right = forward(arena, layout, minus, kind);
            double[] input = Doubles.read(x);
            for (int i = 0; i < input.length; i++) {
                // One rounding of the greater result for the exact form; a quotient for each result of the other forms.
                double bound = (kind == GeluKind.ERF ? 1 : 3) * U * Math.abs(input[i]) + Float.MIN_VALUE;
                REFLECTION.add(i, input[i], (float) ((double) left[i] - right[i]), bound + U * Math.abs(input[i]));
            }
        }
    }

    @Property
    void worksInPlace(@ForAll Layout layout, @ForAll GeluKind kind, @ForAll boolean intoX, @ForAll long seed) {
        Random random = new Random(seed);
        int rows = layout.rows();
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = Values.SPREAD.fill(layout.matrix(arena).tensor(), random);
            Tensor dy = Values.ORDINARY.fill(layout.matrix(arena).tensor(), random);
            Tensor apart = layout.matrix(arena).tensor();
            Tensor dxApart = layout.matrix(arena).tensor();
            Teams.run(2, w -> {
                Gelu.forward(apart, x, kind, rows, w);
                Gelu.backward(dxApart, dy, x, kind, rows, w);
            });
            Tensor dx = intoX ? x : dy;
            Tensor y = intoX ? layout.matrix(arena).tensor().copyFrom(x.toArray()) : x;
            Teams.run(2, w -> {
                Gelu.backward(dx, dy, x, kind, rows, w);
                w.barrier();
                Gelu.forward(y, y, kind, rows, w);
            });
            Teams.assertSameBits(apart.toArray(), y.toArray(), "y in place");
            Teams.assertSameBits(dxApart.toArray(), dx.toArray(), "dx in place");
        }
    }

    @Property(tries = 150)
    void referenceGradientMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 90) int n, @ForAll GeluKind kind, @ForAll long seed) {
        GradientCheck check = GRADIENTS.get(kind);
        Random random = new Random(seed);
        double[] x = random.doubles(n, -6, 6).toArray();
        double[] weights = Gradients.random(random, n);
        double[] y = new double[n];
        double[] dx = new double[n];
        check.backward(() -> GeluReference.backward(dx, weights, x, kind), dx);
        DoubleSupplier loss = () -> {
            GeluReference.forward(y, x, kind);
            return Gradients.dot(weights, y);
        };
        check.gradient("dx", x, dx, loss);
        check.passed(n);
    }

    /** A result must not depend on whether its element lies in a vector or in the tail. */
    @Test
    void vectorsAndScalarsGiveTheSameBits() {
        float[] inputs = new float[Simd.LANES];
        for (long bits = 0; bits < 1L << 32; bits += 20_011L * Simd.LANES) {
            for (int lane = 0; lane < Simd.LANES; lane++) {
                inputs[lane] = Float.intBitsToFloat((int) (bits + 20_011L * lane));
            }
            FloatVector x = FloatVector.fromArray(Simd.SPECIES, inputs, 0);
            assertSameBits(inputs, GeluErf.of(x), GeluErf::of);
            assertSameBits(inputs, GeluTanh.of(x), GeluTanh::of);
            assertSameBits(inputs, GeluQuick.of(x), GeluQuick::of);
            assertSameBits(inputs, GeluErf.derivative(x), GeluErf::derivative);
            assertSameBits(inputs, GeluTanh.derivative(x), GeluTanh::derivative);
            assertSameBits(inputs, GeluQuick.derivative(x), GeluQuick::derivative);
            for (GeluKind kind : GeluKind.values()) {
                float[] tile = inputs.clone();
                GeluSimd.apply(tile, tile.length, kind);
                Teams.assertSameBits(elements(inputs, kind), tile, kind + " in a tile, from " + inputs[0]);
            }
        }
    }

    private static float[] elements(float[] inputs, GeluKind kind) {
        float[] results = new float[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            results[i] = switch (kind) {
                case ERF -> GeluErf.of(inputs[i]);
                case TANH -> GeluTanh.of(inputs[i]);
                case QUICK -> GeluQuick.of(inputs[i]);
            };
        }
        return results;
    }

    @FunctionalInterface
    private interface Scalar {
        float of(float x);
    }

    private static void assertSameBits(float[] inputs, FloatVector results, Scalar scalar) {
        float[] expected = new float[inputs.length];
        for (int lane = 0; lane < inputs.length; lane++) {
            expected[lane] = scalar.of(inputs[lane]);
        }
        Teams.assertSameBits(expected, results.toArray(), "from " + inputs[0]);
    }

    /** The stated worst errors of the exact and the quick GELU, on both sides of 0 and into the far tail. */
    @Test
    void statedErrorsHoldOverASweep() {
        sweepExactGelu(4_999);
        sweepQuickGelu(4_999);
    }

    @Test
    @Tag("heavy")
    void statedErrorsHoldOverAllFloats() {
        sweepExactGelu(1);
        sweepQuickGelu(1);
    }

    private static void sweepExactGelu(int stride) {
        sweep("exact", stride, -13.14624, 6.2, GeluErf::of, x -> x * 0.5 * ErfReference.erfc(-x / Math.sqrt(2)));
    }

    private static void sweepQuickGelu(int stride) {
        sweep("quick", stride, -51.3140, 3.4, GeluQuick::of, x -> x / (1 + Math.exp(-1.702 * x)));
    }

    private static void sweep(String kind, int stride, double from, double stated, Scalar gelu, DoubleUnaryOperator exact) {
        double worst = 0;
        float worstAt = 0;
        for (long bits = 0; bits < 1L << 32; bits += stride) {
            float x = Float.intBitsToFloat((int) bits);
            double truth = exact.applyAsDouble(x);
            if (Math.abs(truth) >= Float.MIN_NORMAL && Math.abs(truth) <= Float.MAX_VALUE && x > from) {
                double ulps = Math.abs(gelu.of(x) - truth) / Math.ulp((float) truth);
                worstAt = ulps > worst ? x : worstAt;
                worst = Math.max(worst, ulps);
            }
        }
        System.out.printf(Locale.ROOT, "gelu, %s: worst error %.4f ulp at %s, stated %s%n", kind, worst, worstAt, stated);
        assertEquals(0, worst, stated);
    }

    @Test
    void edgesAreAsStated() {
        assertEquals(0f, GeluErf.of(Float.NEGATIVE_INFINITY));
        assertEquals(0f, GeluTanh.of(Float.NEGATIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, GeluErf.of(Float.POSITIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, GeluTanh.of(Float.POSITIVE_INFINITY));
        assertEquals(Float.MAX_VALUE, GeluErf.of(Float.MAX_VALUE));
        assertEquals(-0f, GeluErf.of(-0f));
        assertEquals(-0f, GeluTanh.of(-0f));
        assertEquals(0f, GeluQuick.of(Float.NEGATIVE_INFINITY));
        assertEquals(0f, GeluQuick.of(-51.315f));
        assertEquals(Float.POSITIVE_INFINITY, GeluQuick.of(Float.POSITIVE_INFINITY));
        assertEquals(Float.MAX_VALUE, GeluQuick.of(Float.MAX_VALUE));
        assertEquals(-0f, GeluQuick.of(-0f));
        assertEquals(0.5f, GeluQuick.derivative(0f));
        assertEquals(1f, GeluQuick.derivative(Float.POSITIVE_INFINITY));
        assertEquals(0f, GeluQuick.derivative(Float.NEGATIVE_INFINITY));
        assertEquals(0.5f, GeluErf.derivative(0f));
        assertEquals(1f, GeluErf.derivative(Float.POSITIVE_INFINITY));
        assertEquals(0f, GeluTanh.derivative(Float.NEGATIVE_INFINITY));
    }

    @Test
    void emptyRowsAreLeftAlone() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor empty = arena.allocate(3, 0);
            Teams.run(2, w -> Gelu.forward(empty, empty, GeluKind.ERF, 3, w));
            Tensor x = arena.allocate(3, 4).fill(1);
            Teams.run(2, w -> Gelu.forward(x, x, GeluKind.ERF, 0, w));
            assertEquals(1f, x.get(2, 3));
        }
    }

    @Test
    void wrongShapesAndPartialOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(4, 6);
            assertMessage("y: expected at least 4 rows of 6 columns, found shape (4, 5), 4 rows of 5",
                    () -> Teams.run(1, w -> Gelu.forward(arena.allocate(4, 5), x, GeluKind.ERF, 4, w)));
            assertMessage("rows: expected 0 to 4, found 5",
                    () -> Teams.run(1, w -> Gelu.forward(x, x, GeluKind.ERF, 5, w)));
            assertMessage("y and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> Gelu.forward(x.rows(1, 3), x.rows(0, 2), GeluKind.ERF, 2, w)));
            assertMessage("dx and x: expected separate memory, found an overlap", () -> Teams.run(1,
                    w -> Gelu.backward(x.rows(1, 3), arena.allocate(2, 6), x.rows(0, 2), GeluKind.ERF, 2, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
