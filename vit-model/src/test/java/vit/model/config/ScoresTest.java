package vit.model.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.InputException;
import vit.model.Prediction;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.image.RgbImage;
import vit.model.parameters.GeneratedWeights;
import vit.model.positions.PositionResampling;
import vit.model.train.FineTuning;
import vit.model.weights.ModelConfig;
import vit.model.weights.Weights;
import vit.model.weights.WeightsWriter;

/** Whether scores are a softmax or sigmoids follows transformers' rule: sigmoids for one label and for several labels per image. */
class ScoresTest {

    @TempDir
    private Path folder;

    private static VitConfigBuilder small(String family) {
        return VitConfig.builder().family(family).image(16, 16).patch(8).width(64).heads(1).depth(1).mlp(16);
    }

    /** Results of numpy: 1 / (1 + exp(−x)) and the softmax of the same logits. */
    @Test
    void probabilitiesAreNumpys() {
        float[] logits = {9, 5.9135f, -0.2532f, 3.2947f, -2.4384f, 3.2624f};
        double[] sigmoid = {0.9973045741, 0.4370360274, 0.9642465413, 0.0802909838, 0.9631161418};
        double[] softmax = {0.8727542505, 0.0018311680, 0.0636153006, 0.0002059244, 0.0615933565};
        for (int i = 0; i < 5; i++) {
            assertEquals(sigmoid[i], Scores.SIGMOID.of(logits, 1, 5)[i], 1e-7);
            assertEquals(softmax[i], Scores.SOFTMAX.of(logits, 1, 5)[i], 1e-7);
        }
        Prediction best = Prediction.of(logits, 1, 5, List.of("a", "b", "c", "d", "e"), 2, Scores.SIGMOID);
        assertEquals(List.of("a", "c"), best.top().stream().map(Prediction.Ranked::label).toList());
        assertEquals(0.9642465413, best.top().get(1).probability(), 1e-7);
    }

    @Property
    void scoresLieBetweenZeroAndOne(@ForAll @Size(min = 1, max = 20) List<@FloatRange(min = -1e30f, max = 1e30f) Float> values) {
        float[] logits = new float[values.size()];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = values.get(i);
        }
        double sum = 0;
        for (double score : Scores.SOFTMAX.of(logits, 0, logits.length)) {
            assertTrue(score >= 0 && score <= 1);
            sum += score;
        }
        assertEquals(1, sum, 1e-12);
        for (double score : Scores.SIGMOID.of(logits, 0, logits.length)) {
            assertTrue(score >= 0 && score <= 1);
        }
    }

    @Test
    void oneClassHasSigmoidScoresWhateverElseChanges() {
        VitConfig one = small("timm").classes(1).build();
        VitConfig several = small("timm").classes(3).scores(Scores.SIGMOID).build();
        assertEquals(Scores.SIGMOID, one.scores());
        assertEquals(Scores.SOFTMAX, small("timm").classes(3).build().scores());
        assertEquals(Scores.SOFTMAX, one.toBuilder().classes(3).build().scores());
        assertEquals(Scores.SIGMOID, several.toBuilder().image(24, 24).build().scores());
        assertThrows(IllegalArgumentException.class, () -> small("timm").classes(1).scores(Scores.SOFTMAX).build());
    }

    private VitConfig resolved(VitConfig config, String json) throws IOException {
        Path weights = folder.resolve("w.safetensors");
        WeightsWriter.write(weights, new GeneratedWeights(config, 0), Map.of());
        try (Weights open = Weights.open(weights, Files.writeString(folder.resolve("c.json"), json))) {
            return open.config();
        }
    }

    @ParameterizedTest
    @CsvSource({"1, , SIGMOID", "1, single_label_classification, SIGMOID", "1, regression, SIGMOID", "1, multi_label_classification, SIGMOID",
        "3, , SOFTMAX", "3, single_label_classification, SOFTMAX", "3, regression, SOFTMAX", "3, multi_label_classification, SIGMOID"})
    void problemTypeDecidesAsInTransformers(int classes, String type, Scores expected) throws IOException {
        String field = type == null ? "\"problem_type\":null" : "\"problem_type\":\"" + type + "\"";
        assertEquals(expected, resolved(small("huggingface").classes(classes).build(), "{\"model_type\":\"vit\",\"num_attention_heads\":1," + field + "}").scores());
        assertEquals(expected, resolved(small("timm").classes(classes).build(),
                "{\"architecture\":\"vit_tiny_patch16_224\",\"model_args\":{\"img_size\":16,\"patch_size\":8,\"embed_dim\":64,\"num_heads\":1,\"depth\":1,"
                        + "\"mlp_ratio\":0.25}," + field + "}").scores());
    }

    @Test
    void unknownProblemTypeIsRefused() {
        InputException thrown = assertThrows(InputException.class,
                () -> resolved(small("huggingface").classes(3).build(), "{\"model_type\":\"vit\",\"num_attention_heads\":1,\"problem_type\":\"multi\"}"));
        assertTrue(thrown.getMessage().contains("problem_type") && thrown.getMessage().contains("multi_label_classification"), thrown.getMessage());
    }

    @Test
    void ownFormKeepsThemOnSave() throws IOException {
        for (VitConfig config : List.of(small("timm").classes(1).build(), small("timm").classes(3).build(),
                small("timm").classes(3).scores(Scores.SIGMOID).build())) {
            String json = new ModelConfig(config, List.of()).toJson(Map.of());
            assertEquals(config, resolved(config, json));
        }
    }

    @Test
    void sessionClassifiesBySigmoid() throws IOException {
        VitConfig config = small("timm").classes(3).scores(Scores.SIGMOID).build();
        RgbImage image = new RgbImage(16, 16, new byte[3 * 16 * 16]);
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); VitSession session = model.newSession(SessionOptions.threads(1))) {
            assertEquals(Scores.SIGMOID, model.scores());
            float[] pixels = new float[3 * 16 * 16];
            float[] logits = new float[3];
            model.preprocessing().apply(image, 16, 16, pixels, 0);
            session.logits(pixels, 1, logits);
            for (Prediction.Ranked ranked : session.classify(image, 3).top()) {
                assertEquals(1 / (1 + Math.exp(-logits[ranked.index()])), ranked.probability(), 1e-12);
            }
        }
    }

    @Test
    void trainingIsForOneLabelAnImage() throws IOException {
        VitConfig several = small("timm").classes(3).scores(Scores.SIGMOID).build();
        for (VitConfig config : List.of(several, small("timm").classes(1).build())) {
            IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class,
                    () -> VitTraining.of(new GeneratedWeights(config, 0), TrainingOptions.of(1, 1), null));
            assertTrue(thrown.getMessage().contains("softmax"), thrown.getMessage());
        }
        VitConfig tuned = FineTuning.of(new GeneratedWeights(several, 0), 3, 16, 16, true, PositionResampling.TIMM).config();
        assertEquals(Scores.SOFTMAX, tuned.scores());
    }
}
