package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;

/** Warming up changes nothing that a training keeps, in whatever state it finds the training. */
class TrainingWarmUpTest {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(10).mlp(34).classes(5).build();

    private static final TrainingOptions OPTIONS = TrainingOptions.of(2, 3).withDropout(0.2).withStochasticDepth(0.1).withLabelSmoothing(0.1).withSeed(5);

    private static final int BATCH = 3;

    private static final float[] IMAGES = images(CONFIG);

    private static float[] images(VitConfig config) {
        Random random = new Random(1);
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        for (int i = 0; i < images.length; i++) {
            images[i] = random.nextFloat() - 0.5f;
        }
        return images;
    }

    /** @param stage where it is warmed up: before the first step, between two passes of a step, between two steps, or never */
    private static List<float[]> train(int stage) throws IOException {
        List<float[]> kept = new ArrayList<>();
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), OPTIONS, Optimizer.adamW(0.05))) {
            training.trackAverage();
            warmUp(training, stage == 0);
            for (int step = 0; step < 3; step++) {
                training.clearGradients();
                training.accumulate(IMAGES, new int[] {0, 1, 2}, BATCH, 0.2);
                warmUp(training, stage == 1);
                training.accumulate(IMAGES, new int[] {3, 4}, 2, 0.2);
                training.step(1e-2, 1);
                training.updateAverage(0.9);
                warmUp(training, stage == 2);
            }
            assertEquals(3, training.steps());
            for (Parameter parameter : training.parameters().list()) {
                int size = Math.toIntExact(parameter.shape().size());
                float[] values = new float[5 * size];
                float[] part = new float[size];
                training.read(parameter, part);
                System.arraycopy(part, 0, values, 0, size);
                training.readGradient(parameter, part);
                System.arraycopy(part, 0, values, size, size);
                training.readState(0, parameter, part);
                System.arraycopy(part, 0, values, 2 * size, size);
                training.readState(1, parameter, part);
                System.arraycopy(part, 0, values, 3 * size, size);
                training.readAverage(parameter, part);
                System.arraycopy(part, 0, values, 4 * size, size);
                kept.add(values);
            }
        }
        return kept;
    }

    private static void warmUp(VitTraining training, boolean now) {
        if (now) {
            assertTrue(training.warmUp().calls() >= 2);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void everythingThatATrainingKeepsHasTheBitsOfATrainingThatIsNotWarmedUp(int stage) throws IOException {
        List<float[]> without = train(-1);
        List<float[]> with = train(stage);
        for (int i = 0; i < without.size(); i++) {
            assertArrayEquals(without.get(i), with.get(i));
        }
    }

    /** Accumulated gradients stay even if a pass would make them NaN. */
    @Test
    void gradientsThatWereSetStay() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), OPTIONS, null)) {
            Parameter parameter = training.parameters().list().getLast();
            float[] weights = new float[Math.toIntExact(parameter.shape().size())];
            weights[0] = Float.NaN;
            training.write(parameter, weights);
            float[] gradient = new float[weights.length];
            gradient[0] = -0f;
            training.writeGradient(parameter, gradient);
            training.warmUp();
            training.readGradient(parameter, weights);
            assertArrayEquals(gradient, weights);
            training.clearGradients();
            training.warmUp();
            training.readGradient(parameter, weights);
            assertArrayEquals(new float[weights.length], weights);
        }
    }

    @Test
    void aTrainingByEmbeddingsIsWarmedUp() throws IOException {
        for (VitConfig config : List.of(CONFIG.toBuilder().classes(0).build(), CONFIG.toBuilder().head(HeadConfig.Kind.PROJECTION).headBias(false).build())) {
            try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 0), TrainingOptions.of(1, 1), Optimizer.sgd(0.9, 0))) {
                assertTrue(training.warmUp().calls() >= 2);
            }
        }
    }

    @Test
    void anInterruptedThreadEndsTheWarmUpAndTheTrainingGoesOn() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(1, BATCH), null)) {
            training.accumulate(IMAGES, new int[BATCH], BATCH, 1); // the kernels have been waited for
            Thread.currentThread().interrupt();
            assertThrowsExactly(CallInterruptedException.class, training::warmUp);
            assertTrue(Thread.interrupted());
            assertTrue(training.warmUp().calls() >= 2);
        }
    }

    /** Longer than the passes of the training take, shorter than the steps of the small models. */
    private static final double AGAIN_MILLIS = 200;

    @Test
    void codeIsCompiledOnceForAKind() throws IOException {
        WarmUpReport report = null;
        for (int training = 0; training < 3 && (report == null || report.milliseconds() > AGAIN_MILLIS); training++) {
            report = report(training * 10);
        }
        assertTrue(report.ready() && report.milliseconds() <= AGAIN_MILLIS, report.toString());
        report = report(0);
        for (int training = 0; training < 3 && report.milliseconds() > AGAIN_MILLIS; training++) {
            report = report(0); // another program had the cores
        }
        assertTrue(report.ready() && report.milliseconds() <= AGAIN_MILLIS, report.toString());
    }

    private static WarmUpReport report(int wider) throws IOException {
        VitConfig config = CONFIG.toBuilder().width(20 + wider).build();
        try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 0), OPTIONS, Optimizer.adamW(0.05))) {
            return training.warmUp();
        }
    }
}
