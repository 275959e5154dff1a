package vit.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.FlightRecorder;
import vit.kernels.gemm.Storage;
import vit.kernels.lifetime.Lifetime;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.TensorArena;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;
import vit.model.forward.VitForward;
import vit.model.forward.VitWeights;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingChoice;
import vit.model.parameters.NonFiniteWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.weights.Weights;
import vit.model.weights.WeightsReport;

/**
 * A Vision Transformer with its weights. A model answers what it is ({@link #config}, {@link #labels}, {@link #preprocessing}); to run it, make
 * a {@link VitSession} with {@link #newSession}.
 *
 * <pre>{@code
 * try (VitModel model = VitModel.load(Path.of("vit_base_patch16_224.safetensors"));
 *      VitSession session = model.newSession(SessionOptions.threads(2))) {
 *     session.warmUp();
 *     Prediction prediction = session.classify(Path.of("photo.jpg"));
 * }
 * }</pre>
 *
 * <h2>Threads</h2>
 * A model is immutable. Any number of threads and sessions may share one, and every method may be called from any thread.
 *
 * <h2>Memory and closing</h2>
 * Loading copies the weights into off-heap memory that the model owns, so the file may change or vanish afterwards. That memory is held until
 * {@link #close}, which may be called at any time and from any thread. It does not wait: calls that are under way finish normally, the last of
 * them frees the weights, and every later call that needs them gets a {@link ModelClosedException}. Closing a model does not close its sessions;
 * each keeps its own memory until it is closed as well. What needs no weights, for example {@link #config}, works after closing too. A model that is
 * never closed is freed some time after the garbage collector finds it, with a warning ({@link vit.kernels.lifetime.CloseGuard}).
 *
 * <h2>Errors</h2>
 * A file that is malformed, or that makes no model, is an {@link InputException}, whose message says what to do where it can; a file that cannot
 * be read may be any other {@link IOException}. The methods that make a model throw {@link IllegalStateException} where the JVM cannot run
 * the kernels ({@link Implementation#require}).
 */
public final class VitModel implements AutoCloseable, ParameterSource {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final VitConfig config;
    private final Parameters parameters;
    private final List<String> labels;
    private final Preprocessing preprocessing;
    private final WeightsReport report;
    private final TensorArena arena;
    private final VitWeights weights;
    private final WeightRounding rounding;
    private final Lifetime lifetime;

    private VitModel(ParameterSource source, StoredAs storedAs, List<String> labels, Preprocessing preprocessing, WeightsReport report) throws IOException {
        this.config = source.config();
        this.parameters = Parameters.of(config);
        this.labels = List.copyOf(labels);
        this.preprocessing = Objects.requireNonNull(preprocessing, "preprocessing");
        KernelCompilation.include(config);
        parameters.list().stream().map(parameter -> storedAs.of(source, parameter)).filter(Storage::isNarrow).distinct().forEach(KernelCompilation::include);
        this.arena = TensorArena.open();
        Lifetime begun = null;
        try {
            this.weights = new VitWeights(config, parameters, source, storedAs, arena);
            this.rounding = storedAs.rounds() ? new WeightRounding(weights.tensors().rounded()) : WeightRounding.NONE;
            this.report = report.with(warnings());
            begun = lifetime(arena);
        } finally {
            if (begun == null) {
                arena.close();
            }
        }
        this.lifetime = begun;
    }

    /** What only the weights themselves, or preprocessing and model together, show. */
    private List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        weights.tensors().hiddenNonFinite().ifPresent(found -> warnings.add(found + ": results may look right and be wrong"));
        preprocessing.misfit(config.imageHeight(), config.imageWidth()).ifPresent(fault -> warnings.add(fault.getMessage()));
        return warnings;
    }

    private static Lifetime lifetime(TensorArena arena) {
        return new Lifetime(Lifetime.UNLIMITED, () -> new SessionInUseException("the model is in use by too many calls"),
                () -> new ModelClosedException("the model is closed"), "the model vit-model-" + NUMBER.incrementAndGet(), arena::close,
                VitModel.class, ShippedModel.class);
    }

    /**
     * Loads weights of any known family. The configuration is the {@code config.json} beside them if there is one; otherwise it is inferred
     * from the tensors, and {@link #report} says what had to be assumed.
     *
     * @param weights a safetensors or npz file, the index of a safetensors file in several parts, or a folder that holds one of these;
     *                {@link Weights#open(Path, Path)} says which file of a folder is taken
     * @throws InputException if the file or the configuration is malformed or does not make a model
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupt status is kept
     * @throws IOException    if it cannot be read
     */
    public static VitModel load(Path weights) throws IOException {
        return load(weights, null);
    }

    /**
     * Loads weights with the given configuration; otherwise as {@link #load(Path)}.
     *
     * @param config a {@code config.json} in the form of Hugging Face, of timm or of this library; null for the one beside the weights
     * @throws InputException if a file is malformed or the two do not make a model
     * @throws IOException    if a file cannot be read
     */
    public static VitModel load(Path weights, Path config) throws IOException {
        return load(weights, config, LoadOptions.DEFAULTS);
    }

    /**
     * Loads weights with the given configuration and options, for example for images of another size or to keep 16-bit weights as they are; otherwise as
     * {@link #load(Path)}.
     *
     * <!-- given: Path weights -->
     * <pre>{@code
     * VitModel large = VitModel.load(weights, null, LoadOptions.DEFAULTS.withImage(384, 384));
     * }</pre>
     *
     * @param config  a {@code config.json} in the form of Hugging Face, of timm or of this library; null for the one beside the weights
     * @param options what is asked for beyond what the files say
     * @throws InputException if a file is malformed, or files and options do not make a model
     * @throws IOException    if a file cannot be read
     */
    public static VitModel load(Path weights, Path config, LoadOptions options) throws IOException {
        prepareKernels();
        return load(Weights.open(weights, config, options), options.weights());
    }

    /**
     * Loads weights that are in memory, without a configuration; otherwise as {@link #load(byte[], byte[])}.
     *
     * @throws InputException as for files
     */
    public static VitModel load(byte[] weights) throws IOException {
        return load(weights, null);
    }

    /**
     * Loads weights that are in memory. The arrays are read during the call, and neither changed nor kept: the model copies every
     * weight, so the caller may reuse or drop the arrays afterwards. Until they are dropped, the weights are in memory twice. If another thread
     * changes an array during the call, the result is undefined.
     *
     * @param weights the bytes of a safetensors or npz file
     * @param config  the bytes of a {@code config.json} in the form of Hugging Face, of timm or of this library, which also says how images are
     *                preprocessed; null for none
     * @throws InputException as for files
     */
    public static VitModel load(byte[] weights, byte[] config) throws IOException {
        return load(weights, config, LoadOptions.DEFAULTS);
    }

    /**
     * Loads weights that are in memory with the given options, for example for images of another size; otherwise as {@link #load(byte[], byte[])}.
     *
     * @param options what is asked for beyond what the weights and the configuration say
     * @throws InputException as for files
     */
    public static VitModel load(byte[] weights, byte[] config, LoadOptions options) throws IOException {
        prepareKernels();
        return load(Weights.open(weights, config, options), options.weights());
    }

    /**
     * Loads weights from a stream, for example from a resource of a jar or from an object store. The stream is read to its end and not
     * closed. While the model is made, the weights are in memory twice.
     *
     * @param weights the bytes of a safetensors or npz file
     * @param config  as for {@link #load(byte[], byte[])}; null for none
     * @throws InputException as for files
     * @throws IOException    if the stream cannot be read
     */
    public static VitModel load(InputStream weights, byte[] config) throws IOException {
        return load(weights, config, LoadOptions.DEFAULTS);
    }

    /**
     * Loads weights from a stream with the given options, for example for images of another size; otherwise as
     * {@link #load(InputStream, byte[])}.
     *
     * @param options what is asked for beyond what the weights and the configuration say
     * @throws InputException as for files
     * @throws IOException    if the stream cannot be read
     */
    public static VitModel load(InputStream weights, byte[] config, LoadOptions options) throws IOException {
        prepareKernels();
        return load(Weights.open(weights, config, options), options.weights());
    }

    /**
     * Throws if the user asked for an implementation that this machine lacks, and begins to compile the kernels, which takes about as long as a small
     * file is read. So every way of loading calls this first.
     */
    static void prepareKernels() {
        Implementation.require();
        KernelCompilation.start();
    }

    private static VitModel load(Weights opened, StoredAs storedAs) throws IOException {
        LoadEvent event = FlightRecorder.isInitialized() ? LoadEvent.begun() : null;
        try (opened) {
            PreprocessingChoice choice = opened.preprocessingChoice();
            VitModel model = new VitModel(opened, storedAs, opened.labels(), choice.preprocessing(), opened.report().withAssumedPreprocessing(choice.warning()));
            if (event != null) {
                event.commit(model);
            }
            return model;
        }
    }

    /**
     * The small model that ships in the jar. It recognises the twelve shapes of {@link vit.model.shapes.ShapeKind}, and so shows that
     * everything works before larger weights are at hand. It is read from the jar and needs no file system. Every call makes a new model, which the
     * caller closes.
     *
     * @throws IOException if the jar lacks it
     */
    public static VitModel shipped() throws IOException {
        return shipped(StoredAs.FLOAT32);
    }

    /**
     * As {@link #shipped()}, with weights that are kept as {@code storedAs} says.
     *
     * @throws IOException if the jar lacks it
     */
    public static VitModel shipped(StoredAs storedAs) throws IOException {
        return ShippedModel.load(storedAs);
    }

    /**
     * A model from any source of parameters, for example a {@link VitTraining}, with the labels and the preprocessing of the source. The
     * parameters are copied; later changes of the source do not reach the model.
     *
     * @throws IllegalArgumentException if the labels are not as many as the model's classes
     * @throws IOException              if the source cannot be read
     */
    public static VitModel of(ParameterSource source) throws IOException {
        return of(source, source.labels(), source.preprocessing());
    }

    /**
     * A model from any source of parameters, with these labels and this preprocessing. The parameters are copied.
     *
     * @param labels        the name of every class, in the order of the logits, or an empty list
     * @param preprocessing how images become the model's input. It should be the preprocessing of the training; with another one the model is less
     *                      accurate
     * @throws IllegalArgumentException if the labels are not as many as the model's classes
     * @throws IOException              if the source cannot be read
     */
    public static VitModel of(ParameterSource source, List<String> labels, Preprocessing preprocessing) throws IOException {
        return of(source, StoredAs.FLOAT32, labels, preprocessing);
    }

    /**
     * As {@link #of(ParameterSource)}, with weights that are kept as {@code storedAs} says.
     *
     * @throws IllegalArgumentException if the labels are not as many as the model's classes
     * @throws IOException              if the source cannot be read
     */
    public static VitModel of(ParameterSource source, StoredAs storedAs) throws IOException {
        return of(source, storedAs, source.labels(), source.preprocessing());
    }

    private static VitModel of(ParameterSource source, StoredAs storedAs, List<String> labels, Preprocessing preprocessing) throws IOException {
        int classes = source.config().classes();
        if (!labels.isEmpty() && labels.size() != classes) {
            throw new IllegalArgumentException(labels.size() + " labels for a model of " + classes + " classes");
        }
        prepareKernels();
        return new VitModel(source, storedAs, labels, preprocessing, WeightsReport.ofNoFile(source.config().family()));
    }

    /** The configuration: every size of the model and every choice in its architecture. */
    @Override
    public VitConfig config() {
        return config;
    }

    /**
     * Copies the values of {@code parameter} into {@code target}, row-major.
     *
     * @param parameter one of {@link #parameters}
     * @param target    at least as many elements as the parameter has
     * @throws ModelClosedException if the model is closed
     */
    @Override
    public void read(Parameter parameter, float[] target) {
        lifetime.enter();
        try {
            weights.tensors().get(parameter, target);
        } finally {
            lifetime.exit();
        }
    }

    /** The type in which the model keeps {@code parameter} in memory. */
    @Override
    public Storage storage(Parameter parameter) {
        return weights.tensors().storage(parameter);
    }

    /** Names, shapes and kinds of the model's tensors, in the order of the forward pass; {@link #read} gives their values. */
    public Parameters parameters() {
        return parameters;
    }

    /** The name of every class, in the order of the logits; empty if the model's files name none. Immutable. */
    @Override
    public List<String> labels() {
        return labels;
    }

    /** The function that turns logits into scores: softmax or sigmoid. */
    public Scores scores() {
        return config.scores();
    }

    /** How images become the model's input: size, crop, resampling filter, mean and deviation. */
    @Override
    public Preprocessing preprocessing() {
        return preprocessing;
    }

    /**
     * What was found when the model was loaded: tensors that are not used, remarks, and warnings about what was assumed because no file says it, about
     * weights that are not finite but may not show in a result ({@link NonFiniteWeights#mayHide}), and about a preprocessing whose images have another size
     * than the model takes. A model that does not come from a file has at most the last two.
     */
    public WeightsReport report() {
        return report;
    }

    /**
     * By how much weights were rounded when the model was made. It is empty for a model that does not {@linkplain StoredAs#rounds round}, and for one whose weights
     * were of that type already.
     */
    public WeightRounding rounding() {
        return rounding;
    }

    /** Size of the weights in memory, in bytes; all of it is off the heap. */
    public long weightBytes() {
        return arena.bytes();
    }

    /**
     * The bytes that {@link #newSession} would plan with these options, without planning them.
     *
     * @throws IllegalArgumentException if no session can have so large a batch, or the model's tokens cannot be merged
     */
    public long sessionBytes(SessionOptions options) {
        return sessionBytes(config, weights.isNarrow(), options);
    }

    /**
     * The bytes that a session of a model of this configuration would plan, weights not counted and kept in 32 bits. Needs no model, so it can say in
     * advance whether one fits. For weights of 16 or 8 bits, each worker may need 192 KB more.
     *
     * @throws IllegalArgumentException if no session can have so large a batch, or the model's tokens cannot be merged
     */
    public static long sessionBytes(VitConfig config, SessionOptions options) {
        return sessionBytes(config, false, options);
    }

    private static long sessionBytes(VitConfig config, boolean narrow, SessionOptions options) {
        try (TensorArena counting = TensorArena.counting()) {
            new VitForward(config, null, narrow, options.maxBatch(), options.allTokens(), options.tokenMerging(), options.threads(), counting);
            return counting.bytes();
        }
    }

    /**
     * Makes a session, with memory and, unless the options name a team, threads of its own. The caller closes it.
     *
     * @throws ModelClosedException     if the model is closed
     * @throws IllegalArgumentException if the batch is too large for the model, or its tokens cannot be merged
     */
    public VitSession newSession(SessionOptions options) {
        lifetime.enter();
        try {
            return new VitSession(this, options);
        } finally {
            lifetime.exit();
        }
    }

    VitWeights weights() {
        return weights;
    }

    Lifetime lifetime() {
        return lifetime;
    }

    /**
     * Refuses further calls of this model and of its sessions with {@link ModelClosedException}, and frees the weights: at once, or when the
     * last running call ends. Does not wait for that call. Closing twice does nothing.
     */
    @Override
    public void close() {
        lifetime.close();
    }
}
