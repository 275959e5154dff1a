package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import vit.model.InputException;
import vit.model.ParameterSource;
import vit.model.Scores;
import vit.model.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingFiles;
import vit.model.image.RgbImage;
import vit.model.train.FineTuning;
import vit.model.train.ImageSource;
import vit.model.train.Initialization;
import vit.model.weights.Weights;

/** What training starts from: trained weights, or fresh ones for a configuration, or for one that suits the images. */
final class StartOptions {

    /** The whole image at the model's size, samples in [−1, 1]. */
    private static final String DEFAULT_PREPROCESSING = "huggingface-vit";

    /** Images that are looked at to choose a size. */
    private static final int LOOKED_AT = 64;

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

    @Option(names = "--image", paramLabel = "PIXELS", description = "Side of the square image that the model takes; default: that of the configuration or weights.")
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
     * Where training starts.
     *
     * @param weights the open file that {@code source} reads, or null
     */
    record Start(ParameterSource source, Preprocessing preprocessing, Weights weights) implements AutoCloseable {

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
        } catch (IllegalArgumentException e) { // an image that the patches do not fit, and the like
            throw new ParameterException(spec.commandLine(), "Invalid model: " + e.getMessage());
        }
    }

    private Start trained(ImageSource images) throws IOException {
        Weights file = Weights.open(weights, config);
        try {
            VitConfig old = file.config();
            int height = side == null ? old.imageHeight() : side;
            int width = side == null ? old.imageWidth() : side;
            ParameterSource source = FineTuning.of(file, images.classes().size(), height, width, !resetHead, file.positionResampling());
            return new Start(source, PreprocessingFiles.choose(preprocess.name(), weights, config, old.family()), file);
        } catch (Throwable t) {
            file.close();
            throw t;
        }
    }

    private Start fresh(ImageSource images, long seed, StatusLine status) throws IOException {
        VitConfig chosen;
        if (config != null) {
            VitConfig stated = Weights.configuration(config).vit();
            if (stated.classes() > 1 && stated.scores() == Scores.SIGMOID) {
                throw new IllegalArgumentException(config + " asks for sigmoid scores, which are for several labels an image; "
                        + "an image in a folder of class folders has one");
            }
            chosen = stated.toBuilder().classes(images.classes().size()).distillationToken(false).preLogits(false).build();
            chosen = side == null ? chosen : chosen.toBuilder().image(side, side).build();
        } else {
            status.show("looking at images");
            chosen = suiting(side == null ? usualSide(images) : side, images.classes().size());
        }
        Optional<Preprocessing> stated = config == null ? Optional.empty() : PreprocessingFiles.read(config);
        Preprocessing preprocessing = preprocess.name() != null ? Preprocessing.named(preprocess.name())
                : stated.isPresent() ? stated.get() : Preprocessing.named(DEFAULT_PREPROCESSING);
        Initialization.Scheme drawn = scheme == null ? Initialization.Scheme.VIT_PYTORCH : Initialization.Scheme.named(scheme);
        return new Start(new Initialization(chosen, drawn, seed), preprocessing, null);
    }

    /** The median short side of some images, spread over the classes. */
    private static int usualSide(ImageSource images) throws IOException {
        int looked = Math.min(LOOKED_AT, images.size());
        int[] sides = new int[looked];
        for (int i = 0; i < looked; i++) {
            RgbImage image = images.image((int) ((long) i * images.size() / looked));
            sides[i] = Math.min(image.height(), image.width());
        }
        Arrays.sort(sides);
        return sides[looked / 2];
    }

    /** A model that learns from small images in minutes: 16 to 64 patches of 4 or 8 pixels, about 300,000 parameters. */
    static VitConfig suiting(int imageSide, int classes) {
        int patch = imageSide <= 40 ? 4 : 8;
        int patches = Math.clamp(Math.round((float) imageSide / patch), 2, 8);
        return VitConfig.builder().image(patches * patch, patches * patch).patch(patch).width(96).depth(4).heads(4).mlp(192).classes(classes).build();
    }
}
