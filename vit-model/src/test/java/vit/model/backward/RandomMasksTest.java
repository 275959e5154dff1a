package vit.model.backward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.Optimizer;
import vit.model.TrainingOptions;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;

/** Dropout and stochastic depth in training: forward pass, backward pass, recomputation and micro-batches use the same masks. */
@Timeout(300)
class RandomMasksTest {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(16, 16).patch(8).width(20).depth(3).heads(2).headDim(7).mlp(34).classes(5).build();
    private static final VitConfig SCALED = CONFIG.toBuilder().layerScale(true).build();

    private static final int BATCH = 6;
    private static final int PIXELS = 3 * 16 * 16;
    private static final int[] LABELS = {0, 4, 1, 3, 2, 2};

    private static float[] images() {
        Random random = new Random(5);
        float[] images = new float[BATCH * PIXELS];
        for (int i = 0; i < images.length; i++) {
            images[i] = random.nextFloat() * 2 - 1;
        }
        return images;
    }

    private static TrainingOptions options(int threads) {
        return TrainingOptions.of(threads, BATCH).withDropout(0.3).withStochasticDepth(0.5).withSeed(7);
    }

    /** The gradients of one step that is computed in passes of {@code microBatch} images. */
    private static float[] gradients(VitConfig config, TrainingOptions options, int microBatch) throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 0), options, null)) {
            float[] images = images();
            training.clearGradients();
            for (int from = 0; from < BATCH; from += microBatch) {
                int count = Math.min(microBatch, BATCH - from);
                training.accumulate(Arrays.copyOfRange(images, from * PIXELS, (from + count) * PIXELS),
                        Arrays.copyOfRange(LABELS, from, from + count), count, 1.0 / BATCH);
            }
            return all(training);
        }
    }

    private static float[] all(VitTraining training) {
        List<float[]> parts = new ArrayList<>();
        int total = 0;
        for (Parameter parameter : training.parameters().list()) {
            float[] part = new float[Math.toIntExact(parameter.shape().size())];
            training.readGradient(parameter, part);
            parts.add(part);
            total += part.length;
        }
        float[] all = new float[total];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    @Test
    void masksAreTheSameAtAnyTeamMicroBatchAndWithRecomputation() throws IOException {
        for (VitConfig config : List.of(CONFIG, SCALED)) {
            float[] expected = gradients(config, options(1), BATCH);
            for (int threads = 2; threads <= 5; threads++) {
                assertArrayEquals(expected, gradients(config, options(threads), BATCH), threads + " threads");
            }
            for (int microBatch : new int[] {1, 2, 4}) {
                assertArrayEquals(expected, gradients(config, options(2), microBatch), "passes of " + microBatch);
            }
            assertArrayEquals(expected, gradients(config, options(2).withCheckpointing(true), BATCH), "recomputed");
        }
    }

    @Test
    void eachOfTheMasksChangesTheResultAndSoDoesTheSeed() throws IOException {
        float[] plain = gradients(CONFIG, TrainingOptions.of(1, BATCH), BATCH);
        float[] elements = gradients(CONFIG, options(1).withStochasticDepth(0), BATCH);
        float[] paths = gradients(CONFIG, options(1).withDropout(0), BATCH);
        float[] both = gradients(CONFIG, options(1), BATCH);
        float[] otherSeed = gradients(CONFIG, options(1).withSeed(8), BATCH);
        List<float[]> results = List.of(plain, elements, paths, both, otherSeed);
        for (int i = 0; i < results.size(); i++) {
            for (int j = 0; j < i; j++) {
                assertFalse(Arrays.equals(results.get(i), results.get(j)), i + " and " + j);
            }
        }
    }

    /**
     * The gradient of the images is compared with central differences of the loss. They agree only if the backward pass has the masks of the
     * forward pass.
     */
    @Test
    void imageGradientIsThatOfTheMaskedLoss() throws IOException {
        for (VitConfig config : List.of(CONFIG, SCALED)) {
            TrainingOptions options = options(1).withImageGradient(true);
            try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 0), options, null)) {
                float[] images = images();
                float[] gradient = new float[images.length];
                loss(training, images);
                training.imageGradient(gradient, BATCH);
                double largest = 0;
                double worst = 0;
                Random random = new Random(3);
                for (int trial = 0; trial < 20; trial++) {
                    // The loss changes more along a random direction than with one pixel, so the noise of float matters less.
                    float[] direction = new float[images.length];
                    double expected = 0;
                    for (int i = 0; i < images.length; i++) {
                        direction[i] = random.nextBoolean() ? 1 : -1;
                        expected += (double) direction[i] * gradient[i];
                    }
                    double step = 1.0 / 1024;
                    double actual = (loss(training, moved(images, direction, step)) - loss(training, moved(images, direction, -step)))
                            / (2 * step);
                    largest = Math.max(largest, Math.abs(expected));
                    worst = Math.max(worst, Math.abs(expected - actual));
                }
                assertTrue(worst < 0.01 * largest, "off by " + worst + " of " + largest);
            }
        }
    }

    private static float[] moved(float[] images, float[] direction, double step) {
        float[] moved = images.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        return moved;
    }

    private static double loss(VitTraining training, float[] images) {
        training.clearGradients();
        return training.accumulate(images, LABELS, BATCH, 1.0 / BATCH);
    }

    @Test
    void aStepChangesTheMasksAndClearingDoesNot() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), options(1), Optimizer.sgd(0, 0))) {
            double first = loss(training, images());
            assertEquals(first, loss(training, images()));
            training.step(0, 1);
            assertFalse(first == loss(training, images()), "the masks of step 0 came again");
            training.resumeAfter(0);
            assertEquals(first, loss(training, images()));
        }
    }

    @Test
    void sharesOutOfRangeAreRefused() {
        TrainingOptions options = TrainingOptions.of(1, 1);
        for (double share : new double[] {-0.1, 1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> options.withDropout(share));
            assertThrows(IllegalArgumentException.class, () -> options.withStochasticDepth(share));
        }
    }
}
