package vit.bench.load;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;
import vit.model.weights.WeightsWriter;

/** {@code --weights} and {@code --model}: what a service in this process computes with. */
final class ModelChoice {

    private static final String DEFAULT_MODEL = "vit_base_patch16_224";

    /** About one standard deviation in a uniform distribution, as normalised photos have. */
    private static final double PIXEL_SCALE = 1.7;

    @Option(names = "--weights", paramLabel = "F", description = "Weights of the service in this process; default: generated ones, see --model.")
    private Path weights;

    @Option(names = "--model", paramLabel = "NAME",
            description = "Model of a published size, for example vit_tiny_patch16_224, with generated weights; default: " + DEFAULT_MODEL + ".")
    private String model;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** Whether the user has named a model. */
    boolean isGiven() {
        return weights != null || model != null;
    }

    /** Refuses what makes no sense, before anything is loaded. */
    void check() {
        if (weights != null && model != null) {
            throw new ParameterException(spec.commandLine(), "--weights and --model exclude one another");
        }
        if (weights == null && VitVariants.find(name()).isEmpty()) {
            throw new ParameterException(spec.commandLine(), "Invalid value for option '--model': expected one of "
                    + String.join(", ", VitVariants.names()) + ", found " + model);
        }
    }

    String name() {
        return weights != null ? weights.getFileName().toString() : model == null ? DEFAULT_MODEL : model;
    }

    /** Loads the model anew. */
    VitModel load() throws IOException {
        return weights != null ? VitModel.load(weights) : VitModel.of(new GeneratedWeights(VitVariants.find(name()).orElseThrow(), 0));
    }

    /** Writes the weights to a file, which a server in another process can load. */
    void save(Path file) throws IOException {
        try (VitModel loaded = load()) {
            WeightsWriter.write(file, loaded, Map.of());
        }
    }

    /** The arguments that name this model to another process. */
    String[] arguments() {
        return weights != null ? new String[] {"--weights", weights.toString()} : new String[] {"--model", name()};
    }

    /** An image for a model, (channels, height, width). */
    static float[] pixels(VitConfig config) {
        return pixels(config.channels() * config.imageHeight() * config.imageWidth());
    }

    /** The elements of an image; the same for every model. */
    static float[] pixels(int elements) {
        float[] pixels = new float[elements];
        new GeneratedWeights(VitConfig.builder().build(), 0).fill(pixels, elements, "images", PIXEL_SCALE, 0);
        return pixels;
    }
}
