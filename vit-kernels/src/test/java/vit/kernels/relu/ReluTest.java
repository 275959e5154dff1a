package vit.kernels.relu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.domains.Domain;
import net.jqwik.api.domains.DomainContext;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Layout;
import vit.kernels.verify.Teams;
import vit.kernels.verify.jqwik.KernelDomain;

/** ReLU against its reference in every bit, with zeros of both signs, infinities and NaN among the inputs. */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class ReluTest {

    private static final GradientCheck GRADIENTS = new GradientCheck("relu");

    @AfterContainer
    static void printWorstErrors() {
        GRADIENTS.print();
    }

    @Property
    void forwardEqualsTheReference(@ForAll Layout layout, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = layout.matrix(arena).special(new Random(seed)).tensor();
            double[] expected = new double[layout.rows() * layout.columns()];
            ReluReference.forward(expected, x.toDoubles());
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor y = layout.matrix(arena);
                Teams.run(threads, w -> Relu.forward(y.tensor(), x, layout.rows(), w));
                y.assertGuardsIntact("y");
                return y.tensor().toArray();
            });
            Teams.assertSameBits(expected, actual, "y");
            Teams.run(2, w -> Relu.forward(x, x, layout.rows(), w));
            Teams.assertSameBits(actual, x.toArray(), "y in place of x");
        }
    }

    /** The sum of two floats that is first rounded to double rounds to the same float, because 53 ≥ 2·24 + 2. */
    @Property
    void forwardSumEqualsTheRoundedReference(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor a = layout.matrix(arena).special(random).tensor();
            Tensor b = layout.matrix(arena).special(random).tensor();
            double[] expected = new double[layout.rows() * layout.columns()];
            ReluReference.forwardSum(expected, a.toDoubles(), b.toDoubles());
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor y = layout.matrix(arena);
                Teams.run(threads, w -> Relu.forwardSum(y.tensor(), a, b, layout.rows(), w));
                y.assertGuardsIntact("y");
                return y.tensor().toArray();
            });
            Teams.assertSameBits(expected, actual, "y");
            Tensor inPlace = layout.matrix(arena).tensor().copyFrom(b.toArray());
            Teams.run(2, w -> Relu.forwardSum(a, a, b, layout.rows(), w));
            Teams.assertSameBits(actual, a.toArray(), "y in place of a");
            Tensor other = layout.matrix(arena).tensor().copyFrom(new float[actual.length]);
            Teams.run(2, w -> Relu.forwardSum(inPlace, other, inPlace, layout.rows(), w));
            ReluReference.forward(expected, b.toDoubles());
            Teams.assertSameBits(expected, inPlace.toArray(), "y in place of b");
        }
    }

    @Property
    void backwardEqualsTheReference(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor dy = layout.matrix(arena).special(random).tensor();
            Tensor y = layout.matrix(arena).special(random).tensor();
            double[] expected = new double[layout.rows() * layout.columns()];
            ReluReference.backward(expected, dy.toDoubles(), y.toDoubles());
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor dx = layout.matrix(arena);
                Teams.run(threads, w -> Relu.backward(dx.tensor(), dy, y, layout.rows(), w));
                dx.assertGuardsIntact("dx");
                return dx.tensor().toArray();
            });
            Teams.assertSameBits(expected, actual, "dx");
            Tensor copy = layout.matrix(arena).tensor().copyFrom(dy.toArray());
            Teams.run(2, w -> Relu.backward(copy, copy, y, layout.rows(), w));
            Teams.assertSameBits(actual, copy.toArray(), "dx in place of dy");
            Teams.run(2, w -> Relu.backward(y, dy, y, layout.rows(), w));
            Teams.assertSameBits(actual, y.toArray(), "dx in place of y");
        }
    }

    /** In a whole vector and in the columns after it, as PyTorch 2 does. */
    @Test
    void nanPassesAndZerosLoseTheirSign() {
        int columns = Simd.LANES + 1;
        try (TensorArena arena = TensorArena.open()) {
            for (int c : new int[] {0, columns - 1}) {
                Tensor x = arena.allocate(1, columns);
                Tensor y = arena.allocate(1, columns);
                x.set(0, c, Float.NaN);
                Teams.run(1, w -> Relu.forward(y, x, 1, w));
                assertEquals(Float.NaN, y.get(0, c));
                x.set(0, c, -0f);
                Teams.run(1, w -> Relu.forward(y, x, 1, w));
                assertEquals(0, Float.floatToRawIntBits(y.get(0, c)));
                Tensor dy = arena.allocate(1, columns).fill(3);
                Tensor dx = arena.allocate(1, columns);
                y.set(0, c, Float.NaN);
                Teams.run(1, w -> Relu.backward(dx, dy, y, 1, w));
                assertEquals(3, dx.get(0, c));
                y.set(0, c, 0);
                dy.set(0, c, Float.NaN);
                Teams.run(1, w -> Relu.backward(dx, dy, y, 1, w));
                assertEquals(0, dx.get(0, c));
            }
        }
    }

    @Property(tries = 40)
    void referenceGradientsMatchCentralDifferences(@ForAll @IntRange(min = 1, max = 60) int n, @ForAll Random random) {
        double[] a = Gradients.random(random, n);
        double[] b = Gradients.random(random, n);
        double[] upstream = Gradients.random(random, n);
        double[] y = new double[n];
        double[] dx = new double[n];
        ReluReference.forward(y, a);
        GRADIENTS.backward(() -> ReluReference.backward(dx, upstream, y), dx);
        GRADIENTS.gradient("dx", a, dx, () -> {
            ReluReference.forward(y, a);
            return Gradients.dot(upstream, y);
        });
        ReluReference.forwardSum(y, a, b);
        ReluReference.backward(dx, upstream, y);
        for (double[] summand : Arrays.asList(a, b)) {
            GRADIENTS.gradient("dx of a sum", summand, dx, () -> {
                ReluReference.forwardSum(y, a, b);
                return Gradients.dot(upstream, y);
            });
        }
        GRADIENTS.passed(n);
    }

    @Test
    void wrongArgumentsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(4, 6);
            Tensor y = arena.allocate(4, 5);
            assertMessage("x: expected at least 4 rows of 5 columns, found shape (4, 6), 4 rows of 6", () -> Teams.run(1, w -> Relu.forward(y, x, 4, w)));
            assertMessage("rows: expected 0 to 4, found 5", () -> Teams.run(1, w -> Relu.forwardSum(x, x, x, 5, w)));
            assertMessage("y and b: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> Relu.forwardSum(x.rows(1, 4), x.rows(1, 4), x.rows(0, 3), 3, w)));
            assertMessage("dx and y: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> Relu.backward(x.rows(1, 4), x.rows(1, 4), x.rows(0, 3), 3, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
