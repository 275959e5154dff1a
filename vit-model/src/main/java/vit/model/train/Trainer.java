package vit.model.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import jdk.jfr.FlightRecorder;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.InputException;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.evaluate.Evaluation;
import vit.model.image.Preprocessing;
import vit.model.parameters.ParameterSource;
import vit.model.train.augment.Augmentation;
import vit.model.train.data.BatchMaker;
import vit.model.train.data.BatchPlan;
import vit.model.train.data.CachedImages;
import vit.model.train.data.ImageSource;
import vit.model.train.data.SampleMaker;
import vit.model.train.data.Split;
import vit.model.train.data.UnreadableImages;

/**
 * Trains a model on labelled images by a {@link Recipe}.
 *
 * <!-- given: Path folder, VitConfig config, Preprocessing preprocessing, Recipe recipe -->
 * <pre>{@code
 * Split split = Split.stratified(ImageFolder.open(folder), 0.25, 0);
 * try (Trainer trainer = Trainer.of(new Initialization(config, Initialization.Scheme.TIMM, 0), split, preprocessing, recipe,
 *         TrainerOptions.threads(2))) {
 *     List<EpochReport> epochs = trainer.train(TrainingListener.NONE);
 *     VitModel model = VitModel.of(trainer.weights());
 * }
 * }</pre>
 *
 * Recipe, weights and images determine every bit of the result; threads, loaders, accumulation and checkpointing do not affect it. A trainer serves
 * one thread at a time: {@link #train}, {@link #evaluate()}, {@link #save} and the reading of {@link #weights()} throw
 * {@link vit.model.SessionInUseException} while another thread is in one of them. A listener may call them.
 */
public final class Trainer implements AutoCloseable {

    private final VitConfig config;
    private final TrainingOrigin origin; // identifies the training
    private final Recipe recipe;
    private final TrainerOptions options;
    private final BatchMaker batches;
    private final SampleMaker validation;
    private final VitTraining training;
    private final ShardPass pass;
    private final OptimizerSteps steps;
    private final ParameterSource weights;
    private final UnreadableImages unreadable;
    private final SoleCaller caller = new SoleCaller("the trainer");
    private final List<EpochReport> history = new CopyOnWriteArrayList<>(); // read by any thread
    private Evaluation lastEvaluation;
    private volatile Progress progress = new Progress(0, 0, 0, 0);
    private volatile boolean cancelled;

    /**
     * How far training is.
     *
     * @param steps   taken
     * @param lossSum of the images of the current epoch
     * @param right   of them
     * @param seen    of them
     */
    record Progress(long steps, double lossSum, long right, long seen) {}

    private Trainer(ParameterSource start, Split split, Preprocessing preprocessing, Recipe recipe, TrainerOptions options, TrainingOrigin origin)
            throws IOException {
        this.config = start.config();
        this.recipe = Objects.requireNonNull(recipe, "recipe");
        this.options = options;
        Objects.requireNonNull(preprocessing, "preprocessing");
        if (config.isProjection()) {
            throw new IllegalArgumentException("a model without a head for classes cannot be trained to classify: give it classes");
        }
        if (config.classes() != split.classes().size()) {
            throw new IllegalArgumentException("a model of " + config.classes() + " classes for images of " + split.classes().size());
        }
        if (config.channels() != 3) {
            throw new IllegalArgumentException("images have 3 channels, the model takes " + config.channels());
        }
        Optional<InputException> misfit = preprocessing.misfit(config.imageHeight(), config.imageWidth());
        if (misfit.isPresent()) {
            throw misfit.get();
        }
        long cache = options.cacheBytes();
        ImageSource cachedTraining = new CachedImages(split.training(), cache / 4 * 3);
        ImageSource cachedValidation = new CachedImages(split.validation(), cache / 4);
        SampleMaker samples = new SampleMaker(cachedTraining, config, preprocessing, recipe.augmentation(), recipe.seed());
        this.validation = new SampleMaker(cachedValidation, config, preprocessing, Augmentation.NONE, recipe.seed());
        this.origin = origin;
        this.unreadable = new UnreadableImages(split.training().size() + split.validation().size(), options.mostUnreadable());
        BatchPlan plan = new BatchPlan(split.training().size(), recipe.batch(), recipe.shards(), recipe.seed(), true);
        this.batches = new BatchMaker(samples, plan, recipe.mixing());
        this.training = VitTraining.of(start, ShardWorker.passes(recipe, options, plan.mostInShard()), recipe.optimizer());
        boolean made = false;
        try {
            this.pass = new ShardPass(training, recipe, plan, ClassWeights.of(recipe, split.training()));
            this.steps = new OptimizerSteps(training, recipe, plan, pass);
            this.weights = new TrainedWeights(training, recipe.average() > 0, List.copyOf(split.classes()), preprocessing, caller);
            if (recipe.average() > 0) {
                training.trackAverage();
            }
            made = true;
        } finally {
            if (!made) {
                training.close();
            }
        }
    }

    /**
     * A trainer that starts from {@code start}, which it copies.
     *
     * @param preprocessing how images become the model's input
     * @throws InputException           if the preprocessing makes images of another size than the model takes
     * @throws IllegalArgumentException if the model's classes are not those of the images, or it cannot be trained
     */
    public static Trainer of(ParameterSource start, Split split, Preprocessing preprocessing, Recipe recipe, TrainerOptions options)
            throws IOException {
        return new Trainer(start, split, preprocessing, recipe, options, TrainingOrigin.of(start.config(), start, split, preprocessing, recipe));
    }

    /**
     * A trainer that continues from where {@link #save} left another one. From then on both give the same bits. The recipe may have more epochs than the one
     * that was saved. The steps that were taken stay as they are, and the later ones have the learning rates of the schedule over all the epochs that there are
     * now; so the rate may rise where the shorter schedule had ended.
     *
     * @param config of the model that was trained
     * @throws InputException if the state is malformed or damaged, or belongs to a training with another recipe, model, preprocessing or other images
     */
    public static Trainer resume(Path state, VitConfig config, Split split, Preprocessing preprocessing, Recipe recipe, TrainerOptions options)
            throws IOException {
        return resume(state, TrainingOrigin.of(config, null, split, preprocessing, recipe), config, split, preprocessing, recipe, options);
    }

    /**
     * As {@link #resume(Path, VitConfig, Split, Preprocessing, Recipe, TrainerOptions)}, where the initial weights are compared as
     * well. They are read only for their checksum.
     */
    public static Trainer resume(Path state, ParameterSource start, Split split, Preprocessing preprocessing, Recipe recipe, TrainerOptions options)
            throws IOException {
        return resume(state, TrainingOrigin.of(start.config(), start, split, preprocessing, recipe), start.config(), split, preprocessing, recipe, options);
    }

    private static Trainer resume(Path state, TrainingOrigin origin, VitConfig config, Split split, Preprocessing preprocessing, Recipe recipe,
            TrainerOptions options) throws IOException {
        try (TrainingState saved = TrainingState.open(state, config)) {
            Trainer trainer = new Trainer(saved, split, preprocessing, recipe, options, saved.continued(origin));
            try {
                saved.restore(trainer);
                return trainer;
            } catch (Throwable t) {
                trainer.close();
                throw t;
            }
        }
    }

    /**
     * The differences between a saved training and one with these arguments. {@link #resume} refuses the state unless there are none.
     *
     * @throws InputException if the state is malformed or damaged
     */
    public static List<TrainingOrigin.Difference> differences(Path state, ParameterSource start, Split split, Preprocessing preprocessing, Recipe recipe)
            throws IOException {
        try (TrainingState saved = TrainingState.open(state, start.config())) {
            return saved.origin().differences(TrainingOrigin.of(start.config(), start, split, preprocessing, recipe));
        }
    }

    /**
     * Writes everything that {@link #resume} needs into one file, atomically: after a kill at any moment, either the old file or the new one is
     * there.
     */
    public void save(Path state) throws IOException {
        caller.enter();
        try {
            CheckpointEvent event = FlightRecorder.isInitialized() ? CheckpointEvent.begun() : null;
            TrainingState.write(state, this);
            if (event != null) {
                event.commit(state);
            }
        } finally {
            caller.exit();
        }
    }

    TrainingOrigin origin() {
        return origin;
    }

    /**
     * One message for each image that has so far been left out because it could not be used; never more than {@link TrainerOptions#mostUnreadable}
     * allows.
     */
    public List<String> unreadable() {
        return unreadable.messages();
    }

    /**
     * Trains to the end of the recipe, or until cancelled. After a cancellation it may be called again and continues where it stopped.
     *
     * @return the reports of all epochs so far
     * @throws IOException              if more images cannot be used than the options allow; it is then an {@link InputException} that names the first one
     * @throws DivergedException        if the loss or a gradient is not finite; the weights are those before the step. Also if the initial weights are not
     *                                  finite, whether the loss shows it or not
     * @throws CallInterruptedException if the thread is interrupted, between two steps; the interrupt status is kept, and another call continues where
     *                                  this one stopped
     */
    public List<EpochReport> train(TrainingListener listener) throws IOException, DivergedException {
        caller.enter();
        try (LocalShards shards = new LocalShards(training, pass, batches, progress.steps, recipe, options)) {
            return run(listener, shards);
        } finally {
            caller.exit();
        }
    }

    /**
     * As {@link #train(TrainingListener)}, where another one computes the gradients, for example many machines. The result has the same bits.
     *
     * @param gradients computes the gradient of every step; it belongs to the caller. Between two calls of it no image is prepared here
     */
    public List<EpochReport> train(TrainingListener listener, StepGradient gradients) throws IOException, DivergedException {
        Objects.requireNonNull(gradients, "gradients");
        caller.enter();
        try {
            return run(listener, gradients);
        } finally {
            caller.exit();
        }
    }

    private List<EpochReport> run(TrainingListener listener, StepGradient gradients) throws IOException, DivergedException {
        cancelled = false;
        if (progress.steps == 0) {
            steps.requireNothingHidden();
        }
        long start = System.nanoTime();
        long timed = 0;
        EpochEvent event = begunEvent();
        while (!cancelled) {
            if (progress.steps == (long) (history.size() + 1) * steps.perEpoch()) {
                long seen = progress.seen;
                EpochReport report = finishEpoch(timed / ((System.nanoTime() - start) / 1e9));
                if (report != null) {
                    if (event != null) {
                        event.commit(report, seen);
                    }
                    listener.epoch(report);
                }
                start = System.nanoTime();
                timed = 0;
                event = begunEvent();
            } else if (isDone()) {
                break;
            } else {
                ShardStatistics seen = step(gradients);
                timed += seen.images();
                listener.step(progress.steps, steps(), seen.images() == 0 ? Double.NaN : seen.lossSum() / seen.images());
            }
        }
        return history();
    }

    /** An event of an epoch that begins, or null: none is made before a recording has begun. */
    private static EpochEvent begunEvent() {
        return FlightRecorder.isInitialized() ? EpochEvent.begun() : null;
    }

    /** Takes one optimiser step. A batch none of whose images could be read changes nothing. */
    private ShardStatistics step(StepGradient gradients) throws IOException, DivergedException {
        ShardStatistics seen = gradients.compute(progress.steps, training);
        unreadable.add("", seen.unreadable());
        if (seen.images() > 0) {
            steps.take(progress.steps, seen.images());
        }
        progress = new Progress(progress.steps + 1, progress.lossSum + seen.lossSum(), progress.right + seen.right(), progress.seen + seen.images());
        return seen;
    }

    /** Validates and closes the epoch; returns null if that was cancelled. */
    private EpochReport finishEpoch(double imagesPerSecond) throws IOException {
        Evaluation evaluation = evaluate(validation);
        if (evaluation == null) {
            return null;
        }
        lastEvaluation = evaluation;
        double loss = progress.lossSum / progress.seen;
        EpochReport report = new EpochReport(history.size() + 1, loss, (double) progress.right / progress.seen, evaluation.loss(),
                evaluation.top1(), steps.rate(progress.steps - 1), isBest(loss, evaluation), imagesPerSecond);
        history.add(report);
        progress = new Progress(progress.steps, 0, 0, 0);
        return report;
    }

    private boolean isBest(double loss, Evaluation evaluation) {
        for (EpochReport earlier : history) {
            boolean better = evaluation.images() == 0 ? loss < earlier.loss()
                    : evaluation.top1() > earlier.validationAccuracy()
                            || evaluation.top1() == earlier.validationAccuracy() && evaluation.loss() < earlier.validationLoss();
            if (!better) {
                return false;
            }
        }
        return true;
    }

    private Evaluation evaluate(SampleMaker images) throws IOException {
        return Validation.of(weights, images, Math.min(recipe.batch(), 64), recipe.tokenMerging(), options, unreadable, () -> cancelled);
    }

    /** Evaluates the weights on the validation images. Directly after an epoch, its result is returned and nothing runs again. */
    public Evaluation evaluate() throws IOException {
        caller.enter();
        try {
            cancelled = false;
            return lastEvaluation != null && progress.seen == 0 ? lastEvaluation : evaluate(validation);
        } finally {
            caller.exit();
        }
    }

    /**
     * Evaluates other weights on the validation images, for example the trained ones, carried over to images of another size by {@link FineTuning}. The
     * preprocessing is adapted to the size that those weights take.
     *
     * @throws IllegalArgumentException if the weights are for another number of classes
     */
    public Evaluation evaluate(ParameterSource others) throws IOException {
        VitConfig other = others.config();
        if (other.classes() != config.classes()) {
            throw new IllegalArgumentException("weights for " + other.classes() + " classes; the images have " + config.classes());
        }
        caller.enter();
        try {
            cancelled = false;
            SampleMaker resized = new SampleMaker(validation.images(), other, validation.preprocessing().forImage(other.imageHeight(), other.imageWidth()),
                    Augmentation.NONE, recipe.seed());
            return Validation.of(others, resized, Math.min(recipe.batch(), 64), recipe.tokenMerging(), options, unreadable, () -> cancelled);
        } finally {
            caller.exit();
        }
    }

    /** Ends {@link #train} after the current step. Any thread may call this. */
    public void cancel() {
        cancelled = true;
    }

    /** Whether all epochs are done, or training has stopped early. */
    public boolean isDone() {
        return history.size() == recipe.epochs() || hasStoppedEarly();
    }

    /** Whether training has ended because {@link Recipe#patience} epochs brought none that was better. */
    public boolean hasStoppedEarly() {
        int best = history.stream().filter(EpochReport::best).mapToInt(EpochReport::epoch).max().orElse(0);
        return recipe.patience() > 0 && best > 0 && history.size() - best >= recipe.patience();
    }

    /**
     * The facts that determine the result: recipe, model, preprocessing, number and labels of the images, and the initial weights with their checksum. Two
     * trainings with the same facts and the same images end with the same bits.
     */
    public Map<String, String> facts() {
        return Collections.unmodifiableMap(origin.facts());
    }

    /** Steps of the whole recipe. */
    public long steps() {
        return steps.all();
    }

    /** Steps of an epoch. */
    public int stepsPerEpoch() {
        return steps.perEpoch();
    }

    /** The reports of all epochs so far. */
    public List<EpochReport> history() {
        return List.copyOf(history);
    }

    /** The configuration of the model that is trained. */
    public VitConfig config() {
        return config;
    }

    /** The number of images that are trained on, those that cannot be used included. */
    public int trainingImages() {
        return batches.samples().images().size();
    }

    /** The recipe of this training. */
    public Recipe recipe() {
        return recipe;
    }

    /** Bytes that weights, gradients, optimiser states and activations take. */
    public long plannedBytes() {
        return training.plannedBytes();
    }

    /**
     * The trained weights: the moving average if the recipe has one. They know the classes and the preprocessing of the training.
     * They are a view, valid until the trainer is closed.
     */
    public ParameterSource weights() {
        return weights;
    }

    VitTraining training() {
        return training;
    }

    Progress progress() {
        return progress;
    }

    /** Continues from this progress; weights and optimiser states are restored separately. */
    void restore(Progress reached, List<EpochReport> epochs) {
        progress = reached;
        history.clear();
        history.addAll(epochs);
        training.resumeAfter(Math.toIntExact(reached.steps));
    }

    /** Frees the memory and ends the threads. */
    @Override
    public void close() {
        training.close();
    }
}
