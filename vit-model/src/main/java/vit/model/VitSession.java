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
 * Runs a model. {@link VitModel#newSession} makes a session and plans all of its memory for a largest batch. After {@link #warmUp()}, the calls
 * that take and fill arrays allocate nothing.
 *
 * <!-- given: VitModel model, List<RgbImage> images, float[] pixels, float[] logits -->
 * <pre>{@code
 * try (VitSession session = model.newSession(SessionOptions.threads(2).withBatch(8))) {
 *     session.warmUp();
 *     List<Prediction> predictions = session.classify(images, 5);        // decoded images: the five best classes of each
 *     session.logits(pixels, 8, logits);                                 // normalised pixels of eight images, in an array
 * }
 * }</pre>
 *
 * <h2>Threads</h2>
 * A session serves one call at a time, from any thread; while it does, another call gets a {@link SessionInUseException} at once. To serve
 * several threads, give each a session of its own: sessions of one model share the weights and run side by side. Each has its own memory and, unless
 * {@link SessionOptions#workers(Workers)} names a shared one, its own team of threads. Sessions that share a team take turns. The calling thread is
 * a member of the team, so a call computes on {@link #threads} threads in all. The results have the same bits at any number of threads.
 *
 * <p>A thread that is interrupted while its call waits, for its turn of a shared team or for the compilation of the kernels,
 * gets {@link vit.kernels.parallel.CallInterruptedException}. A call that need not wait returns its result. In both cases the interrupt status
 * stays set.
 *
 * <h2>Arrays</h2>
 * Arrays belong to the caller. A call reads its images before it computes, writes its results at the end, and keeps neither array. An array may be
 * longer than needed; what lies behind the last image or result is neither read nor written. If another thread changes an array during the
 * call, the results are undefined.
 *
 * <h2>Errors</h2>
 * Every method that runs the model throws {@link SessionInUseException} while another call is under way, {@link SessionClosedException} after
 * {@link #close()}, {@link ModelClosedException} after the model is closed, and {@link vit.kernels.parallel.WorkersClosedException} after a
 * shared team is closed. All four are {@link IllegalStateException}s, and the refused call writes nothing. An array that is too short and a batch
 * that is not planned for are {@link IllegalArgumentException}s.
 *
 * <p>A result that is NaN or infinite is a {@link NonFiniteException}: always in {@link #classify}, {@link #attention} and
 * {@link #embed(RgbImage)}, and in the other calls if {@link SessionOptions#withFiniteCheck} asks for it. The exception names the image and the first
 * stage that is not finite. The session can be used further.
 *
 * <h2>Closing</h2>
 * {@link #close} frees the session's memory and ends its own threads; a shared team is the caller's to close. A session that is never closed is freed
 * some time after the garbage collector finds it, with a warning ({@link vit.kernels.lifetime.CloseGuard}).
 */
public final class VitSession implements AutoCloseable {

    private static final int TOP = 5;

    /** A call of less arithmetic than this ends before the kernels are compiled, so it does not wait for them. */
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
     * @param owned the session's own team; null if the team is shared, or was not made
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

    /** The largest number of images in one call. */
    public int maxBatch() {
        return forward.maxBatch();
    }

    /** The size of the team, the calling thread included. */
    public int threads() {
        return workers.count();
    }

    /** The arithmetic that {@link #logits} or {@link #embed} does for one image. */
    public ForwardCost cost() {
        return forward.skipsTokens() ? ForwardCost.ofPooledTokens(config) : ForwardCost.of(config);
    }

    /** Bytes that this session holds, off and on the heap. The weights belong to the model and are not counted. */
    public long plannedBytes() {
        return arena.bytes();
    }

    /**
     * Computes the logits of {@code batch} images.
     *
     * @param images (B, channels, height, width), row-major, normalised as in the model's training: {@link VitModel#preprocessing} does it
     * @param batch  B, from 1 to {@link #maxBatch}
     * @param logits (B, classes), written
     * @throws IllegalArgumentException if the batch is not planned for, an array is too short, or the model has no head
     * @throws IllegalStateException    if the session, the model or the team is closed, or the session is in use; one class each
     * @throws NonFiniteException       if the session checks and a logit is not finite; all logits are written nevertheless
     */
    public void logits(float[] images, int batch, float[] logits) {
        forward(images, batch, logits, null);
    }

    /**
     * As {@link #logits}, and shows the tokens after every stage to an observer.
     *
     * @param observer called after every stage, or null. An exception that it throws ends the call and is thrown by it
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
     * Computes the embeddings of {@code batch} images: the pooled and normalised tokens, which are what the classification head is given.
     *
     * @param images     (B, channels, height, width), row-major, normalised as in the model's training
     * @param batch      B, from 1 to {@link #maxBatch}
     * @param embeddings (B, C), written
     * @throws IllegalArgumentException if the batch is not planned for, or an array is too short
     * @throws NonFiniteException       if the session checks and an embedding is not finite; all are written nevertheless
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
     * The embedding of a decoded image, preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @return (C), a new array
     * @throws InputException     if the image cannot be preprocessed
     * @throws NonFiniteException if the embedding is not finite
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
     * The embedding of an image file, decoded and preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @return (C), a new array
     * @throws InputException     if the file is not an image that this library reads
     * @throws IOException        if it cannot be read
     * @throws NonFiniteException if the embedding is not finite
     */
    public float[] embed(Path image) throws IOException {
        return embed(ImageDecoder.decode(image));
    }

    /** Writes the preprocessed image into {@link #imagePixels}. Only between {@link #enter} and {@link #exit}. */
    private void prepare(RgbImage image) throws IOException {
        if (config.channels() != RgbImage.CHANNELS) {
            throw new IllegalArgumentException("images have " + RgbImage.CHANNELS + " channels, the model takes " + config.channels());
        }
        model.preprocessing().apply(image, config.imageHeight(), config.imageWidth(), imagePixels, 0);
    }

    private void checkHead() {
        if (forward.logits == null) {
            throw new IllegalArgumentException("the model has no classification head; use embed");
        }
    }

    /** Begins a call. The session's memory is touched only between this and {@link #exit()}. */
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

    /** Copies the images into the planned memory and runs the model. Only between {@link #enter} and {@link #exit}. */
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

    /** Runs the model on the images that are in the planned memory. Only between {@link #enter} and {@link #exit}. */
    private void runPlanned(int batch, StageObserver observer, Tensor result, float[] out) {
        forward.prepare(batch, observer);
        workers.run(forward);
        Spans.read(result, out, batch * result.columns());
    }

    /**
     * Checks the results of the pass that has just run.
     *
     * @param results (batch, each)
     * @param first   which image of the caller's call was the first of the pass, for the message
     * @param images  the number of images in the caller's call, for the message
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
     * The attention probabilities of one image in every block, for inspection. The forward pass does not keep them: this method runs it, then
     * computes them from the inputs of the blocks, in memory that it allocates for the call (4 bytes × blocks × heads × tokens² and a little more).
     *
     * @param image (channels, height, width), row-major, normalised as in the model's training
     * @throws IllegalArgumentException if the array is too short
     * @throws NonFiniteException       if the tokens or the attention of a block are not finite
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

    /** Only between {@link #enter} and {@link #exit}. */
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

    /** Checks the tokens that the blocks of the pass that has just run were given. */
    private void requireFinite(float[][] inputs) {
        for (float[] tokens : inputs) {
            if (NonFiniteWeights.find(tokens, 0, tokens.length) >= 0) {
                throw new FirstNonFiniteStage(model, forward, 0).find(workers, 1, 0, 1);
            }
        }
    }

    /** The tokens that each block is given, (T, C) each. */
    private float[][] blockInputs(float[] image) {
        float[][] inputs = new float[config.depth() + 1][]; // and the last block's output, which only the finite check reads
        int[] stages = {0};
        run(image, 1, (name, tokens) -> inputs[stages[0]++] = tokens.rows(0, config.tokens()).toArray(), forward.pooled,
                new float[config.width()]);
        return inputs;
    }

    /**
     * The attention probabilities of a decoded image, preprocessed as {@link VitModel#preprocessing()} says; otherwise as
     * {@link #attention(float[])}.
     *
     * @throws InputException if the image cannot be preprocessed
     */
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
     * The five most probable classes of an image file, decoded and preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @throws InputException           if the file is not an image that this library reads
     * @throws IOException              if it cannot be read
     * @throws IllegalArgumentException if the model has no head
     * @throws NonFiniteException       if a logit is not finite
     */
    public Prediction classify(Path image) throws IOException {
        return classify(ImageDecoder.decode(image));
    }

    /**
     * The five most probable classes of a decoded image, preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @throws InputException           if the image cannot be preprocessed
     * @throws IllegalArgumentException if the model has no head
     * @throws NonFiniteException       if a logit is not finite
     */
    public Prediction classify(RgbImage image) throws IOException {
        return classify(image, TOP);
    }

    /**
     * The {@code top} most probable classes of a decoded image, preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @param top how many classes, at least one; all of them if the model has fewer
     * @throws InputException           if the image cannot be preprocessed
     * @throws IllegalArgumentException if the model has no head
     * @throws NonFiniteException       if a logit is not finite
     */
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
     * The {@code top} most probable classes of every image, in the order of the images. Up to {@link #maxBatch()} images go through the model
     * together; the results have the same bits as if the images went through one by one.
     *
     * @param images any number, none included
     * @param top    how many classes of each, at least one; all of them if the model has fewer
     * @throws InputException           if an image cannot be preprocessed
     * @throws IllegalArgumentException if the model has no head
     * @throws NonFiniteException       if a logit is not finite; its {@code image()} is an index into {@code images}
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
     * Brings calls to full speed. It waits for the kernels, whose compilation began when the model was loaded. Then it calls small models of the same
     * kind, and this session, until the time of the session's calls is steady; this compiles the code around the kernels as well. All of it takes a few
     * seconds. After eight seconds it ends with the next call, steady or not.
     *
     * <p>Warming up is optional. Without it, the first call waits for the kernels, unless the model is small, and the calls after it are slower than
     * later ones. The results are the same.
     *
     * @throws vit.kernels.parallel.CallInterruptedException if the thread is interrupted
     */
    public WarmUpReport warmUp() {
        enter();
        try {
            return WarmUp.run(config, workers, this::rehearse);
        } finally {
            exit();
        }
    }

    /** A pass for warming up, to the logits or, without a head, to the embedding. Only between {@link #enter} and {@link #exit}. */
    private void rehearse(float[] image, float[] out) {
        run(image, 1, null, forward.logits == null ? forward.pooled : forward.logits, out);
    }

    /** The session's name, for example {@code vit-session-3}; the threads of its own team begin with it. */
    @Override
    public String toString() {
        return name;
    }

    /**
     * Refuses further calls with {@link SessionClosedException}, frees the session's memory and ends its own threads: at once, or when
     * the running call ends. Does not wait for that call. Closing twice does nothing.
     */
    @Override
    public void close() {
        lifetime.close();
    }
}
