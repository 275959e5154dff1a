package vit.kernels.swiglu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
import vit.kernels.verify.catalogue.SwiGluTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/**
 * SwiGLU, forward and backward, against the scalar reference within derived bounds. Vectors and scalars give the same bits. The gradient of
 * the reference is compared with central differences.
 */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class SwiGluTest {

    private static final Comparison FORWARD = new Comparison("swiglu forward");
    private static final Comparison BACKWARD_A = new Comparison("swiglu da");
    private static final Comparison BACKWARD_B = new Comparison("swiglu db");
    private static final GradientCheck GRADIENTS = new GradientCheck("swiglu");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        BACKWARD_A.print();
        BACKWARD_B.print();
        GRADIENTS.print();
    }

    /** The layout of the input that belongs to an output of this layout. */
    private static Layout wide(Layout layout) {
        return new Layout(layout.rows(), 2 * layout.columns(), (layout.offset() + 7) % 16, layout.gap() + 1);
    }

    /** [a | b]. */
    private static Tensor input(TensorArena arena, Layout layout, Tensor a, Tensor b) {
        Tensor in = wide(layout).matrix(arena).tensor();
        for (int row = 0; row < layout.rows(); row++) {
            for (int column = 0; column < layout.columns(); column++) {
                in.set(row, column, a.get(row, column));
                in.set(row, layout.columns() + column, b.get(row, column));
            }
        }
        return in;
    }

    private static Tensor filled(TensorArena arena, Layout layout, Values values, Random random) {
        return values.fill(layout.matrix(arena).tensor(), random);
    }

    private static Tensor special(TensorArena arena, Layout layout, Random random) {
        return layout.matrix(arena).special(random).tensor();
    }

    private static float[] forward(TensorArena arena, Layout layout, Tensor in) {
        int rows = layout.rows();
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor out = layout.matrix(arena);
            Teams.run(threads, w -> SwiGlu.forward(out.tensor(), in, rows, w));
            out.assertGuardsIntact("out");
            assertPackedTheSame(arena, out.tensor(), in, threads);
            return out.tensor().toArray();
        });
    }

    private static void assertPackedTheSame(TensorArena arena, Tensor out, Tensor in, int threads) {
        PackedRows packed = PackedRows.allocate(arena, out.rows() + 1, out.columns());
        Teams.run(threads, w -> SwiGlu.forward(packed, in, out.rows(), w));
        assertArrayEquals(Doubles.read(out), packed.read(out.rows()), "packed");
    }

    private static void checkForward(TensorArena arena, Layout layout, Tensor in) {
        float[] result = forward(arena, layout, in);
        double[] input = Doubles.read(in);
        double[] expected = new double[result.length];
        SwiGluReference.forward(expected, input, layout.rows());
        int columns = layout.columns();
        for (int i = 0; i < expected.length; i++) {
            double b = input[i / columns * 2 * columns + columns + i % columns];
            FORWARD.add(i, SwiGluTruth.toRange(expected[i]), result[i], SwiGluTruth.bound(b, expected[i]));
        }
    }

    @Property
    void forwardMatchesReference(@ForAll Layout layout, @ForAll Values a, @ForAll Values b, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            checkForward(arena, layout, input(arena, layout, filled(arena, layout, a, random), filled(arena, layout, b, random)));
        }
    }

    @Property
    void forwardOfInfinitiesAndNanMatchesReference(@ForAll Layout layout, @ForAll boolean inGate, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor special = special(arena, layout, random);
            Tensor ordinary = filled(arena, layout, Values.ORDINARY, random);
            checkForward(arena, layout, inGate ? input(arena, layout, special, ordinary) : input(arena, layout, ordinary, special));
        }
    }

    /** Rows longer than a block of packed rows. */
    @Test
    void longRowsArePackedTheSame() {
        int columns = 2 * Panels.ROW + 13;
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = Values.SPREAD.fill(arena.allocate(8, 2 * columns), new Random(3));
            Tensor out = arena.allocate(8, columns);
            Teams.run(1, w -> SwiGlu.forward(out, in, 8, w));
            assertPackedTheSame(arena, out, in, 2);
        }
    }

    private static void checkBackward(TensorArena arena, Layout layout, Tensor dout, Tensor in) {
        int rows = layout.rows();
        int columns = layout.columns();
        float[] result = Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor din = wide(layout).matrix(arena);
            Teams.run(threads, w -> SwiGlu.backward(din.tensor(), dout, in, rows, w));
            din.assertGuardsIntact("din");
            return din.tensor().toArray();
        });
        double[] input = Doubles.read(in);
        double[] upstream = Doubles.read(dout);
        double[] expected = new double[input.length];
        SwiGluReference.backward(expected, upstream, input, rows);
        for (int i = 0; i < upstream.length; i++) {
            int a = i / columns * 2 * columns + i % columns;
            double product = upstream[i] * input[a + columns]; // rounded first, so it may overflow where da would not
            double da = Math.abs(product) > Float.MAX_VALUE ? Math.copySign(Double.POSITIVE_INFINITY, expected[a]) : expected[a];
            BACKWARD_A.add(a, SwiGluTruth.toRange(da), result[a], SwiGluTruth.slopeBound(product, input[a], expected[a]));
            BACKWARD_B.add(a + columns, SwiGluTruth.toRange(expected[a + columns]), result[a + columns], SwiGluTruth.bound(upstream[i], expected[a + columns]));
        }
    }

    @Property
    void backwardMatchesReference(@ForAll Layout layout, @ForAll Values a, @ForAll Values b, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = input(arena, layout, filled(arena, layout, a, random), filled(arena, layout, b, random));
            checkBackward(arena, layout, filled(arena, layout, Values.ORDINARY, random), in);
        }
    }

    @Property
    void backwardOfInfinitiesAndNanMatchesReference(@ForAll Layout layout, @ForAll @IntRange(max = 2) int which, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor[] three = new Tensor[3]; // a, b and the upstream gradient
            for (int i = 0; i < three.length; i++) {
                three[i] = i == which ? special(arena, layout, random) : filled(arena, layout, Values.ORDINARY, random);
            }
            checkBackward(arena, layout, three[2], input(arena, layout, three[0], three[1]));
        }
    }

    @Property
    void backwardWorksInPlace(@ForAll Layout layout, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = filled(arena, wide(layout), Values.SPREAD, random);
            Tensor dout = filled(arena, layout, Values.ORDINARY, random);
            Tensor apart = wide(layout).matrix(arena).tensor();
            Teams.run(2, w -> SwiGlu.backward(apart, dout, in, layout.rows(), w));
            Teams.run(3, w -> SwiGlu.backward(in, dout, in, layout.rows(), w));
            Teams.assertSameBits(apart.toArray(), in.toArray(), "din in place");
        }
    }

    @Property(tries = 100)
    void referenceGradientMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 4) int rows, @ForAll @IntRange(min = 1, max = 20) int columns, @ForAll long seed) {
        Random random = new Random(seed);
        double[] in = random.doubles(rows * 2 * columns, -4, 4).toArray();
        double[] upstream = Gradients.random(random, rows * columns);
        double[] out = new double[rows * columns];
        double[] din = new double[in.length];
        GRADIENTS.backward(() -> SwiGluReference.backward(din, upstream, in, rows), din);
        DoubleSupplier loss = () -> {
            SwiGluReference.forward(out, in, rows);
            return Gradients.dot(upstream, out);
        };
        GRADIENTS.gradient("din", in, din, loss);
        GRADIENTS.passed(rows, columns);
    }

    /** A result must not depend on whether its element lies in a vector or in the tail. */
    @Test
    void vectorsAndScalarsGiveTheSameBits() {
        int n = Simd.LANES;
        Random random = new Random(5);
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = arena.allocate(1, 2 * n);
            Tensor dout = arena.allocate(1, n).fill(0.7f);
            Tensor out = arena.allocate(1, n);
            Tensor din = arena.allocate(1, 2 * n);
            Tensor oneIn = arena.allocate(1, 2);
            Tensor oneOut = arena.allocate(1, 1);
            Tensor oneDin = arena.allocate(1, 2);
            Tensor oneDout = arena.allocate(1, 1).fill(0.7f);
            for (long bits = 0; bits < 1L << 32; bits += 300_007L * n) {
                for (int lane = 0; lane < n; lane++) {
                    in.set(0, lane, Float.intBitsToFloat((int) (bits + 300_007L * lane)));
                    in.set(0, n + lane, (float) random.nextGaussian());
                }
                Teams.run(1, w -> SwiGlu.forward(out, in, 1, w));
                Teams.run(1, w -> SwiGlu.backward(din, dout, in, 1, w));
                for (int lane = 0; lane < n; lane++) {
                    oneIn.set(0, 0, in.get(0, lane));
                    oneIn.set(0, 1, in.get(0, n + lane));
                    Teams.run(1, w -> SwiGlu.forward(oneOut, oneIn, 1, w));
                    Teams.run(1, w -> SwiGlu.backward(oneDin, oneDout, oneIn, 1, w));
                    Teams.assertSameBits(new float[] {out.get(0, lane), din.get(0, lane), din.get(0, n + lane)},
                            new float[] {oneOut.get(0, 0), oneDin.get(0, 0), oneDin.get(0, 1)}, "a = " + in.get(0, lane));
                }
            }
        }
    }

    @Test
    void edgesAreAsStated() {
        float[] a = {Float.NEGATIVE_INFINITY, -87.337f, -0f, 0f, Float.POSITIVE_INFINITY, Float.MAX_VALUE};
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = arena.allocate(1, 2 * a.length).fill(1);
            for (int i = 0; i < a.length; i++) {
                in.set(0, i, a[i]);
            }
            Tensor out = arena.allocate(1, a.length);
            Tensor din = arena.allocate(1, 2 * a.length);
            Tensor dout = arena.allocate(1, a.length).fill(1);
            Teams.run(1, w -> SwiGlu.forward(out, in, 1, w));
            Teams.run(1, w -> SwiGlu.backward(din, dout, in, 1, w));
            Teams.assertSameBits(new float[] {0f, 0f, -0f, 0f, Float.POSITIVE_INFINITY, Float.MAX_VALUE}, out.toArray(), "silu");
            Teams.assertSameBits(new float[] {0f, 0f, 0.5f, 0.5f, 1f, 1f}, java.util.Arrays.copyOf(din.toArray(), a.length), "slope");
        }
    }

    @Test
    void emptyRowsAreLeftAlone() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor empty = arena.allocate(3, 0);
            Teams.run(2, w -> SwiGlu.forward(empty, arena.allocate(3, 0), 3, w));
            Teams.run(2, w -> SwiGlu.forward(PackedRows.allocate(arena, 3, 0), empty, 3, w));
            Tensor out = arena.allocate(3, 4).fill(1);
            Teams.run(2, w -> SwiGlu.forward(out, arena.allocate(3, 8), 0, w));
            assertEquals(1f, out.get(0, 0));
        }
    }

    @Test
    void wrongShapesAndOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor in = arena.allocate(4, 12);
            Tensor out = arena.allocate(4, 6);
            assertMessage("in: expected at least 4 rows of 10 columns, found shape (4, 12), 4 rows of 12",
                    () -> Teams.run(1, w -> SwiGlu.forward(arena.allocate(4, 5), in, 4, w)));
            assertMessage("in: expected at least 4 rows of 10 columns, found shape (4, 12), 4 rows of 12",
                    () -> Teams.run(1, w -> SwiGlu.forward(PackedRows.allocate(arena, 4, 5), in, 4, w)));
            assertMessage("rows: expected 0 to 4, found 5", () -> Teams.run(1, w -> SwiGlu.forward(out, in, 5, w)));
            assertMessage("din: expected at least 4 rows of 12 columns, found shape (4, 6), 4 rows of 6",
                    () -> Teams.run(1, w -> SwiGlu.backward(arena.allocate(4, 6), out, in, 4, w)));
            assertMessage("din and in: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> SwiGlu.backward(in.rows(1, 4), arena.allocate(3, 6), in.rows(0, 3), 3, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
