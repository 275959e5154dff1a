package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingFiles;
import vit.model.image.RgbImage;
import vit.model.parameters.ParameterSource;
import vit.model.train.FineTuning;
import vit.model.train.Initialization;
import vit.model.train.data.ImageSource;
import vit.model.weights.Weights;

/**
 * The options that decide from which weights training starts: trained ones, or new ones for a given configuration, or new ones for a configuration
 * that suits the images.
 */
final class StartOptions {

    /** The whole image at the model's size, samples in [−1, 1]. */
    private static final String DEFAULT_PREPROCESSING = "huggingface-vit";

    /** Number of images that are examined to choose a size. */
    private static final int LOOKED_AT = 64;

    /** Most patches per row in a model that is chosen for a given side. */
    private static final int MOST_PATCHES = 14;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--config", paramLabel = "F",
            description = "Without --weights the model to train from scratch, with them their configuration; default: a small model that suits the images.")
    private Path config;

    @Option(names = "--weights", paramLabel = "F", description = "Trained weights to fine-tune.")
    private Path weights;

    @Option(names = "--init", paramLabel = "NAME", completionCandidates = Schemes.class,
            description = "Initialisation from scratch: ${COMPLETION-CANDIDATES}; default: vit-pytorch, from which small models learn best.")
    private String scheme;

    @Option(names = "--image", paramLabel = "PIXELS",
            description = "Side of the square image that the model takes, a multiple of its patch; default: that of the configuration or weights, "
                    + "or what suits the images.")
    private Integer side;

    @Option(names = "--reset-head", description = "Start with a head of zeros, also where the classes are as many as before.")
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
    Start open(ImageSource images, long seed, StatusLine status) throws IOException {
        try {
            return weights != null ? trained(images) : fresh(images, seed, status);
        } catch (IllegalArgumentException e) { // for example, patches that do not fit the image
            throw new ParameterException(spec.commandLine(), "Invalid model: " + e.getMessage());
        }
    }

    private Start trained(ImageSource images) throws IOException {
        if (scheme != null) {
            throw new ParameterException(spec.commandLine(), "--init draws fresh weights, --weights names trained ones: only one of them can be done");
        }
        Weights file = Weights.open(weights, config);
        try {
            VitConfig old = file.config();
            int height = side == null ? old.imageHeight() : side;
            int width = side == null ? old.imageWidth() : side;
            requireSide(old.patch());
            FineTuning source = FineTuning.of(file, images.classes().size(), height, width, !resetHead, file.positionResampling());
            return new Start(source, PreprocessingFiles.choose(preprocess.name(), weights, config, old.family()), file, source.changes());
        } catch (Throwable t) {
            file.close();
            throw t;
        }
    }

    private Start fresh(ImageSource images, long seed, StatusLine status) throws IOException {
        if (resetHead) {
            throw new ParameterException(spec.commandLine(), "--reset-head is for trained weights: --weights names them");
        }
        int classes = images.classes().size();
        VitConfig chosen;
        List<String> notes = new ArrayList<>();
        if (config != null) {
            VitConfig stated = Weights.configuration(config).vit();
            requireSide(stated.patch());
            chosen = stated.toBuilder().classes(classes).distillationToken(false).preLogits(false).scores(null).build();
            chosen = side == null ? chosen : chosen.toBuilder().image(side, side).build();
            if (stated.distillationToken()) {
                notes.add("the distillation token of the configuration is left out: there is no teacher");
            }
            if (stated.scores() == Scores.SIGMOID) {
                notes.add(FineTuning.NEW_SCORES);
            }
            if (stated.preLogits()) {
                notes.add("the pre-logits layer of the configuration is left out");
            }
        } else if (side != null) {
            chosen = ofSide(side, classes).orElseThrow(() -> new ParameterException(spec.commandLine(),
                    "Invalid value for option '--image': expected a side of at least 4 pixels that can be cut into 2 to " + MOST_PATCHES + " patches, for example "
                            + fitting(side) + ", found " + side));
        } else {
            status.show("looking at images");
            chosen = suiting(usualSide(images), classes);
        }
        Optional<Preprocessing> stated = config == null ? Optional.empty() : PreprocessingFiles.read(config);
        Preprocessing preprocessing = preprocess.name() != null ? Preprocessing.named(preprocess.name())
                : stated.isPresent() ? stated.get() : Preprocessing.named(DEFAULT_PREPROCESSING);
        Initialization.Scheme drawn = scheme == null ? Initialization.Scheme.VIT_PYTORCH : Initialization.Scheme.named(scheme);
        return new Start(new Initialization(chosen, drawn, seed), preprocessing, null, notes);
    }

    /** {@code --image} must be sides of the patches that configuration or weights have. */
    private void requireSide(int patch) {
        if (side != null && (side < patch || side % patch != 0)) {
            int below = Math.max(1, side / patch) * patch;
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--image': expected a multiple of the patch, " + patch + ", for example "
                    + (side < patch ? patch : below + " or " + (below + patch)) + ", found " + side);
        }
    }

    /** The median short side of some images, spread over the classes; those that cannot be read are skipped. */
    private static int usualSide(ImageSource images) throws IOException {
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
        return VitConfig.builder().image(imageSide, imageSide).patch(patch).width(96).depth(4).heads(4).mlp(192).classes(classes).build();
    }

    /**
     * The same model for images of exactly this side. Its patch is the usual one if that divides the side, otherwise the next larger one that does,
     * otherwise a smaller one.
     */
    static Optional<VitConfig> ofSide(int imageSide, int classes) {
        if (imageSide < 4) {
            return Optional.empty();
        }
        int usual = usualPatch(imageSide);
        int[] patches = IntStream.rangeClosed(2, MOST_PATCHES).filter(grid -> imageSide % grid == 0).map(grid -> imageSide / grid).filter(patch -> patch >= 2)
                .sorted().toArray();
        OptionalInt larger = Arrays.stream(patches).filter(patch -> patch >= usual).min();
        OptionalInt best = larger.isPresent() ? larger : Arrays.stream(patches).max();
        return best.isPresent() ? Optional.of(small(imageSide, best.getAsInt(), classes)) : Optional.empty();
    }

    /** The nearest sides that {@link #ofSide} accepts. */
    private static String fitting(int imageSide) {
        int from = Math.clamp(imageSide, 4, 4096);
        int below = IntStream.iterate(from, s -> s >= 4, s -> s - 1).filter(s -> ofSide(s, 2).isPresent()).findFirst().orElse(4);
        int above = IntStream.iterate(from + 1, s -> s + 1).filter(s -> ofSide(s, 2).isPresent()).findFirst().orElseThrow();
        return below + " or " + above;
    }
}
