package vit.model;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import vit.kernels.lifetime.Lifetime;
import vit.kernels.optim.GradientNorm;
import vit.kernels.parallel.Worker;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.TensorArena;
import vit.model.backward.ParameterUpdate;
import vit.model.backward.TrainingParameters;
import vit.model.backward.TrainingPass;
import vit.model.backward.WeightAverages;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.forward.Spans;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.ParameterTensors;
import vit.model.parameters.Parameters;

/**
 * Weights that learn: forward and backward passes that accumulate gradients, and optimiser steps that use them. All memory is
 * planned when it is made; passes and steps allocate nothing after warm-up.
 *
 * <p>It serves one call at a time; the team works inside. Every method that uses its memory throws {@link SessionInUseException} while
 * another call is under way, and {@link SessionClosedException} after {@link #close()}.
 *
 * <pre>
 *   training.clearGradients();
 *   training.accumulate(images, labels, batch, 1.0 / batch);   // as often as there are micro-batches
 *   training.step(learningRate, GradientNorm.clipScale(training.gradientNorm(), 1));
 * </pre>
 *
 * Bits do not depend on threads, vector width, or whether blocks are recomputed. Micro-batches of any size accumulate the
 * gradients of parameters in the same order as one batch does, and so give the same bits, if all use one scale. Dropout counts
 * the images since {@link #clearGradients}, so that its masks do not depend on the micro-batches either.
 */
public final class VitTraining implements AutoCloseable, ParameterSource {

    private final VitConfig config;
    private final Parameters parameters;
    private final List<String> labels;
    private final Preprocessing preprocessing;
    private final TrainingOptions options;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final String name = "vit-training-" + NUMBER.incrementAndGet();
    private final TensorArena arena;
    private final Workers workers;
    private final TrainingParameters values;
    private final TrainingPass pass;
    private final ParameterUpdate update;
    private final GradientNorm norm;
    private final Lifetime lifetime;
    private final Workers.Task clear;
    private final Workers.Task measure;
    private final AtomicReference<TensorArena> averageMemory = new AtomicReference<>(); // empty until then
    private WeightAverages average; // null until it is tracked
    private volatile int steps; // read by any thread
    private int imagesInStep; // since the gradients were cleared

    private VitTraining(ParameterSource source, TrainingOptions options, Optimizer optimizer) throws IOException {
        Implementation.require();
        this.config = source.config();
        this.labels = List.copyOf(source.labels());
        this.preprocessing = source.preprocessing();
        this.options = options;
        this.parameters = Parameters.of(config);
        checkTrainable(config);
        this.arena = TensorArena.open();
        Workers team = null;
        Lifetime begun = null;
        try {
            values = new TrainingParameters(config, parameters, source, arena);
            pass = new TrainingPass(config, values, options, arena);
            update = optimizer == null ? null : new ParameterUpdate(config, values, optimizer, arena);
            norm = values.gradients().tensors().norm(parameters, options.threads());
            clear = this::clear;
            measure = norm::measure;
            team = Workers.of(options.threads(), name);
            team.run(values::updateTransposes);
            begun = lifetime(name, team, arena, averageMemory);
        } finally {
            if (begun == null) {
                free(team, arena, null);
            }
        }
        this.workers = team;
        this.lifetime = begun;
    }

    private static Lifetime lifetime(String name, Workers team, TensorArena arena, AtomicReference<TensorArena> averageMemory) {
        return new Lifetime(1, () -> new SessionInUseException("the training is in use by another call; it serves one at a time"),
                () -> new SessionClosedException("the training is closed"), "the training " + name,
                () -> free(team, arena, averageMemory.get()), VitTraining.class);
    }

    private static void free(Workers team, TensorArena arena, TensorArena averageMemory) {
        try (arena; averageMemory) {
            if (team != null) {
                team.close();
            }
        }
    }

    private static void checkTrainable(VitConfig config) {
        if (config.classes() == 0) {
            throw new IllegalArgumentException("a model without a head cannot be trained to classify: give it classes");
        }
        if (config.scores() == Scores.SIGMOID) {
            throw new IllegalArgumentException(config.classes() == 1
                    ? "a model of one class cannot be trained: the loss is the cross-entropy of a softmax, which is 0 for one class"
                    : "a model with sigmoid scores cannot be trained: the loss is the cross-entropy of a softmax, for one label an image; "
                            + "give the configuration softmax scores");
        }
        if (config.distillationToken() || config.preLogits()) {
            throw new IllegalArgumentException("models with a distillation token or a pre-logits layer cannot be trained; "
                    + "fine-tuning drops both (convert the weights to a plain model first)");
        }
    }

    /**
     * Starts from {@code source}'s parameters, which are copied.
     *
     * @param optimizer null when only gradients are wanted
     * @throws IllegalArgumentException if the model has no head, sigmoid scores, a distillation token or a pre-logits layer
     */
    public static VitTraining of(ParameterSource source, TrainingOptions options, Optimizer optimizer) throws IOException {
        return new VitTraining(source, options, optimizer);
    }

    @Override
    public VitConfig config() {
        return config;
    }

    /** Those of the source that training started from. */
    @Override
    public List<String> labels() {
        return labels;
    }

    /** That of the source that training started from. */
    @Override
    public Preprocessing preprocessing() {
        return preprocessing;
    }

    /** The tensors that learn. */
    public Parameters parameters() {
        return parameters;
    }

    /** Most images in one pass. */
    public int maxBatch() {
        return options.maxBatch();
    }

    /** Bytes held, off and on the heap: weights, gradients, optimiser states and activations. */
    public long plannedBytes() {
        TensorArena averages = averageMemory.get();
        return arena.bytes() + (averages == null ? 0 : averages.bytes());
    }

    /** Sets all gradients to zero. */
    public void clearGradients() {
        lifetime.enter();
        try {
            workers.run(clear);
            imagesInStep = 0;
        } finally {
            lifetime.exit();
        }
    }

    private void clear(Worker w) {
        values.gradients().clear(w);
    }

    /**
     * Runs forward and backward and adds {@code scale} · Σ ∇loss to the gradients.
     *
     * @param images (B, channels, height, width)
     * @param labels (B), classes
     * @param scale  1 / B for the gradient of the mean loss
     * @return the mean loss of the images
     */
    public double accumulate(float[] images, int[] labels, int batch, double scale) {
        return run(images, null, labels, batch, scale, null);
    }

    /**
     * The same with soft targets, as mixup and cutmix make them.
     *
     * @param targets (B, classes), each row a distribution
     */
    public double accumulate(float[] images, float[] targets, int batch, double scale) {
        return run(images, targets, null, batch, scale, null);
    }

    /** The same with a look at the tokens after every stage of the forward pass. */
    public double accumulate(float[] images, int[] labels, int batch, double scale, StageObserver observer) {
        return run(images, null, labels, batch, scale, observer);
    }

    /** The same with soft targets and a look at the tokens after every stage. */
    public double accumulate(float[] images, float[] targets, int batch, double scale, StageObserver observer) {
        return run(images, targets, null, batch, scale, observer);
    }

    private double run(float[] images, float[] targets, int[] labels, int batch, double scale, StageObserver observer) {
        int imageElements = config.channels() * config.imageHeight() * config.imageWidth();
        if (batch < 1 || batch > options.maxBatch()) {
            throw new IllegalArgumentException("a batch of " + batch + " images; planned are 1 to " + options.maxBatch());
        }
        if (images.length < (long) batch * imageElements) {
            throw new IllegalArgumentException("images: an array of " + images.length + "; expected at least " + batch + " × "
                    + imageElements);
        }
        lifetime.enter();
        try {
            if (targets != null) {
                if (targets.length < batch * config.classes()) {
                    throw new IllegalArgumentException("targets: an array of " + targets.length + "; expected at least " + batch
                            + " × " + config.classes());
                }
                Spans.write(pass.targets, targets, batch * config.classes());
            } else {
                setLabels(labels, batch);
            }
            Spans.write(pass.images, images, batch * imageElements);
            pass.prepare(batch, scale, steps, imagesInStep, observer);
            workers.run(pass);
            imagesInStep += batch;
            double sum = 0;
            for (int b = 0; b < batch; b++) {
                sum += pass.losses.get(0, b);
            }
            return sum / batch;
        } finally {
            lifetime.exit();
        }
    }

    private void setLabels(int[] labels, int batch) {
        for (int b = 0; b < batch; b++) {
            if (labels[b] < 0 || labels[b] >= config.classes()) {
                throw new IllegalArgumentException("label " + labels[b] + " of image " + b + "; expected 0 to " + (config.classes() - 1));
            }
            for (int c = 0; c < config.classes(); c++) {
                pass.targets.set(b, c, c == labels[b] ? 1 : 0);
            }
        }
    }

    /** The logits of the last pass, (B, classes). */
    public void logits(float[] target, int batch) {
        lifetime.enter();
        try {
            Spans.read(pass.logits, target, batch * config.classes());
        } finally {
            lifetime.exit();
        }
    }

    /** The loss of every image of the last pass, (B). */
    public void losses(float[] target, int batch) {
        lifetime.enter();
        try {
            Spans.read(pass.losses, target, batch);
        } finally {
            lifetime.exit();
        }
    }

    /** The gradient of the images of the last pass, (B, channels, height, width). */
    public void imageGradient(float[] target, int batch) {
        if (pass.dimages == null) {
            throw new IllegalArgumentException("no image gradient was planned; see TrainingOptions.withImageGradient");
        }
        lifetime.enter();
        try {
            Spans.read(pass.dimages, target, batch * config.channels() * config.imageHeight() * config.imageWidth());
        } finally {
            lifetime.exit();
        }
    }

    /** The Euclidean norm of all gradients together: the same bits at any number of threads and any vector width. */
    public double gradientNorm() {
        lifetime.enter();
        try {
            workers.run(measure);
            return norm.value();
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Updates the weights.
     *
     * @param rate          learning rate of the head; lower layers have theirs by the optimiser's layer decay
     * @param gradientScale factor on the gradients, from clipping; 1 for none
     */
    public void step(double rate, double gradientScale) {
        if (update == null) {
            throw new IllegalStateException("this session was made without an optimiser");
        }
        lifetime.enter();
        try {
            update.prepare(rate, gradientScale, ++steps);
            workers.run(update);
        } finally {
            lifetime.exit();
        }
    }

    /** Optimiser steps taken, those before a resume included. */
    public int steps() {
        return steps;
    }

    /** Writes the weight of {@code parameter}, row-major. */
    @Override
    public void read(Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            values.weights().tensors().get(parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /** Writes the gradient of {@code parameter}, row-major. */
    public void readGradient(Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            values.gradients().tensors().get(parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /**
     * Copies the optimiser's state of {@code parameter}, row-major.
     *
     * @param which 0: velocity or mean of gradients; 1: mean of squares
     */
    public void readState(int which, Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            state(which).get(parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /** The number of states a parameter has: 1 for SGD, 2 for Adam. */
    public int stateCount() {
        return update == null ? 0 : update.secondState() == null ? 1 : 2;
    }

    /** Sets the optimiser's state of {@code parameter}, row-major. */
    public void writeState(int which, Parameter parameter, float[] source) {
        lifetime.enter();
        try {
            state(which).set(parameter, source);
        } finally {
            lifetime.exit();
        }
    }

    /** Continues counting after {@code taken} optimiser steps. */
    public void resumeAfter(int taken) {
        lifetime.enter();
        try {
            steps = taken;
        } finally {
            lifetime.exit();
        }
    }

    /** Plans memory for the exponential moving average of the weights, which begins as a copy of them; once, before training. */
    public void trackAverage() {
        lifetime.enter();
        try {
            if (average == null) {
                average = averages();
            }
        } finally {
            lifetime.exit();
        }
    }

    /** In memory of their own, which goes back at once if there is not enough. */
    private WeightAverages averages() {
        TensorArena own = TensorArena.open();
        boolean done = false;
        try {
            WeightAverages planned = new WeightAverages(config, values, own);
            planned.prepare(0);
            workers.run(planned);
            averageMemory.set(own);
            done = true;
            return planned;
        } finally {
            if (!done) {
                own.close();
            }
        }
    }

    /** average = decay · average + (1 − decay) · weights, to be called after a step. */
    public void updateAverage(double decay) {
        lifetime.enter();
        try {
            WeightAverages tracked = tracked();
            tracked.prepare(decay);
            workers.run(tracked);
        } finally {
            lifetime.exit();
        }
    }

    /** Writes the moving average of {@code parameter}, row-major. */
    public void readAverage(Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            tracked().tensors().get(parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /** Sets the moving average of {@code parameter}, row-major. */
    public void writeAverage(Parameter parameter, float[] source) {
        lifetime.enter();
        try {
            tracked().tensors().set(parameter, source);
        } finally {
            lifetime.exit();
        }
    }

    private WeightAverages tracked() {
        if (average == null) {
            throw new IllegalStateException("no average is tracked; call trackAverage");
        }
        return average;
    }

    private ParameterTensors state(int which) {
        if (which < 0 || which >= stateCount()) {
            throw new IllegalArgumentException("optimiser state " + which + " of " + stateCount());
        }
        return which == 0 ? update.firstState() : update.secondState();
    }

    /** The name that its threads carry. */
    @Override
    public String toString() {
        return name;
    }

    /** Frees the memory and ends the threads. A running call ends first; later ones are refused. */
    @Override
    public void close() {
        lifetime.close();
    }
}
