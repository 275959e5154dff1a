package vit.kernels.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.junit.jupiter.api.Test;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.kernels.verify.Comparison;
import vit.kernels.verify.GuardedTensor;
import vit.kernels.verify.Teams;

/** AdamW, Adam, SGD and the moving average of the weights, step by step, against PyTorch's formulas in double. */
class OptimisersTest {

    private static final Comparison ADAM_W = new Comparison("adamw");
    private static final Comparison ADAM = new Comparison("adam");
    private static final Comparison SGD = new Comparison("sgd");
    private static final Comparison AVERAGE = new Comparison("weight average");

    @AfterContainer
    static void printWorstErrors() {
        ADAM_W.print();
        ADAM.print();
        SGD.print();
        AVERAGE.print();
    }

    private static final int STEPS = 20;

    /** PyTorch's {@code _single_tensor_adamw}, statement by statement, for one number in double. */
    private static double[] torchAdamW(double param, double[] grads, double lr, double b1, double b2, double eps, double wd) {
        double[] trace = new double[grads.length];
        double expAvg = 0;
        double expAvgSq = 0;
        for (int step = 1; step <= grads.length; step++) {
            double grad = grads[step - 1];
            param *= 1 - lr * wd;
            expAvg += (grad - expAvg) * (1 - b1);
            expAvgSq = expAvgSq * b2 + (1 - b2) * grad * grad;
            double biasCorrection1 = 1 - Math.pow(b1, step);
            double biasCorrection2 = 1 - Math.pow(b2, step);
            double stepSize = lr / biasCorrection1;
            double denom = Math.sqrt(expAvgSq) / Math.sqrt(biasCorrection2) + eps;
            param += -stepSize * (expAvg / denom);
            trace[step - 1] = param;
        }
        return trace;
    }

    /** PyTorch's {@code _single_tensor_adam}: the decay goes into the gradient. */
    private static double[] torchAdam(double param, double[] grads, double lr, double b1, double b2, double eps, double wd) {
        double[] trace = new double[grads.length];
        double expAvg = 0;
        double expAvgSq = 0;
        for (int step = 1; step <= grads.length; step++) {
            double grad = grads[step - 1] + wd * param;
            expAvg += (grad - expAvg) * (1 - b1);
            expAvgSq = expAvgSq * b2 + (1 - b2) * grad * grad;
            double denom = Math.sqrt(expAvgSq) / Math.sqrt(1 - Math.pow(b2, step)) + eps;
            param += -(lr / (1 - Math.pow(b1, step))) * (expAvg / denom);
            trace[step - 1] = param;
        }
        return trace;
    }

    /** PyTorch's {@code _single_tensor_sgd} without dampening: the first velocity is the gradient itself. */
    private static double[] torchSgd(double param, double[] grads, double lr, double momentum, double wd, boolean nesterov) {
        double[] trace = new double[grads.length];
        double buf = 0;
        for (int step = 1; step <= grads.length; step++) {
            double grad = grads[step - 1] + wd * param;
            buf = step == 1 ? grad : buf * momentum + grad;
            param += -lr * (nesterov ? grad + momentum * buf : buf);
            trace[step - 1] = param;
        }
        return trace;
    }

    @FunctionalInterface
    private interface Update {
        void run(Tensor param, Tensor first, Tensor second, Tensor grad, int step, int from, int to);
    }

    @FunctionalInterface
    private interface Truth {
        double[] trace(double param, double[] grads);
    }

    /**
     * Runs {@link #STEPS} steps with any number of threads and compares every parameter after every step with the formula in double. The errors of a
     * step are a few roundings of numbers of the parameter's or the step's size, and they add up.
     */
    private static void assertFollows(
            Comparison comparison, Random random, int n, double stepBound, Update update, Truth truth) {
        int gap = random.nextInt(3);
        try (TensorArena arena = TensorArena.open()) {
            Tensor start = GuardedTensor.of(arena, 0, 0, 2, n).random(random, 1).tensor();
            Tensor[] grads = new Tensor[STEPS];
            for (int i = 0; i < STEPS; i++) {
                grads[i] = laidOut(arena, gap, n, GuardedTensor.of(arena, 0, 0, 2, n).random(random, 0.5).tensor().toArray());
            }
            float[] traced = Teams.sameBitsAtAnyThreadCount(threads -> {
                Tensor param = laidOut(arena, gap, n, start.toArray());
                Tensor first = laidOut(arena, gap, n, new float[2 * n]);
                Tensor second = laidOut(arena, gap, n, new float[2 * n]);
                float[] trace = new float[STEPS * 2 * n];
                for (int step = 1; step <= STEPS; step++) {
                    int t = step;
                    int span = 2 * (n + gap);
                    Teams.run(threads, w -> update.run(param, first, second, grads[t - 1], t, w.from(span), w.to(span)));
                    System.arraycopy(param.toArray(), 0, trace, (step - 1) * 2 * n, 2 * n);
                }
                return trace;
            });
            for (int i = 0; i < 2 * n; i++) {
                double[] g = new double[STEPS];
                for (int step = 0; step < STEPS; step++) {
                    g[step] = grads[step].get(i / n, i % n);
                }
                double[] expected = truth.trace(start.get(i / n, i % n), g);
                for (int step = 0; step < STEPS; step++) {
                    double bound = (step + 1) * (4 * 0x1p-24 * (Math.abs(expected[step]) + 1) + stepBound);
                    comparison.add(step * 2 * n + i, expected[step], traced[step * 2 * n + i], bound);
                }
            }
        }
    }

    private static Tensor laidOut(TensorArena arena, int gap, int n, float[] values) {
        return GuardedTensor.of(arena, 0, gap, 2, n).tensor().copyFrom(values);
    }

    /** lr · relative error of mean / denominator: 20 roundings of 2^-24, times the cancellation in the mean (below 20). */
    private static final double ADAM_STEP = 400 * 0x1p-24;

    @Property(tries = 25)
    void adamWFollowsPyTorchsFormula(@ForAll @IntRange(min = 1, max = 70) int n, @ForAll Random random) {
        double lr = 1e-2;
        Adam adamW = new Adam(0.9, 0.99, 1e-3, true);
        assertFollows(ADAM_W, random, n, lr * ADAM_STEP,
                (p, m, v, g, step, from, to) -> adamW.update(p, m, v, g, lr, 0.3, 1, step, from, to),
                (param, grads) -> torchAdamW(param, grads, lr, 0.9, 0.99, 1e-3, 0.3));
    }

    @Property(tries = 25)
    void adamFollowsPyTorchsFormula(@ForAll @IntRange(min = 1, max = 70) int n, @ForAll Random random) {
        double lr = 1e-2;
        Adam adam = new Adam(0.9, 0.99, 1e-3, false);
        assertFollows(ADAM, random, n, lr * ADAM_STEP,
                (p, m, v, g, step, from, to) -> adam.update(p, m, v, g, lr, 0.1, 1, step, from, to),
                (param, grads) -> torchAdam(param, grads, lr, 0.9, 0.99, 1e-3, 0.1));
    }

    @Property(tries = 25)
    void sgdFollowsPyTorchsFormula(
            @ForAll @IntRange(min = 1, max = 70) int n, @ForAll boolean nesterov, @ForAll Random random) {
        double lr = 0.03;
        Sgd sgd = new Sgd(0.9, nesterov);
        // The velocity stays below 10 · 3. The bound is the learning rate times a few roundings of it.
        assertFollows(SGD, random, n, lr * 30 * 8 * 0x1p-24,
                (p, v, unused, g, step, from, to) -> sgd.update(p, v, g, lr, 0.01, 1, from, to),
                (param, grads) -> torchSgd(param, grads, lr, 0.9, 0.01, nesterov));
    }

    @Property(tries = 25)
    void weightAverageFollowsItsFormula(@ForAll @IntRange(min = 1, max = 70) int n, @ForAll Random random) {
        assertFollows(AVERAGE, random, n, 0,
                (average, u1, u2, g, step, from, to) -> WeightAverage.update(average, g, 0.99, from, to),
                (average, values) -> {
                    double[] trace = new double[values.length];
                    for (int i = 0; i < values.length; i++) {
                        average = 0.99 * average + 0.01 * values[i];
                        trace[i] = average;
                    }
                    return trace;
                });
    }

    @Property(tries = 40)
    void referencesAgreeWithPyTorchsFormulasInDouble(@ForAll boolean flag, @ForAll Random random) {
        double[] grads = random.doubles(STEPS, -1, 1).toArray();
        double start = random.nextGaussian();
        double[] p = {start};
        double[] q = {start};
        double[] m = new double[1];
        double[] v = new double[1];
        double[] velocity = new double[1];
        for (int step = 1; step <= STEPS; step++) {
            double[] g = {grads[step - 1] * 4};
            AdamReference.update(p, m, v, g, new Adam(0.9, 0.999, 1e-8, flag), 1e-2, 0.1, 0.25, step);
            SgdReference.update(q, velocity, g, new Sgd(0.9, flag), 1e-2, 0.1, 0.25);
        }
        double adam = (flag ? torchAdamW(start, grads, 1e-2, 0.9, 0.999, 1e-8, 0.1)
                : torchAdam(start, grads, 1e-2, 0.9, 0.999, 1e-8, 0.1))[STEPS - 1];
        assertEquals(adam, p[0], 1e-12);
        assertEquals(torchSgd(start, grads, 1e-2, 0.9, 0.1, flag)[STEPS - 1], q[0], 1e-12);
    }

    @Property(tries = 30)
    void gradientScaleActsLikeAScaledGradient(@ForAll @IntRange(min = 1, max = 40) int n, @ForAll Random random) {
        try (TensorArena arena = TensorArena.open()) {
            Tensor grad = GuardedTensor.of(arena, 0, 0, n).random(random, 1).tensor();
            Tensor half = arena.allocate(n);
            for (int i = 0; i < n; i++) {
                half.set(0, i, grad.get(0, i) / 2);
            }
            Tensor[] a = {arena.allocate(n).fill(1), arena.allocate(n), arena.allocate(n)};
            Tensor[] b = {arena.allocate(n).fill(1), arena.allocate(n), arena.allocate(n)};
            Adam.adamW().update(a[0], a[1], a[2], grad, 1e-3, 0.05, 0.5, 1, 0, n);
            Adam.adamW().update(b[0], b[1], b[2], half, 1e-3, 0.05, 1, 1, 0, n);
            Sgd sgd = new Sgd(0.9, false);
            sgd.update(a[0], a[1], grad, 1e-3, 0.05, 0.5, 0, n);
            sgd.update(b[0], b[1], half, 1e-3, 0.05, 1, 0, n);
            for (int i = 0; i < 3; i++) {
                Teams.assertSameBits(b[i].toArray(), a[i].toArray(), "state " + i);
            }
        }
    }

    @Test
    void onlyTheSpanIsTouchedAndZeroGapsStayZero() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor p = arena.allocate(40).fill(1);
            Tensor m = arena.allocate(40);
            Tensor v = arena.allocate(40);
            Tensor g = arena.allocate(40).fill(2);
            Adam.adamW().update(p, m, v, g, 1e-2, 0.1, 1, 1, 3, 38);
            for (int i = 0; i < 40; i++) {
                assertEquals(i >= 3 && i < 38, p.get(0, i) != 1f, "param " + i);
                assertEquals(i >= 3 && i < 38, m.get(0, i) != 0f, "mean " + i);
            }
            Tensor zero = arena.allocate(40);
            Adam.adamW().update(zero, arena.allocate(40), arena.allocate(40), arena.allocate(40), 1e-2, 0.1, 1, 1, 0, 40);
            Teams.assertSameBits(new float[40], zero.toArray(), "zeros");
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        try (TensorArena arena = TensorArena.open()) {
            Tensor a = arena.allocate(4, 3);
            Tensor b = arena.allocate(3, 4);
            assertEquals("velocity: expected the layout of param, shape (4, 3) and row stride 3,"
                    + " found shape (3, 4) and row stride 4",
                    assertThrows(IllegalArgumentException.class,
                            () -> new Sgd(0.9, false).update(a, b, a, 0.1, 0, 1, 0, 12)).getMessage());
            assertEquals("param: expected a span within 0 to 12, found 0 to 13",
                    assertThrows(IllegalArgumentException.class,
                            () -> new Sgd(0.9, false).update(a, a, a, 0.1, 0, 1, 0, 13)).getMessage());
            assertEquals("beta1: expected at least 0.0 and below 1.0, found 1.0",
                    assertThrows(IllegalArgumentException.class, () -> new Adam(1, 0.9, 1e-8, true)).getMessage());
            assertEquals("step: expected 1 to 2147483647, found 0",
                    assertThrows(IllegalArgumentException.class,
                            () -> Adam.adam().update(a, a, a, a, 0.1, 0, 1, 0, 0, 12)).getMessage());
        }
    }

    @Test
    void referenceWeightAverageIsTheFormula() {
        double[] average = {2};
        WeightAverageReference.update(average, new double[] {4}, 0.75);
        assertEquals(2.5, average[0]);
    }
}
