package vit.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import vit.kernels.lifetime.Lifetime;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.forward.AttentionProbe;
import vit.model.forward.KernelCompilation;
import vit.model.forward.Spans;
import vit.model.forward.VitForward;
import vit.model.image.RgbImage;
import vit.model.image.format.ImageDecoder;
import vit.model.parameters.NonFiniteWeights;

/**
 * Runs a model: all memory is planned when the session is made, and after {@link #warmUp()} the calls that take and fill
 * arrays allocate nothing. Sessions of one model run side by side; each has its own memory and, unless told otherwise, its own
 * team of threads.
 *
 * <p>A session serves one call at a time. Every method that uses its memory throws {@link SessionInUseException} while another call is
 * under way, {@link SessionClosedException} after {@link #close()}, {@link ModelClosedException} after that of the model, and
 * {@link vit.kernels.parallel.WorkersClosedException} after that of a shared team. All are {@link IllegalStateException}s, and none
 * changes anything. A thread that is interrupted while its call waits, for the turn of a shared team or for the compilation of the kernels,
 * gets {@link vit.kernels.parallel.CallInterruptedException}; one that need not wait gets its result. The interrupt flag stays set.
 *
 * <p>A result that is NaN or infinite is a {@link NonFiniteException} of {@link #classify} and {@link #attention}, and of every call where
 * {@link SessionOptions#withFiniteCheck} asks for it. It names the image and the first stage that is not finite.
 *
 * <p>Close it. A session that was forgotten is freed some time after the garbage collector found it, with a warning
 * ({@link vit.kernels.lifetime.CloseGuard}).
 */
public final class VitSession implements AutoCloseable {

    private static final int TOP = 5;

    /** A call of less arithmetic is over before the kernels are compiled. */
    private static final double AWAIT_FLOPS = 100e6;

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final String name = "vit-session-" + NUMBER.incrementAndGet();
    private final VitModel model;
    private final VitConfig config;
    private final TensorArena arena;
    private final Workers workers;
    private final VitForward forward;
    private final Lifetime lifetime;
    private final boolean awaitsKernels;
    private final boolean finiteCheck;
    private final float[] imagePixels; // (channels, height, width), for classify
    private final float[] imageLogits; // (classes)

    VitSession(VitModel model, SessionOptions options) {
        this.model = model;
        this.config = model.config();
        this.arena = TensorArena.open();
        boolean ownsWorkers = options.workers() == null;
        Workers team = options.workers();
        Lifetime begun = null;
        try {
            this.forward = new VitForward(config, model.weights(), options.maxBatch(), options.allTokens(),
                    ownsWorkers ? options.threads() : team.count(), arena);
            this.imagePixels = new float[imageElements()];
            this.imageLogits = new float[config.classes()];
            this.awaitsKernels = ForwardCost.of(config).flops() > AWAIT_FLOPS;
            team = ownsWorkers ? Workers.of(options.threads(), name) : team;
            begun = lifetime(name, ownsWorkers ? team : null, arena);
        } finally {
            if (begun == null) {
                free(ownsWorkers ? team : null, arena);
            }
        }
        this.finiteCheck = options.finiteCheck();
        this.workers = team;
        this.lifetime = begun;
    }

    private static Lifetime lifetime(String name, Workers owned, TensorArena arena) {
        return new Lifetime(1, () -> new SessionInUseException("the session is in use by another call; it serves one at a time"),
                () -> new SessionClosedException("the session is closed"), "the session " + name, () -> free(owned, arena),
                VitSession.class, VitModel.class);
    }

    /**
     * Gives back what a session owns.
     *
     * @param owned null for a shared team
     */
    private static void free(Workers owned, TensorArena arena) {
        try {
            if (owned != null) {
                owned.close();
            }
        } finally {
            arena.close();
        }
    }

    private int imageElements() {
        return config.channels() * config.imageHeight() * config.imageWidth();
    }

    /** The configuration of the model. */
    public VitConfig config() {
        return config;
    }

    /** Most images in one call. */
    public int maxBatch() {
        return forward.maxBatch();
    }

    /** The size of the team, the calling thread included. */
    public int threads() {
        return workers.count();
    }

    /** The arithmetic of one image in {@link #logits} and {@link #embed}. */
    public ForwardCost cost() {
        return forward.skipsTokens() ? ForwardCost.ofPooledTokens(config) : ForwardCost.of(config);
    }

    /** Bytes that this session holds, off and on the heap; the weights are the model's and not counted. */
    public long plannedBytes() {
        return arena.bytes();
    }

    /**
     * The logits of {@code batch} images.
     *
     * @param images (B, channels, height, width), normalised as the model was trained
     * @param logits (B, classes), written
     * @throws IllegalArgumentException if a length does not fit, or the model has no head
     * @throws IllegalStateException    if the session, the model or the team is closed, or the session is in use; one class each
     * @throws NonFiniteException       if a logit is not finite and the session checks; all are written nevertheless
     */
    public void logits(float[] images, int batch, float[] logits) {
        forward(images, batch, logits, null);
    }

    /**
     * The same, with a look at the tokens after every stage.
     *
     * @param observer null for none; what it throws ends the call and comes out of it
     */
    public void forward(float[] images, int batch, float[] logits, StageObserver observer) {
        checkHead();
        check(images, batch, forward.logits, logits, "logits");
        enter();
        try {
            run(images, batch, observer, forward.logits, logits);
            if (finiteCheck) {
                requireFinite(logits, batch, forward.logits.columns(), 0, batch);
            }
        } finally {
            exit();
        }
    }

    /**
     * What the classification head sees: the pooled and normalised tokens.
     *
     * @param images     (B, channels, height, width)
     * @param embeddings (B, C), written
     * @throws NonFiniteException if one is not finite and the session checks; all are written nevertheless
     */
    public void embed(float[] images, int batch, float[] embeddings) {
        check(images, batch, forward.pooled, embeddings, "embeddings");
        enter();
        try {
            run(images, batch, null, forward.pooled, embeddings);
            if (finiteCheck) {
                requireFinite(embeddings, batch, forward.pooled.columns(), 0, batch);
            }
        } finally {
            exit();
        }
    }

    /**
     * What the classification head sees of a decoded image, preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @return (C)
     * @throws NonFiniteException if it is not finite
     */
    public float[] embed(RgbImage image) throws IOException {
        float[] embedding = new float[forward.pooled.columns()];
        enter();
        try {
            prepare(image);
            run(imagePixels, 1, null, forward.pooled, embedding);
            requireFinite(embedding, 1, embedding.length, 0, 1);
            return embedding;
        } finally {
            exit();
        }
    }

    /**
     * The same of an image file.
     *
     * @throws InputException if the file is no image this library reads
     * @throws IOException    if it cannot be read
     */
    public float[] embed(Path image) throws IOException {
        return embed(ImageDecoder.decode(image));
    }

    /** Writes what the model sees of the image into {@link #imagePixels}. In a call that has entered. */
    private void prepare(RgbImage image) throws IOException {
        model.preprocessing().apply(image, config.imageHeight(), config.imageWidth(), imagePixels, 0);
    }

    private void checkHead() {
        if (forward.logits == null) {
            throw new IllegalArgumentException("the model has no classification head; use embed");
        }
    }

    /** Begins a call. Whatever touches the session's memory stands between this and {@link #exit()}. */
    private void enter() {
        lifetime.enter();
        boolean entered = false;
        try {
            model.lifetime().enter();
            entered = true;
        } finally {
            if (!entered) {
                lifetime.exit();
            }
        }
    }

    private void exit() {
        try {
            model.lifetime().exit();
        } finally {
            lifetime.exit();
        }
    }

    private void check(float[] images, int batch, Tensor result, float[] out, String name) {
        if (batch < 1 || batch > forward.maxBatch()) {
            throw new IllegalArgumentException("a batch of " + batch + " images; the session is planned for 1 to "
                    + forward.maxBatch() + " (SessionOptions.withBatch)");
        }
        checkLength("images", images, batch, imageElements());
        checkLength(name, out, batch, result.columns());
    }

    /** Copies the images into the planned memory and runs. In a call that has entered. */
    private void run(float[] images, int batch, StageObserver observer, Tensor result, float[] out) {
        awaitKernels();
        Spans.write(forward.images, images, batch * imageElements());
        runPlanned(batch, observer, result, out);
    }

    private void awaitKernels() {
        if (awaitsKernels) {
            KernelCompilation.await();
        }
    }

    /** Runs for images that stand in the planned memory. In a call that has entered. */
    private void runPlanned(int batch, StageObserver observer, Tensor result, float[] out) {
        forward.prepare(batch, observer);
        workers.run(forward);
        Spans.read(result, out, batch * result.columns());
    }

    /**
     * Looks at the results of the call that has just run.
     *
     * @param results (batch, each)
     * @param first   the number of its first image in the caller's call, for the message
     * @param images  of the caller's call
     */
    private void requireFinite(float[] results, int batch, int each, int first, int images) {
        int bad = NonFiniteWeights.find(results, 0, batch * each);
        if (bad >= 0) {
            throw new FirstNonFiniteStage(model, forward, bad / each).find(workers, batch, first + bad / each, images);
        }
    }

    private static void checkLength(String name, float[] values, int batch, int each) {
        if (values.length < (long) batch * each) {
            throw new IllegalArgumentException(name + ": an array of " + values.length + "; expected at least " + batch + " × "
                    + each);
        }
    }

    /**
     * The attention probabilities of one image in every block, for looking at: computed again from the inputs of the blocks, in
     * memory that is allocated for the call (4 bytes × blocks × heads × tokens² and a little more).
     *
     * @param image (channels, height, width), normalised as the model was trained
     * @throws NonFiniteException if the tokens or the attention of a block are not finite
     */
    public AttentionMaps attention(float[] image) {
        checkLength("image", image, 1, imageElements());
        enter();
        try {
            return probe(image);
        } finally {
            exit();
        }
    }

    /** In a call that has entered. */
    private AttentionMaps probe(float[] image) {
        float[][] inputs = blockInputs(image);
        try (TensorArena looking = TensorArena.open()) {
            requireFinite(inputs);
            AttentionProbe probe = new AttentionProbe(config, model.weights(), workers.count(), looking);
            float[][] maps = new float[config.depth()][];
            for (int i = 0; i < maps.length; i++) {
                maps[i] = probe.block(i, inputs[i], workers);
                if (NonFiniteWeights.find(maps[i], 0, maps[i].length) >= 0) {
                    throw new NonFiniteException(0, 1, "stage.block." + i, "the attention of block " + i + " is not finite");
                }
            }
            return new AttentionMaps(config, maps);
        }
    }

    /** Looks at the tokens that the blocks were given; the pass that gave them has just run. */
    private void requireFinite(float[][] inputs) {
        for (float[] tokens : inputs) {
            if (NonFiniteWeights.find(tokens, 0, tokens.length) >= 0) {
                throw new FirstNonFiniteStage(model, forward, 0).find(workers, 1, 0, 1);
            }
        }
    }

    /** The tokens that each block is given, (T, C) each. */
    private float[][] blockInputs(float[] image) {
        float[][] inputs = new float[config.depth() + 1][]; // the last block's output as well, which nobody reads
        int[] stages = {0};
        run(image, 1, (name, tokens) -> inputs[stages[0]++] = tokens.rows(0, config.tokens()).toArray(), forward.pooled,
                new float[config.width()]);
        return inputs;
    }

    /** The attention probabilities of a decoded image, preprocessed as {@link VitModel#preprocessing()} says. */
    public AttentionMaps attention(RgbImage image) throws IOException {
        enter();
        try {
            prepare(image);
            return probe(imagePixels);
        } finally {
            exit();
        }
    }

    /**
     * The most probable classes of an image file, read and preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @throws InputException if the file is no image this library reads
     * @throws IOException    if it cannot be read
     */
    public Prediction classify(Path image) throws IOException {
        return classify(ImageDecoder.decode(image));
    }

    /**
     * The most probable classes of a decoded image.
     *
     * @throws NonFiniteException if a logit is not finite
     */
    public Prediction classify(RgbImage image) throws IOException {
        return classify(image, TOP);
    }

    /** The {@code top} most probable classes of a decoded image. */
    public Prediction classify(RgbImage image, int top) throws IOException {
        checkHead();
        enter();
        try {
            prepare(image);
            run(imagePixels, 1, null, forward.logits, imageLogits);
            requireFinite(imageLogits, 1, config.classes(), 0, 1);
            return Prediction.of(imageLogits, 0, config.classes(), model.labels(), top, model.scores());
        } finally {
            exit();
        }
    }

    /**
     * The {@code top} most probable classes of every image, in their order. As many images as {@link #maxBatch()} allows go through the model
     * together; the results have the same bits as one by one.
     *
     * @throws InputException     if an image cannot be preprocessed
     * @throws NonFiniteException if a result is not finite; its {@code image()} counts from 0 in {@code images}
     */
    public List<Prediction> classify(List<RgbImage> images, int top) throws IOException {
        checkHead();
        List<Prediction> predictions = new ArrayList<>(images.size());
        float[] logits = new float[Math.min(images.size(), maxBatch()) * config.classes()];
        enter();
        try {
            for (int first = 0; first < images.size(); first += maxBatch()) {
                int batch = Math.min(maxBatch(), images.size() - first);
                for (int b = 0; b < batch; b++) {
                    prepare(images.get(first + b));
                    Spans.write(forward.images, b * imageElements(), imagePixels, imageElements());
                }
                awaitKernels();
                runPlanned(batch, null, forward.logits, logits);
                requireFinite(logits, batch, config.classes(), first, images.size());
                for (int b = 0; b < batch; b++) {
                    predictions.add(Prediction.of(logits, b * config.classes(), config.classes(), model.labels(), top, model.scores()));
                }
            }
            return predictions;
        } finally {
            exit();
        }
    }

    /**
     * Gets calls to full speed: waits for the kernels, whose compilation began with the loading of the model, and calls small models of the same
     * kind and this session, so that all around the kernels is compiled as well, until the session's time is steady. That takes a few
     * seconds; after eight it ends with the next call, steady or not. Without it the first call waits for the kernels, unless it is a small one, and
     * the next ones are slower than later ones. An interrupt ends it with {@link vit.kernels.parallel.CallInterruptedException}.
     */
    public WarmUpReport warmUp() {
        enter();
        try {
            return WarmUp.run(config, workers, this::rehearse);
        } finally {
            exit();
        }
    }

    /** A call of the kind that the model serves, for warm-up. In a call that has entered. */
    private void rehearse(float[] image, float[] out) {
        run(image, 1, null, forward.logits == null ? forward.pooled : forward.logits, out);
    }

    /** The name that the threads of its own team carry. */
    @Override
    public String toString() {
        return name;
    }

    /** Frees the session's memory, and its threads if they are its own. A running call ends first; later ones are refused. */
    @Override
    public void close() {
        lifetime.close();
    }
}
