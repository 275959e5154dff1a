package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;

/** Cleared gradients are zero for whoever looks, although most of them are only overwritten by the next pass. */
class ClearedGradientsTest {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(10).mlp(34).classes(5).build();

    /** Its pooling uses one layer twice in a pass: for the query, and for the keys and values. */
    private static final VitConfig ATTENTION_POOL = CONFIG.toBuilder().pooling(VitConfig.Pooling.ALL_ATTENTION).build();

    private static final VitConfig EMBEDDING = VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(10).mlp(34).classes(0).build();

    private final float[] first = images(1);
    private final float[] second = images(2);

    @Test
    void clearedGradientsAreZero() throws IOException {
        try (VitTraining training = training(CONFIG)) {
            training.accumulate(first, new int[] {1, 2}, 2, 1);
            assertTrue(training.gradientNorm() > 0);
            training.clearGradients();
            assertEquals(0, training.gradientNorm());
            training.accumulate(first, new int[] {1, 2}, 2, 1);
            training.clearGradients();
            for (float[] gradient : gradients(training)) {
                assertArrayEquals(new float[gradient.length], gradient);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPassAfterClearingGivesTheGradientsOfANewTraining(boolean attentionPool) throws IOException {
        try (VitTraining used = training(attentionPool ? ATTENTION_POOL : CONFIG); VitTraining fresh = training(attentionPool ? ATTENTION_POOL : CONFIG)) {
            used.accumulate(first, new int[] {1, 2}, 2, 1);
            used.accumulate(first, new int[] {1, 2}, 2, 1);
            used.clearGradients();
            used.accumulate(second, new int[] {3, 4}, 2, 1);
            fresh.accumulate(second, new int[] {3, 4}, 2, 1);
            assertSame(gradients(fresh), gradients(used));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSecondPassAdds(boolean attentionPool) throws IOException {
        try (VitTraining one = training(attentionPool ? ATTENTION_POOL : CONFIG); VitTraining two = training(attentionPool ? ATTENTION_POOL : CONFIG)) {
            one.clearGradients();
            one.accumulate(first, new int[] {1, 2}, 2, 1);
            two.clearGradients();
            two.accumulate(first, new int[] {1}, 1, 1);
            two.accumulate(Arrays.copyOfRange(first, first.length / 2, first.length), new int[] {2}, 1, 1);
            assertSame(gradients(one), gradients(two));
        }
    }

    @Test
    void aGradientThatIsWrittenLeavesTheOthersZero() throws IOException {
        try (VitTraining training = training(CONFIG)) {
            training.accumulate(first, new int[] {1, 2}, 2, 1);
            training.clearGradients();
            Parameter parameter = training.parameters().list().getLast();
            float[] ones = new float[Math.toIntExact(parameter.shape().size())];
            Arrays.fill(ones, 1);
            training.writeGradient(parameter, ones);
            assertEquals(Math.sqrt(ones.length), training.gradientNorm(), 1e-6);
        }
    }

    @Test
    void aStepAfterClearingMovesNothing() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(2, 2), Optimizer.sgd(0, 0))) {
            training.accumulate(first, new int[] {1, 2}, 2, 1);
            training.clearGradients();
            List<float[]> before = weights(training);
            training.step(1, 1);
            assertSame(before, weights(training));
        }
    }

    /** A pass that fails in the middle leaves no gradient of an earlier step in the layers that it did not reach. */
    @Test
    void aPassThatFailsLeavesNothingOfTheStepBefore() throws IOException {
        try (VitTraining used = training(EMBEDDING); VitTraining fresh = training(EMBEDDING)) {
            EmbeddingLoss sum = (embeddings, batch, gradient) -> {
                Arrays.fill(gradient, 1);
                return 0;
            };
            used.accumulate(first, 2, sum);
            used.clearGradients();
            assertThrows(IllegalStateException.class, () -> used.accumulate(first, 2, (embeddings, batch, gradient) -> {
                throw new IllegalStateException("no loss");
            }));
            used.accumulate(second, 2, sum);
            fresh.accumulate(second, 2, sum);
            assertSame(gradients(fresh), gradients(used));
        }
    }

    private static VitTraining training(VitConfig config) throws IOException {
        return VitTraining.of(new GeneratedWeights(config, 0), TrainingOptions.of(2, 2), null);
    }

    private static float[] images(long seed) {
        Random random = new Random(seed);
        float[] images = new float[2 * 3 * 16 * 24];
        for (int i = 0; i < images.length; i++) {
            images[i] = (float) random.nextGaussian();
        }
        return images;
    }

    private static List<float[]> gradients(VitTraining training) {
        List<float[]> gradients = new ArrayList<>();
        for (Parameter parameter : training.parameters().list()) {
            float[] gradient = new float[Math.toIntExact(parameter.shape().size())];
            training.readGradient(parameter, gradient);
            gradients.add(gradient);
        }
        return gradients;
    }

    private static List<float[]> weights(VitTraining training) {
        List<float[]> weights = new ArrayList<>();
        for (Parameter parameter : training.parameters().list()) {
            float[] weight = new float[Math.toIntExact(parameter.shape().size())];
            training.read(parameter, weight);
            weights.add(weight);
        }
        return weights;
    }

    private static void assertSame(List<float[]> expected, List<float[]> actual) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i), "parameter " + i);
        }
    }
}
