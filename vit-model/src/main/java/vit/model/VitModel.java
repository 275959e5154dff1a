package vit.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import vit.kernels.lifetime.Lifetime;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.TensorArena;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.forward.KernelCompilation;
import vit.model.forward.VitForward;
import vit.model.forward.VitWeights;
import vit.model.image.Preprocessing;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.weights.Weights;
import vit.model.weights.WeightsReport;

/**
 * A Vision Transformer with its weights: immutable, shared by any number of sessions and threads, closed once. The weights
 * are copied into memory that the model owns; the file may change or vanish afterwards.
 *
 * <pre>{@code
 * try (VitModel model = VitModel.load(Path.of("vit_base_patch16_224.safetensors"));
 *      VitSession session = model.newSession(SessionOptions.threads(2))) {
 *     session.warmUp();
 *     Prediction prediction = session.classify(Path.of("photo.jpg"));
 * }
 * }</pre>
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
    private final Lifetime lifetime;

    private VitModel(ParameterSource source, List<String> labels, Preprocessing preprocessing, WeightsReport report) throws IOException {
        this.config = source.config();
        this.parameters = Parameters.of(config);
        this.labels = List.copyOf(labels);
        this.preprocessing = Objects.requireNonNull(preprocessing, "preprocessing");
        this.report = Objects.requireNonNull(report, "report");
        this.arena = TensorArena.open();
        Lifetime begun = null;
        try {
            this.weights = new VitWeights(config, parameters, source, arena);
            begun = lifetime(arena);
        } finally {
            if (begun == null) {
                arena.close();
            }
        }
        this.lifetime = begun;
    }

    private static Lifetime lifetime(TensorArena arena) {
        return new Lifetime(Lifetime.UNLIMITED, () -> new SessionInUseException("the model is in use by too many calls"),
                () -> new ModelClosedException("the model is closed"), "the model vit-model-" + NUMBER.incrementAndGet(), arena::close,
                VitModel.class, ShippedModel.class);
    }

    /**
     * Loads weights of any known family; the configuration is the {@code config.json} beside them, where there is one.
     *
     * @param weights a safetensors or npz file, the index of a safetensors file in several parts, or a folder with one of these
     *                (which one, {@link Weights#open(Path, Path)} says)
     * @throws InputException if the file or the configuration is malformed or does not make a model
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupt status is kept
     * @throws IOException    if it cannot be read
     */
    public static VitModel load(Path weights) throws IOException {
        return load(weights, null);
    }

    /**
     * Loads a weight file with this configuration.
     *
     * @param config a Hugging Face, timm or own {@code config.json}; null for the one beside the weights
     */
    public static VitModel load(Path weights, Path config) throws IOException {
        return load(weights, config, LoadOptions.DEFAULTS);
    }

    /**
     * Loads a weight file with this configuration, for example for images of another size.
     *
     * @param config  a Hugging Face, timm or own {@code config.json}; null for the one beside the weights
     * @param options what is asked for beyond what the files say
     */
    public static VitModel load(Path weights, Path config, LoadOptions options) throws IOException {
        Implementation.require();
        KernelCompilation.start();
        return load(Weights.open(weights, config, options));
    }

    /**
     * Loads weights in memory without a configuration; otherwise as {@link #load(byte[], byte[])}.
     */
    public static VitModel load(byte[] weights) throws IOException {
        return load(weights, null);
    }

    /**
     * Loads weights in memory. The arrays are read during the call and neither changed nor kept: the model has a copy of every
     * weight, so that the caller may reuse or drop them afterwards. Until then the weights are in memory twice.
     *
     * @param weights a safetensors or npz file
     * @param config  a Hugging Face, timm or own {@code config.json}, which also says how images are prepared; null for none
     * @throws InputException as for files
     */
    public static VitModel load(byte[] weights, byte[] config) throws IOException {
        return load(Weights.open(weights, config));
    }

    /**
     * Loads weights from a stream, for example a resource of a jar or an object of a store. The stream is read to its end and not
     * closed; what was read is dropped when the call returns.
     *
     * @param weights a safetensors or npz file
     * @param config  as for {@link #load(byte[], byte[])}; null for none
     * @throws InputException as for files
     * @throws IOException    if the stream cannot be read
     */
    public static VitModel load(InputStream weights, byte[] config) throws IOException {
        return load(Weights.open(weights, config));
    }

    private static VitModel load(Weights opened) throws IOException {
        try (opened) {
            Implementation.require();
            KernelCompilation.start();
            return new VitModel(opened, opened.labels(), opened.preprocessing(), opened.report());
        }
    }

    /**
     * The small model that ships in the jar: it names the twelve shapes of {@link vit.model.shapes.ShapeKind}, and shows that
     * everything works before larger weights are at hand. It is read from the jar and needs no file system.
     *
     * @throws IOException if the jar lacks it
     */
    public static VitModel shipped() throws IOException {
        return ShippedModel.load();
    }

    /**
     * A model from any source of parameters, with the labels and the preprocessing that the source knows: those of its training, or of its
     * file.
     */
    public static VitModel of(ParameterSource source) throws IOException {
        return of(source, source.labels(), source.preprocessing());
    }

    /**
     * A model from any source of parameters, with these labels and this preprocessing.
     *
     * @param labels        the name of every class, or an empty list
     * @param preprocessing how images become the model's input: as in training, or results are worse than they could be
     * @throws IllegalArgumentException if the labels are not as many as the model's classes
     */
    public static VitModel of(ParameterSource source, List<String> labels, Preprocessing preprocessing) throws IOException {
        int classes = source.config().classes();
        if (!labels.isEmpty() && labels.size() != classes) {
            throw new IllegalArgumentException(labels.size() + " labels for a model of " + classes + " classes");
        }
        Implementation.require();
        KernelCompilation.start();
        return new VitModel(source, labels, preprocessing, WeightsReport.ofNoFile(source.config().family()));
    }

    @Override
    public VitConfig config() {
        return config;
    }

    /**
     * Writes the weight of {@code parameter}, row-major.
     *
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

    /** The model's tensors, enumerated. */
    public Parameters parameters() {
        return parameters;
    }

    @Override
    public List<String> labels() {
        return labels;
    }

    /** What makes scores of the logits. */
    public Scores scores() {
        return config.scores();
    }

    @Override
    public Preprocessing preprocessing() {
        return preprocessing;
    }

    /**
     * What was found when the model's files were opened: tensors without use, remarks, and warnings of what was assumed because no file
     * tells it. Empty for a model that comes from no file.
     */
    public WeightsReport report() {
        return report;
    }

    /** Off-heap bytes of the weights. */
    public long weightBytes() {
        return arena.bytes();
    }

    /**
     * Bytes that {@link #newSession} would plan.
     *
     * @throws IllegalArgumentException if no session can have so large a batch
     */
    public long sessionBytes(SessionOptions options) {
        return sessionBytes(config, options);
    }

    /**
     * Bytes that a session of a model of this configuration would plan, weights not counted.
     *
     * @throws IllegalArgumentException if no session can have so large a batch
     */
    public static long sessionBytes(VitConfig config, SessionOptions options) {
        try (TensorArena counting = TensorArena.counting()) {
            new VitForward(config, null, options.maxBatch(), options.allTokens(), options.threads(), counting);
            return counting.bytes();
        }
    }

    /**
     * A session with its own memory.
     *
     * @throws ModelClosedException     if the model is closed
     * @throws IllegalArgumentException if the batch is too large for the model
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
     * Frees the weights once the calls that run have ended; later calls of it and of its sessions get {@link ModelClosedException}.
     */
    @Override
    public void close() {
        lifetime.close();
    }
}
