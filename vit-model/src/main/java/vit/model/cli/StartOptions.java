package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import vit.model.InputException;
import vit.model.LoadOptions;
import vit.model.config.Scores;
import vit.model.config.StemConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingChoice;
import vit.model.image.PreprocessingFiles;
import vit.model.image.RgbImage;
import vit.model.parameters.NonFiniteWeights;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.train.FineTuning;
import vit.model.train.Initialization;
import vit.model.train.TrainingFolder;
import vit.model.train.data.ImageSource;
import vit.model.weights.Weights;

/**
 * The options that decide from which weights training starts: trained ones, or new ones for a given configuration, or new ones for a configuration
 * that suits the images.
 */
final class StartOptions {

    /** The whole image at the model's size, samples in [−1, 1]. */
    static final String DEFAULT_PREPROCESSING = "huggingface-vit";

    /** Number of images that are examined to choose a size. */
    private static final int LOOKED_AT = 64;

    /** Most patches per row in a model that is chosen for a given side. */
    private static final int MOST_PATCHES = 14;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--config", paramLabel = "F",
            description = "Configuration of the model to train from scratch or, with --weights, of the weights; default: a small model that suits the images.")
    private Path config;

    @Option(names = "--weights", paramLabel = "F", description = "Trained weights to fine-tune.")
    private Path weights;

    @Option(names = "--init", paramLabel = "NAME", completionCandidates = Schemes.class,
            description = "Initialisation from scratch: ${COMPLETION-CANDIDATES}; default: vit-pytorch, from which small models learn best.")
    private String scheme;

    @Option(names = "--image", paramLabel = "HxW", converter = ImageSizeConverter.class,
            description = "Size of the images that the model takes, in pixels, or one number for a square; sides are multiples of its patch; default: that of the "
                    + "configuration or weights, or what suits the images.")
    private LoadOptions image = LoadOptions.DEFAULTS;

    @Option(names = "--positions", paramLabel = "KIND",
            description = "Position embeddings of a model that is trained from scratch: learned, one for each token; axes, learned for each column and each row of "
                    + "patches; sincos2d or sincos1d, fixed sines and cosines of column and row or of the token's number; none. Default: those of the "
                    + "configuration, or learned.")
    private String positions;

    @Option(names = "--reset-head", description = "Start with a head of zeros, even if the number of classes stays the same.")
    private boolean resetHead;

    @Mixin
    private PreprocessOption preprocess;

    static final class Schemes implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Initialization.Scheme.names().iterator();
        }
    }

    /**
     * The starting point of a training.
     *
     * @param weights the open file from which {@code source} reads, or null
     * @param notes   what training changes of the weights or the configuration, one line each
     */
    record Start(ParameterSource source, Preprocessing preprocessing, Weights weights, List<String> notes) implements AutoCloseable {

        VitConfig config() {
            return source.config();
        }

        boolean isTrained() {
            return weights != null;
        }

        @Override
        public void close() throws IOException {
            if (weights != null) {
                weights.close();
            }
        }
    }

    /** Opens the weights, or chooses a configuration. */
    Start open(ImageSource images, long seed, StatusLine status) throws CommandException, IOException {
        try {
            return weights != null ? trained(images, status) : fresh(images, seed, status);
        } catch (IllegalArgumentException e) { // for example, patches that do not fit the image
            throw new ParameterException(spec.commandLine(), "Invalid model" + (image.hasImage() ? " with --image " + text(image.imageHeight(), image.imageWidth()) : "") + ": "
                    + e.getMessage());
        }
    }

    private Start trained(ImageSource images, StatusLine status) throws CommandException, IOException {
        if (scheme != null) {
            throw new ParameterException(spec.commandLine(), "--init draws fresh weights, and --weights names trained ones: only one of them can be given");
        }
        if (positions != null) {
            throw new ParameterException(spec.commandLine(), "--positions chooses those of a new model, and --weights names a trained one: only one of them can be "
                    + "given");
        }
        Weights file = openWeights();
        try {
            VitConfig old = file.config();
            int height = image.hasImage() ? image.imageHeight() : old.imageHeight();
            int width = image.hasImage() ? image.imageWidth() : old.imageWidth();
            FineTuning source = FineTuning.of(file, images.classes().size(), height, width, !resetHead);
            requireFinite(source);
            PreprocessingChoice choice = PreprocessingFiles.decide(preprocess.name(), weights, config, file.presetFamily());
            choice.warning().ifPresent(status::warn);
            return new Start(source, atSize(choice.preprocessing()), file, source.changes());
        } catch (Throwable t) {
            file.close();
            throw t;
        }
    }

    /**
     * Opens the weights. If their library takes any image, opening resamples positions to the image of the preprocessing; so {@code --image} must be known
     * before, or positions would be resampled twice.
     */
    private Weights openWeights() throws IOException {
        Weights file = Weights.open(weights, config);
        try {
            requireSides(file.config().stem());
        } catch (Throwable t) {
            file.close();
            throw t;
        }
        if (!file.takesAnyImage() || !image.hasImage()) {
            return file;
        }
        file.close();
        return Weights.open(weights, config, image);
    }

    private Start fresh(ImageSource images, long seed, StatusLine status) throws IOException {
        if (resetHead) {
            throw new ParameterException(spec.commandLine(), "--reset-head applies only to trained weights: name them with --weights");
        }
        int classes = images.classes().size();
        VitConfig chosen;
        List<String> notes = new ArrayList<>();
        if (config != null) {
            VitConfig stated = Weights.configuration(config).vit();
            requireSides(stated.stem());
            chosen = FineTuning.classifier(stated, classes).build();
            chosen = image.hasImage() ? chosen.toBuilder().image(image.imageHeight(), image.imageWidth()).build() : chosen;
            if (stated.isProjection()) {
                notes.add("a layer for the classes takes the place of the projection of the configuration");
            }
            if (!chosen.family().equals(stated.family())) {
                notes.add("the model is saved under the names of " + chosen.family() + ", because those of " + stated.family() + " have no place for such a layer");
            }
            if (stated.distillationToken()) {
                notes.add("the distillation token of the configuration is left out: there is no teacher");
            }
            if (stated.scores() == Scores.SIGMOID) {
                notes.add(FineTuning.NEW_SCORES);
            }
            if (stated.preLogits()) {
                notes.add("the pre-logits layer of the configuration is left out");
            }
        } else if (image.hasImage()) {
            chosen = ofSize(image.imageHeight(), image.imageWidth(), classes).orElseThrow(() -> new ParameterException(spec.commandLine(),
                    "Invalid value for option '--image': expected sides of at least 4 pixels that square patches of one size cut into 2 to " + MOST_PATCHES
                            + " each, for example " + fitting() + ", found " + text(image.imageHeight(), image.imageWidth())));
        } else {
            status.show("looking at images");
            chosen = suiting(usualSide(images), classes);
        }
        chosen = positions == null ? chosen : chosen.toBuilder().positions(kind()).build();
        requireNames(chosen);
        Optional<Preprocessing> stated = config == null ? Optional.empty() : PreprocessingFiles.read(config);
        Preprocessing preprocessing = preprocess.name() != null ? Preprocessing.named(preprocess.name())
                : stated.isPresent() ? stated.get() : Preprocessing.named(DEFAULT_PREPROCESSING);
        Initialization.Scheme drawn = scheme == null ? Initialization.Scheme.VIT_PYTORCH : Initialization.Scheme.named(scheme);
        return new Start(new Initialization(chosen, drawn, seed), atSize(preprocessing), null, notes);
    }

    private Positions kind() {
        Positions kind = PositionComparison.KINDS.get(positions);
        if (kind == null) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--positions': expected one of "
                    + String.join(", ", PositionComparison.KINDS.keySet()) + "; found " + positions);
        }
        return kind;
    }

    /** Refuses positions that only a file under timm's names can hold, for a model that cannot be saved under them. */
    private static void requireNames(VitConfig chosen) {
        boolean elsewhere = chosen.positions().isTable() || chosen.positions() == Positions.SINCOS_2D;
        if (!elsewhere && !TrainingFolder.hasTimmsNames(chosen)) {
            throw new IllegalArgumentException("positions by axis, 1-D sines and cosines, and no positions can be saved only under timm's names. timm has no names for "
                    + "norms around the patch projection, and its patches have the channels first. Choose learned or sincos2d");
        }
    }

    /** Refuses weights from which no training can start. What training leaves out of them, such as a head for other classes, may be anything. */
    private void requireFinite(FineTuning source) throws CommandException, IOException {
        Optional<String> bad = NonFiniteWeights.first(source, Parameters.of(source.config()).list());
        if (bad.isPresent()) {
            throw new CommandException(weights + ": training cannot start from weights that are not finite: " + bad.get(),
                    "check whether the file is complete, or start from other weights");
        }
    }

    /** The preprocessing for the image size that is asked for. */
    private Preprocessing atSize(Preprocessing stated) {
        return image.hasImage() ? stated.forImage(image.imageHeight(), image.imageWidth()) : stated;
    }

    /** Whole patches of the configuration or the weights must cover the image of {@code --image}. */
    private void requireSides(StemConfig stem) {
        int patch = stem.patch();
        int height = image.imageHeight();
        int width = image.imageWidth();
        if (!stem.covers(height, width)) {
            String below = text(Math.max(height / patch, 1) * patch, Math.max(width / patch, 1) * patch);
            String above = text((height + patch - 1) / patch * patch, (width + patch - 1) / patch * patch);
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--image': expected " + (height == width ? "a multiple" : "multiples")
                    + " of the patch, " + patch + ", for example " + (below.equals(above) ? below : below + " or " + above) + ", found " + text(height, width));
        }
    }

    /** A size as the option takes it. */
    private static String text(int height, int width) {
        return height == width ? String.valueOf(height) : height + "x" + width;
    }

    /** The median short side of some images, spread over the classes; those that cannot be read are skipped. */
    static int usualSide(ImageSource images) throws IOException {
        int looked = Math.min(LOOKED_AT, images.size());
        List<Integer> sides = new ArrayList<>();
        InputException unreadable = null;
        for (int i = 0; i < looked; i++) {
            try {
                RgbImage image = images.image((int) ((long) i * images.size() / looked));
                sides.add(Math.min(image.height(), image.width()));
            } catch (InputException e) {
                unreadable = e;
            }
        }
        if (sides.isEmpty()) {
            throw unreadable;
        }
        Collections.sort(sides);
        return sides.get(sides.size() / 2);
    }

    /** A model that learns from small images in minutes: up to 64 patches of 4 or 8 pixels, about 300,000 parameters. */
    static VitConfig suiting(int imageSide, int classes) {
        int patch = usualPatch(imageSide);
        int patches = Math.clamp(Math.round((float) imageSide / patch), 2, 8);
        return small(patches * patch, patch, classes);
    }

    private static int usualPatch(int imageSide) {
        return imageSide <= 40 ? 4 : 8;
    }

    private static VitConfig small(int imageSide, int patch, int classes) {
        return small(imageSide, imageSide, patch, classes);
    }

    private static VitConfig small(int height, int width, int patch, int classes) {
        return VitConfig.builder().image(height, width).patch(patch).width(96).depth(4).heads(4).mlp(192).classes(classes).build();
    }

    /**
     * The same model for images of exactly this size. Its patch is the usual one if that divides both sides, otherwise the next larger one that does,
     * otherwise a smaller one.
     */
    static Optional<VitConfig> ofSize(int height, int width, int classes) {
        int shorter = Math.min(height, width);
        if (shorter < 4) {
            return Optional.empty();
        }
        int usual = usualPatch(shorter);
        int[] patches = IntStream.rangeClosed(2, MOST_PATCHES).filter(grid -> shorter % grid == 0).map(grid -> shorter / grid)
                .filter(patch -> patch >= 2 && height % patch == 0 && width % patch == 0 && Math.max(height, width) / patch <= MOST_PATCHES).sorted().toArray();
        OptionalInt larger = Arrays.stream(patches).filter(patch -> patch >= usual).min();
        OptionalInt best = larger.isPresent() ? larger : Arrays.stream(patches).max();
        return best.isPresent() ? Optional.of(small(height, width, best.getAsInt(), classes)) : Optional.empty();
    }

    /** Sizes near {@code --image} that {@link #ofSize} accepts: for a square the nearest ones on both sides, otherwise the nearest one. */
    private String fitting() {
        int height = Math.clamp(image.imageHeight(), 4, 4096);
        int width = Math.clamp(image.imageWidth(), 4, 4096);
        if (height == width) {
            int below = IntStream.iterate(height, s -> s >= 4, s -> s - 1).filter(s -> ofSize(s, s, 2).isPresent()).findFirst().orElse(4);
            int above = IntStream.iterate(height + 1, s -> s + 1).filter(s -> ofSize(s, s, 2).isPresent()).findFirst().orElseThrow();
            return below + " or " + above;
        }
        int[] nearest = IntStream.rangeClosed(2, Math.max(height, width)).mapToObj(patch -> new int[] {multiple(height, patch), multiple(width, patch)})
                .filter(size -> ofSize(size[0], size[1], 2).isPresent())
                .min(Comparator.comparingInt(size -> Math.abs(size[0] - height) + Math.abs(size[1] - width))).orElseThrow();
        return text(nearest[0], nearest[1]);
    }

    /** The side next to this one that is 2 to {@link #MOST_PATCHES} patches long. */
    private static int multiple(int side, int patch) {
        return Math.clamp(Math.round((float) side / patch), 2, MOST_PATCHES) * patch;
    }
}
