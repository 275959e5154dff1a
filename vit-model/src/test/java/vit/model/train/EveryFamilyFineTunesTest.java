package vit.model.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vit.model.Frozen;
import vit.model.Optimizer;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.Scores;
import vit.model.config.VitConfig;
import vit.model.evaluate.Evaluation;
import vit.model.evaluate.Tally;
import vit.model.golden.Golden;
import vit.model.image.Preprocessing;
import vit.model.image.PreprocessingFiles;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.train.data.ImageSource;
import vit.model.train.data.Split;
import vit.model.weights.Weights;

/**
 * Fine-tuning from a small checkpoint of every family whose weights are read: the loss falls, what is frozen stays as it is, and what is saved loads again and
 * gives the bits of the training's own evaluation.
 */
class EveryFamilyFineTunesTest {

    private static final int EPOCHS = 6;

    @TempDir
    private Path folder;

    static List<String> cases() throws IOException {
        return Golden.cases();
    }

    private static Path config(Path golden) {
        Path openClip = golden.resolve("open_clip_config.json");
        return Files.exists(openClip) ? openClip : golden.resolve("config.json");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossFallsAndWhatIsSavedGivesTheSameLogits(String name) throws Exception {
        Path golden = Golden.folder(name);
        Split split = Split.stratified(new Stripes(24, 12, 1), 0.25, 3);
        try (Weights weights = Weights.open(Golden.weights(golden), config(golden))) {
            VitConfig old = weights.config();
            FineTuning start = FineTuning.of(weights, 3, old.imageHeight(), old.imageWidth(), true);
            Preprocessing preprocessing = PreprocessingFiles.decide(null, Golden.weights(golden), null, weights.presetFamily()).preprocessing();
            Recipe recipe = Recipe.plain(EPOCHS, 6, 3e-3).withOptimizer(Optimizer.adamW(0.01).withLayerDecay(0.9));
            whole(start, split, preprocessing, recipe);
            frozen(start, split, preprocessing, recipe.withFrozen(Frozen.front(1)));
        }
    }

    private void whole(FineTuning start, Split split, Preprocessing preprocessing, Recipe recipe) throws Exception {
        TrainingFolder saved = new TrainingFolder(folder.resolve("whole"));
        try (Trainer trainer = Trainer.of(start, split, preprocessing, recipe, TrainerOptions.threads(1))) {
            requireLower(trainer.train(TrainingListener.NONE));
            save(saved, trainer, split, preprocessing);
            Evaluation own = trainer.evaluate();
            Tally tally = new Tally(split.classes(), Scores.SOFTMAX);
            float[] expected = logits(VitModel.of(trainer.weights()), split.validation(), preprocessing, null);
            float[] found = logits(VitModel.load(saved.last()), split.validation(), null, tally);
            assertArrayEquals(expected, found, "the bits of the logits");
            assertEquals(own.loss(), tally.evaluation().loss());
            assertEquals(own.top1(), tally.evaluation().top1());
        }
    }

    private void frozen(FineTuning start, Split split, Preprocessing preprocessing, Recipe recipe) throws Exception {
        TrainingFolder saved = new TrainingFolder(folder.resolve("frozen"));
        try (Trainer trainer = Trainer.of(start, split, preprocessing, recipe, TrainerOptions.threads(1))) {
            requireLower(trainer.train(TrainingListener.NONE));
            save(saved, trainer, split, preprocessing);
        }
        try (Weights read = Weights.open(saved.last(), null)) {
            for (Parameter parameter : Parameters.of(start.config()).list()) {
                assertEquals(recipe.frozen().contains(parameter), Arrays.equals(values(start, parameter), values(read, parameter)), parameter::name);
            }
        }
    }

    private static void requireLower(List<EpochReport> epochs) {
        double first = epochs.getFirst().loss();
        double last = epochs.getLast().loss();
        assertTrue(last < 0.8 * first, () -> "loss " + first + " in the first epoch, " + last + " in the last");
    }

    private static void save(TrainingFolder saved, Trainer trainer, Split split, Preprocessing preprocessing) throws IOException {
        saved.prepare();
        saved.describe(trainer.config(), split.classes(), preprocessing);
        saved.write(trainer);
    }

    private static float[] values(ParameterSource source, Parameter parameter) throws IOException {
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        source.read(parameter, values);
        return values;
    }

    /** The logits of all images, prepared as the model says unless it is stated here. */
    private static float[] logits(VitModel opened, ImageSource images, Preprocessing stated, Tally tally) throws Exception {
        try (VitModel model = opened; VitSession session = model.newSession(SessionOptions.threads(1))) {
            VitConfig config = model.config();
            Preprocessing preprocessing = stated == null ? model.preprocessing() : stated;
            float[] all = new float[images.size() * config.classes()];
            float[] one = new float[config.classes()];
            for (int i = 0; i < images.size(); i++) {
                session.logits(preprocessing.apply(images.image(i), config.imageHeight(), config.imageWidth()), 1, one);
                System.arraycopy(one, 0, all, i * one.length, one.length);
                if (tally != null) {
                    tally.add(one, 0, images.label(i));
                }
            }
            return all;
        }
    }
}
