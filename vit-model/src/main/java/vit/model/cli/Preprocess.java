package vit.model.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingChoice;
import vit.model.image.PreprocessingFiles;
import vit.model.image.RgbImage;
import vit.model.weights.config.ConfigField;
import vit.model.weights.config.ConfigField.ImageSize;
import vit.model.weights.config.ConfigFile;

/** {@code vit preprocess}: the input that a model would get of images, as a safetensors file. */
@Command(name = "preprocess", description = {
    "Preprocess images and write the model's input, (B, 3, H, W) float32, as safetensors tensor 'images'.",
    "The size is the configuration's, or 224 x 224 if there is none.",
    "Row i belongs to image i. The row of an image that cannot be used holds NaN."})
final class Preprocess implements Callable<Integer> {

    private static final ImageSize DEFAULT_SIZE = new ImageSize(224, 224);

    /** Most pixels of a preprocessed image, which then takes 200 MB. */
    private static final long MAX_PIXELS = 1 << 24;

    @Mixin
    private PreprocessOption preprocess;

    @Option(names = "--config", paramLabel = "F",
            description = "Configuration that says how to preprocess: config.json or preprocessor_config.json.")
    private Path config;

    @Mixin
    private OutputOption output;

    @Mixin
    private ImageArguments images;

    @ParentCommand
    private Vit vit;

    @Override
    public Integer call() throws CommandException, IOException {
        List<ImageInput> inputs = images.images(vit);
        output.check(null, config, inputs);
        if (preprocess.name() == null && config == null) {
            throw new CommandException("no preprocessing is named",
                    "name one with --preprocess (" + String.join(", ", Preprocessing.names()) + ") or a file with --config");
        }
        PreprocessingChoice choice;
        ImageSize size;
        try {
            choice = preprocess.name() != null ? new PreprocessingChoice(preprocess.named(), Optional.empty()) : PreprocessingFiles.decide(null, null, config, family());
            size = size(choice.preprocessing());
            check(size);
        } catch (InputException e) {
            throw new CommandException(e, "--config takes a Hugging Face, timm or own config.json, or a preprocessor_config.json");
        }
        choice.warning().ifPresent(vit.status()::warn);
        Preprocessing preprocessing = choice.preprocessing();
        int height = size.height();
        int width = size.width();
        float[] pixels = new float[RgbImage.CHANNELS * height * width];
        return output.write(vit, "images", Shape.of(RgbImage.CHANNELS, height, width), inputs, images.isStrict(), (each, rows) -> each.run("preprocessing", image -> {
            preprocessing.apply(image.decode(), height, width, pixels, 0);
            return pixels;
        }, rows));
    }

    /** The family that the configuration names, for its usual preprocessing; null if the configuration describes only preprocessing. */
    private String family() throws IOException {
        return PreprocessingFiles.read(config).isPresent() ? null : ConfigFile.read(config).family();
    }

    private ImageSize size(Preprocessing p) throws IOException {
        if (p.statedHeight() != 0) {
            return new ImageSize(p.statedHeight(), p.statedWidth());
        }
        if (config == null) {
            return DEFAULT_SIZE;
        }
        return Optional.ofNullable(ConfigFile.read(config).fields().get(ConfigField.IMAGE)).orElse(DEFAULT_SIZE);
    }

    private void check(ImageSize size) throws InputException {
        if (size.height() < 1 || size.width() < 1 || (long) size.height() * size.width() > MAX_PIXELS) {
            throw InputException.in(config).expected("1 to " + MAX_PIXELS + " pixels").found(size).because("the image size is out of range");
        }
    }
}
