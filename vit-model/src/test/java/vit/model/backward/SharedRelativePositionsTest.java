package vit.model.backward;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.parallel.Workers;
import vit.kernels.tensor.Tensor;
import vit.kernels.tensor.TensorArena;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.Frozen;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.Frozen;
import vit.model.config.VitConfig;
import vit.model.Frozen;
import vit.model.config.VitConfig.Positions;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;
import vit.model.positions.RelativeIndex;

/** One table of relative positions for all blocks is the same model as a table of each block's own, if all of them hold the same values. */
class SharedRelativePositionsTest {

    private static final int BATCH = 2;
    private static final VitConfig SHARED = VitConfig.builder().image(16, 24).patch(8).width(12).depth(2).heads(3).headDim(4).mlp(20).classes(5)
            .positions(Positions.NONE).relative(RelativePositions.SHARED).build();
    private static final VitConfig BY_BLOCK = SHARED.toBuilder().relative(RelativePositions.BY_BLOCK).build();
    private static final double UNIT = 0x1p-24;

    /** The parameters of a model with a shared table, also for a model of the same shape with tables of each block's own. */
    private record Values(VitConfig config) implements ParameterSource {

        @Override
        public void read(Parameter parameter, float[] target) {
            String name = parameter.name().endsWith(Parameters.RELATIVE_POSITIONS) ? Parameters.SHARED_RELATIVE_POSITIONS : parameter.name();
            VitConfig shared = config.toBuilder().relative(RelativePositions.SHARED).build();
            new GeneratedWeights(shared, 3).read(Parameters.of(shared).find(name), target);
        }
    }

    private static float[] images(VitConfig config) {
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        Random random = new Random(5);
        for (int i = 0; i < images.length; i++) {
            images[i] = (float) random.nextGaussian();
        }
        return images;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void everyStageHasTheSameBits(int depth) throws IOException {
        Map<String, float[]> shared = stages(SHARED.toBuilder().depth(depth).build());
        Map<String, float[]> byBlock = stages(BY_BLOCK.toBuilder().depth(depth).build());
        assertEquals(byBlock.keySet(), shared.keySet());
        assertEquals(2 * (depth + 2), shared.size());
        byBlock.forEach((stage, values) -> assertArrayEquals(values, shared.get(stage), 0, stage));
    }

    /** The stages of two calls; the second call finds the memory as the first has left it. */
    private static Map<String, float[]> stages(VitConfig config) throws IOException {
        Map<String, float[]> stages = new LinkedHashMap<>();
        try (VitModel model = VitModel.of(new Values(config)); VitSession session = model.newSession(SessionOptions.threads(2).withBatch(BATCH))) {
            for (int call = 0; call < 2; call++) {
                String prefix = "call " + call + " ";
                float[] logits = new float[BATCH * config.classes()];
                session.forward(images(config), BATCH, logits, (stage, tokens) -> stages.put(prefix + stage, tokens.toArray()));
                stages.put(prefix + "logits", logits);
            }
        }
        return stages;
    }

    /** Everything that a pass of a training leaves behind. */
    private record Gradients(Map<String, float[]> byName, float[] logits, float[] dbias) {}

    /**
     * @param steps passes before, each with a change of the shared table, as an optimiser makes it
     */
    private static Gradients gradients(VitConfig config, boolean checkpointing, int steps) throws IOException {
        try (TensorArena arena = TensorArena.open(); Workers team = Workers.of(2)) {
            Parameters parameters = Parameters.of(config);
            TrainingParameters values = new TrainingParameters(config, parameters, new Values(config), Frozen.NOTHING, arena);
            TrainingPass pass = new TrainingPass(config, values, TrainingOptions.of(2, BATCH).withCheckpointing(checkpointing), arena);
            team.run(values::standardize);
            pass.images.copyFrom(images(config));
            for (int step = 0; step <= steps; step++) {
                if (step > 0) {
                    doubleTables(values, parameters);
                }
                for (int b = 0; b < BATCH; b++) {
                    for (int c = 0; c < config.classes(); c++) {
                        pass.targets.set(b, c, c == b + 1 ? 1 : 0);
                    }
                }
                team.run(values.gradients()::clear);
                pass.prepare(BATCH, 1.0 / BATCH, step, 0, null);
                team.run(pass);
            }
            Map<String, float[]> gradients = new LinkedHashMap<>();
            for (Parameter parameter : parameters.list()) {
                float[] gradient = new float[Math.toIntExact(parameter.shape().size())];
                values.gradients().tensors().get(parameter, gradient);
                gradients.put(parameter.name(), gradient);
            }
            return new Gradients(gradients, pass.logits.toArray(), pass.m.dbias.toArray());
        }
    }

    private static void doubleTables(TrainingParameters values, Parameters parameters) {
        for (Parameter parameter : parameters.list()) {
            if (parameter.kind() == Parameter.Kind.RELATIVE_POSITION) {
                Tensor table = values.weights().vector(parameter.name());
                for (int row = 0; row < table.rows(); row++) {
                    for (int h = 0; h < table.columns(); h++) {
                        table.set(row, h, 2 * table.get(row, h));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyOtherGradientHasTheSameBits(boolean checkpointing) throws IOException {
        for (int steps = 0; steps < 2; steps++) {
            Gradients shared = gradients(SHARED, checkpointing, steps);
            Gradients byBlock = gradients(BY_BLOCK, checkpointing, steps);
            assertArrayEquals(byBlock.logits(), shared.logits(), 0, "logits");
            int compared = 0;
            for (Map.Entry<String, float[]> gradient : byBlock.byName().entrySet()) {
                if (!gradient.getKey().endsWith(Parameters.RELATIVE_POSITIONS)) {
                    assertArrayEquals(gradient.getValue(), shared.byName().get(gradient.getKey()), 0, gradient.getKey());
                    compared++;
                }
            }
            assertEquals(shared.byName().size() - 1, compared);
        }
    }

    /**
     * The backward pass adds the terms of block 1, then those of block 0. An element of the shared gradient is thus the chain g₁ + t₁ + … + tₙ, and one of
     * block 0's own is 0 + t₁ + … + tₙ, with the same bits of g₁ and of every t: the n elements of dbias whose pairs have this entry. By Higham (2002),
     * section 4.2, each chain is off by at most γₙ = n·u / (1 − n·u) times the sum of the magnitudes of what it adds. The last sum here is in double.
     */
    @Test
    void theGradientOfTheSharedTableIsTheSumOverTheBlocks() throws IOException {
        float[] shared = gradients(SHARED, false, 0).byName().get(Parameters.SHARED_RELATIVE_POSITIONS);
        Gradients byBlock = gradients(BY_BLOCK, false, 0);
        float[] first = byBlock.byName().get(Parameters.block(0, Parameters.RELATIVE_POSITIONS));
        float[] second = byBlock.byName().get(Parameters.block(1, Parameters.RELATIVE_POSITIONS));
        int heads = SHARED.heads();
        int[] index = RelativeIndex.of(SHARED.gridHeight(), SHARED.gridWidth());
        int[] terms = new int[first.length];
        double[] magnitude = new double[first.length];
        for (int h = 0; h < heads; h++) {
            for (int pair = 0; pair < index.length; pair++) {
                int at = index[pair] * heads + h;
                terms[at]++;
                magnitude[at] += Math.abs(byBlock.dbias()[h * index.length + pair]);
            }
        }
        double worst = 0;
        int exact = 0;
        for (int at = 0; at < shared.length; at++) {
            double sum = (double) first[at] + second[at];
            double gamma = terms[at] * UNIT / (1 - terms[at] * UNIT);
            double bound = gamma * (Math.abs(second[at]) + 2 * magnitude[at]);
            double error = Math.abs(shared[at] - sum);
            assertTrue(bound > 0 && error <= bound, "element " + at + ": " + shared[at] + ", the sum over the blocks is " + sum + ", bound " + bound);
            worst = Math.max(worst, error / bound);
            if (terms[at] == 1) {
                assertEquals(second[at] + first[at], shared[at], "element " + at);
                exact++;
            }
        }
        assertTrue(exact >= heads, "elements of one term: " + exact);
        System.out.printf(Locale.ROOT, "gradient of shared relative positions: worst error %.2f of its bound%n", worst);
    }
}
