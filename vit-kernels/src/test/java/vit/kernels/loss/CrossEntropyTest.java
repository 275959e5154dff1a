package vit.kernels.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
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
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;
import vit.kernels.verify.catalogue.CrossEntropyTruth;

/**
 * Softmax cross-entropy of labels and of soft targets, forward and backward, against the scalar reference within derived bounds. It ignores a
 * shift of the logits, and the gradient of every image sums to zero. The gradients of the reference are compared with central differences.
 */
class CrossEntropyTest {

    /** The relative error of a rounding to float. */
    private static final double U = 0x1p-24;

    private static final Comparison LOSSES = new Comparison("cross-entropy losses");
    private static final Comparison PROBABILITIES = new Comparison("cross-entropy probabilities");
    private static final Comparison GRADIENTS = new Comparison("cross-entropy dlogits");
    private static final GradientCheck CHECK_LABELS = new GradientCheck("cross-entropy of labels");
    private static final GradientCheck CHECK_SMOOTHED = new GradientCheck("cross-entropy of labels, smoothed");
    private static final GradientCheck CHECK_TARGETS = new GradientCheck("cross-entropy of soft targets");
    private static final GradientCheck CHECK_BOTH = new GradientCheck("cross-entropy of soft targets, smoothed");

    @AfterContainer
    static void printWorstErrors() {
        LOSSES.print();
        PROBABILITIES.print();
        GRADIENTS.print();
        CHECK_LABELS.print();
        CHECK_SMOOTHED.print();
        CHECK_TARGETS.print();
        CHECK_BOTH.print();
    }

    /** One problem: logits, and either labels or weighted targets. */
    private static final class Problem {
        final int batch;
        final int classes;
        final double smoothing;
        final Tensor logits;
        final int[] labels; // null: weighted
        final Tensor targets; // null: labelled

        Problem(TensorArena arena, Random random, int classes, double scale) {
            this.batch = 1 + random.nextInt(5);
            this.classes = classes;
            this.smoothing = new double[] {0, 0.1, 0.5}[random.nextInt(3)];
            int gap = random.nextInt(6);
            this.logits = GuardedTensor.of(arena, gap, gap, batch + 1, classes).random(random, scale).tensor();
            boolean weighted = random.nextBoolean();
            this.labels = weighted ? null : random.ints(batch + 2, 0, classes).toArray();
            this.targets = weighted ? weights(arena, random, gap) : null;
        }

        private Tensor weights(TensorArena arena, Random random, int gap) {
            Tensor t = GuardedTensor.of(arena, gap + 1, gap, batch, classes).tensor().fill(0);
            for (int b = 0; b < batch; b++) {
                float share = random.nextFloat();
                t.set(b, random.nextInt(classes), share);
                int other = random.nextInt(classes);
                t.set(b, other, t.get(b, other) + (random.nextBoolean() ? 1 - share : random.nextFloat()));
            }
            return t;
        }

        void forward(Tensor losses, Tensor probabilities, Worker w) {
            if (labels != null) {
                CrossEntropy.forward(losses, probabilities, logits, labels, smoothing, batch, w);
            } else {
                CrossEntropy.forward(losses, probabilities, logits, targets, smoothing, batch, w);
            }
        }

        void backward(Tensor dlogits, Tensor probabilities, double scale, Worker w) {
            if (labels != null) {
                CrossEntropy.backward(dlogits, probabilities, labels, smoothing, scale, batch, w);
            } else {
                CrossEntropy.backward(dlogits, probabilities, targets, smoothing, scale, batch, w);
            }
        }

        double[] smoothed() {
            double[] t = labels != null
                    ? CrossEntropyReference.oneHot(labels, batch, classes) : Doubles.read(targets, batch);
            CrossEntropyReference.smooth(t, smoothing, classes);
            return t;
        }
    }

    private static final int[] WIDE = {100, 257, 1000, 21_843};

    @Property(tries = 300)
    void forwardAndBackwardAreWithinTheirBoundsOfTheReference(
            @ForAll @IntRange(min = 1, max = 40) int classes, @ForAll @IntRange(min = -4, max = 9) int exponent,
            @ForAll Random random) {
        int K = random.nextInt(20) == 0 ? WIDE[random.nextInt(WIDE.length)] : classes;
        try (TensorArena arena = TensorArena.open()) {
            Problem s = new Problem(arena, random, K, Math.scalb(1.0, exponent));
            double scale = 1.0 / (s.batch + 3);
            float[] actual = Teams.sameBitsAtAnyThreadCount(threads -> run(arena, s, scale, threads));
            CrossEntropyTruth truth = new CrossEntropyTruth(Doubles.read(s.logits, s.batch), s.smoothed(), scale, K);
            int elements = s.batch * K;
            LOSSES.addAll(truth.losses, Arrays.copyOf(actual, s.batch), i -> truth.lossBounds[i]);
            PROBABILITIES.addAll(truth.probabilities, Arrays.copyOfRange(actual, s.batch, s.batch + elements), i -> truth.probabilityBounds[i]);
            GRADIENTS.addAll(truth.dlogits, Arrays.copyOfRange(actual, s.batch + elements, actual.length), i -> truth.dlogitsBounds[i]);
        }
    }

    /** Losses, probabilities and gradients, one after the other. */
    private static float[] run(TensorArena arena, Problem s, double scale, int threads) {
        GuardedTensor losses = GuardedTensor.of(arena, 1, 0, s.batch);
        GuardedTensor probabilities = GuardedTensor.of(arena, 2, 3, s.batch, s.classes);
        GuardedTensor dlogits = GuardedTensor.of(arena, 3, 1, s.batch, s.classes);
        Teams.run(threads, w -> {
            s.forward(losses.tensor(), probabilities.tensor(), w);
            w.barrier();
            s.backward(dlogits.tensor(), probabilities.tensor(), scale, w);
        });
        losses.assertGuardsIntact("losses");
        probabilities.assertGuardsIntact("probabilities");
        dlogits.assertGuardsIntact("dlogits");
        int elements = s.batch * s.classes;
        float[] all = Arrays.copyOf(losses.tensor().toArray(), s.batch + 2 * elements);
        System.arraycopy(probabilities.tensor().toArray(), 0, all, s.batch, elements);
        System.arraycopy(dlogits.tensor().toArray(), 0, all, s.batch + elements, elements);
        return all;
    }

    @Property(tries = 100)
    void lossIgnoresAShiftOfTheLogits(@ForAll @IntRange(min = 1, max = 70) int classes, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Problem s = new Problem(arena, random, classes, 1);
            for (int i = 0; i < s.batch * classes; i++) {
                s.logits.set(i / classes, i % classes, random.nextInt(41) - 20); // whole numbers: the shift is exact
            }
            float[] before = run(arena, s, 1, 1);
            for (int i = 0; i < s.batch * classes; i++) {
                s.logits.set(i / classes, i % classes, s.logits.get(i / classes, i % classes) + 1000);
            }
            Teams.assertSameBits(before, run(arena, s, 1, 1), "shifted by 1000");
        }
    }

    @Property(tries = 100)
    void gradientOfEveryImageSumsToZero(@ForAll @IntRange(min = 1, max = 70) int classes, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Problem s = new Problem(arena, random, classes, 3);
            float[] all = run(arena, s, 1, 2);
            double[] targets = s.smoothed();
            for (int b = 0; b < s.batch; b++) {
                double sum = 0;
                double T = 0;
                for (int k = 0; k < classes; k++) {
                    sum += all[s.batch + s.batch * classes + b * classes + k];
                    T += targets[b * classes + k];
                }
                // K differences of numbers at most T, each off by a few roundings of p, t or itself; Σp = 1, Σt = T
                assertEquals(0, sum, T * (classes / 16 + 40) * 4 * U, "image " + b);
            }
        }
    }

    @Property(tries = 60)
    void labelsAreOneHotTargets(@ForAll @IntRange(min = 1, max = 70) int classes, @ForAll Random random) {
        int batch = 3;
        double smoothing = 0.1;
        int[] labels = random.ints(batch, 0, classes).toArray();
        try (TensorArena arena = TensorArena.open()) {
            Tensor logits = GuardedTensor.of(arena, 0, 0, batch, classes).random(random, 2).tensor();
            Tensor oneHot = arena.allocate(batch, classes)
                    .copyFrom(CrossEntropyReference.oneHot(labels, batch, classes));
            Tensor[] losses = {arena.allocate(batch), arena.allocate(batch)};
            Tensor p = arena.allocate(batch, classes);
            Teams.run(2, w -> {
                CrossEntropy.forward(losses[0], p, logits, labels, smoothing, batch, w);
                w.barrier();
                CrossEntropy.forward(losses[1], p, logits, oneHot, smoothing, batch, w);
            });
            for (int b = 0; b < batch; b++) {
                assertEquals(losses[0].get(0, b), losses[1].get(0, b), 2 * Math.ulp(losses[0].get(0, b)), "image " + b);
            }
        }
    }

    @Property(tries = 60)
    void forwardAndBackwardWorkInPlace(@ForAll @IntRange(min = 1, max = 70) int classes, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Problem s = new Problem(arena, random, classes, 2);
            float[] apart = run(arena, s, 0.25, 2);
            Tensor losses = arena.allocate(s.batch);
            Teams.run(3, w -> {
                s.forward(losses, s.logits, w);
                w.barrier();
                s.backward(s.logits, s.logits, 0.25, w);
            });
            float[] together = s.logits.rows(0, s.batch).toArray();
            Teams.assertSameBits(Arrays.copyOf(apart, s.batch), losses.toArray(), "losses");
            int elements = s.batch * classes;
            Teams.assertSameBits(
                    Arrays.copyOfRange(apart, s.batch + elements, s.batch + 2 * elements), together, "dlogits");
        }
    }

    @Property(tries = 100)
    void referenceGradientOfLabelsMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 6) int batch, @ForAll @IntRange(min = 1, max = 17) int classes, @ForAll Random random) {
        int[] labels = random.ints(batch, 0, classes).toArray();
        checkGradient(CHECK_LABELS, CrossEntropyReference.oneHot(labels, batch, classes), 0, batch, classes, random);
        checkGradient(CHECK_SMOOTHED, CrossEntropyReference.oneHot(labels, batch, classes), 0.1, batch, classes, random);
    }

    /** The targets may have any sum, as in mixup of two images of one class or in distillation at another temperature. */
    @Property(tries = 100)
    void referenceGradientOfSoftTargetsMatchesCentralDifferences(
            @ForAll @IntRange(min = 1, max = 6) int batch, @ForAll @IntRange(min = 1, max = 17) int classes, @ForAll Random random) {
        double[] targets = random.doubles(batch * classes, 0, 1).toArray();
        checkGradient(CHECK_TARGETS, targets.clone(), 0, batch, classes, random);
        checkGradient(CHECK_BOTH, targets, 0.3, batch, classes, random);
    }

    private static void checkGradient(
            GradientCheck check, double[] targets, double smoothing, int batch, int classes, Random random) {
        CrossEntropyReference.smooth(targets, smoothing, classes);
        double[] logits = random.doubles(batch * classes, -3, 3).toArray();
        double[] losses = new double[batch];
        double[] p = new double[logits.length];
        double[] dlogits = new double[logits.length];
        CrossEntropyReference.forward(losses, p, logits, targets, classes);
        check.backward(() -> CrossEntropyReference.backward(dlogits, p, targets, 0.5, classes), dlogits);
        check.gradient("dlogits", logits, dlogits, () -> {
            CrossEntropyReference.forward(losses, p, logits, targets, classes);
            return 0.5 * Arrays.stream(losses).sum();
        });
        check.passed(batch, classes);
    }

    @Test
    void nanAndInfinityShowAndImpossibleClassesDoNot() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor logits = arena.allocate(4, 20).fill(1);
            logits.set(0, 17, Float.NaN);
            logits.set(1, 3, Float.POSITIVE_INFINITY);
            logits.set(2, 5, Float.NEGATIVE_INFINITY);
            Tensor losses = arena.allocate(4);
            Tensor p = arena.allocate(4, 20);
            Teams.run(2, w -> CrossEntropy.forward(losses, p, logits, new int[] {0, 0, 0, 0}, 0, 4, w));
            assertTrue(Float.isNaN(losses.get(0, 0)), "NaN logit");
            assertTrue(Float.isNaN(losses.get(0, 1)), "infinite logit");
            assertEquals(Math.log(19), losses.get(0, 2), 1e-6, "a class at −∞");
            assertEquals(0, p.get(2, 5));
            assertEquals(Math.log(20), losses.get(0, 3), 1e-6, "equal logits");
        }
    }

    @Test
    void meanIsThatOfTheFirstImages() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor losses = arena.allocate(4).copyFrom(new float[] {1, 2, 6, 100});
            assertEquals(3, CrossEntropy.mean(losses, 3));
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor logits = arena.allocate(2, 3);
            Tensor losses = arena.allocate(2);
            assertMessage("label of image 1: expected 0 to 2, found 3",
                    () -> Teams.run(1, w -> CrossEntropy.forward(losses, logits, logits, new int[] {0, 3}, 0, 2, w)));
            assertMessage("labels given: expected 2 to 2147483647, found 1",
                    () -> Teams.run(1, w -> CrossEntropy.forward(losses, logits, logits, new int[] {0}, 0, 2, w)));
            assertMessage("smoothing: expected at least 0.0 and below 1.0, found 1.0",
                    () -> Teams.run(1, w -> CrossEntropy.forward(losses, logits, logits, new int[] {0, 1}, 1, 2, w)));
            assertMessage("targets: expected at least 2 rows of 3 columns, found shape (2, 4), 2 rows of 4",
                    () -> Teams.run(1, w -> CrossEntropy.backward(logits, logits, arena.allocate(2, 4), 0, 1, 2, w)));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
