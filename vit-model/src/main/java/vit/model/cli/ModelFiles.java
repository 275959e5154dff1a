package vit.model.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.StoredAs;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.weights.Weights;
import vit.model.weights.WeightsReport;

/**
 * {@code --weights}, {@code --config}, {@code --image-size} and {@code --stored-as}: which model to use. The subclasses differ only in what happens without
 * {@code --weights}.
 */
abstract class ModelFiles {

    private static final String WEIGHTS = "Weights of timm, Hugging Face, torchvision, Google JAX or vit-pytorch: a safetensors or npz file, the index of several files,"
            + " or a folder that holds one of these";

    private static final String HINT = "vit inspect shows what a weight file holds; --config names its configuration if it lies elsewhere";

    /** Longest side of an image that may be one of the drawn ones, which are square. */
    private static final int MOST_DRAWN = 128;

    /** What {@link #noteIfPhoto} notes. */
    static final String PHOTO_NOTE = "no --weights are given, so the small model that ships with the program answers; it knows twelve kinds of drawn shapes, and no photos";

    private boolean noted;

    private Path weights;

    @Option(names = "--config", paramLabel = "F",
            description = "Configuration: Hugging Face's, timm's or our own config.json; default: the one beside the weights.")
    private Path config;

    @Option(names = "--image-size", paramLabel = "HxW", converter = ImageSizeConverter.class,
            description = "Size of the images that the model takes, in pixels. Learned positions are carried over to it as the weights' library does;"
                    + " default: the configuration's.")
    private LoadOptions options = LoadOptions.DEFAULTS;

    @Option(names = "--stored-as", paramLabel = "TYPE", converter = StoredAsConverter.class, completionCandidates = StoredAsConverter.Names.class,
            description = "How the weights are kept in memory: float32; file, which keeps bfloat16 and float16 as the file has them, with half the memory and the same"
                    + " results; rounded-bfloat16 or rounded-float16, which round others too and change the results; int8, with little more than a quarter of the memory, which"
                    + " changes them more; default: float32.")
    private StoredAs storedAs; // null: nothing is asked for

    /** Without weights, it is the model that ships. */
    static final class OrShipped extends ModelFiles {
        @Option(names = "--weights", paramLabel = "F",
                description = WEIGHTS + "; default: the small model that ships with the program, which recognises drawn shapes.")
        void setWeights(Path file) {
            super.name(file);
        }
    }

    /** Without weights, they are generated, for a model of a usual size. */
    static final class OrGenerated extends ModelFiles {
        @Option(names = "--weights", paramLabel = "F", description = WEIGHTS + "; default: ViT-B/16 at 224 pixels with generated weights.")
        void setWeights(Path file) {
            super.name(file);
        }
    }

    /** Weights must be named. */
    static final class Required extends ModelFiles {
        @Option(names = "--weights", paramLabel = "F", required = true, description = WEIGHTS + ".")
        void setWeights(Path file) {
            super.name(file);
        }
    }

    private void name(Path file) {
        weights = file;
    }

    /** The weight file, or null. */
    Path weights() {
        return weights;
    }

    /** The configuration file, or null. */
    Path config() {
        return config;
    }

    /** What is asked for beyond the files: the image size, and how weights are kept. */
    LoadOptions options() {
        return options.withWeights(storedAs());
    }

    /** How weights are kept. */
    StoredAs storedAs() {
        return storedAs == null ? StoredAs.FLOAT32 : storedAs;
    }

    /**
     * Rounds weights as those that an index was made with, so that an image finds itself. An index in safetensors that does not say how has rows of weights that
     * were not rounded. An array of NumPy cannot say it; then {@code --stored-as} decides.
     *
     * @throws CommandException if {@code --stored-as} asks for something else
     */
    void roundAs(VectorTable index) throws CommandException {
        String name = index.metadata().get(Embed.STORED_AS);
        if (name == null) {
            if (storedAs().rounds() && !RowFile.isNpy(index.file())) {
                throw new CommandException("--stored-as " + StoredAsConverter.name(storedAs) + ": " + index.file() + " was made with weights that were not rounded",
                        "leave --stored-as out");
            }
            return;
        }
        StoredAs made;
        try {
            made = new StoredAsConverter().convert(name);
        } catch (TypeConversionException e) {
            throw new CommandException(index.file() + ", metadata " + Embed.STORED_AS + ": " + e.getMessage(), "make the index again with vit embed", e);
        }
        if (storedAs != null && storedAs != made) {
            throw new CommandException("--stored-as " + StoredAsConverter.name(storedAs) + ": " + index.file() + " was made with --stored-as " + name,
                    "leave --stored-as out");
        }
        storedAs = made;
    }

    /**
     * Loads the model that is named, otherwise the one that ships.
     *
     * @throws CommandException if the weights or the configuration are unusable
     */
    VitModel load(StatusLine status) throws CommandException, IOException {
        if (weights == null && config == null && !options.hasImage()) {
            status.warnOfMachine();
            return noted(VitModel.shipped(storedAs()), status);
        }
        return loadNamed(status);
    }

    /**
     * Loads the model that is named.
     *
     * @throws CommandException if no weights are named, or they or the configuration are unusable
     */
    VitModel loadNamed(StatusLine status) throws CommandException, IOException {
        return loadNamed(status, options());
    }

    /** As {@link #loadNamed(StatusLine)}, with other options than those that are named. */
    VitModel loadNamed(StatusLine status, LoadOptions options) throws CommandException, IOException {
        requireWeights();
        status.warnOfMachine();
        status.show("loading " + weights);
        VitModel model;
        try {
            model = VitModel.load(weights, config, options);
        } catch (InputException e) {
            throw new CommandException(e, hint(weights, HINT));
        } finally {
            status.clear();
        }
        Optional<String> misfit = model.preprocessing().misfit(model.config().imageHeight(), model.config().imageWidth()).map(InputException::getMessage);
        Optional<String> assumed = model.report().assumedPreprocessing(); // a command that uses the preprocessing warns of the one and refuses the other
        model.report().warnings().stream().filter(warning -> !misfit.equals(Optional.of(warning)) && !assumed.equals(Optional.of(warning)))
                .forEach(status::warn);
        return noted(model, status);
    }

    /** Notes by how much weights were rounded. */
    private static VitModel noted(VitModel model, StatusLine status) {
        if (!model.rounding().isEmpty()) {
            status.note("weights are rounded, by " + model.rounding());
        }
        return model;
    }

    /**
     * Opens the weights that are named, without loading them.
     *
     * @throws CommandException if no weights are named, or they or the configuration are unusable
     */
    Weights open(StatusLine status) throws CommandException, IOException {
        requireWeights();
        try {
            Weights opened = Weights.open(weights, config, options());
            warn(opened.report(), status);
            return opened;
        } catch (InputException e) {
            throw new CommandException(e, hint(weights, HINT));
        }
    }

    private void requireWeights() throws CommandException {
        if (weights == null) {
            throw new CommandException("no model is named: --weights is missing", "name its weights with --weights F");
        }
    }

    /** Warns of what was assumed because no file states it. */
    static void warn(WeightsReport report, StatusLine status) {
        report.warnings().forEach(status::warn);
    }

    /** Notes once that the model that ships knows nothing of photos, if it is asked about what looks like one. */
    void noteIfPhoto(RgbImage image, StatusLine status) {
        if (wantsNote(image.height(), image.width())) {
            status.note(PHOTO_NOTE);
        }
    }

    /** Whether an image of this size is the first one that looks like a photo, while the model that ships answers. */
    boolean wantsNote(int height, int width) {
        boolean drawn = height == width && height <= MOST_DRAWN;
        boolean wanted = weights == null && !drawn && !noted;
        noted |= wanted;
        return wanted;
    }

    /** The hint for {@code file}: {@code otherwise} if such a file or folder exists. */
    static String hint(Path file, String otherwise) {
        return Files.exists(file) ? otherwise : "check whether the path is right";
    }

    /** Refuses a model that takes no colour images, as files of images become. */
    static void requireColour(VitConfig config, Object model) throws CommandException {
        if (config.channels() != RgbImage.CHANNELS) {
            throw new CommandException(model + ": the model takes images of " + config.channels() + (config.channels() == 1 ? " channel" : " channels")
                    + ", and images from files have " + RgbImage.CHANNELS, "use a model of " + RgbImage.CHANNELS + " channels; vit inspect shows how many there are");
        }
    }

    /** Refuses a model that has no logits. */
    static void requireHead(VitConfig config, Object model) throws CommandException {
        if (config.classes() == 0) {
            throw new CommandException(model + ": the model has no classification head, so it gives no logits",
                    "use weights with a head; vit inspect shows whether there is one");
        }
    }
}
