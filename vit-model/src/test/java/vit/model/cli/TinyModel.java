package vit.model.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.weights.WeightsWriter;

/** Small models and images in files. */
final class TinyModel {

    /** The images are rectangular, so that a test notices swapped sides. */
    static final VitConfig CONFIG = VitConfig.builder().image(24, 16).patch(8).width(24).depth(2).heads(3).mlp(40).classes(7).build();

    private TinyModel() {}

    /** A model of {@link #CONFIG} in {@code folder}, without a configuration beside it. */
    static Path weights(Path folder) throws IOException {
        return weights(folder, new GeneratedWeights(CONFIG, 5));
    }

    static Path weights(Path folder, ParameterSource source) throws IOException {
        Path file = folder.resolve("tiny.safetensors");
        WeightsWriter.write(file, source, Map.of());
        return file;
    }

    /** Writes the configuration, which the shapes of the tensors do not tell, and the preprocessing. */
    static Path config(Path folder) throws IOException {
        return Files.writeString(folder.resolve("config.json"), "{\"family\":\"timm\",\"image\":[24,16],\"heads\":3,\"preprocess\":\"timm-augreg\"}");
    }

    /** The generated parameters, with element 0 of one of them replaced. */
    static ParameterSource withElement(String parameter, float value) {
        ParameterSource source = new GeneratedWeights(CONFIG, 5);
        return new ParameterSource() {
            @Override
            public VitConfig config() {
                return CONFIG;
            }

            @Override
            public void read(Parameter read, float[] target) throws IOException {
                source.read(read, target);
                if (read.name().equals(parameter)) {
                    target[0] = value;
                }
            }
        };
    }

    /** A PNG of random pixels. */
    static Path image(Path file, int width, int height, long seed) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(seed);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, random.nextInt(1 << 24));
            }
        }
        ImageIO.write(image, "png", file.toFile());
        return file;
    }
}
