package vit.model.weights;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vit.kernels.gemm.Storage;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingChoice;
import vit.model.image.PreprocessingFiles;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.positions.RelativeResampling;
import vit.model.weights.config.ConfigFile;
import vit.model.weights.family.Inference;
import vit.model.weights.family.Jax;
import vit.model.weights.family.NamePrefix;
import vit.model.weights.family.TensorDirectory;
import vit.model.weights.family.TensorView;
import vit.model.weights.family.WeightFamilies;
import vit.model.weights.family.WeightFamily;
import vit.model.weights.format.Dtype;
import vit.model.weights.format.ShardedFile;
import vit.model.weights.format.TensorEntry;
import vit.model.weights.format.TensorFile;

/**
 * A weight file opened as the parameters of a model. Opening finds out the family and the configuration, accounts for every tensor and checks every
 * shape; no element is read before that. Values are not checked: a NaN or an infinity in the file is passed on.
 *
 * <pre>{@code
 * try (Weights weights = Weights.open(Path.of("model.safetensors"), null)) {
 *     System.out.println(weights.config().depth() + " blocks, " + weights.report().family());
 * }
 * }</pre>
 *
 * <p>The file is open, and is read by {@link #read}, until {@link #close}. For one thread at a time. To run the weights, load them with
 * {@link vit.model.VitModel#load(Path)}, which copies them and closes the file.
 */
public final class Weights implements ParameterSource, AutoCloseable {

    private static final String IN_MEMORY = "the weights in memory";
    private static final int CHUNK = 1 << 16;

    private final TensorFile file;
    private final Paths paths;
    private final LoadOptions options;
    private final WeightFamily family;
    private final ModelConfig model;
    private final VitConfig stored; // as the model's, but with the image that the file's positions are for
    private final List<TensorView> views;
    private final Set<String> identities; // parameters that the file leaves out
    private final WeightsReport report;
    private final Map<String, List<TensorView>> byParameter = new LinkedHashMap<>();
    private final float[] chunk = new float[CHUNK];

    private Weights(TensorFile file, ConfigFile stated, LoadOptions options, boolean resample, Paths paths) throws IOException {
        this.file = file;
        this.paths = paths;
        TensorDirectory all = FamilyChoice.directory(file);
        TensorDirectory tensors = NamePrefix.strip(all).orElseThrow(() -> FamilyChoice.unknown(all));
        FamilyChoice choice = FamilyChoice.of(tensors, stated);
        this.family = choice.family();
        this.options = family.imageFollowsPreprocessing() ? followed(options) : options;
        List<String> notes = new ArrayList<>(stated.notes());
        Inference inference = new Inference(tensors);
        family.infer(inference);
        List<String> warnings = new ArrayList<>();
        ConfigResolver resolver = new ConfigResolver(stated, inference, family, warnings, this.options, options, resample);
        this.model = resolver.resolve();
        if (resolver.carriedOver(model.vit()) != null) {
            (this.options.hasImage() || resample ? notes : warnings).add(resolver.carriedOver(model.vit())); // nobody asked for it
        }
        this.stored = resolver.stored(model.vit());
        warnings.addAll(inference.assumptions());
        if (!tensors.prefix().isEmpty()) {
            notes.add("all names of the network begin with " + tensors.prefix());
        }
        this.views = family.views(stored, Parameters.of(stored), tensors).stream().map(view -> view.named(tensors.nameInFile(view.fileName()))).toList();
        this.identities = family.identities(stored, tensors);
        for (TensorView view : views) {
            byParameter.computeIfAbsent(view.parameter(), _ -> new ArrayList<>()).add(view);
        }
        Recognition recognition = Recognition.of(family, choice.signs(), stated, model.vit(), resolver.origins());
        this.report = new WeightsReport(family.id(), recognition, new TensorAccount(file, family).unused(views, all, tensors), notes, warnings,
                Optional.empty());
    }

    /**
     * Opens weights and finds out their configuration.
     *
     * @param weights a safetensors or npz file; the index of a safetensors file in several parts; or a folder, whose weights are the first
     *                of {@code model.safetensors}, {@code model.safetensors.index.json} and {@code best.safetensors}, or else its only
     *                safetensors or npz file
     * @param config  a {@code config.json}, or null for the one in the weights' folder, if there is one; for weights under OpenCLIP's file name, its
     *                {@code open_clip_config.json} comes first. A configuration that is named here may
     *                state another image than the weights were trained on; learned positions are then resampled by the family's method. A
     *                configuration beside the weights may do so only in timm's form, as in timm
     * @throws InputException if either is malformed, they contradict one another, the family is unknown, or tensors are
     *                        missing, unexpected, of a wrong shape or not of a floating-point type
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupt status is kept
     * @throws IOException    if a file cannot be read
     */
    public static Weights open(Path weights, Path config) throws IOException {
        return open(weights, config, LoadOptions.DEFAULTS);
    }

    /**
     * As {@link #open(Path, Path)}, with {@code options}.
     *
     * @throws InputException as there, or if the options do not fit the model
     */
    public static Weights open(Path weights, Path config, LoadOptions options) throws IOException {
        ShardedFile.refuseShard(weights);
        Path found = config != null ? config : WeightFolder.configuration(weights);
        return open(TensorFile.open(weights), () -> found == null ? ConfigFile.absent() : ConfigFile.read(found), options, config != null,
                new Paths(weights, config, null));
    }

    /**
     * Opens weights that are in memory.
     *
     * @param weights the bytes of a safetensors or npz file. They are not copied, but read until this is closed, and never changed; the caller must not
     *                change them either
     * @param config  the bytes of a {@code config.json}, or null for none
     * @throws InputException as for files
     */
    public static Weights open(byte[] weights, byte[] config) throws IOException {
        return open(weights, config, LoadOptions.DEFAULTS);
    }

    /**
     * As {@link #open(byte[], byte[])}, with {@code options}.
     *
     * @throws InputException as there, or if the options do not fit the model
     */
    public static Weights open(byte[] weights, byte[] config, LoadOptions options) throws IOException {
        return open(TensorFile.open(IN_MEMORY, weights), config, options);
    }

    /**
     * Opens weights from a stream, which is read to its end at once and not closed.
     *
     * @param weights the bytes of a safetensors or npz file
     * @param config  the bytes of a {@code config.json}, or null for none
     * @throws InputException as for files
     * @throws IOException    if the stream cannot be read
     */
    public static Weights open(InputStream weights, byte[] config) throws IOException {
        return open(weights, config, LoadOptions.DEFAULTS);
    }

    /**
     * As {@link #open(InputStream, byte[])}, with {@code options}.
     *
     * @throws InputException as there, or if the options do not fit the model
     * @throws IOException    if the stream cannot be read
     */
    public static Weights open(InputStream weights, byte[] config, LoadOptions options) throws IOException {
        return open(TensorFile.open(IN_MEMORY, weights), config, options);
    }

    private static Weights open(TensorFile file, byte[] config, LoadOptions options) throws IOException {
        return open(file, () -> config == null ? ConfigFile.absent() : ConfigFile.read("the configuration in memory", config),
                options, config != null, new Paths(null, null, config));
    }

    /** What the caller named: weights or their folder, and a configuration. For weights in memory there is no path, but perhaps a configuration's bytes. */
    private record Paths(Path weights, Path config, byte[] document) {}

    @FunctionalInterface
    private interface Statement {
        ConfigFile read() throws IOException;
    }

    private static Weights open(TensorFile file, Statement config, LoadOptions options, boolean named, Paths paths)
            throws IOException {
        try {
            ConfigFile stated = config.read();
            try {
                return new Weights(file, stated, options, named, paths);
            } catch (InputException e) {
                throw TensorAccount.lack(file, FamilyChoice.directory(file), stated).orElse(e);
            }
        } catch (Throwable t) {
            file.close();
            throw t;
        }
    }

    /**
     * The configuration that a {@code config.json} describes on its own, for a model to be trained from the start.
     *
     * @throws InputException if it is malformed or makes no model
     */
    public static ModelConfig configuration(Path config) throws IOException {
        return configuration(ConfigFile.read(config));
    }

    /** As {@link #configuration(Path)}, for a document at hand. */
    static ModelConfig configuration(ConfigFile stated) throws InputException {
        WeightFamily family = stated.family() == null ? WeightFamilies.find("timm").orElseThrow() : FamilyChoice.named(stated);
        return new ConfigResolver(stated, null, family, new ArrayList<>(), LoadOptions.DEFAULTS, LoadOptions.DEFAULTS, false).resolve();
    }

    /** The file. */
    public TensorFile file() {
        return file;
    }

    /** The network and its labels. */
    public ModelConfig model() {
        return model;
    }

    @Override
    public VitConfig config() {
        return model.vit();
    }

    @Override
    public List<String> labels() {
        return model.labels();
    }

    /**
     * The preprocessing that the configuration or the files beside the weights state, or else the family's usual one, adapted to the image that the options
     * ask for.
     */
    @Override
    public Preprocessing preprocessing() throws IOException {
        return preprocessingChoice().preprocessing();
    }

    /** The {@link #preprocessing()}, and whether it was assumed. {@link #report()} does not tell, because the files that state it are read only here. */
    public PreprocessingChoice preprocessingChoice() throws IOException {
        PreprocessingChoice choice = stated(presetFamily());
        return options.hasImage() ? new PreprocessingChoice(choice.preprocessing().forImage(options.imageHeight(), options.imageWidth()), choice.warning()) : choice;
    }

    /** The family by which presets of preprocessing are looked up: in Google's files, SigLIP has one of its own. */
    public String presetFamily() {
        return Jax.isSiglip(config()) ? "jax-siglip" : config().family();
    }

    /** The options with the image that the files' preprocessing gives, unless they ask for one. */
    private LoadOptions followed(LoadOptions asked) throws IOException {
        if (asked.hasImage()) {
            return asked;
        }
        Preprocessing given = stated(family.id()).preprocessing();
        return given.statedHeight() > 0 ? asked.withImage(given.statedHeight(), given.statedWidth()) : asked;
    }

    private PreprocessingChoice stated(String familyId) throws IOException {
        return paths.weights == null ? PreprocessingFiles.decide(paths.document, familyId)
                : PreprocessingFiles.decide(null, paths.weights, paths.config, familyId);
    }

    /** The method by which the library that the weights come from resamples positions to another grid. */
    public PositionResampling positionResampling() {
        return family.positionResampling();
    }

    /** The method by which that library resamples tables of relative positions to another grid. */
    public RelativeResampling relativeResampling() {
        return family.relativeResampling();
    }

    /** The views, which say which tensor of the file is which part of which parameter. */
    List<TensorView> views() {
        return views;
    }

    /** Whether the library that the weights come from resamples positions to whatever image it is given, without being asked. */
    public boolean takesAnyImage() {
        return family.imageFollowsPreprocessing();
    }

    /**
     * Gradients of all parameters under the names and in the layout of the file's tensors, row-major, to compare them with those of the library that wrote the
     * file. The gradient of positions that were resampled goes back through the resampling.
     *
     * @param source gives the gradient of a parameter
     * @return by the file's names of tensors
     */
    public Map<String, float[]> inFileLayout(ParameterValues source) throws IOException {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        Parameters parameters = Parameters.of(config());
        for (TensorView view : views) {
            Parameter parameter = parameters.find(view.parameter());
            float[] values = new float[Math.toIntExact(parameter.shape().size())];
            source.read(parameter, values);
            if (parameter.kind() == Parameter.Kind.RELATIVE_POSITION && !stored.equals(config())) {
                continue; // the gradient of the resampled table, which the file does not hold
            }
            if (parameter.kind() == Parameter.Kind.POSITION && !stored.equals(config())) {
                values = positionResampling().resampleBackward(parameter.name(), values, stored, config());
            }
            float[] tensor = tensors.computeIfAbsent(view.fileName(), _ -> new float[Math.toIntExact(view.fileShape().size())]);
            float[] region = new float[Math.toIntExact(view.shape().size())];
            view.gather(values, 0, region.length, region);
            System.arraycopy(region, 0, tensor, Math.toIntExact(view.fileOffset()), region.length);
        }
        return tensors;
    }

    /** Values for every parameter of a model, for example weights or gradients. */
    @FunctionalInterface
    public interface ParameterValues {

        /** Writes the values for {@code parameter} into {@code target}, row-major. */
        void read(Parameter parameter, float[] target) throws IOException;
    }

    /** What was ignored and what was assumed when the files were opened. */
    public WeightsReport report() {
        return report;
    }

    @Override
    public void read(Parameter parameter, float[] target) throws IOException {
        if (identities.contains(parameter.name())) {
            int side = parameter.shape().dimension(0);
            Arrays.fill(target, 0, side * side, 0);
            for (int i = 0; i < side; i++) {
                target[i * (side + 1)] = 1;
            }
            return;
        }
        List<TensorView> parts = byParameter.get(parameter.name());
        if (parts == null) {
            throw new IllegalArgumentException("parameter " + parameter.name() + " is not of this model");
        }
        boolean relative = parameter.kind() == Parameter.Kind.RELATIVE_POSITION;
        boolean otherGrid = (relative || parameter.kind() == Parameter.Kind.POSITION) && !stored.equals(config());
        float[] values = otherGrid ? new float[Math.toIntExact(parts.stream().mapToLong(view -> view.shape().size()).sum())] : target;
        for (TensorView view : parts) {
            read(view, values);
        }
        if (otherGrid) {
            float[] resampled = relative ? relativeResampling().resample(values, stored, config())
                    : positionResampling().resample(parameter.name(), values, stored, config());
            System.arraycopy(resampled, 0, target, 0, resampled.length);
        }
    }

    /** The type that the file has a parameter in, if all its tensors have the same type of 16 bits. */
    @Override
    public Storage storage(Parameter parameter) {
        List<TensorView> parts = byParameter.get(parameter.name());
        if (parts == null || parameter.kind() == Parameter.Kind.POSITION || parameter.kind() == Parameter.Kind.RELATIVE_POSITION) {
            return Storage.FLOAT32; // made here, or perhaps resampled
        }
        List<Dtype> types = parts.stream().map(view -> file.find(view.fileName()).dtype()).distinct().toList();
        if (types.equals(List.of(Dtype.BF16))) {
            return Storage.BFLOAT16;
        }
        return types.equals(List.of(Dtype.F16)) ? Storage.FLOAT16 : Storage.FLOAT32;
    }

    private void read(TensorView view, float[] target) throws IOException {
        TensorEntry entry = file.find(view.fileName());
        long size = view.shape().size();
        if (view.isContiguous()) {
            file.readFloats(entry, view.fileOffset(), target, view.parameterIndex(0), Math.toIntExact(size));
            return;
        }
        for (long done = 0; done < size; ) {
            int part = (int) Math.min(CHUNK, size - done);
            file.readFloats(entry, view.fileOffset() + done, chunk, 0, part);
            view.scatter(chunk, done, part, target);
            done += part;
        }
    }

    /** Closes the file; reading then throws. */
    @Override
    public void close() throws IOException {
        file.close();
    }
}
