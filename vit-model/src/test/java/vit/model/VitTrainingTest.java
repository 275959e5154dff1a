package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/** The checks of one step's calls. */
class VitTrainingTest {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(16, 24).patch(8).width(20).depth(1).heads(2).headDim(10).mlp(34).classes(5).build();

    private static final int IMAGE = 3 * 16 * 24;

    @Test
    void aWrongBatchAndArraysThatAreTooShortAreRefused() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(1, 2), null)) {
            float[] images = new float[2 * IMAGE];
            refused("a batch of 0 images; planned are 1 to 2", () -> training.accumulate(images, new int[2], 0, 1));
            refused("a batch of 3 images; planned are 1 to 2", () -> training.accumulate(images, new int[3], 3, 1));
            refused("images: an array of 1152; expected at least 2 × 1152", () -> training.accumulate(new float[IMAGE], new int[2], 2, 1));
            refused("targets: an array of 9; expected at least 2 × 5", () -> training.accumulate(images, new float[9], 2, 1));
            refused("labels: an array of 1; expected at least 2", () -> training.accumulate(images, new int[1], 2, 1));
            refused("label 5 of image 1; expected 0 to 4", () -> training.accumulate(images, new int[] {4, 5}, 2, 1));
            refused("no image gradient was planned; see TrainingOptions.withImageGradient", () -> training.imageGradient(images, 2));
            assertEquals(training.accumulate(images, new int[2], 2, 1), training.accumulate(images, new int[2], 2, 1));
        }
    }

    @Test
    void resultsAreRefusedForABatchThatIsNotPlannedForAndArraysThatAreTooShort() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(1, 2).withImageGradient(true), null)) {
            training.accumulate(new float[2 * IMAGE], new int[2], 2, 1);
            refused("a batch of 3 images; planned are 1 to 2", () -> training.logits(new float[15], 3));
            refused("logits: an array of 9; expected at least 2 × 5", () -> training.logits(new float[9], 2));
            refused("a batch of 0 images; planned are 1 to 2", () -> training.losses(new float[2], 0));
            refused("losses: an array of 1; expected at least 2 × 1", () -> training.losses(new float[1], 2));
            refused("the gradient of the images: an array of 1152; expected at least 2 × 1152", () -> training.imageGradient(new float[IMAGE], 2));
        }
    }

    @ParameterizedTest
    @EnumSource(Classless.class)
    void aModelWithoutClassesIsRefusedWhatNeedsThem(Classless model) throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(model.config, 0), TrainingOptions.of(1, 2), null)) {
            float[] images = new float[2 * IMAGE];
            String untrainable = "a model without a head for classes cannot be trained to classify: give it classes";
            for (int pass = 0; pass < 2; pass++) { // before and after a pass of the model's own loss
                notSupported(untrainable, () -> training.accumulate(images, new int[2], 2, 1));
                notSupported(untrainable, () -> training.accumulate(images, new int[2], 2, 1, null));
                notSupported(untrainable, () -> training.accumulate(images, new float[10], 2, 1));
                notSupported(untrainable, () -> training.accumulate(images, new float[10], 2, 1, null));
                notSupported("a model without a head for classes has no logits; an EmbeddingLoss is given its embeddings",
                        () -> training.logits(new float[10], 2));
                notSupported("a model without a head for classes has no losses; an EmbeddingLoss is given its embeddings",
                        () -> training.losses(new float[2], 2));
                assertEquals(3, training.accumulate(images, 2, (embeddings, batch, gradient) -> 3));
            }
        }
    }

    private enum Classless {
        HEADLESS(CONFIG.toBuilder().classes(0).build()), PROJECTION(CONFIG.toBuilder().head(HeadConfig.Kind.PROJECTION).build());

        private final VitConfig config;

        Classless(VitConfig config) {
            this.config = config;
        }
    }

    @Test
    void aModelWithClassesIsRefusedALossOfEmbeddings() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(1, 2), null)) {
            notSupported("the model has a head for classes: its loss is one of logits",
                    () -> training.accumulate(new float[IMAGE], 1, (embeddings, batch, gradient) -> 0));
        }
    }

    @Test
    void aMissingArgumentIsNamed() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(1, 2), null)) {
            float[] images = new float[IMAGE];
            missing("images", () -> training.accumulate(null, new int[1], 1, 1));
            missing("labels", () -> training.accumulate(images, (int[]) null, 1, 1));
            missing("targets", () -> training.accumulate(images, (float[]) null, 1, 1));
            missing("loss", () -> training.accumulate(images, 1, null));
            missing("loss", () -> training.accumulate(images, 1, null, null));
            missing("logits", () -> training.logits(null, 1));
            missing("losses", () -> training.losses(null, 1));
        }
    }

    @Test
    void aStepWithoutAnOptimiserIsRefused() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(1, 2), null)) {
            notSupported("the training was made without an optimiser", () -> training.step(1e-3, 1));
            assertEquals(0, training.steps());
        }
    }

    private static void notSupported(String message, Executable call) {
        assertEquals(message, assertThrowsExactly(IllegalStateException.class, call).getMessage());
    }

    private static void missing(String argument, Executable call) {
        assertEquals(argument, assertThrowsExactly(NullPointerException.class, call).getMessage());
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrowsExactly(IllegalArgumentException.class, call).getMessage());
    }
}
