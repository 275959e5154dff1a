package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/** What is frozen keeps its bits and costs nothing; what is above it learns as if nothing were frozen. */
class FrozenTest {

    private static final VitConfig PLAIN = VitConfig.builder().image(16, 16).patch(8).width(24).depth(3).heads(3).mlp(40).classes(5).build();

    private static final int BATCH = 3;

    private static final int[] LABELS = {1, 4, 0};

    private enum Model {
        PLAIN_VIT(PLAIN),
        DISTILLED(PLAIN.toBuilder().distillationToken(true).build()),
        AXES(PLAIN.toBuilder().positions(Positions.LEARNED_AXES).classToken(false).pooling(Pooling.PATCH_MEAN).build()),
        SHARED_POSITIONS(PLAIN.toBuilder().relative(RelativePositions.SHARED).positions(Positions.NONE).keyBias(false).build()),
        POSITIONS_BY_BLOCK(PLAIN.toBuilder().relative(RelativePositions.BY_BLOCK).positions(Positions.NONE).queryKeyNorm(true).build()),
        ATTENTION_POOL(PLAIN.toBuilder().pooling(Pooling.ALL_ATTENTION).build()),
        HYBRID(PLAIN.toBuilder().patch(1).backbone(12, List.of(new Stage(2, 40), new Stage(1, 20))).backboneGroups(4).build());

        private final VitConfig config;

        Model(VitConfig config) {
            this.config = config;
        }
    }

    private static List<Frozen> everyPart(VitConfig config) {
        List<Frozen> parts = new ArrayList<>(List.of(Frozen.ALL_BUT_HEAD));
        for (int blocks = 0; blocks <= config.depth(); blocks++) {
            parts.add(Frozen.front(blocks));
        }
        return parts;
    }

    private static float[] images(VitConfig config) {
        Random random = new Random(3);
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        for (int i = 0; i < images.length; i++) {
            images[i] = (float) random.nextGaussian();
        }
        return images;
    }

    private static TrainingOptions options(boolean checkpointing) {
        return TrainingOptions.of(2, BATCH).withDropout(0.1).withStochasticDepth(0.2).withCheckpointing(checkpointing);
    }

    private static float[] values(Parameter parameter) {
        return new float[Math.toIntExact(parameter.shape().size())];
    }

    @ParameterizedTest
    @EnumSource(Model.class)
    void theRestHasTheGradientsOfATrainingInWhichNothingIsFrozen(Model model) throws IOException {
        VitConfig config = model.config;
        GeneratedWeights weights = new GeneratedWeights(config, 1);
        float[] images = images(config);
        for (boolean checkpointing : new boolean[] {false, true}) {
            try (VitTraining whole = VitTraining.of(weights, options(checkpointing), null)) {
                double loss = whole.accumulate(images, LABELS, BATCH, 1.0 / BATCH);
                for (Frozen frozen : everyPart(config)) {
                    try (VitTraining training = VitTraining.of(weights, options(checkpointing).withFrozen(frozen), null)) {
                        assertEquals(loss, training.accumulate(images, LABELS, BATCH, 1.0 / BATCH));
                        double squares = 0;
                        for (Parameter parameter : training.parameters().list()) {
                            float[] expected = values(parameter);
                            float[] found = values(parameter);
                            Arrays.fill(found, 7);
                            if (!frozen.contains(parameter)) {
                                whole.readGradient(parameter, expected);
                            }
                            training.readGradient(parameter, found);
                            assertArrayEquals(expected, found, () -> parameter.name() + ", frozen: " + frozen);
                            for (float gradient : found) {
                                squares += (double) gradient * gradient;
                            }
                        }
                        assertEquals(Math.sqrt(squares), training.gradientNorm(), 1e-12 * Math.sqrt(squares), "the norm counts what is trained");
                        assertTrue(training.gradientNorm() < whole.gradientNorm());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Model.class)
    void stepsLeaveItAsItIs(Model model) throws IOException {
        VitConfig config = model.config;
        GeneratedWeights weights = new GeneratedWeights(config, 1);
        float[] images = images(config);
        for (Frozen frozen : everyPart(config)) {
            for (Optimizer optimizer : List.of(Optimizer.adamW(0.1).decayingAll().withLayerDecay(0.5), Optimizer.sgd(0.9, 0.1).decayingAll())) {
                try (VitTraining training = VitTraining.of(weights, options(false).withFrozen(frozen), optimizer)) {
                    training.trackAverage();
                    for (int step = 0; step < 3; step++) {
                        training.clearGradients();
                        training.accumulate(images, LABELS, BATCH, 1.0 / BATCH);
                        training.step(1e-2, 1);
                        training.updateAverage(0.7);
                    }
                    for (Parameter parameter : training.parameters().list()) {
                        float[] before = values(parameter);
                        weights.read(parameter, before);
                        float[] after = values(parameter);
                        training.read(parameter, after);
                        assertEquals(frozen.contains(parameter), Arrays.equals(before, after), () -> parameter.name() + ", frozen: " + frozen);
                        training.readAverage(parameter, after);
                        assertEquals(frozen.contains(parameter), Arrays.equals(before, after), () -> "average of " + parameter.name() + ", frozen: " + frozen);
                        training.readState(0, parameter, after);
                        assertEquals(frozen.contains(parameter), Arrays.equals(values(parameter), after),
                                () -> "state of " + parameter.name() + ", frozen: " + frozen);
                    }
                }
            }
        }
    }

    @Test
    void itTakesNoMemoryForGradientsStatesAndActivations() throws IOException {
        VitConfig config = PLAIN.toBuilder().depth(6).build();
        GeneratedWeights weights = new GeneratedWeights(config, 1);
        long before = Long.MAX_VALUE;
        for (Frozen frozen : List.of(Frozen.NOTHING, Frozen.front(0), Frozen.front(2), Frozen.front(4), Frozen.front(6), Frozen.ALL_BUT_HEAD)) {
            try (VitTraining training = VitTraining.of(weights, TrainingOptions.of(1, 8).withFrozen(frozen), Optimizer.adamW(0))) {
                long planned = training.plannedBytes();
                long earlier = before;
                assertTrue(planned < earlier, () -> frozen + ": " + planned + " bytes, before " + earlier);
                before = planned;
            }
        }
    }

    @Test
    void everyParameterIsInItsPlace() {
        Parameters parameters = Parameters.of(Model.ATTENTION_POOL.config.toBuilder().relative(RelativePositions.SHARED).build());
        List<String> places = parameters.list().stream().map(parameter -> parameter.place().name() + (parameter.block() < 0 ? "" : parameter.block())).distinct()
                .toList();
        assertEquals(List.of("STEM", "BLOCK0", "BLOCK1", "BLOCK2", "POOL", "HEAD"), places, "in the order of the forward pass, each once");
        assertEquals(1, Optimizer.adamW(0).withLayerDecay(0.5).rateFactor(parameters.find(Parameters.POOL_QUERY), PLAIN));
        assertEquals(0.5, Optimizer.adamW(0).withLayerDecay(0.5).rateFactor(parameters.find("blocks.2.norm1.weight"), PLAIN));
        assertEquals(0.0625, Optimizer.adamW(0).withLayerDecay(0.5).rateFactor(parameters.find(Parameters.SHARED_RELATIVE_POSITIONS), PLAIN));
    }

    @Test
    void whatCannotBeFrozenIsRefused() {
        refused("4 frozen blocks; the model has 3",
                () -> VitTraining.of(new GeneratedWeights(PLAIN, 0), TrainingOptions.of(1, 1).withFrozen(Frozen.front(4)), null));
        VitConfig headless = PLAIN.toBuilder().classes(0).build();
        refused("nothing is left to train beside all but the head",
                () -> VitTraining.of(new GeneratedWeights(headless, 0), TrainingOptions.of(1, 1).withFrozen(Frozen.ALL_BUT_HEAD), null));
        refused("the gradient of the images, with the stem frozen: the backward pass ends above what is frozen",
                () -> TrainingOptions.of(1, 1).withImageGradient(true).withFrozen(Frozen.front(0)));
        refused("-1 frozen blocks; expected 0 or more, and only in front", () -> Frozen.front(-1));
    }

    @Test
    void whatIsFrozenIsGivenNeitherGradientNorState() throws IOException {
        try (VitTraining training = VitTraining.of(new GeneratedWeights(PLAIN, 0), TrainingOptions.of(1, 1).withFrozen(Frozen.front(1)), Optimizer.adamW(0))) {
            training.trackAverage();
            Parameter frozen = training.parameters().find("blocks.0.norm1.weight");
            Parameter trained = training.parameters().find("blocks.1.norm1.weight");
            String message = "blocks.0.norm1.weight is frozen; it has neither gradient nor optimiser state";
            refused(message, () -> training.writeGradient(frozen, values(frozen)));
            refused(message, () -> training.writeState(1, frozen, values(frozen)));
            refused(message, () -> training.writeAverage(frozen, values(frozen)));
            training.writeGradient(trained, values(trained));
            training.writeState(1, trained, values(trained));
            training.writeAverage(trained, values(trained));
        }
    }

    private static void refused(String message, Executable call) {
        assertEquals(message, assertThrowsExactly(IllegalArgumentException.class, call).getMessage());
    }
}
