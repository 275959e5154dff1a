package vit.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import vit.kernels.parallel.CallInterruptedException;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.NativeSpeed;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;

/**
 * Brings the steps of a training to full speed. {@link KernelCompilation} compiles the kernels in which most time would be lost. This class brings
 * the other kernels, and the code around them, past the JIT's thresholds: it trains models of some ten thousand parameters. At the end it times
 * passes of the training itself.
 */
final class TrainingWarmUp {

    /** The steps of the small models end when their time is steady, or after this time since the start. */
    private static final long SMALL_LIMIT_NANOS = 3_000_000_000L;

    /** No pass of the training begins after this time. */
    private static final long LIMIT_NANOS = 8_000_000_000L;

    /** Tokens that each block of the small models merges if the training merges some. */
    private static final int SMALL_MERGED = 5;

    /** Steps of the small model between two measurements of its speed. */
    private static final int ROUND = 20;

    private static final int MIN_ROUNDS = 5;

    /** The small model is steady after this many rounds in a row without an improvement of a tenth. */
    private static final int STEADY_ROUNDS = 2;

    /** Steps of the varied model after the first round: few, because its code is still slow, but enough to appear in the profile. */
    private static final int VARIED_STEPS = 3;

    /** Images of the small models, so that loops over images have several turns. */
    private static final int SMALL_BATCH = 2;

    /** The training is steady after this many of its own passes in a row, each at most {@link #STEADY} times the fastest until then. */
    private static final int STEADY_PASSES = 2;

    private static final double STEADY = 1.1;

    /** Own passes are repeated at least for this time, so that a small training makes more than two. */
    private static final long LEAST_OWN_NANOS = 50_000_000L;

    /** The kinds that a warm-up of this JVM has brought to full speed. */
    private static final Set<Kind> COMPILED = ConcurrentHashMap.newKeySet();

    /**
     * What decides which methods run, whatever the size of the model.
     *
     * @param plain   the small model without the dimensions of the training's own
     * @param varied  the other one
     * @param options without what only scales
     * @param adam    whether the optimiser is Adam; false without an optimiser as well
     * @param steps   whether there is an optimiser
     * @param average whether a moving average is tracked
     */
    private record Kind(VitConfig plain, VitConfig varied, TrainingOptions options, boolean adam, boolean steps, boolean average) {}

    private final VitConfig config;
    private final TrainingOptions options;
    private final Optimizer optimizer;
    private final boolean average;
    private final Runnable pass;
    private final long start = System.nanoTime();
    private int passes;
    private double first;
    private double last;

    private TrainingWarmUp(VitConfig config, TrainingOptions options, Optimizer optimizer, boolean average, Runnable pass) {
        this.config = config;
        this.options = options;
        this.optimizer = optimizer;
        this.average = average;
        this.pass = pass;
    }

    /**
     * Warms up a training. Its call has begun, so no other call can come between.
     *
     * @param average whether the training tracks a moving average
     * @param pass    a forward and a backward pass of the training over one image
     */
    static WarmUpReport run(VitConfig config, TrainingOptions options, Optimizer optimizer, boolean average, Runnable pass) {
        return new TrainingWarmUp(config, options, optimizer, average, pass).run();
    }

    private WarmUpReport run() {
        KernelCompilation.await();
        Kind kind = kind();
        if (!COMPILED.contains(kind)) {
            compile(kind);
        }
        boolean ready = own();
        if (ready) {
            COMPILED.add(kind);
        }
        List<String> warnings = Implementation.isReference() ? List.of() : NativeSpeed.obstacles();
        return new WarmUpReport(ready, (System.nanoTime() - start) / 1e6, passes, first, last, warnings);
    }

    private Kind kind() {
        TrainingOptions same = new TrainingOptions(Math.min(options.threads(), 2), 1, options.checkpointing(), options.imageGradient(),
                Math.min(options.labelSmoothing(), 0.1), Math.min(options.dropout(), 0.1), Math.min(options.stochasticDepth(), 0.1), 0, Frozen.NOTHING,
                smallMerging());
        return new Kind(small(SmallModel.plain(config)), small(SmallModel.varied(config)), same, optimizer != null && optimizer.adam() != null,
                optimizer != null, average);
    }

    private TokenMerging smallMerging() {
        return options.tokenMerging().isNone() ? TokenMerging.NONE : TokenMerging.constant(SMALL_MERGED);
    }

    /** Without a head where the training has none: its loss is one of embeddings. */
    private VitConfig small(VitConfig model) {
        return config.classes() > 0 ? model : model.toBuilder().classes(0).build();
    }

    /**
     * Trains small models until the plain one is steady. That one always has one thread: on a small machine a second thread would take the other core away from
     * the compiler, for which everything waits. The varied one has the training's threads and takes other branches.
     */
    private void compile(Kind kind) {
        try (SmallTraining plain = new SmallTraining(kind.plain, 1); SmallTraining varied = new SmallTraining(kind.varied, options.threads())) {
            double best = Double.POSITIVE_INFINITY;
            int steady = 0;
            for (int rounds = 0; (steady < STEADY_ROUNDS || rounds < MIN_ROUNDS) && System.nanoTime() - start < SMALL_LIMIT_NANOS; rounds++) {
                obeyInterrupt();
                if (rounds == 1) {
                    varied.steps(VARIED_STEPS);
                }
                double nanos = plain.steps(ROUND);
                steady = nanos < 0.9 * best ? 0 : steady + 1;
                best = Math.min(best, nanos);
            }
            varied.steps(VARIED_STEPS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs the training's own pass until it is steady or time is up; returns whether it was steady. */
    private boolean own() {
        long begin = System.nanoTime();
        double best = Double.POSITIVE_INFINITY;
        int steady = 0;
        do {
            obeyInterrupt();
            long before = System.nanoTime();
            pass.run();
            last = (System.nanoTime() - before) / 1e6;
            passes++;
            first = passes == 1 ? last : first;
            if (last * STEADY < best) {
                steady = 1; // the first on a new level
            } else {
                steady = last <= best * STEADY ? steady + 1 : 0;
            }
            best = Math.min(best, last);
        } while ((steady < STEADY_PASSES || System.nanoTime() - begin < LEAST_OWN_NANOS) && System.nanoTime() - start < LIMIT_NANOS);
        return steady >= STEADY_PASSES;
    }

    private static void obeyInterrupt() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CallInterruptedException("the warm-up was interrupted");
        }
    }

    /** A small training with the options of the one that is warmed up, but with nothing frozen, and the arrays for a step. */
    private final class SmallTraining implements AutoCloseable {

        private final VitTraining training;
        private final float[] images;
        private final float[] targets;
        private final boolean classes;

        SmallTraining(VitConfig model, int threads) throws IOException {
            training = VitTraining.of(new SmallModel.Constant(model), new TrainingOptions(threads, SMALL_BATCH, options.checkpointing(),
                    options.imageGradient(), options.labelSmoothing(), options.dropout(), options.stochasticDepth(), options.seed(), Frozen.NOTHING,
                    smallMerging()), optimizer);
            images = new float[SMALL_BATCH * model.channels() * model.imageHeight() * model.imageWidth()];
            targets = new float[SMALL_BATCH * model.classes()];
            classes = model.classes() > 0 && !model.isProjection();
            if (average) {
                training.trackAverage();
            }
        }

        /** Takes {@code count} steps; returns their nanoseconds. */
        double steps(int count) {
            long begin = System.nanoTime();
            for (int i = 0; i < count; i++) {
                step();
            }
            return System.nanoTime() - begin;
        }

        private void step() {
            training.clearGradients();
            if (classes) {
                training.accumulate(images, targets, SMALL_BATCH, 1);
            } else {
                training.accumulate(images, SMALL_BATCH, TrainingWarmUp::zeroLoss);
            }
            training.gradientNorm();
            if (optimizer != null) {
                training.step(0, 1);
            }
            if (average) {
                training.updateAverage(0.5);
            }
        }

        @Override
        public void close() {
            training.close();
        }
    }

    /** A loss of embeddings whose gradient is zero. */
    static double zeroLoss(float[] embeddings, int batch, float[] gradient) {
        Arrays.fill(gradient, 0);
        return 0;
    }
}
