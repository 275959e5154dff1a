package vit.model;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import vit.kernels.lifetime.Lifetime;
import vit.kernels.optim.GradientNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.TensorArena;
import vit.model.backward.ParameterUpdate;
import vit.model.backward.TrainingKernels;
import vit.model.backward.TrainingParameters;
import vit.model.backward.TrainingPass;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.ParameterTensors;
import vit.model.parameters.Parameters;

/**
 * Weights that learn: forward and backward passes that accumulate gradients, and optimiser steps that use the gradients. This is the level of one
 * step, for those who write their own loop; {@link vit.model.train.Trainer} runs a whole training on images.
 *
 * <!-- given: Weights source, int steps, float[] images, int[] labels, int batch, double learningRate -->
 * <pre>{@code
 * try (VitTraining training = VitTraining.of(source, TrainingOptions.of(2, 32), Optimizer.adamW(0.05))) {
 *     for (int step = 0; step < steps; step++) {
 *         training.clearGradients();
 *         training.accumulate(images, labels, batch, 1.0 / batch);        // once for every micro-batch
 *         training.step(learningRate, GradientNorm.clipScale(training.gradientNorm(), 1));
 *     }
 *     VitModel trained = VitModel.of(training);                           // a copy of the weights, to run or to save
 * }
 * }</pre>
 *
 * All memory is planned when a training is made: weights, gradients, optimiser states and the activations of the largest batch. Passes and
 * steps allocate nothing after warm-up.
 *
 * <h2>Threads</h2>
 * A training serves one call at a time, from any thread; inside a call its team of threads works together. Another call gets a
 * {@link SessionInUseException} meanwhile. {@link #steps} may be called at any time.
 *
 * <h2>Reproducibility</h2>
 * The bits of every result are the same at any number of threads and any vector width, and whether blocks are recomputed or not.
 * Micro-batches of any size accumulate the gradients of the parameters in the same order as one large batch does, and so give the same bits, provided
 * that all use one scale. Dropout counts the images since {@link #clearGradients}, so its masks do not depend on the micro-batches either.
 *
 * <h2>Arrays and errors</h2>
 * Arrays belong to the caller; a call reads its inputs before it computes, and keeps none. Every method that uses the training's memory
 * throws {@link SessionInUseException} while another call is under way, and {@link SessionClosedException} after {@link #close()}. A loss that is NaN
 * or infinite is returned, not thrown. What {@link #logits}, {@link #losses} and {@link #imageGradient} give before the first pass is undefined.
 *
 * <h2>Closing</h2>
 * {@link #close} frees the memory and ends the threads. A training that is never closed is freed some time after the garbage collector finds it,
 * with a warning ({@link vit.kernels.lifetime.CloseGuard}).
 */
public final class VitTraining implements AutoCloseable, ParameterSource {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final VitConfig config;
    private final Parameters parameters;
    private final List<String> labels;
    private final Preprocessing preprocessing;
    private final TrainingOptions options;
    private final Optimizer optimizer; // null without one
    private final boolean awaitsKernels;
    private final String name = "vit-training-" + NUMBER.incrementAndGet();
    private final TensorArena arena;
    private final Workers workers;
    private final TrainingParameters values;
    private final GradientPass pass;
    private final ParameterUpdate update;
    private final GradientNorm norm;
    private final Lifetime lifetime;
    private final Workers.Task clear;
    private final Workers.Task settle;
    private final Workers.Task measure;
    private final Workers.Task standardize;
    private boolean written; // whether weights were set since those of convolutions were standardised
    private final TrackedAverage average = new TrackedAverage();
    private volatile int steps; // read by any thread

    private VitTraining(ParameterSource source, TrainingOptions options, Optimizer optimizer) throws IOException {
        VitModel.prepareKernels();
        this.config = source.config();
        GradientPass.checkTrainable(config);
        TrainingKernels.compile(config, !options.tokenMerging().isNone(), optimizer);
        this.labels = List.copyOf(source.labels());
        this.preprocessing = source.preprocessing();
        this.options = options;
        this.optimizer = optimizer;
        this.awaitsKernels = ForwardCost.of(config, options.tokenMerging().tokens(config)).flops() > SessionPass.AWAIT_FLOPS;
        this.parameters = Parameters.of(config);
        this.arena = TensorArena.open();
        Workers team = null;
        Lifetime begun = null;
        try {
            values = new TrainingParameters(config, parameters, source, options.frozen(), arena);
            pass = new GradientPass(config, new TrainingPass(config, values, options, arena), options.maxBatch());
            update = optimizer == null ? null : new ParameterUpdate(config, values, optimizer, arena);
            norm = values.gradients().tensors().norm(values.trained(), options.threads());
            clear = this::clear;
            settle = values.gradients()::clearLayers;
            measure = norm::measure;
            team = Workers.of(options.threads(), name);
            standardize = values::standardize;
            team.run(standardize);
            begun = lifetime(name, team, arena, average);
        } finally {
            if (begun == null) {
                free(team, arena, average);
            }
        }
        this.workers = team;
        this.lifetime = begun;
    }

    private static Lifetime lifetime(String name, Workers team, TensorArena arena, TrackedAverage average) {
        return new Lifetime(1, () -> new SessionInUseException("the training is in use by another call; it serves one at a time"),
                () -> new SessionClosedException("the training is closed"), "the training " + name, () -> free(team, arena, average),
                VitTraining.class);
    }

    private static void free(Workers team, TensorArena arena, TrackedAverage average) {
        try (arena; average) {
            if (team != null) {
                team.close();
            }
        }
    }

    /**
     * Starts a training from the parameters of {@code source}, which are copied; labels and preprocessing are taken over as well.
     *
     * @param source    the parameters to start from, for example a {@link VitModel} or {@link vit.model.train.Initialization}
     * @param options   threads, batch, regularisation
     * @param optimizer what {@link #step} does; null if only gradients are wanted
     * @throws IllegalArgumentException if the model has sigmoid scores or a pre-logits layer, does not have what is to be frozen, or its tokens cannot be merged
     * @throws IOException              if the source cannot be read
     */
    public static VitTraining of(ParameterSource source, TrainingOptions options, Optimizer optimizer) throws IOException {
        return new VitTraining(source, options, optimizer);
    }

    /** The configuration of the model that is trained. */
    @Override
    public VitConfig config() {
        return config;
    }

    /** The labels of the source that the training started from. */
    @Override
    public List<String> labels() {
        return labels;
    }

    /** The preprocessing of the source that the training started from. */
    @Override
    public Preprocessing preprocessing() {
        return preprocessing;
    }

    /** Names, shapes and kinds of the tensors of the model, whether they are {@linkplain #frozen() frozen} or not. */
    public Parameters parameters() {
        return parameters;
    }

    /** The part of the model that keeps its values. */
    public Frozen frozen() {
        return options.frozen();
    }

    /** How many tokens each block merges. */
    public TokenMerging tokenMerging() {
        return options.tokenMerging();
    }

    /** The largest number of images in one pass. */
    public int maxBatch() {
        return options.maxBatch();
    }

    /** Bytes held, off and on the heap: weights, gradients, optimiser states and activations. */
    public long plannedBytes() {
        return arena.bytes() + average.bytes();
    }

    /** Sets all gradients to zero. The next image is the first of its step. */
    public void clearGradients() {
        clearGradients(0);
    }

    /**
     * Sets all gradients to zero, for a part of a step.
     *
     * @param firstImage how many images of the step come before the next one. The masks of dropout follow from an image's number in its step, so the parts of
     *                   a step have the masks of the whole
     */
    public void clearGradients(int firstImage) {
        if (firstImage < 0) {
            throw new IllegalArgumentException("image " + firstImage + " of the step; expected 0 or more");
        }
        lifetime.enter();
        try {
            workers.run(clear);
            values.gradients().setFresh(true);
            pass.beginStep(firstImage);
        } finally {
            lifetime.exit();
        }
    }

    private void clear(Worker w) {
        values.gradients().clear(w);
    }

    /** Clears what only counts as zero, before it is read or written other than by a pass. */
    private void settleGradients() {
        if (values.gradients().areFresh()) {
            workers.run(settle);
            values.gradients().setFresh(false);
        }
    }

    /**
     * Brings steps to full speed. It waits for the kernels, whose compilation began when the training was made. Then it trains small models of the same kind,
     * which compiles what is left, and times passes of this training over one image until their time is steady. All of it takes one to four
     * seconds, and no pass begins after eight; a second training of the same kind in a JVM only times its passes.
     *
     * <p>Warming up is optional. Without it, the first steps are slower, and their results are the same. Weights, gradients, optimiser states, the moving
     * average, the count of steps and the masks of dropout are as before afterwards, bit by bit. If gradients have been accumulated, their copy takes
     * as much memory as they do until the warm-up ends. The results of the last pass ({@link #logits}, {@link #losses}, {@link #imageGradient}) are
     * overwritten.
     *
     * @return what was done; its calls are the passes of this training
     * @throws vit.kernels.parallel.CallInterruptedException if the thread is interrupted; everything is as before then, too
     */
    public WarmUpReport warmUp() {
        lifetime.enter();
        try {
            try (GradientCopy before = values.gradients().areFresh() ? null : new GradientCopy(config, values.trained(), values.gradients().tensors())) {
                refresh();
                try {
                    return TrainingWarmUp.run(config, options, optimizer, average.bytes() > 0, () -> pass.rehearse(workers, steps));
                } finally {
                    restore(before);
                }
            }
        } finally {
            lifetime.exit();
        }
    }

    /** Gives the gradients back what they were: zeros if there is no copy. */
    private void restore(GradientCopy before) {
        if (before == null) {
            workers.run(clear);
            values.gradients().setFresh(true);
        } else {
            before.restore();
        }
    }

    /**
     * Runs the forward and the backward pass, and adds {@code scale} · Σ ∇loss to the gradients. The sum goes over the images of the batch.
     *
     * @param images (B, channels, height, width), row-major, normalised
     * @param labels (B), the class of each image, from 0
     * @param batch  B, from 1 to {@link #maxBatch}
     * @param scale  1 / B for the gradient of the mean loss; with micro-batches, one over the number of images in the whole step
     * @return the mean loss of the images of this pass
     * @throws IllegalArgumentException if the batch is not planned for, an array is too short, or a label is not a class
     * @throws IllegalStateException    if the model has no head for classes
     * @throws vit.kernels.parallel.CallInterruptedException if the thread is interrupted while it waits for the kernels, which only a first pass does
     */
    public double accumulate(float[] images, int[] labels, int batch, double scale) {
        return accumulate(images, labels, batch, scale, null);
    }

    /**
     * As {@link #accumulate(float[], int[], int, double)} with soft targets, as mixup and CutMix make them.
     *
     * @param targets (B, classes), each row a distribution over the classes; that its sum is 1 is not checked
     */
    public double accumulate(float[] images, float[] targets, int batch, double scale) {
        return accumulate(images, targets, batch, scale, null);
    }

    /**
     * As {@link #accumulate(float[], int[], int, double)}, and shows the tokens after every stage of the forward pass to an observer.
     *
     * @param observer called after every stage, or null
     */
    public double accumulate(float[] images, int[] labels, int batch, double scale, StageObserver observer) {
        Objects.requireNonNull(labels, "labels");
        return run(images, null, labels, batch, scale, observer);
    }

    /**
     * As {@link #accumulate(float[], float[], int, double)}, and shows the tokens after every stage of the forward pass to an observer.
     *
     * @param observer called after every stage, or null
     */
    public double accumulate(float[] images, float[] targets, int batch, double scale, StageObserver observer) {
        Objects.requireNonNull(targets, "targets");
        return run(images, targets, null, batch, scale, observer);
    }

    /**
     * Runs the forward and the backward pass of a model that is trained by its embeddings, and adds the gradient of {@code loss} to the gradients of the
     * parameters.
     *
     * @param images (B, channels, height, width), row-major, normalised
     * @param batch  B, from 1 to {@link #maxBatch}
     * @param loss   called once in between, on one of the team's threads. An exception that it throws ends the call and is thrown by it
     * @return what {@code loss} returned
     * @throws IllegalArgumentException if the batch is not planned for, or an array is too short
     * @throws IllegalStateException    if the model has a head for classes
     */
    public double accumulate(float[] images, int batch, EmbeddingLoss loss) {
        return accumulate(images, batch, loss, null);
    }

    /**
     * As {@link #accumulate(float[], int, EmbeddingLoss)}, and shows the tokens after every stage of the forward pass to an observer.
     *
     * @param observer called after every stage, or null
     */
    public double accumulate(float[] images, int batch, EmbeddingLoss loss, StageObserver observer) {
        Objects.requireNonNull(loss, "loss");
        pass.checkEmbeddings();
        pass.check(images, batch);
        lifetime.enter();
        try {
            awaitKernels();
            refresh();
            double value = pass.run(workers, images, batch, loss, steps, observer);
            values.gradients().setFresh(false);
            return value;
        } finally {
            lifetime.exit();
        }
    }

    private void awaitKernels() {
        if (awaitsKernels) {
            KernelCompilation.await();
        }
    }

    private double run(float[] images, float[] targets, int[] labels, int batch, double scale, StageObserver observer) {
        pass.checkClasses();
        pass.check(images, batch);
        lifetime.enter();
        try {
            if (targets == null) {
                pass.setLabels(labels, batch);
            } else {
                pass.setTargets(targets, batch);
            }
            awaitKernels();
            refresh();
            double value = pass.run(workers, images, batch, scale, steps, observer);
            values.gradients().setFresh(false);
            return value;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Copies the logits of the last pass.
     *
     * @param target (B, classes), written
     * @param batch  B, at most that of the pass
     * @throws IllegalArgumentException if the batch is not planned for, or the array is too short
     * @throws IllegalStateException    if the model has no head for classes
     */
    public void logits(float[] target, int batch) {
        pass.checkClasses("logits");
        pass.checkLogits(target, batch);
        lifetime.enter();
        try {
            pass.logits(target, batch);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Copies the loss of every image of the last pass. An {@link EmbeddingLoss} has one loss for all images, which its pass returns.
     *
     * @param target (B), written
     * @param batch  B, at most that of the pass
     * @throws IllegalArgumentException if the batch is not planned for, or the array is too short
     * @throws IllegalStateException    if the model has no head for classes
     */
    public void losses(float[] target, int batch) {
        pass.checkClasses("losses");
        pass.checkLosses(target, batch);
        lifetime.enter();
        try {
            pass.losses(target, batch);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Copies the gradient of the images of the last pass.
     *
     * @param target (B, channels, height, width), written
     * @param batch  B, at most that of the pass
     * @throws IllegalArgumentException if {@link TrainingOptions#withImageGradient} did not ask for it, the batch is not planned for, or the array is
     *                                  too short
     */
    public void imageGradient(float[] target, int batch) {
        pass.checkImageGradient(target, batch);
        lifetime.enter();
        try {
            pass.imageGradient(target, batch);
        } finally {
            lifetime.exit();
        }
    }

    /** The Euclidean norm of all gradients together; what is frozen has none. It has the same bits at any number of threads and any vector width. */
    public double gradientNorm() {
        lifetime.enter();
        try {
            settleGradients();
            workers.run(measure);
            return norm.value();
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Takes one optimiser step: updates the weights from the gradients, which stay as they are until {@link #clearGradients}.
     *
     * @param rate          learning rate of the head; the optimiser's layer decay lowers that of the layers below it
     * @param gradientScale factor on the gradients, for clipping; 1 for none
     * @throws IllegalStateException if the training was made without an optimiser
     */
    public void step(double rate, double gradientScale) {
        if (update == null) {
            throw new IllegalStateException("the training was made without an optimiser");
        }
        lifetime.enter();
        try {
            settleGradients();
            update.prepare(rate, gradientScale, ++steps);
            workers.run(update);
        } finally {
            lifetime.exit();
        }
    }

    /** The number of optimiser steps taken, those before a resume included. */
    public int steps() {
        return steps;
    }

    /** Copies the values of {@code parameter} into {@code target}, row-major. */
    @Override
    public void read(Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            values.weights().tensors().get(parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /** Sets the weights of {@code parameter}, row-major; for resuming, and for weights that another machine has trained. */
    public void write(Parameter parameter, float[] source) {
        lifetime.enter();
        try {
            values.weights().tensors().set(parameter, source);
            written = true;
        } finally {
            lifetime.exit();
        }
    }

    /** Computes again what follows from the weights, if they were set. */
    private void refresh() {
        if (written) {
            workers.run(standardize);
            written = false;
        }
    }

    /**
     * Sets the gradient of {@code parameter}, row-major: a sum over several machines, for the next {@link #step}.
     *
     * @throws IllegalArgumentException if it is frozen
     */
    public void writeGradient(Parameter parameter, float[] source) {
        lifetime.enter();
        try {
            requireTrained(parameter);
            settleGradients();
            values.gradients().tensors().set(parameter, source);
        } finally {
            lifetime.exit();
        }
    }

    /** Copies the gradient of {@code parameter} into {@code target}, row-major: zeros if it is frozen. */
    public void readGradient(Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            settleGradients();
            read(values.gradients().tensors(), parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Copies an optimiser state of {@code parameter} into {@code target}, row-major: zeros if it is frozen.
     *
     * @param which 0 for SGD's velocity or Adam's mean of gradients, 1 for Adam's mean of squares; below {@link #stateCount}
     */
    public void readState(int which, Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            read(state(which), parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /** The number of optimiser states that each parameter has: 1 with SGD, 2 with Adam, 0 without an optimiser. */
    public int stateCount() {
        return update == null ? 0 : update.secondState() == null ? 1 : 2;
    }

    /**
     * Sets an optimiser state of {@code parameter}, row-major; for resuming. {@code which} as in {@link #readState}.
     *
     * @throws IllegalArgumentException if it is frozen
     */
    public void writeState(int which, Parameter parameter, float[] source) {
        lifetime.enter();
        try {
            requireTrained(parameter);
            state(which).set(parameter, source);
        } finally {
            lifetime.exit();
        }
    }

    /** Continues to count after {@code taken} optimiser steps; for resuming. Adam's bias correction and the masks of dropout depend on the count. */
    public void resumeAfter(int taken) {
        lifetime.enter();
        try {
            steps = taken;
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Starts an exponential moving average of the weights. Plans its memory and begins it as a copy of the weights, so it is called once, before
     * training; a later call does nothing.
     */
    public void trackAverage() {
        lifetime.enter();
        try {
            average.begin(config, values, workers);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Updates the moving average after a step: average = decay · average + (1 − decay) · weights.
     *
     * @throws IllegalStateException if no average is tracked
     */
    public void updateAverage(double decay) {
        lifetime.enter();
        try {
            average.update(decay, workers);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Copies the moving average of {@code parameter} into {@code target}, row-major.
     *
     * @throws IllegalStateException if no average is tracked
     */
    public void readAverage(Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            ParameterTensors held = average.tensors();
            (held.has(parameter) ? held : values.weights().tensors()).get(parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Sets the moving average of {@code parameter}, row-major; for resuming.
     *
     * @throws IllegalStateException    if no average is tracked
     * @throws IllegalArgumentException if it is frozen
     */
    public void writeAverage(Parameter parameter, float[] source) {
        lifetime.enter();
        try {
            ParameterTensors held = average.tensors();
            requireTrained(parameter);
            held.set(parameter, source);
        } finally {
            lifetime.exit();
        }
    }

    private static void read(ParameterTensors tensors, Parameter parameter, float[] target) {
        if (tensors.has(parameter)) {
            tensors.get(parameter, target);
        } else {
            Arrays.fill(target, 0, Math.toIntExact(parameter.shape().size()), 0);
        }
    }

    private void requireTrained(Parameter parameter) {
        if (options.frozen().contains(parameter)) {
            throw new IllegalArgumentException(parameter.name() + " is frozen; it has neither gradient nor optimiser state");
        }
    }

    private ParameterTensors state(int which) {
        if (which < 0 || which >= stateCount()) {
            throw new IllegalArgumentException("optimiser state " + which + " of " + stateCount());
        }
        return which == 0 ? update.firstState() : update.secondState();
    }

    /** The training's name, for example {@code vit-training-1}; the names of its threads begin with it. */
    @Override
    public String toString() {
        return name;
    }

    /**
     * Refuses further calls with {@link SessionClosedException}, frees the memory and ends the threads: at once, or when the running call ends.
     * Does not wait for that call. Closing twice does nothing.
     */
    @Override
    public void close() {
        lifetime.close();
    }
}
