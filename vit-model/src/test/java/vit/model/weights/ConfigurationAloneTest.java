package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vit.model.LoadOptions;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.golden.Golden;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.train.FineTuning;
import vit.model.train.Initialization;

/** A configuration alone, for a model that is to be trained, describes the model that the same configuration describes beside its weights. */
class ConfigurationAloneTest {

    @TempDir
    private Path folder;

    /** All but one: the name in the configuration of {@code hybrid-timm-micro} stands for the published stem, and the case has a smaller one. */
    static List<String> cases() throws IOException {
        return Golden.cases().stream().filter(name -> !name.equals("families/hybrid-timm-micro")).toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theModelIsTheSameWithoutItsWeights(String name) throws IOException {
        Path file = Golden.weights(Golden.folder(name));
        Path config = WeightFolder.configuration(file);
        ModelConfig alone = Weights.configuration(config);
        LoadOptions sameImage = LoadOptions.DEFAULTS.withImage(alone.vit().imageHeight(), alone.vit().imageWidth());
        try (Weights weights = Weights.open(file, config, sameImage)) {
            assertEquals(weights.config(), alone.vit());
            assertEquals(weights.labels(), alone.labels());
        }
    }

    /** Every scheme has a value for every parameter of such a model with classes, and the file that training saves is read as the same model. */
    @ParameterizedTest
    @MethodSource("cases")
    void aModelOfItIsInitializedSavedAndReadAgain(String name) throws IOException {
        Path file = Golden.folder(name).resolve("weights.safetensors");
        VitConfig config = FineTuning.classifier(Weights.configuration(WeightFolder.configuration(file)).vit(), 3).build();
        assertEquals(HeadConfig.Kind.CLASSIFIER, config.head().kind());
        for (Initialization.Scheme scheme : Initialization.Scheme.values()) {
            Initialization initial = new Initialization(config, scheme, 5);
            for (Parameter parameter : Parameters.of(config).list()) {
                float[] values = new float[Math.toIntExact(parameter.shape().size())];
                java.util.Arrays.fill(values, Float.NaN);
                initial.read(parameter, values);
                for (float value : values) {
                    assertTrue(Float.isFinite(value), () -> scheme + " " + parameter.name());
                }
            }
        }
        Path saved = folder.resolve("best.safetensors");
        WeightsWriter.write(saved, Initialization.of(config, 5), Map.of());
        Files.writeString(folder.resolve("config.json"), new ModelConfig(config, List.of()).toJson(Map.of()));
        try (Weights weights = Weights.open(saved, null)) {
            assertEquals(config, weights.config());
        }
    }
}
