package vit.model.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import vit.model.VitTraining;
import vit.model.image.Preprocessing;
import vit.model.parameters.ParameterSource;
import vit.model.train.data.BatchMaker;
import vit.model.train.data.BatchPlan;
import vit.model.train.data.CachedImages;
import vit.model.train.data.SampleMaker;
import vit.model.train.data.Split;

/**
 * The learning rate range test (Smith 2015, "Cyclical Learning Rates for Training Neural Networks", section 3.3): a short training in which the learning rate
 * grows from step to step, here by a constant factor. Where it is too low, the loss hardly falls; where it is too high, the loss rises again. Nothing of the
 * training is kept.
 *
 * <pre>
 *   rate of step i of n    from · (to / from)^(i / (n − 1))
 *   smoothed loss          the mean of the losses of step i and of up to 4 steps on either side
 *   suggested rate         where the smoothed loss falls most steeply over the logarithm of the rate,
 *                          but at most a tenth of the rate at which it is least
 * </pre>
 *
 * The test ends when the loss is {@value #RISE} times that of the first step, or is no longer finite. The result has the same bits at any number of threads.
 */
public final class LearningRateFinder {

    private static final int REACH = 4; // steps on either side; a mean of earlier steps alone would lag behind, towards rates that are too high
    private static final double RISE = 4; // of the first loss
    private static final double MARGIN = 10;

    private LearningRateFinder() {}

    /**
     * A step of the test.
     *
     * @param rate     its learning rate
     * @param loss     mean loss of its images, before the step
     * @param smoothed the smoothed loss
     */
    public record Point(double rate, double loss, double smoothed) {}

    /**
     * What the test has shown.
     *
     * @param points    in the order of the steps
     * @param suggested the suggested highest learning rate
     */
    public record Result(List<Point> points, double suggested) {

        /** Copies the list. */
        public Result {
            points = List.copyOf(points);
        }
    }

    /** Is told of each step. */
    @FunctionalInterface
    public interface Listener {

        /** Called after a step, counted from 1. */
        void step(int step, int steps, double loss);
    }

    /**
     * Runs the test.
     *
     * @param recipe everything but the learning rates, the epochs and the average
     * @param from   the first learning rate, above 0
     * @param to     the last learning rate, above {@code from} and below 1000000
     * @param steps  number of steps, at least 10
     * @throws IOException              if images cannot be prepared
     * @throws DivergedException        if even the first steps have no finite loss
     * @throws IllegalArgumentException if a number is out of its range, or the model cannot be trained on the images
     */
    public static Result run(ParameterSource start, Split split, Preprocessing preprocessing, Recipe recipe, TrainerOptions options, double from, double to, int steps,
            Listener listener) throws IOException, DivergedException {
        if (!(from > 0 && from < to && to < 1e6) || steps < 10 || steps > 1 << 20) {
            throw new IllegalArgumentException("learning rates from " + from + " to " + to + " in " + steps + " steps; expected 0 < from < to < 1000000, and 10 steps or more");
        }
        if (start.config().classes() != split.classes().size()) {
            throw new IllegalArgumentException("a model of " + start.config().classes() + " classes for images of " + split.classes().size());
        }
        Recipe plain = recipe.withAverage(0);
        BatchPlan plan = new BatchPlan(split.training().size(), plain.batch(), plain.shards(), plain.seed(), true);
        Recipe enough = plain.withEpochs((steps + plan.stepsPerEpoch() - 1) / plan.stepsPerEpoch());
        SampleMaker samples = new SampleMaker(new CachedImages(split.training(), options.cacheBytes()), start.config(), preprocessing, enough.augmentation(), enough.seed());
        try (VitTraining training = VitTraining.of(start, ShardWorker.passes(enough, options, plan.mostInShard()), enough.optimizer())) {
            ShardPass pass = new ShardPass(training, enough, plan, ClassWeights.of(enough, split.training()));
            OptimizerSteps optimizer = new OptimizerSteps(training, enough, plan, pass);
            optimizer.requireNothingHidden();
            try (LocalShards shards = new LocalShards(training, pass, new BatchMaker(samples, plan, enough.mixing()), 0, enough, options)) {
                List<Point> points = smoothed(sweep(training, optimizer, shards, from, to, steps, listener));
                return new Result(points, suggested(points));
            }
        }
    }

    /** Takes the steps; returns the rate and the loss of each. */
    private static List<double[]> sweep(VitTraining training, OptimizerSteps optimizer, StepGradient gradients, double from, double to, int steps, Listener listener)
            throws IOException, DivergedException {
        List<double[]> taken = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            double rate = from * StrictMath.pow(to / from, (double) i / (steps - 1));
            try {
                ShardStatistics seen = gradients.compute(i, training);
                if (seen.images() == 0) {
                    continue;
                }
                double loss = seen.lossSum() / seen.images();
                optimizer.take(i, seen.images(), rate);
                taken.add(new double[] {rate, loss});
                listener.step(i + 1, steps, loss);
                if (loss > RISE * taken.getFirst()[1]) {
                    return taken;
                }
            } catch (DivergedException e) {
                if (taken.size() < 2) {
                    throw e;
                }
                return taken;
            }
        }
        return taken;
    }

    private static List<Point> smoothed(List<double[]> taken) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < taken.size(); i++) {
            int first = Math.max(0, i - REACH);
            int last = Math.min(taken.size() - 1, i + REACH);
            double sum = 0;
            for (int j = first; j <= last; j++) {
                sum += taken.get(j)[1];
            }
            points.add(new Point(taken.get(i)[0], taken.get(i)[1], sum / (last - first + 1)));
        }
        return points;
    }

    /** The rate of the steepest fall before the least smoothed loss, or a tenth of the rate of the least one if that is lower. */
    static double suggested(List<Point> points) {
        int least = 0;
        for (int i = 1; i < points.size(); i++) {
            least = points.get(i).smoothed() < points.get(least).smoothed() ? i : least;
        }
        int steepest = least;
        double most = 0;
        for (int i = 1; i < least; i++) {
            double fall = points.get(i - 1).smoothed() - points.get(i + 1).smoothed();
            if (fall > most) {
                most = fall;
                steepest = i;
            }
        }
        return Math.min(points.get(steepest).rate(), points.get(least).rate() / MARGIN);
    }
}
