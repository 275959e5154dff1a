package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
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

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrowsExactly(IllegalArgumentException.class, call).getMessage());
    }
}
