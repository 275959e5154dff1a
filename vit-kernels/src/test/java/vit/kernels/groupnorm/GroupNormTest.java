package vit.kernels.groupnorm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
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
import vit.kernels.verify.Teams;
import vit.kernels.verify.Values;
import vit.kernels.verify.catalogue.GroupNormTruth;
import vit.kernels.verify.jqwik.KernelDomain;

/** GroupNorm against its double reference within derived bounds; the reference's gradients against central differences. */
@Domain(KernelDomain.class)
@Domain(GroupNormTest.Problems.class)
@Domain(DomainContext.Global.class)
class GroupNormTest {

    private static final Comparison FORWARD = new Comparison("groupnorm forward");
    private static final Comparison STATISTICS = new Comparison("groupnorm mean and rstd");
    private static final Comparison INPUT = new Comparison("groupnorm dx");
    private static final Comparison PARAMETERS = new Comparison("groupnorm dweight and dbias");
    private static final GradientCheck GRADIENTS = new GradientCheck("groupnorm");

    @AfterContainer
    static void printWorstErrors() {
        FORWARD.print();
        STATISTICS.print();
        INPUT.print();
        PARAMETERS.print();
        GRADIENTS.print();
    }

    /** The shape of a problem. */
    record Maps(int batch, int pixels, int groups, int size, int offset, int gap) {

        int channels() {
            return groups * size;
        }

        int rows() {
            return batch * pixels;
        }

        int elements() {
            return rows() * channels();
        }

        /** The number of elements that share their statistics. */
        double n() {
            return (double) pixels * size;
        }

        GuardedTensor maps(TensorArena arena) {
            return GuardedTensor.of(arena, offset, gap, rows(), channels());
        }

        GuardedTensor perChannel(TensorArena arena) {
            return GuardedTensor.of(arena, (offset + 3) % 16, 0, channels());
        }

        GuardedTensor perGroup(TensorArena arena) {
            return GuardedTensor.of(arena, (offset + 5) % 16, 0, batch * groups + gap);
        }

        GuardedTensor scratch(TensorArena arena) {
            return GuardedTensor.of(arena, (offset + 7) % 16, 0, GroupNorm.scratch(channels(), batch, pixels));
        }

        int group(int element) {
            return element / (pixels * channels()) * groups + element % channels() / size;
        }
    }

    /** Few pixels and more than one block of them; few channels and more than one part of them. */
    static class Problems extends net.jqwik.api.domains.DomainContextBase {
        @Provide
        Arbitrary<Maps> maps() {
            Arbitrary<Integer> pixels = Arbitraries.oneOf(Arbitraries.integers().between(1, 40),
                    Arbitraries.of(GroupNorm.BLOCK - 1, GroupNorm.BLOCK, GroupNorm.BLOCK + 1, 2 * GroupNorm.BLOCK + 5));
            return Combinators.combine(Arbitraries.integers().between(1, 3), pixels, Arbitraries.integers().between(1, 9),
                    Arbitraries.integers().between(1, 11), Arbitraries.integers().between(0, 15), Arbitraries.integers().between(0, 5)).as(Maps::new)
                    .withoutEdgeCases();
        }
    }

    /** The tensors of one call. */
    private record Problem(Tensor x, Tensor weight, Tensor bias) {
        static Problem of(TensorArena arena, Maps maps, Values values, Random random) {
            return new Problem(values.fill(maps.maps(arena).tensor(), random), Values.ORDINARY.fill(maps.perChannel(arena).tensor(), random),
                    Values.ORDINARY.fill(maps.perChannel(arena).tensor(), random));
        }
    }

    private static double epsilon(Random random) {
        return new double[] {1e-12, 1e-6, 1e-5}[random.nextInt(3)];
    }

    private static GroupNormTruth truth(Maps maps, Problem p, double epsilon) {
        return new GroupNormTruth(Doubles.read(p.x), Doubles.read(p.weight), Doubles.read(p.bias), epsilon, maps.groups, maps.batch, maps.pixels);
    }

    /** y, then the means, then rstd of all groups. */
    private static float[] forward(TensorArena arena, Maps maps, Problem p, double epsilon) {
        int groups = maps.batch * maps.groups;
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor y = maps.maps(arena);
            GuardedTensor mean = maps.perGroup(arena);
            GuardedTensor rstd = maps.perGroup(arena);
            GuardedTensor scratch = maps.scratch(arena);
            Teams.run(threads, w -> GroupNorm.forward(y.tensor(), mean.tensor(), rstd.tensor(), p.x, p.weight, p.bias, epsilon,
                    maps.groups, maps.batch, maps.pixels, scratch.tensor(), w));
            y.assertGuardsIntact("y");
            mean.assertGuardsIntact("mean");
            rstd.assertGuardsIntact("rstd");
            scratch.assertGuardsIntact("scratch");
            float[] all = Arrays.copyOf(y.tensor().toArray(), maps.elements() + 2 * groups);
            System.arraycopy(mean.tensor().toArray(), 0, all, maps.elements(), groups);
            System.arraycopy(rstd.tensor().toArray(), 0, all, maps.elements() + groups, groups);
            return all;
        });
    }

    @Property
    void forwardIsWithinTheBoundOfTheReference(@ForAll Maps maps, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        double epsilon = epsilon(random);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, maps, values, random);
            float[] actual = forward(arena, maps, p, epsilon);
            GroupNormTruth truth = truth(maps, p, epsilon);
            FORWARD.addAll(truth.y, Arrays.copyOf(actual, maps.elements()), truth::yBound);
            for (int group = 0; group < truth.mean.length; group++) {
                STATISTICS.add(group, truth.mean[group], actual[maps.elements() + group], truth.meanBound(group));
                STATISTICS.add(group, truth.rstd[group], actual[maps.elements() + truth.mean.length + group], truth.rstdBound(group));
            }
        }
    }

    @Property(tries = 50)
    void inPlaceAndWithoutStatisticsGiveTheSameBits(@ForAll Maps maps, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, maps, Values.ORDINARY, random);
            float[] expected = Arrays.copyOf(forward(arena, maps, p, 1e-5), maps.elements());
            Tensor scratch = maps.scratch(arena).tensor();
            Teams.run(3, w -> GroupNorm.forward(p.x, null, null, p.x, p.weight, p.bias, 1e-5, maps.groups, maps.batch, maps.pixels, scratch, w));
            Teams.assertSameBits(expected, p.x.toArray(), "y in place of x");
        }
    }

    /** The goal for a large map: 12,544 pixels, as in the stem of a ResNet at 224 pixels, far from 0. */
    @Test
    void aLargeMapIsAccurateToOneInAMillion() {
        Maps maps = new Maps(1, 12_544, 2, 2, 0, 0);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, maps, Values.SHIFTED, new Random(7));
            float[] actual = forward(arena, maps, p, 1e-5);
            GroupNormTruth truth = truth(maps, p, 1e-5);
            for (int i = 0; i < maps.elements(); i++) {
                assertEquals(truth.y[i], actual[i], 1e-6 * Math.max(1, Math.abs(truth.y[i])), "y " + i);
            }
        }
    }

    @Property(tries = 50)
    void groupsOfEqualValuesGiveTheBias(@ForAll Maps maps, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, maps, Values.ORDINARY, random);
            float[] values = new float[maps.elements()];
            float[] level = new float[maps.batch * maps.groups];
            for (int group = 0; group < level.length; group++) {
                level[group] = (float) random.nextGaussian() * 100;
            }
            for (int i = 0; i < values.length; i++) {
                values[i] = level[maps.group(i)];
            }
            p.x.copyFrom(values);
            float[] actual = forward(arena, maps, p, 1e-12);
            for (int i = 0; i < values.length; i++) {
                assertEquals(p.bias.get(0, i % maps.channels()), actual[i], "y " + i);
            }
        }
    }

    @Property(tries = 50)
    void aGroupThatIsNotFiniteBecomesNanAndNoOther(@ForAll Maps maps, @ForAll long seed) {
        Random random = new Random(seed);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, maps, Values.ORDINARY, random);
            float[] before = forward(arena, maps, p, 1e-5);
            int at = random.nextInt(maps.elements());
            p.x.set(at / maps.channels(), at % maps.channels(), random.nextBoolean() ? Float.NaN : Float.POSITIVE_INFINITY);
            float[] after = forward(arena, maps, p, 1e-5);
            for (int i = 0; i < maps.elements(); i++) {
                assertEquals(maps.group(i) == maps.group(at) ? Float.NaN : before[i], after[i], "y " + i);
            }
        }
    }

    /** dx, dweight, dbias; the latter two begin with the given values. */
    private static float[] backward(
            TensorArena arena, Maps maps, Problem p, Tensor dy, Tensor mean, Tensor rstd, float[] dweight, float[] dbias) {
        return Teams.sameBitsAtAnyThreadCount(threads -> {
            GuardedTensor dx = maps.maps(arena);
            GuardedTensor ofWeight = maps.perChannel(arena);
            GuardedTensor ofBias = maps.perChannel(arena);
            GuardedTensor scratch = maps.scratch(arena);
            ofWeight.tensor().copyFrom(dweight);
            ofBias.tensor().copyFrom(dbias);
            Teams.run(threads, w -> GroupNorm.backward(dx.tensor(), ofWeight.tensor(), ofBias.tensor(), dy, p.x, mean, rstd, p.weight,
                    maps.groups, maps.batch, maps.pixels, scratch.tensor(), w));
            dx.assertGuardsIntact("dx");
            ofWeight.assertGuardsIntact("dweight");
            ofBias.assertGuardsIntact("dbias");
            scratch.assertGuardsIntact("scratch");
            float[] all = Arrays.copyOf(dx.tensor().toArray(), maps.elements() + 2 * maps.channels());
            System.arraycopy(ofWeight.tensor().toArray(), 0, all, maps.elements(), maps.channels());
            System.arraycopy(ofBias.tensor().toArray(), 0, all, maps.elements() + maps.channels(), maps.channels());
            return all;
        });
    }

    @Property
    void backwardIsWithinTheBoundOfTheReference(@ForAll Maps maps, @ForAll Values values, @ForAll long seed) {
        Random random = new Random(seed);
        int channels = maps.channels();
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, maps, values, random);
            Tensor dy = Values.ORDINARY.fill(maps.maps(arena).tensor(), random);
            Tensor mean = maps.perGroup(arena).tensor();
            Tensor rstd = maps.perGroup(arena).tensor();
            Tensor scratch = maps.scratch(arena).tensor();
            Teams.run(1, w -> GroupNorm.forward(
                    maps.maps(arena).tensor(), mean, rstd, p.x, p.weight, p.bias, 1e-5, maps.groups, maps.batch, maps.pixels, scratch, w));
            float[] dweight = start(random, channels);
            float[] dbias = start(random, channels);
            float[] actual = backward(arena, maps, p, dy, mean, rstd, dweight, dbias);

            int groups = maps.batch * maps.groups;
            GroupNormTruth.Backward truth = new GroupNormTruth.Backward(toDoubles(dweight), toDoubles(dbias), Doubles.read(dy), Doubles.read(p.x),
                    Doubles.readSpan(mean, 0, groups), Doubles.readSpan(rstd, 0, groups), Doubles.read(p.weight), maps.groups, maps.batch, maps.pixels);
            INPUT.addAll(truth.dx, Arrays.copyOf(actual, truth.dx.length), i -> truth.dxBound[i]);
            for (int c = 0; c < channels; c++) {
                PARAMETERS.add(c, truth.dweight[c], actual[truth.dx.length + c], truth.dweightBound[c]);
                PARAMETERS.add(c, truth.dbias[c], actual[truth.dx.length + channels + c], truth.dbiasBound[c]);
            }
            Teams.run(2, w -> GroupNorm.backward(dy, arena.allocate(channels), arena.allocate(channels), dy, p.x, mean, rstd, p.weight,
                    maps.groups, maps.batch, maps.pixels, scratch, w));
            Teams.assertSameBits(Arrays.copyOf(actual, maps.elements()), dy.toArray(), "dx in place of dy");
        }
    }

    private static float[] start(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double[] toDoubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    /** So an image has the same bits at any place in a batch, too. */
    @Property(tries = 60)
    void microBatchesGiveTheBitsOfTheWhole(@ForAll Maps maps, @ForAll long seed) {
        Random random = new Random(seed);
        int channels = maps.channels();
        Maps one = new Maps(1, maps.pixels, maps.groups, maps.size, maps.offset, maps.gap);
        try (TensorArena arena = TensorArena.open()) {
            Problem p = Problem.of(arena, maps, Values.ORDINARY, random);
            Tensor dy = Values.ORDINARY.fill(maps.maps(arena).tensor(), random);
            float[] y = forward(arena, maps, p, 1e-5);
            int groups = maps.batch * maps.groups;
            Tensor mean = arena.allocate(groups).copyFrom(Arrays.copyOfRange(y, maps.elements(), maps.elements() + groups));
            Tensor rstd = arena.allocate(groups).copyFrom(Arrays.copyOfRange(y, maps.elements() + groups, y.length));
            float[] whole = backward(arena, maps, p, dy, mean, rstd, new float[channels], new float[channels]);
            float[] dweight = new float[channels];
            float[] dbias = new float[channels];
            for (int b = 0; b < maps.batch; b++) {
                Problem part = new Problem(p.x.rows(b * maps.pixels, (b + 1) * maps.pixels), p.weight, p.bias);
                int from = b * one.elements();
                Teams.assertSameBits(Arrays.copyOfRange(y, from, from + one.elements()),
                        Arrays.copyOf(forward(arena, one, part, 1e-5), one.elements()), "y of image " + b);
                float[] all = backward(arena, one, part, dy.rows(b * maps.pixels, (b + 1) * maps.pixels),
                        slice(mean, b * maps.groups, maps.groups), slice(rstd, b * maps.groups, maps.groups), dweight, dbias);
                Teams.assertSameBits(Arrays.copyOfRange(whole, from, from + one.elements()), Arrays.copyOf(all, one.elements()), "dx of image " + b);
                dweight = Arrays.copyOfRange(all, one.elements(), one.elements() + channels);
                dbias = Arrays.copyOfRange(all, one.elements() + channels, all.length);
            }
            Teams.assertSameBits(Arrays.copyOfRange(whole, maps.elements(), maps.elements() + channels), dweight, "dweight");
            Teams.assertSameBits(Arrays.copyOfRange(whole, maps.elements() + channels, whole.length), dbias, "dbias");
        }
    }

    /** Elements {@code from} to {@code from + n} of a vector. */
    private static Tensor slice(Tensor vector, int from, int n) {
        return Tensor.of(vector.segment().asSlice((long) from * Float.BYTES, (long) n * Float.BYTES), vit.kernels.tensor.Shape.of(n), n);
    }

    @Property(tries = 80)
    void referenceGradientsMatchCentralDifferences(
            @ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 5) int pixels,
            @ForAll @IntRange(min = 1, max = 3) int groups, @ForAll @IntRange(min = 1, max = 4) int size, @ForAll long seed) {
        Random random = new Random(seed);
        int channels = groups * size;
        int n = batch * pixels * channels;
        double[] x = Gradients.random(random, n);
        double[] weight = Gradients.random(random, channels);
        double[] bias = Gradients.random(random, channels);
        double[] upstream = Gradients.random(random, n);
        double[] y = new double[n];
        double[] mean = new double[batch * groups];
        double[] rstd = new double[batch * groups];
        double epsilon = 1e-2; // two close elements would make the function too steep for the step
        GroupNormReference.forward(y, mean, rstd, x, weight, bias, epsilon, groups, batch, pixels);
        double[] dx = new double[n];
        double[] dweight = new double[channels];
        double[] dbias = new double[channels];
        GRADIENTS.backward(() -> GroupNormReference.backward(dx, dweight, dbias, upstream, x, mean, rstd, weight, groups, batch, pixels),
                dx, dweight, dbias);
        DoubleSupplier loss = () -> {
            GroupNormReference.forward(y, mean, rstd, x, weight, bias, epsilon, groups, batch, pixels);
            return Gradients.dot(upstream, y);
        };
        GRADIENTS.gradient("dx", x, dx, loss);
        GRADIENTS.gradient("dweight", weight, dweight, loss);
        GRADIENTS.gradient("dbias", bias, dbias, loss);
        GRADIENTS.passed(batch, pixels, groups, size);
    }

    @Test
    void wrongShapesAndOverlapsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor x = arena.allocate(8, 6);
            Tensor w6 = arena.allocate(6);
            Tensor s = arena.allocate(GroupNorm.scratch(6, 2, 4));
            assertMessage("groups: expected a divisor of the 6 channels, found 4",
                    () -> Teams.run(1, w -> GroupNorm.forward(x, null, null, x, w6, w6, 1e-5, 4, 2, 4, s, w)));
            assertMessage("scratch and x: expected separate memory, found an overlap", () -> Teams.run(1, w -> {
                Tensor large = arena.allocate(100, 6);
                GroupNorm.forward(large, null, null, large, w6, w6, 1e-5, 3, 2, 4, large, w);
            }));
            assertMessage("x: expected at least 10 rows of 6 columns, found shape (8, 6), 8 rows of 6",
                    () -> Teams.run(1, w -> GroupNorm.forward(x, null, null, x, w6, w6, 1e-5, 3, 2, 5, s, w)));
            assertMessage("scratch: expected at least 96 elements without gaps, found shape (6), row stride 6",
                    () -> Teams.run(1, w -> GroupNorm.forward(x, null, null, x, w6, w6, 1e-5, 3, 2, 4, w6, w)));
            assertMessage("mean: expected at least 6 elements without gaps, found shape (5), row stride 5",
                    () -> Teams.run(1, w -> GroupNorm.forward(x, arena.allocate(5), null, x, w6, w6, 1e-5, 3, 2, 4, s, w)));
            assertMessage("y and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> GroupNorm.forward(x.rows(1, 5), null, null, x.rows(0, 4), w6, w6, 1e-5, 3, 1, 4, s, w)));
            assertMessage("dx and x: expected separate memory, found an overlap",
                    () -> Teams.run(1, w -> GroupNorm.backward(x, w6, w6, x, x, w6, w6, w6, 3, 2, 4, s, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
