package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.model.LoadOptions;
import vit.model.Optimizer;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingFiles;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.ParameterSource;
import vit.model.train.data.Split;
import vit.model.weights.Weights;
import vit.model.weights.WeightsWriter;

/** Labels and preprocessing stay with the weights, from training to the use of the model. */
class KeptKnowledgeTest {

    private static final VitConfig CONFIG = VitConfig.builder().image(16, 16).patch(8).width(64).heads(1).depth(1).mlp(16).classes(3).build();
    private static final List<String> LABELS = List.of("ash", "beech", "cedar");

    @TempDir
    private Path folder;

    private static void assertKept(List<String> labels, Preprocessing preprocessing, ParameterSource source) throws IOException {
        assertEquals(labels, source.labels());
        assertEquals(preprocessing, source.preprocessing());
        try (VitModel model = VitModel.of(source)) {
            assertEquals(labels, model.labels());
            assertEquals(preprocessing, model.preprocessing());
        }
    }

    @Test
    void aTrainerHandsThemToTheModel() throws IOException {
        Preprocessing used = Preprocessing.named("huggingface-vit");
        for (double average : new double[] {0, 0.9}) {
            Recipe recipe = Recipe.plain(1, 4, 1e-3).withAverage(average);
            try (Trainer trainer = Trainer.of(new GeneratedWeights(CONFIG, 1), Split.all(new Stripes(6, 16, 1)), used, recipe, TrainerOptions.threads(1))) {
                assertKept(List.of("lying", "standing", "leaning"), used, trainer.weights());
            }
        }
    }

    @Test
    void weightsTrainingAndModelsHandThemOn() throws IOException {
        Path file = folder.resolve("w.safetensors");
        WeightsWriter.write(file, new GeneratedWeights(CONFIG, 1), Map.of());
        Files.writeString(folder.resolve("config.json"),
                "{\"family\":\"timm\",\"heads\":1,\"labels\":[\"ash\",\"beech\",\"cedar\"],\"preprocess\":\"huggingface-vit\"}");
        Preprocessing stated = Preprocessing.named("huggingface-vit");
        try (Weights weights = Weights.open(file, null, LoadOptions.DEFAULTS)) {
            assertKept(LABELS, stated, weights);
            try (VitTraining training = VitTraining.of(weights, TrainingOptions.of(1, 1), (Optimizer) null)) {
                assertKept(LABELS, stated, training);
            }
            assertKept(LABELS, stated, FineTuning.of(weights, 3, 16, 16, true));
            assertKept(List.of(), stated, FineTuning.of(weights, 5, 16, 16, true));
        }
        try (VitModel model = VitModel.load(file)) {
            assertKept(LABELS, stated, model);
        }
    }

    @Test
    void theyMayBeGiven() throws IOException {
        Preprocessing given = Preprocessing.named("clip");
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 1), LABELS, given)) {
            assertEquals(LABELS, model.labels());
            assertEquals(given, model.preprocessing());
        }
        assertThrows(IllegalArgumentException.class, () -> VitModel.of(new GeneratedWeights(CONFIG, 1), List.of("one"), given));
        assertKept(List.of(), Preprocessing.named("timm-augreg"), new GeneratedWeights(CONFIG, 1));
    }

    /**
     * Preprocessing is kept even if neither the name of a preset nor timm's form can express it, here with Hugging Face's rounding and sizes
     * in pixels.
     */
    @Test
    void aTrainingFolderKeepsThePreprocessingExactly() throws IOException {
        Path processor = Files.writeString(folder.resolve("preprocessor_config.json"), """
                {"image_processor_type":"ViTImageProcessor","size":{"height":37,"width":41},"resample":3,"do_center_crop":true,
                 "crop_size":{"height":16,"width":16},"image_mean":[0.1,0.2,0.3],"image_std":[0.7,0.8,0.9],"rescale_factor":0.003}""");
        Preprocessing odd = PreprocessingFiles.read(processor).orElseThrow();
        for (Preprocessing preprocessing : List.of(odd, Preprocessing.named("jax"), Preprocessing.named("timm-deit"))) {
            TrainingFolder training = new TrainingFolder(folder.resolve("out"));
            training.prepare();
            training.describe(CONFIG, LABELS, preprocessing);
            Optional<Preprocessing> read = PreprocessingFiles.read(training.config());
            assertEquals(withoutName(preprocessing), withoutName(read.orElseThrow()));
        }
    }

    private static Preprocessing withoutName(Preprocessing p) {
        return new Preprocessing("", p.fit(), p.resizeHeight(), p.resizeWidth(), p.cropFraction(), p.outputHeight(), p.outputWidth(), p.filter(),
                p.convention(), p.normalization());
    }
}
