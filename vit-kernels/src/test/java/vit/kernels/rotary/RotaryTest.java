package vit.kernels.rotary;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.contract.Doubles;
import vit.kernels.parallel.Worker;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/**
 * Rotary position embedding: every element against a product and an fma, bit for bit; against {@link RotaryReference}; and what it is for, scores that
 * depend on distances alone.
 */
class RotaryTest {

    private static final double U = 0x1p-24;

    private static final Comparison FORWARD = new Comparison("rotary forward");
    private static final Comparison BACKWARD = new Comparison("rotary backward");
    private static final Comparison INVERSE = new Comparison("rotary, there and back");
    private static final Comparison RELATIVE = new Comparison("rotary scores of equal distances");
    private static final GradientCheck GRADIENTS = new GradientCheck("rotary");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        BACKWARD.print();
        INVERSE.print();
        RELATIVE.print();
        GRADIENTS.print();
    }

    /** B images of T tokens, of which the last P have a position, and H heads of D. */
    private record Problem(int batch, int tokens, int positions, int heads, int headDim, RotaryKind kind) {

        static Problem of(int batch, int prefix, int positions, int heads, int half, RotaryKind kind) {
            return new Problem(batch, prefix + positions, positions, heads, 2 * half, kind);
        }

        int rows() {
            return batch * tokens;
        }

        int width() {
            return 3 * heads * headDim;
        }

        /** Whether an element of a row is part of a query or key with a position. */
        boolean isRotated(int row, int column) {
            return row % tokens >= tokens - positions && column < 2 * heads * headDim;
        }

        /** The column of the element that is rotated with this one. */
        int partner(int column) {
            int d = column % headDim;
            int other = kind == RotaryKind.PAIRS ? d ^ 1 : d < headDim / 2 ? d + headDim / 2 : d - headDim / 2;
            return column - d + other;
        }

        int position(int row) {
            return row % tokens - (tokens - positions);
        }
    }

    @FunctionalInterface
    private interface Pass {
        void run(Tensor qkv, Tensor cos, Tensor sin, RotaryKind kind, int batch, int tokens, int heads, Worker w);
    }

    private static float[] run(TensorArena arena, Problem p, Pass pass, float[] input, Tensor cos, Tensor sin, int gap) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor qkv = GuardedTensor.of(arena, gap, gap, p.rows(), p.width());
            qkv.tensor().copyFrom(input);
            Teams.run(threads, w -> pass.run(qkv.tensor(), cos, sin, p.kind, p.batch, p.tokens, p.heads, w));
            qkv.assertGuardsIntact("qkv");
            return qkv.tensor().toArray();
        });
    }

    private static Tensor filled(TensorArena arena, int gap, Random random, boolean special, int... dimensions) {
        GuardedTensor tensor = GuardedTensor.of(arena, gap + 1, gap, dimensions);
        return (special ? tensor.special(random) : tensor.random(random, 2)).tensor();
    }

    /** Tables of arbitrary numbers, in which the two elements that belong together have nothing in common. */
    @Property(tries = 200)
    void everyElementIsOneFmaOfARoundedProduct(@ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 0, max = 3) int prefix,
            @ForAll @IntRange(min = 1, max = 7) int positions, @ForAll @IntRange(min = 1, max = 4) int heads,
            @ForAll @IntRange(min = 1, max = 33) int half, @ForAll RotaryKind kind, @ForAll @IntRange(min = 0, max = 5) int gap,
            @ForAll boolean special, @ForAll Random random) {
        Problem p = Problem.of(batch, prefix, positions, heads, half, kind);
        try (TensorArena arena = TensorArena.open()) {
            float[] x = filled(arena, 0, random, special, p.rows(), p.width()).toArray();
            Tensor cos = filled(arena, gap, random, special, positions, p.headDim);
            Tensor sin = filled(arena, 2 * gap, random, special, positions, p.headDim);
            float[] forward = run(arena, p, Rotary::forward, x, cos, sin, gap);
            float[] backward = run(arena, p, Rotary::backward, x, cos, sin, gap);
            float[] expected = x.clone();
            float[] expectedBackward = x.clone();
            for (int i = 0; i < x.length; i++) {
                int column = i % p.width();
                int row = i / p.width();
                if (p.isRotated(row, column)) {
                    int position = p.position(row);
                    int d = column % p.headDim;
                    int partner = p.partner(column) % p.headDim;
                    float other = x[row * p.width() + p.partner(column)];
                    float turned = other * sin.get(position, d);
                    float turnedBack = other * sin.get(position, partner);
                    expected[i] = Math.fma(x[i], cos.get(position, d), d < partner ? -turned : turned);
                    expectedBackward[i] = Math.fma(x[i], cos.get(position, d), d < partner ? turnedBack : -turnedBack);
                }
            }
            Teams.assertSameBits(expected, forward, "forward");
            Teams.assertSameBits(expectedBackward, backward, "backward");
        }
    }

    @Property(tries = 100)
    void forwardAndBackwardMatchReference(@ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 0, max = 3) int prefix,
            @ForAll @IntRange(min = 1, max = 7) int positions, @ForAll @IntRange(min = 1, max = 4) int heads,
            @ForAll @IntRange(min = 1, max = 33) int half, @ForAll RotaryKind kind, @ForAll @IntRange(min = -60, max = 60) int exponent,
            @ForAll Random random) {
        Problem p = Problem.of(batch, prefix, positions, heads, half, kind);
        try (TensorArena arena = TensorArena.open()) {
            float[] x = GuardedTensor.of(arena, 0, 0, p.rows(), p.width()).random(random, Math.scalb(1.0, exponent)).tensor().toArray();
            Tensor cos = filled(arena, 1, random, false, positions, p.headDim);
            Tensor sin = filled(arena, 2, random, false, positions, p.headDim);
            double[] forward = doubles(x);
            double[] backward = doubles(x);
            RotaryReference.forward(forward, Doubles.read(cos), Doubles.read(sin), kind, batch, p.tokens, heads, p.headDim);
            RotaryReference.backward(backward, Doubles.read(cos), Doubles.read(sin), kind, batch, p.tokens, heads, p.headDim);
            FORWARD.addAll(forward, run(arena, p, Rotary::forward, x, cos, sin, 0), i -> bound(p, x, sin, forward, i, false));
            BACKWARD.addAll(backward, run(arena, p, Rotary::backward, x, cos, sin, 0), i -> bound(p, x, sin, backward, i, true));
        }
    }

    /** The product with the sine is rounded, and then the result: u·|x·sin|·(1 + u) + u·|y|. */
    private static double bound(Problem p, float[] x, Tensor sin, double[] y, int i, boolean backward) {
        int row = i / p.width();
        int column = i % p.width();
        if (!p.isRotated(row, column)) {
            return 0;
        }
        int partner = p.partner(column);
        float factor = sin.get(p.position(row), (backward ? partner : column) % p.headDim);
        double product = Math.abs((double) x[row * p.width() + partner] * factor);
        return U * (product + Math.abs(y[i])) * (1 + 4 * U) + Float.MIN_VALUE;
    }

    private static double[] doubles(float[] values) {
        double[] copy = new double[values.length];
        Arrays.setAll(copy, i -> values[i]);
        return copy;
    }

    /** Both elements that are rotated together have the same angle, as in every model: frequency · position. */
    private static void angles(Problem p, Tensor cos, Tensor sin) {
        for (int position = 0; position < p.positions; position++) {
            for (int d = 0; d < p.headDim; d++) {
                double angle = position * Math.pow(100, -Math.min(d, p.partner(d)) / (double) p.headDim);
                cos.set(position, d, (float) Math.cos(angle));
                sin.set(position, d, (float) Math.sin(angle));
            }
        }
    }

    @Property(tries = 60)
    void backwardUndoesARotation(@ForAll @IntRange(min = 0, max = 2) int prefix, @ForAll @IntRange(min = 1, max = 9) int positions,
            @ForAll @IntRange(min = 1, max = 3) int heads, @ForAll @IntRange(min = 1, max = 33) int half, @ForAll RotaryKind kind,
            @ForAll Random random) {
        Problem p = Problem.of(2, prefix, positions, heads, half, kind);
        try (TensorArena arena = TensorArena.open()) {
            Tensor cos = arena.allocate(positions, p.headDim);
            Tensor sin = arena.allocate(positions, p.headDim);
            angles(p, cos, sin);
            float[] x = filled(arena, 0, random, false, p.rows(), p.width()).toArray();
            float[] back = run(arena, p, Rotary::backward, run(arena, p, Rotary::forward, x, cos, sin, 1), cos, sin, 2);
            // each way, an element is off by u·(2·|x·cos| + 3·|other·sin|): the tables, the product and the result are rounded
            INVERSE.addAll(doubles(x), back, i -> {
                int row = i / p.width();
                double size = Math.abs(x[i]) + Math.abs(x[row * p.width() + p.partner(i % p.width())]);
                return p.isRotated(row, i % p.width()) ? 6 * U * size : 0;
            });
        }
    }

    /** The purpose of the operation: a query and a key that are n positions apart have the same score wherever they stand. */
    @Property(tries = 60)
    void scoresDependOnTheDistanceOfTheirPositions(@ForAll @IntRange(min = 2, max = 9) int positions, @ForAll @IntRange(min = 1, max = 33) int half,
            @ForAll RotaryKind kind, @ForAll Random random) {
        Problem p = Problem.of(1, 0, positions, 1, half, kind);
        try (TensorArena arena = TensorArena.open()) {
            Tensor cos = arena.allocate(positions, p.headDim);
            Tensor sin = arena.allocate(positions, p.headDim);
            angles(p, cos, sin);
            float[] token = filled(arena, 0, random, false, p.width()).toArray();
            float[] x = new float[positions * p.width()];
            for (int position = 0; position < positions; position++) {
                System.arraycopy(token, 0, x, position * token.length, token.length);
            }
            float[] y = run(arena, p, Rotary::forward, x, cos, sin, 0);
            double size = 0; // |q|·|k| of every pair of elements
            for (int d = 0; d < p.headDim; d++) {
                size += Math.hypot(token[d], token[p.partner(d)]) * Math.hypot(token[p.headDim + d], token[p.headDim + p.partner(d)]);
            }
            // with the same errors, each of the two vectors of each of the two scores is off by at most 3·√2·u of its length
            for (int n = 0; n < positions; n++) {
                double first = score(p, y, 0, n);
                for (int i = 1; i + n < positions; i++) {
                    RELATIVE.add(i, first, (float) score(p, y, i, i + n), 18 * U * size + U * Math.abs(first));
                }
            }
        }
    }

    private static double score(Problem p, float[] qkv, int query, int key) {
        double sum = 0;
        for (int d = 0; d < p.headDim; d++) {
            sum += (double) qkv[query * p.width() + d] * qkv[key * p.width() + p.headDim + d];
        }
        return sum;
    }

    /** The kinds differ in the order of the elements alone. */
    @Property(tries = 60)
    void pairsAreHalvesInAnotherOrder(@ForAll @IntRange(min = 1, max = 5) int positions, @ForAll @IntRange(min = 1, max = 3) int heads,
            @ForAll @IntRange(min = 1, max = 33) int half, @ForAll boolean backward, @ForAll Random random) {
        Problem pairs = Problem.of(2, 1, positions, heads, half, RotaryKind.PAIRS);
        Problem halves = Problem.of(2, 1, positions, heads, half, RotaryKind.HALVES);
        Pass pass = backward ? Rotary::backward : Rotary::forward;
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = filled(arena, 0, random, false, pairs.rows(), pairs.width());
            Tensor cos = filled(arena, 0, random, false, positions, pairs.headDim);
            Tensor sin = filled(arena, 0, random, false, positions, pairs.headDim);
            float[] expected = reordered(run(arena, pairs, pass, x.toArray(), cos, sin, 0), half);
            float[] actual = run(arena, halves, pass, reordered(x.toArray(), half), cos.copyFrom(reordered(cos.toArray(), half)),
                    sin.copyFrom(reordered(sin.toArray(), half)), 0);
            Teams.assertSameBits(expected, actual, "halves");
        }
    }

    /** Every head of pairs as halves: the even elements, then the odd ones. */
    private static float[] reordered(float[] x, int half) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            int d = i % (2 * half);
            y[i - d + d / 2 + d % 2 * half] = x[i];
        }
        return y;
    }

    @Property(tries = 60)
    void referenceBackwardIsTheGradientOfForward(@ForAll @IntRange(min = 1, max = 2) int batch, @ForAll @IntRange(min = 0, max = 2) int prefix,
            @ForAll @IntRange(min = 1, max = 3) int positions, @ForAll @IntRange(min = 1, max = 2) int heads,
            @ForAll @IntRange(min = 1, max = 4) int half, @ForAll RotaryKind kind, @ForAll Random random) {
        Problem p = Problem.of(batch, prefix, positions, heads, half, kind);
        double[] x = Gradients.random(random, p.rows() * p.width());
        double[] upstream = Gradients.random(random, x.length);
        double[] cos = Gradients.random(random, positions * p.headDim);
        double[] sin = Gradients.random(random, positions * p.headDim);
        double[] dx = new double[x.length];
        GRADIENTS.backward(() -> {
            System.arraycopy(upstream, 0, dx, 0, dx.length);
            RotaryReference.backward(dx, cos, sin, kind, batch, p.tokens, heads, p.headDim);
        }, dx);
        DoubleSupplier loss = () -> {
            double[] y = x.clone();
            RotaryReference.forward(y, cos, sin, kind, batch, p.tokens, heads, p.headDim);
            return Gradients.dot(upstream, y);
        };
        GRADIENTS.gradient("dqkv", x, dx, loss);
        GRADIENTS.passed(batch, prefix, positions, heads, half, kind);
    }

    @Test
    void wrongShapesAndOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor qkv = arena.allocate(10, 24);
            Tensor cos = arena.allocate(4, 4);
            refused("cos: expected an even number of columns, found shape (4, 3)", qkv, arena.allocate(4, 3), cos, 5, 2);
            refused("rows of cos: expected 0 to 3, found 4", qkv, cos, cos, 3, 2);
            refused("sin: expected 4 rows of 4 columns, found shape (3, 4), 3 rows of 4", qkv, cos, arena.allocate(3, 4), 5, 2);
            refused("qkv: expected at least 10 rows of 36 columns, found shape (10, 24), 10 rows of 24", qkv, cos, cos, 5, 3);
            refused("qkv: expected at least 12 rows of 24 columns, found shape (10, 24), 10 rows of 24", qkv, cos, cos, 6, 2);
            refused("heads: expected 1 to 2147483647, found 0", qkv, cos, cos, 5, 0);
            refused("qkv and cos: expected separate memory, found an overlap", qkv, qkv.rows(0, 1).reshape(6, 4).rows(0, 4), cos, 5, 2);
            Teams.run(1, w -> Rotary.backward(qkv, cos, cos, RotaryKind.PAIRS, 2, 5, 2, w));
            assertEquals("dqkv: expected at least 12 rows of 24 columns, found shape (10, 24), 10 rows of 24",
                    assertThrows(IllegalArgumentException.class,
                            () -> Teams.run(1, w -> Rotary.backward(qkv, cos, cos, RotaryKind.PAIRS, 2, 6, 2, w))).getMessage());
        }
    }

    private static void refused(String expected, Tensor qkv, Tensor cos, Tensor sin, int tokens, int heads) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class,
                () -> Teams.run(1, w -> Rotary.forward(qkv, cos, sin, RotaryKind.HALVES, 2, tokens, heads, w))).getMessage());
    }
}
