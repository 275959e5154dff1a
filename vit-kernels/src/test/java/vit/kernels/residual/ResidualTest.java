package vit.kernels.residual;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
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
 * The residual addition with and without LayerScale, forward and backward, against the scalar reference within derived bounds. The gradients
 * of the reference are compared with central differences.
 */
class ResidualTest {

    private static final Comparison GAMMA = new Comparison("residual dgamma");
    private static final GradientCheck GRADIENTS = new GradientCheck("residual");
    private static final GradientCheck GRADIENTS_SCALED = new GradientCheck("residual with LayerScale");

    @AfterContainer
    static void printWorstErrors() {
        GAMMA.print();
        GRADIENTS.print();
        GRADIENTS_SCALED.print();
    }

    private static Tensor filled(TensorArena arena, int gap, Random random, boolean special, int... dimensions) {
        GuardedTensor tensor = GuardedTensor.of(arena, gap, gap, dimensions);
        return (special ? tensor.special(random) : tensor.random(random, 2)).tensor();
    }

    @Property(tries = 150)
    void addEqualsTheRoundedReference(
            @ForAll @IntRange(min = 1, max = 12) int rows, @ForAll @IntRange(min = 1, max = 70) int columns,
            @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll boolean special, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = filled(arena, gap, random, special, rows + 1, columns);
            Tensor branch = filled(arena, 1, random, special, rows, columns);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor y = GuardedTensor.of(arena, 2, gap, rows, columns);
                Teams.run(threads, w -> Residual.add(y.tensor(), x, branch, rows, w));
                y.assertGuardsIntact("y");
                return y.tensor().toArray();
            });
            double[] expected = new double[rows * columns];
            ResidualReference.add(expected, Doubles.read(x, rows), Doubles.read(branch));
            for (int i = 0; i < expected.length; i++) {
                assertEquals((float) expected[i], actual[i], "element " + i);
            }
        }
    }

    @Property(tries = 150)
    void addScaledIsOneFmaAnElement(
            @ForAll @IntRange(min = 1, max = 12) int rows, @ForAll @IntRange(min = 1, max = 70) int columns,
            @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll boolean special, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = filled(arena, gap, random, special, rows, columns);
            Tensor branch = filled(arena, 1, random, special, rows, columns);
            Tensor gamma = filled(arena, 3, random, special, columns);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor y = GuardedTensor.of(arena, 2, gap, rows, columns);
                Teams.run(threads, w -> Residual.addScaled(y.tensor(), x, branch, gamma, rows, w));
                y.assertGuardsIntact("y");
                return y.tensor().toArray();
            });
            double[] reference = new double[rows * columns];
            ResidualReference.addScaled(reference, Doubles.read(x), Doubles.read(branch), Doubles.read(gamma));
            for (int i = 0; i < actual.length; i++) {
                int r = i / columns;
                int c = i % columns;
                assertEquals(Math.fma(gamma.get(0, c), branch.get(r, c), x.get(r, c)), actual[i], "element " + i);
                // double holds the product exactly but rounds the sum once more, so the results are at most one float apart
                float rounded = (float) reference[i];
                assertTrue(Float.isNaN(rounded) ? Float.isNaN(actual[i])
                        : rounded == actual[i] || Math.nextUp(rounded) == actual[i] || Math.nextDown(rounded) == actual[i]);
            }
        }
    }

    @Property(tries = 60)
    void addWorksInPlace(@ForAll @IntRange(min = 1, max = 40) int columns, @ForAll boolean intoBranch, @ForAll Random random) {
        int rows = 5;
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = filled(arena, 2, random, false, rows, columns);
            Tensor branch = filled(arena, 1, random, false, rows, columns);
            Tensor y = arena.allocate(rows, columns);
            Teams.run(3, w -> {
                Residual.add(y, x, branch, rows, w);
                w.barrier();
                Residual.add(intoBranch ? branch : x, x, branch, rows, w);
            });
            Teams.assertSameBits(y.toArray(), (intoBranch ? branch : x).toArray(), "in place");
        }
    }

    @Property(tries = 150)
    void backwardIsWithinTheBoundOfAnFmaChain(
            @ForAll @IntRange(min = 1, max = 40) int rows, @ForAll @IntRange(min = 1, max = 150) int columns,
            @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor dy = filled(arena, gap, random, false, rows, columns);
            Tensor branch = filled(arena, 1, random, false, rows, columns);
            Tensor gamma = filled(arena, 3, random, false, columns);
            Tensor dgamma0 = filled(arena, 0, random, false, columns);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> {
                GuardedTensor dbranch = GuardedTensor.of(arena, 2, gap, rows, columns);
                GuardedTensor dgamma = GuardedTensor.of(arena, 1, gap, columns);
                dgamma.tensor().copyFrom(dgamma0.toArray());
                Teams.run(threads, w -> Residual.addScaledBackward(
                        dbranch.tensor(), dgamma.tensor(), dy, branch, gamma, rows, w));
                dbranch.assertGuardsIntact("dbranch");
                dgamma.assertGuardsIntact("dgamma");
                float[] both = Arrays.copyOf(dbranch.tensor().toArray(), (rows + 1) * columns);
                System.arraycopy(dgamma.tensor().toArray(), 0, both, rows * columns, columns);
                return both;
            });
            double[] dbranch = new double[rows * columns];
            double[] dgamma = Doubles.read(dgamma0);
            ResidualReference.addScaledBackward(dbranch, dgamma, Doubles.read(dy), Doubles.read(branch), Doubles.read(gamma));
            for (int i = 0; i < dbranch.length; i++) {
                assertEquals((float) dbranch[i], actual[i], "dbranch " + i);
            }
            for (int c = 0; c < columns; c++) {
                double magnitude = Math.abs(dgamma0.get(0, c));
                for (int r = 0; r < rows; r++) {
                    magnitude += Math.abs((double) dy.get(r, c) * branch.get(r, c));
                }
                // γ_n Σ|terms|, n roundings of 2^-24 each (Higham, Accuracy and Stability, lemma 3.1)
                double u = rows * 0x1p-24;
                GAMMA.add(c, dgamma[c], actual[rows * columns + c], u / (1 - u) * magnitude);
            }
        }
    }

    @Property(tries = 40)
    void backwardWorksInPlaceAndMicroBatchesGiveTheBitsOfTheWhole(
            @ForAll @IntRange(min = 1, max = 90) int columns, @ForAll Random random) {
        int rows = 9;
        try (TensorArena arena = TensorArena.open()) {
            Tensor dy = filled(arena, 0, random, false, rows, columns);
            Tensor branch = filled(arena, 0, random, false, rows, columns);
            Tensor gamma = filled(arena, 0, random, false, columns);
            Tensor dbranch = arena.allocate(rows, columns);
            Tensor whole = arena.allocate(columns);
            Tensor parts = arena.allocate(columns);
            Tensor head = dy.rows(0, 4);
            Tensor tail = dy.rows(4, rows);
            Tensor branchTail = branch.rows(4, rows);
            Teams.run(2, w -> {
                Residual.addScaledBackward(dbranch, whole, dy, branch, gamma, rows, w);
                w.barrier();
                Residual.addScaledBackward(head, parts, head, branch, gamma, 4, w);
                w.barrier();
                Residual.addScaledBackward(tail, parts, tail, branchTail, gamma, 5, w);
            });
            Teams.assertSameBits(whole.toArray(), parts.toArray(), "dgamma");
            Teams.assertSameBits(dbranch.toArray(), dy.toArray(), "dbranch in place");
        }
    }

    @Property(tries = 100)
    void referenceGradientsMatchCentralDifferences(
            @ForAll @IntRange(min = 1, max = 6) int rows, @ForAll @IntRange(min = 1, max = 9) int columns, @ForAll Random random) {
        double[] x = Gradients.random(random, rows * columns);
        double[] branch = Gradients.random(random, rows * columns);
        double[] gamma = Gradients.random(random, columns);
        double[] weights = Gradients.random(random, rows * columns);
        double[] out = new double[rows * columns];
        double[] dbranch = new double[rows * columns];
        double[] dgamma = new double[columns];
        GRADIENTS_SCALED.backward(
                () -> ResidualReference.addScaledBackward(dbranch, dgamma, weights, branch, gamma), dbranch, dgamma);
        DoubleSupplier loss = () -> {
            ResidualReference.addScaled(out, x, branch, gamma);
            return Gradients.dot(weights, out);
        };
        GRADIENTS_SCALED.gradient("dx", x, weights, loss);
        GRADIENTS_SCALED.gradient("dbranch", branch, dbranch, loss);
        GRADIENTS_SCALED.gradient("dgamma", gamma, dgamma, loss);
        GRADIENTS_SCALED.passed(rows, columns);
        DoubleSupplier sum = () -> {
            ResidualReference.add(out, x, branch);
            return Gradients.dot(weights, out);
        };
        GRADIENTS.gradient("dx", x, weights, sum);
        GRADIENTS.gradient("dbranch", branch, weights, sum);
        GRADIENTS.passed(rows, columns);
    }

    @Test
    void wrongShapesAndPartialOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(4, 6);
            Tensor narrow = arena.allocate(4, 5);
            assertMessage("branch: expected at least 4 rows of 6 columns, found shape (4, 5), 4 rows of 5",
                    () -> Teams.run(1, w -> Residual.add(x, x, narrow, 4, w)));
            assertMessage("rows: expected 0 to 4, found 5", () -> Teams.run(1, w -> Residual.add(x, x, x, 5, w)));
            assertMessage("y and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> Residual.add(x.rows(1, 3), x.rows(0, 2), arena.allocate(2, 6), 2, w)));
            assertMessage("gamma: expected 1 rows of 6 columns, found shape (5), 1 rows of 5",
                    () -> Teams.run(1, w -> Residual.addScaled(x, x, x, arena.allocate(5), 4, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
