package vit.kernels.standardization;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GradientCheck;
import vit.kernels.verify.Gradients;
import vit.kernels.verify.Teams;
import vit.kernels.verify.Values;
import vit.kernels.verify.catalogue.WeightStandardizationTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/** Weight standardisation against its double reference within derived bounds; the reference's gradients against central differences. */
@Domain(KernelDomain.class)
@Domain(DomainContext.Global.class)
class WeightStandardizationTest {

    private static final double EPSILON = 1e-8;

    private static final Comparison FORWARD = new Comparison("weight standardisation forward");
    private static final Comparison STATISTICS = new Comparison("weight standardisation mean and rstd");
    private static final Comparison BACKWARD = new Comparison("weight standardisation dweight");
    private static final GradientCheck GRADIENTS = new GradientCheck("weight standardisation");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        STATISTICS.print();
        BACKWARD.print();
        GRADIENTS.print();
    }

    private static float[] values(int outputs, int depth, Values values, Random random, TensorArena arena) {
        return values.fill(arena.allocate(outputs, depth), random).toArray();
    }

    private static double[] toDoubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    private static float[] unpacked(PackedMatrix matrix) {
        float[] values = new float[matrix.outputs() * matrix.depth()];
        matrix.unpackRows(values);
        return values;
    }

    /** Packing the elements again must give the same memory, with zeros as padding. */
    private static void assertPaddingIsZero(TensorArena arena, PackedMatrix matrix) {
        PackedMatrix again = PackedMatrix.allocate(arena, matrix.outputs(), matrix.depth()).packRows(unpacked(matrix));
        Teams.assertSameBits(again.elements().toArray(), matrix.elements().toArray(), "elements and padding");
    }

    /** y, then the means, then rstd. */
    private static float[] forward(TensorArena arena, int outputs, int depth, float[] weight) {
        PackedMatrix packed = PackedMatrix.allocate(arena, outputs, depth).packRows(weight);
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            PackedMatrix y = PackedMatrix.allocate(arena, outputs, depth);
            y.packRows(weight.clone());
            Tensor mean = arena.allocate(outputs + 1);
            Tensor rstd = arena.allocate(outputs + 1);
            Teams.run(threads, w -> WeightStandardization.forward(y, mean, rstd, packed, EPSILON, w));
            assertPaddingIsZero(arena, y);
            assertEquals(0, mean.get(0, outputs) + rstd.get(0, outputs), "the elements after the last are not touched");
            float[] all = Arrays.copyOf(unpacked(y), outputs * depth + 2 * outputs);
            System.arraycopy(mean.toArray(), 0, all, outputs * depth, outputs);
            System.arraycopy(rstd.toArray(), 0, all, outputs * depth + outputs, outputs);
            return all;
        });
    }

    @Property
    void forwardIsWithinTheBoundOfTheReference(
            @ForAll @IntRange(min = 1, max = 140) int outputs, @ForAll @IntRange(min = 1, max = 60) int depth, @ForAll Values values, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            float[] weight = values(outputs, depth, values, new Random(seed), arena);
            float[] actual = forward(arena, outputs, depth, weight);
            WeightStandardizationTruth truth = new WeightStandardizationTruth(toDoubles(weight), EPSILON, outputs, depth);
            for (int n = 0; n < outputs; n++) {
                STATISTICS.add(n, truth.mean[n], actual[weight.length + n], truth.meanBound(n));
                STATISTICS.add(n, truth.rstd[n], actual[weight.length + outputs + n], truth.rstdBound(n));
            }
            FORWARD.addAll(truth.y, Arrays.copyOf(actual, weight.length), truth::yBound);
        }
    }

    @Property(tries = 50)
    void inPlaceAndWithoutStatisticsGivesTheSameBits(
            @ForAll @IntRange(min = 1, max = 140) int outputs, @ForAll @IntRange(min = 1, max = 60) int depth, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            float[] weight = values(outputs, depth, Values.ORDINARY, new Random(seed), arena);
            float[] expected = Arrays.copyOf(forward(arena, outputs, depth, weight), weight.length);
            PackedMatrix packed = PackedMatrix.allocate(arena, outputs, depth).packRows(weight);
            Teams.run(3, w -> WeightStandardization.forward(packed, null, null, packed, EPSILON, w));
            Teams.assertSameBits(expected, unpacked(packed), "y in place of the weight");
        }
    }

    @Property(tries = 50)
    void equalWeightsBecomeZero(@ForAll @IntRange(min = 1, max = 40) int outputs, @ForAll @IntRange(min = 1, max = 60) int depth, @ForAll long seed) {
        try (TensorArena arena = TensorArena.open()) {
            float[] weight = values(outputs, depth, Values.EQUAL, new Random(seed), arena);
            float[] actual = forward(arena, outputs, depth, weight);
            for (int i = 0; i < weight.length; i++) {
                assertEquals(0, actual[i], "y " + i);
            }
        }
    }

    private static float[] backward(TensorArena arena, int outputs, int depth, float[] start, float[] dy, float[] weight, Tensor mean, Tensor rstd) {
        PackedMatrix packed = PackedMatrix.allocate(arena, outputs, depth).packRows(weight);
        PackedMatrix upstream = PackedMatrix.allocate(arena, outputs, depth).packRows(dy);
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            PackedMatrix dweight = PackedMatrix.allocate(arena, outputs, depth).packRows(start);
            Teams.run(threads, w -> WeightStandardization.backward(dweight, upstream, packed, mean, rstd, w));
            assertPaddingIsZero(arena, dweight);
            return unpacked(dweight);
        });
    }

    @Property
    void backwardIsWithinTheBoundOfTheReference(
            @ForAll @IntRange(min = 1, max = 140) int outputs, @ForAll @IntRange(min = 1, max = 60) int depth, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            float[] weight = values(outputs, depth, values, random, arena);
            float[] dy = values(outputs, depth, Values.ORDINARY, random, arena);
            float[] start = values(outputs, depth, Values.ORDINARY, random, arena);
            float[] forward = forward(arena, outputs, depth, weight);
            Tensor mean = arena.allocate(outputs).copyFrom(Arrays.copyOfRange(forward, weight.length, weight.length + outputs));
            Tensor rstd = arena.allocate(outputs).copyFrom(Arrays.copyOfRange(forward, weight.length + outputs, forward.length));
            float[] actual = backward(arena, outputs, depth, start, dy, weight, mean, rstd);
            double[] means = Doubles.read(mean);
            double[] roots = Doubles.read(rstd);
            double[] expected = toDoubles(start);
            WeightStandardizationReference.backward(expected, toDoubles(dy), toDoubles(weight), means, roots, outputs, depth);
            double[] bounds = WeightStandardizationTruth.backwardBounds(expected, toDoubles(start), toDoubles(dy), toDoubles(weight), means, roots, depth);
            BACKWARD.addAll(expected, actual, i -> bounds[i]);
        }
    }

    @Property(tries = 80)
    void referenceGradientsMatchCentralDifferences(
            @ForAll @IntRange(min = 1, max = 5) int outputs, @ForAll @IntRange(min = 1, max = 9) int depth, @ForAll Random random) {
        int n = outputs * depth;
        double[] weight = Gradients.random(random, n);
        double[] upstream = Gradients.random(random, n);
        double[] y = new double[n];
        double[] mean = new double[outputs];
        double[] rstd = new double[outputs];
        double epsilon = 1e-2; // two close weights would make the function too steep for the step
        WeightStandardizationReference.forward(y, mean, rstd, weight, epsilon, outputs, depth);
        double[] dweight = new double[n];
        GRADIENTS.backward(() -> WeightStandardizationReference.backward(dweight, upstream, weight, mean, rstd, outputs, depth), dweight);
        DoubleSupplier loss = () -> {
            WeightStandardizationReference.forward(y, mean, rstd, weight, epsilon, outputs, depth);
            return Gradients.dot(upstream, y);
        };
        GRADIENTS.gradient("dweight", weight, dweight, loss);
        GRADIENTS.passed(outputs, depth);
    }

    @Test
    void wrongShapesAndOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            PackedMatrix weight = PackedMatrix.allocate(arena, 5, 4);
            PackedMatrix other = PackedMatrix.allocate(arena, 4, 5);
            PackedMatrix dy = PackedMatrix.allocate(arena, 5, 4);
            Tensor five = arena.allocate(5);
            Tensor four = arena.allocate(4);
            assertMessage("y: expected 5 by 4 like the weight, found 4 by 5",
                    () -> Teams.run(1, w -> WeightStandardization.forward(other, five, five, weight, EPSILON, w)));
            assertMessage("rstd: expected at least 5 elements without gaps, found shape (4), row stride 4",
                    () -> Teams.run(1, w -> WeightStandardization.forward(weight, five, four, weight, EPSILON, w)));
            assertMessage("K: expected 1 to 2147483647, found 0",
                    () -> Teams.run(1, w -> WeightStandardization.forward(weight, five, five, PackedMatrix.allocate(arena, 5, 0), EPSILON, w)));
            assertMessage("dy: expected 5 by 4 like the weight, found 4 by 5",
                    () -> Teams.run(1, w -> WeightStandardization.backward(dy, other, weight, five, five, w)));
            assertMessage("dweight and weight: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> WeightStandardization.backward(weight, dy, weight, five, five, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
