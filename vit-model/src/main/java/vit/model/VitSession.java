package vit.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import vit.kernels.lifetime.Lifetime;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.config.ForwardCost;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;
import vit.model.forward.Spans;
import vit.model.forward.VitForward;
import vit.model.image.RgbImage;
import vit.model.image.format.ImageDecoder;

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
 * <p>A result that is NaN or infinite is a {@link NonFiniteException}: always in {@link #classify}, {@link #attention},
 * {@link #embed(RgbImage)} and {@link #features(RgbImage, FeatureRequest)}, and in the other calls if {@link SessionOptions#withFiniteCheck} asks for
 * it. The exception names the image and the first stage that is not finite. The session can be used further.
 *
 * <h2>Closing</h2>
 * {@link #close} frees the session's memory and ends its own threads; a shared team is the caller's to close. A session that is never closed is freed
 * some time after the garbage collector finds it, with a warning ({@link vit.kernels.lifetime.CloseGuard}).
 */
public final class VitSession implements AutoCloseable {

    private static final int TOP = 5;

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final String name = "vit-session-" + NUMBER.incrementAndGet();
    private final VitModel model;
    private final VitConfig config;
    private final TensorArena arena;
    private final Workers workers;
    private final SessionPass pass; // used only between enter and exit, but for its checks
    private final ImagePass imagePass; // the same
    private final boolean finiteCheck;
    private final Lifetime lifetime;

    VitSession(VitModel model, SessionOptions options) {
        this.model = model;
        this.config = model.config();
        this.arena = TensorArena.open();
        boolean ownsWorkers = options.workers() == null;
        Workers team = options.workers();
        Lifetime begun = null;
        try {
            VitForward forward = new VitForward(config, model.weights(), model.weights().isNarrow(), options.maxBatch(), options.allTokens(), options.tokenMerging(),
                    ownsWorkers ? options.threads() : team.count(), arena);
            team = ownsWorkers ? Workers.of(options.threads(), name) : team;
            this.pass = new SessionPass(model, forward, team);
            this.imagePass = new ImagePass(model, pass);
            begun = lifetime(name, ownsWorkers ? team : null, arena);
        } finally {
            if (begun == null) {
                free(ownsWorkers ? team : null, arena);
            }
        }
        if (pass.mergesTokens()) {
            KernelCompilation.includeMerging();
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

    /** The configuration of the model. */
    public VitConfig config() {
        return config;
    }

    /** The largest number of images in one call. */
    public int maxBatch() {
        return pass.maxBatch();
    }

    /** The size of the team, the calling thread included. */
    public int threads() {
        return workers.count();
    }

    /** The arithmetic that {@link #logits} or {@link #embed} does for one image. */
    public ForwardCost cost() {
        return pass.cost();
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
        pass.checkHead();
        run(images, batch, observer, pass.logits, "logits", logits);
    }

    /**
     * Computes the embeddings of {@code batch} images: what the library of the model's family calls the image embedding. With a projection (CLIP) these are its
     * outputs; otherwise they are the pooled and normalised tokens, which a classification head is given. They are not of unit length; see
     * {@link FeatureRequest#withUnitLength}.
     *
     * @param images     (B, channels, height, width), row-major, normalised as in the model's training
     * @param batch      B, from 1 to {@link #maxBatch}
     * @param embeddings (B, {@link VitConfig#embeddingWidth}), written
     * @throws IllegalArgumentException if the batch is not planned for, or an array is too short
     * @throws NonFiniteException       if the session checks and an embedding is not finite; all are written nevertheless
     */
    public void embed(float[] images, int batch, float[] embeddings) {
        embed(images, batch, embeddings, null);
    }

    /**
     * As {@link #embed(float[], int, float[])}, and shows the tokens after every stage to an observer.
     *
     * @param observer called after every stage, or null. An exception that it throws ends the call and is thrown by it
     */
    public void embed(float[] images, int batch, float[] embeddings, StageObserver observer) {
        run(images, batch, observer, pass.embedding, "embeddings", embeddings);
    }

    /**
     * Computes the logits and the embeddings of {@code batch} images in one pass; otherwise as {@link #logits} and {@link #embed(float[], int, float[])}.
     *
     * @param logits     (B, classes), written
     * @param embeddings (B, {@link VitConfig#embeddingWidth}), written
     */
    public void logitsAndEmbeddings(float[] images, int batch, float[] logits, float[] embeddings) {
        pass.checkHead();
        pass.checkBatch(batch);
        SessionPass.checkLength("images", images, batch, pass.imageElements());
        SessionPass.checkLength("logits", logits, batch, pass.logits.columns());
        SessionPass.checkLength("embeddings", embeddings, batch, pass.embedding.columns());
        enter();
        try {
            pass.run(images, batch, null, pass.logits, logits);
            Spans.read(pass.embedding, embeddings, batch * pass.embedding.columns());
            if (finiteCheck) {
                pass.requireFinite(embeddings, batch, pass.embedding.columns(), 0, batch);
                pass.requireFinite(logits, batch, pass.logits.columns(), 0, batch);
            }
        } finally {
            exit();
        }
    }

    /** @param name of the array {@code out}, for the message if it is too short */
    private void run(float[] images, int batch, StageObserver observer, Tensor result, String name, float[] out) {
        pass.checkBatch(batch);
        SessionPass.checkLength("images", images, batch, pass.imageElements());
        SessionPass.checkLength(name, out, batch, result.columns());
        enter();
        try {
            pass.run(images, batch, observer, result, out);
            if (finiteCheck) {
                pass.requireFinite(out, batch, result.columns(), 0, batch);
            }
        } finally {
            exit();
        }
    }

    /**
     * The embedding of a decoded image, preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @return ({@link VitConfig#embeddingWidth}), a new array
     * @throws InputException     if the image cannot be preprocessed
     * @throws NonFiniteException if the embedding is not finite
     */
    public float[] embed(RgbImage image) throws IOException {
        enter();
        try {
            return imagePass.embed(image);
        } finally {
            exit();
        }
    }

    /**
     * The embedding of an image file, decoded and preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @return ({@link VitConfig#embeddingWidth}), a new array
     * @throws InputException     if the file is not an image that this library reads
     * @throws IOException        if it cannot be read
     * @throws NonFiniteException if the embedding is not finite
     */
    public float[] embed(Path image) throws IOException {
        return embed(ImageDecoder.decode(image));
    }

    /**
     * Computes features of {@code batch} images: the embedding, the pooled vector, patch tokens, the tokens of blocks, in any combination. The
     * blocks after the last one that is needed are not computed. Allocates nothing.
     *
     * @param images   (B, channels, height, width), row-major, normalised as in the model's training
     * @param batch    B, from 1 to {@link #maxBatch} and to the features' own largest batch
     * @param features says what is asked for, and receives it
     * @throws IllegalArgumentException if the batch is not planned for, the array is too short, or the features are for another configuration
     * @throws NonFiniteException       if the session checks and a feature is not finite; no vector is of unit length then
     */
    public void features(float[] images, int batch, Features features) {
        checkFeatures(batch, features);
        SessionPass.checkLength("images", images, batch, pass.imageElements());
        enter();
        try {
            pass.write(images, batch);
            pass.features(batch, features, finiteCheck, 0, batch);
        } finally {
            exit();
        }
    }

    private void checkFeatures(int batch, Features features) {
        pass.checkBatch(batch);
        if (batch > features.maxBatch()) {
            throw new IllegalArgumentException("a batch of " + batch + " images; the features have room for " + features.maxBatch());
        }
        if (!features.config().equals(config)) {
            throw new IllegalArgumentException("the features are for a model of another configuration");
        }
    }

    /**
     * The features of a decoded image, preprocessed as {@link VitModel#preprocessing()} says.
     *
     * @return room for one image, filled
     * @throws InputException           if the image cannot be preprocessed
     * @throws IllegalArgumentException if the model lacks a block that is asked for
     * @throws NonFiniteException       if a feature is not finite
     */
    public Features features(RgbImage image, FeatureRequest request) throws IOException {
        Features features = Features.of(config, request, 1);
        enter();
        try {
            imagePass.features(image, features);
        } finally {
            exit();
        }
        return features;
    }

    /**
     * The features of an image file, decoded and preprocessed as {@link VitModel#preprocessing()} says; otherwise as
     * {@link #features(RgbImage, FeatureRequest)}.
     *
     * @throws InputException if the file is not an image that this library reads
     * @throws IOException    if it cannot be read
     */
    public Features features(Path image, FeatureRequest request) throws IOException {
        return features(ImageDecoder.decode(image), request);
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

    /**
     * The attention probabilities of one image in every block, for inspection. The forward pass does not keep them: this method runs it, then
     * computes them from the inputs of the blocks, in memory that it allocates for the call (4 bytes × blocks × heads × tokens² and a little more).
     *
     * @param image (channels, height, width), row-major, normalised as in the model's training
     * @throws IllegalArgumentException if the array is too short, or the session merges tokens
     * @throws NonFiniteException       if the tokens or the attention of a block are not finite
     */
    public AttentionMaps attention(float[] image) {
        SessionPass.checkLength("image", image, 1, pass.imageElements());
        enter();
        try {
            return pass.attention(image);
        } finally {
            exit();
        }
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
            return imagePass.attention(image);
        } finally {
            exit();
        }
    }

    /**
     * Which patches of an image this session merges, by the end of the last block. Without {@linkplain SessionOptions#withTokenMerging token merging} each is
     * alone.
     *
     * @param image (channels, height, width), row-major, normalised as in the model's training
     * @throws IllegalArgumentException if the array is too short
     */
    public PatchGroups patchGroups(float[] image) {
        SessionPass.checkLength("image", image, 1, pass.imageElements());
        enter();
        try {
            return pass.patchGroups(image);
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
        pass.checkClasses();
        enter();
        try {
            return imagePass.classify(image, top);
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
     * @throws IllegalArgumentException if the model has no head, or one that gives embeddings
     * @throws NonFiniteException       if a logit is not finite; its {@code image()} is an index into {@code images}
     */
    public List<Prediction> classify(List<RgbImage> images, int top) throws IOException {
        pass.checkClasses();
        enter();
        try {
            return imagePass.classify(images, top);
        } finally {
            exit();
        }
    }

    /**
     * Brings calls to full speed. It waits for the kernels, whose compilation began when the model was loaded. Then it calls small models of the same
     * kind, and this session, until the time of the session's calls is steady; this compiles the code around the kernels as well. All of it takes a few
     * seconds. After eight seconds it ends with the next call, steady or not. Where an earlier warm-up in this JVM has compiled the code for the same
     * kind of model, a few calls of this session show that it runs at full speed, and the warm-up ends.
     *
     * <p>Warming up is optional. Without it, the first call waits for the kernels, unless the model is small, and the calls after it are slower than
     * later ones. The results are the same.
     *
     * @throws vit.kernels.parallel.CallInterruptedException if the thread is interrupted
     */
    public WarmUpReport warmUp() {
        enter();
        try {
            return WarmUp.run(config, cost(), workers, pass.mergesTokens(), this::rehearse);
        } finally {
            exit();
        }
    }

    /** A pass for warming up, to the logits or, without a head, to the embedding. Only between {@link #enter} and {@link #exit}. */
    private void rehearse(float[] image, float[] out) {
        pass.run(image, 1, null, pass.logits == null ? pass.embedding : pass.logits, out);
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
