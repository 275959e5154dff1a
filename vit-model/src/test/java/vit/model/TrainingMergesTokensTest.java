package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import vit.kernels.tensor.Tensor;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/**
 * Trainings that merge tokens: the forward pass is that of a session, the gradients are those of the loss with the matching held fixed, and the contracts of every
 * training hold.
 */
@Timeout(300)
class TrainingMergesTokensTest {

    /** 12 patches. */
    private static final VitConfig CONFIG =
            VitConfig.builder().image(24, 32).patch(8).width(36).depth(4).heads(3).headDim(10).mlp(50).classes(7).build();

    private static final VitConfig MEAN = CONFIG.toBuilder().registers(2).pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();

    private static final int BATCH = 3;

    private static final int[] LABELS = {2, 0, 6};

    /** Every pooling, every place of the final norm, and layer scale. */
    private enum Model {
        TOKEN(CONFIG), DISTILLED(CONFIG.toBuilder().distillationToken(true).build()), PATCH_MEAN(MEAN),
        ALL_MEAN(CONFIG.toBuilder().pooling(Pooling.ALL_MEAN).layerScale(true).build()),
        PATCH_MAX(CONFIG.toBuilder().pooling(Pooling.PATCH_MAX).classToken(false).build()),
        MEAN_MAX(CONFIG.toBuilder().pooling(Pooling.PATCH_MEAN_MAX).finalNorm(FinalNorm.NONE).build()),
        TOKEN_AND_MEAN(CONFIG.toBuilder().pooling(Pooling.TOKEN_AND_PATCH_MEAN).build()),
        ALL_ATTENTION(CONFIG.toBuilder().width(30).pooling(Pooling.ALL_ATTENTION).build()),
        PATCH_ATTENTION(CONFIG.toBuilder().width(30).pooling(Pooling.PATCH_ATTENTION).classToken(false).build());

        private final VitConfig config;

        Model(VitConfig config) {
            this.config = config;
        }
    }

    private static float[] images(VitConfig config) {
        float[] images = new float[BATCH * pixels(config)];
        Random random = new Random(2);
        for (int i = 0; i < images.length; i++) {
            images[i] = random.nextFloat() * 2 - 1;
        }
        return images;
    }

    private static int pixels(VitConfig config) {
        return config.channels() * config.imageHeight() * config.imageWidth();
    }

    private static float[] values(Parameter parameter) {
        return new float[Math.toIntExact(parameter.shape().size())];
    }

    private static float[] gradient(VitTraining training, String name) {
        Parameter parameter = training.parameters().find(name);
        float[] values = values(parameter);
        training.readGradient(parameter, values);
        return values;
    }

    private static float[] gradients(VitTraining training) {
        List<float[]> parts = training.parameters().list().stream().map(parameter -> gradient(training, parameter.name())).toList();
        float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    /** The gradients of one step that is computed in passes of {@code microBatch} images. */
    private static float[] gradients(VitConfig config, TrainingOptions options, int microBatch) throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 3), options, null)) {
            training.clearGradients();
            for (int from = 0; from < BATCH; from += microBatch) {
                int count = Math.min(microBatch, BATCH - from);
                training.accumulate(Arrays.copyOfRange(images(config), from * pixels(config), (from + count) * pixels(config)),
                        Arrays.copyOfRange(LABELS, from, from + count), count, 1.0 / BATCH);
            }
            return gradients(training);
        }
    }

    /** Without layer scale, which a session multiplies and adds in one step, and a training in two. */
    @ParameterizedTest
    @EnumSource(Model.class)
    void everyStageHasTheBitsOfASession(Model model) throws IOException {
        VitConfig config = model.config.toBuilder().layerScale(false).build();
        ParameterSource weights = new GeneratedWeights(config, 3);
        for (String text : List.of("1", "decreasing:2", "0,0,3", "5,0,0,1")) {
            TokenMerging merging = TokenMerging.parse(text);
            for (boolean checkpointing : new boolean[] {false, true}) {
                try (VitModel loaded = VitModel.of(weights);
                        VitSession session = loaded.newSession(SessionOptions.threads(2).withBatch(BATCH).withTokenMerging(merging));
                        VitTraining training = VitTraining.of(weights,
                                TrainingOptions.of(3, BATCH + 1).withCheckpointing(checkpointing).withTokenMerging(merging), null)) {
                    List<float[]> expected = new ArrayList<>();
                    List<float[]> found = new ArrayList<>();
                    float[] logits = new float[BATCH * config.classes()];
                    session.forward(images(config), BATCH, logits, (name, tokens) -> expected.add(used(tokens, merging, config, expected.size())));
                    training.accumulate(images(config), LABELS, BATCH, 1, (name, tokens) -> found.add(used(tokens, merging, config, found.size())));
                    assertEquals(config.depth() + 1, found.size());
                    for (int i = 0; i < found.size(); i++) {
                        assertArrayEquals(expected.get(i), found.get(i), "stage " + i + " with " + merging);
                    }
                    if (model != Model.DISTILLED) { // its two heads have a loss each
                        float[] trained = new float[logits.length];
                        training.logits(trained, BATCH);
                        assertArrayEquals(logits, trained, "logits with " + merging);
                        session.logits(images(config), BATCH, logits);
                        assertArrayEquals(logits, trained, "logits of the pooled tokens alone with " + merging);
                    }
                }
            }
        }
    }

    private static float[] used(Tensor tokens, TokenMerging merging, VitConfig config, int stage) {
        return tokens.rows(0, BATCH * merging.tokens(config)[stage]).toArray();
    }

    /**
     * Every parameter of blocks and head, and by the positions the tokens of the stem, against central differences in double, in which every block merges the tokens
     * that it merged before.
     */
    @ParameterizedTest
    @CsvSource({"1", "decreasing:2", "'3,0,1'", "'0,0,6,6'"})
    void gradientsAreThoseOfTheLossWithTheMatchingHeldFixed(String text) throws IOException {
        TokenMerging merging = TokenMerging.parse(text);
        double worst = 0;
        for (VitConfig config : List.of(CONFIG, MEAN)) {
            ParameterSource weights = new GeneratedWeights(config, 7);
            try (VitTraining training = VitTraining.of(weights, TrainingOptions.of(2, BATCH).withTokenMerging(merging), null)) {
                double[][] stem = new double[1][];
                double loss = training.accumulate(images(config), LABELS, BATCH, 1.0 / BATCH, (name, tokens) -> {
                    if (name.equals("stage.tokens")) {
                        stem[0] = tokens.rows(0, BATCH * config.tokens()).toDoubles();
                    }
                });
                MergingReference reference = new MergingReference(weights, merging);
                assertEquals(loss(reference, stem[0], config), loss, 1e-5 * loss);
                reference.holdGroups();
                for (Parameter parameter : training.parameters().list()) {
                    if (parameter.place() == Parameter.Place.STEM) {
                        continue;
                    }
                    double[] changed = reference.weights(parameter.name());
                    float[] gradient = gradient(training, parameter.name());
                    worst = Math.max(worst, worst(parameter.name() + " of " + config.pooling(), changed, gradient, () -> loss(reference, stem[0], config)));
                }
                double[] moved = new double[config.tokens() * config.width()];
                float[] positions = gradient(training, Parameters.POSITIONS);
                worst = Math.max(worst, worst("positions of " + config.pooling(), moved, tokenGradient(config, positions),
                        () -> loss(reference, sum(stem[0], moved), config)));
            }
        }
        System.out.println("gradients of a training that merges " + merging + ": worst error " + worst + " of the largest element of its tensor");
    }

    /** The gradient of the tokens that have a position; NaN for the others, the registers. */
    private static float[] tokenGradient(VitConfig config, float[] positions) {
        float[] all = new float[config.tokens() * config.width()];
        Arrays.fill(all, Float.NaN);
        int patches = config.patches() * config.width();
        System.arraycopy(positions, 0, all, 0, positions.length - patches);
        System.arraycopy(positions, positions.length - patches, all, all.length - patches, patches);
        return all;
    }

    private static double[] sum(double[] tokens, double[] moved) {
        double[] sum = tokens.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += moved[i % moved.length];
        }
        return sum;
    }

    @FunctionalInterface
    private interface Loss {
        double value();
    }

    /** Compares some elements of a gradient, and returns the largest difference as a share of the largest element. */
    private static double worst(String name, double[] changed, float[] gradient, Loss loss) {
        assertEquals(changed.length, gradient.length, name);
        double scale = 1e-3;
        for (float element : gradient) {
            scale = Float.isNaN(element) ? scale : Math.max(scale, Math.abs(element));
        }
        double worst = 0;
        double step = 1e-4;
        Random random = new Random(changed.length);
        for (int trial = 0; trial < 8; trial++) {
            int i = random.nextInt(changed.length);
            if (Float.isNaN(gradient[i])) {
                continue;
            }
            double before = changed[i];
            changed[i] = before + step;
            double above = loss.value();
            changed[i] = before - step;
            double below = loss.value();
            changed[i] = before;
            double error = Math.abs((above - below) / (2 * step) - gradient[i]) / scale;
            assertTrue(error < 2e-5, name + "[" + i + "]: expected " + (above - below) / (2 * step) + ", found " + gradient[i] + ", the largest is " + scale);
            worst = Math.max(worst, error);
        }
        return worst;
    }

    /** The mean cross-entropy. */
    private static double loss(MergingReference reference, double[] stem, VitConfig config) {
        reference.begin(stem, BATCH);
        for (int i = 0; i < config.depth(); i++) {
            reference.block(i);
        }
        double[] logits = reference.logits();
        double loss = 0;
        for (int b = 0; b < BATCH; b++) {
            double sum = 0;
            for (int c = 0; c < config.classes(); c++) {
                sum += Math.exp(logits[b * config.classes() + c]);
            }
            loss += Math.log(sum) - logits[b * config.classes() + LABELS[b]];
        }
        return loss / BATCH;
    }

    /**
     * What stands behind the last merge does not change any matching, so the loss itself can be differentiated: the MLP of the last block, the pooling and the head,
     * for every pooling. The differences are of float losses, along the signs of the gradient, where the change is largest, and along drawn ones, where a gradient
     * that is not written shows: its own signs would be zeros.
     */
    @ParameterizedTest
    @EnumSource(Model.class)
    void gradientsBehindTheLastMergeAreThoseOfTheLoss(Model model) throws IOException {
        VitConfig config = model.config;
        String last = "blocks." + (config.depth() - 1) + ".";
        try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 3), TrainingOptions.of(2, BATCH).withTokenMerging(2), null)) {
            training.accumulate(images(config), LABELS, BATCH, 1.0 / BATCH);
            List<Parameter> behind = training.parameters().list().stream().filter(parameter -> switch (parameter.place()) {
                case POOL, HEAD -> true;
                case BLOCK -> parameter.name().startsWith(last + "mlp") || parameter.name().startsWith(last + "norm2") || parameter.name().startsWith(last + "ls2");
                default -> false;
            }).toList();
            assertTrue(behind.size() >= 6, behind::toString);
            List<float[]> gradients = behind.stream().map(parameter -> gradient(training, parameter.name())).toList();
            Random random = new Random(5);
            for (Parameter parameter : behind) {
                float[] gradient = gradients.get(behind.indexOf(parameter));
                float[] before = values(parameter);
                training.read(parameter, before);
                double magnitudes = 0;
                double squares = 0;
                float[] signs = new float[before.length];
                float[] drawn = new float[before.length];
                double alongDrawn = 0;
                for (int i = 0; i < before.length; i++) {
                    signs[i] = Math.signum(gradient[i]);
                    drawn[i] = random.nextBoolean() ? 1 : -1;
                    magnitudes += Math.abs(gradient[i]);
                    squares += (double) gradient[i] * gradient[i];
                    alongDrawn += (double) drawn[i] * gradient[i];
                }
                assertTrue(magnitudes > 0.05, parameter.name() + ": the gradient is not written; its magnitudes sum to " + magnitudes);
                double step = Math.min(1.0 / 256, 0.02 / magnitudes);
                assertEquals(magnitudes, slope(training, parameter, before, signs, step), 0.01 * magnitudes + 2e-4, parameter.name() + ", along the signs");
                double crossed = model.name().endsWith("MAX") ? 0.05 : 0.002; // another token can become the largest on the way
                assertEquals(alongDrawn, slope(training, parameter, before, drawn, step), crossed * Math.sqrt(squares) + 4e-4, parameter.name() + ", along drawn signs");
            }
        }
    }

    /** The change of the loss in this direction, by central differences. */
    private static double slope(VitTraining training, Parameter parameter, float[] before, float[] direction, double step) {
        double slope = (lossAt(training, parameter, before, direction, step) - lossAt(training, parameter, before, direction, -step)) / (2 * step);
        training.write(parameter, before);
        return slope;
    }

    private static double lossAt(VitTraining training, Parameter parameter, float[] before, float[] direction, double step) {
        float[] moved = before.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        training.write(parameter, moved);
        training.clearGradients();
        return training.accumulate(images(training.config()), LABELS, BATCH, 1.0 / BATCH);
    }

    /** With and without dropout and stochastic depth. */
    @ParameterizedTest
    @EnumSource(Model.class)
    void bitsAreTheSameAtAnyThreadCountInAnyPassesAndRecomputed(Model model) throws IOException {
        for (TokenMerging merging : List.of(TokenMerging.constant(2), TokenMerging.byBlock(0, 3, 0, 1))) {
            for (double rate : new double[] {0, 0.3}) {
                TrainingOptions options = TrainingOptions.of(1, BATCH).withTokenMerging(merging).withDropout(rate).withStochasticDepth(rate).withSeed(7);
                float[] expected = gradients(model.config, options, BATCH);
                for (int threads = 2; threads <= 4; threads++) {
                    TrainingOptions team = TrainingOptions.of(threads, BATCH + 2).withTokenMerging(merging).withDropout(rate).withStochasticDepth(rate).withSeed(7);
                    assertArrayEquals(expected, gradients(model.config, team, BATCH), threads + " threads");
                    assertArrayEquals(expected, gradients(model.config, team.withCheckpointing(true), BATCH), threads + " threads, recomputed");
                }
                assertArrayEquals(expected, gradients(model.config, options, 1), "passes of one image");
                assertArrayEquals(expected, gradients(model.config, options.withCheckpointing(true), 2), "passes of two images, recomputed");
            }
        }
    }

    @Test
    void theGradientOfAnImageDoesNotDependOnItsPlace() throws IOException {
        for (Model model : Model.values()) {
            VitConfig config = model.config;
            int pixels = pixels(config);
            TrainingOptions options = TrainingOptions.of(2, BATCH).withImageGradient(true).withTokenMerging(3);
            try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 3), options, null)) {
                float[] all = new float[BATCH * pixels];
                training.accumulate(images(config), LABELS, BATCH, 1);
                training.imageGradient(all, BATCH);
                for (int b = 0; b < BATCH; b++) {
                    float[] alone = new float[pixels];
                    training.accumulate(Arrays.copyOfRange(images(config), b * pixels, (b + 1) * pixels), new int[] {LABELS[b]}, 1, 1);
                    training.imageGradient(alone, 1);
                    assertArrayEquals(Arrays.copyOfRange(all, b * pixels, (b + 1) * pixels), alone, model + ", image " + b);
                }
            }
        }
    }

    @Test
    void mergingNothingHasTheBitsOfTodayAndCostsNoMemory() throws IOException {
        for (VitConfig config : List.of(CONFIG, MEAN)) {
            TrainingOptions plain = TrainingOptions.of(2, BATCH).withDropout(0.1);
            float[] today = gradients(config, plain, BATCH);
            for (TokenMerging none : List.of(TokenMerging.NONE, TokenMerging.byBlock(), TokenMerging.byBlock(0, 0), TokenMerging.decreasing(0))) {
                assertArrayEquals(today, gradients(config, plain.withTokenMerging(none), BATCH));
                assertEquals(planned(config, plain), planned(config, plain.withTokenMerging(none)));
            }
            assertFalse(Arrays.equals(today, gradients(config, plain.withTokenMerging(1), BATCH)));
        }
    }

    /** Merged tokens need no activations, which outweighs what the merging itself needs. Eight of 64 patches in each of six blocks leave 57 % of the tokens. */
    @Test
    void fewerTokensTakeLessMemory() throws IOException {
        VitConfig config = VitConfig.builder().image(32, 32).patch(4).width(64).depth(6).heads(4).mlp(128).classes(7).build();
        long most = Long.MAX_VALUE;
        for (int r : new int[] {0, 3, 5, 8}) {
            long planned = planned(config, TrainingOptions.of(1, 16).withTokenMerging(r));
            assertTrue(planned < most, planned + " bytes with " + r + ", " + most + " with fewer");
            most = planned;
        }
        assertTrue(most < 0.9 * planned(config, TrainingOptions.of(1, 16)), most + " bytes");
    }

    private static long planned(VitConfig config, TrainingOptions options) throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 3), options, null)) {
            return training.plannedBytes();
        }
    }

    /** Frozen blocks merge as others do, and those that are trained have the gradients of a training in which nothing is frozen. */
    @ParameterizedTest
    @EnumSource(Model.class)
    void frozenBlocksMergeAsOthersDo(Model model) throws IOException {
        VitConfig config = model.config;
        for (TokenMerging merging : List.of(TokenMerging.constant(2), TokenMerging.byBlock(0, 3, 0, 2))) {
            for (boolean checkpointing : new boolean[] {false, true}) {
                TrainingOptions options = TrainingOptions.of(2, BATCH).withDropout(0.1).withStochasticDepth(0.2).withCheckpointing(checkpointing).withTokenMerging(merging);
                try (VitTraining whole = VitTraining.of(new GeneratedWeights(config, 3), options, null)) {
                    double loss = whole.accumulate(images(config), LABELS, BATCH, 1.0 / BATCH);
                    List<Frozen> parts = new ArrayList<>(List.of(Frozen.ALL_BUT_HEAD));
                    for (int blocks = 0; blocks <= config.depth(); blocks++) {
                        parts.add(Frozen.front(blocks));
                    }
                    for (Frozen frozen : parts) {
                        try (VitTraining training = VitTraining.of(new GeneratedWeights(config, 3), options.withFrozen(frozen), null)) {
                            assertEquals(loss, training.accumulate(images(config), LABELS, BATCH, 1.0 / BATCH), frozen::toString);
                            for (Parameter parameter : training.parameters().list()) {
                                if (!frozen.contains(parameter)) {
                                    assertArrayEquals(gradient(whole, parameter.name()), gradient(training, parameter.name()),
                                            () -> parameter.name() + ", frozen: " + frozen + ", " + merging);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /** The small models of a warm-up merge as well. */
    @Test
    void aWarmUpLeavesTheGradientsAsTheyAre() throws IOException {
        TrainingOptions options = TrainingOptions.of(2, BATCH).withDropout(0.1).withTokenMerging(2);
        try (VitTraining training = VitTraining.of(new GeneratedWeights(MEAN, 3), options, Optimizer.adamW(0.05))) {
            training.accumulate(images(MEAN), LABELS, BATCH, 1.0 / BATCH);
            float[] before = gradients(training);
            assertTrue(training.warmUp().calls() > 0);
            assertArrayEquals(before, gradients(training));
            training.clearGradients();
            training.accumulate(images(MEAN), LABELS, BATCH, 1.0 / BATCH);
            assertArrayEquals(before, gradients(training));
        }
    }

    @Test
    void refusesTheModelsThatASessionRefuses() throws IOException {
        Map<VitConfig, TokenMerging> refused = Map.of(CONFIG.toBuilder().relative(RelativePositions.SHARED).build(), TokenMerging.constant(1),
                CONFIG.toBuilder().queryKeyNorm(true).build(), TokenMerging.constant(1),
                CONFIG.toBuilder().width(30).pooling(Pooling.PATCH_ATTENTION).build(), TokenMerging.constant(1), CONFIG, TokenMerging.byBlock(1, 1, 1, 1, 1));
        for (Map.Entry<VitConfig, TokenMerging> entry : refused.entrySet()) {
            ParameterSource weights = new GeneratedWeights(entry.getKey(), 3);
            try (VitModel model = VitModel.of(weights)) {
                String expected = assertThrowsExactly(IllegalArgumentException.class,
                        () -> model.newSession(SessionOptions.threads(1).withTokenMerging(entry.getValue()))).getMessage();
                assertEquals(expected, assertThrowsExactly(IllegalArgumentException.class,
                        () -> VitTraining.of(weights, TrainingOptions.of(1, 1).withTokenMerging(entry.getValue()), null)).getMessage());
                assertTrue(expected.contains("merg"), expected);
            }
        }
    }
}
