package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import vit.kernels.attention.AttentionReference;
import vit.kernels.layernorm.LayerNormReference;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/** The attention probabilities that a session gives, against a softmax in double on the inputs of each block. */
class AttentionMapsTest {

    /** All dimensions differ, and none is a multiple of a tile. */
    private static final VitConfig CONFIG =
            VitConfig.builder().image(24, 32).patch(8).width(36).depth(3).heads(4).headDim(10).mlp(50).classes(11).registers(2).build();

    private static final int PIXELS = 3 * 24 * 32;

    /**
     * A probability p is off by at most p(1 − p) times the error of its score. Scores of K = 36 and D = 10 terms of order one are off by a few
     * ε·√K.
     */
    private static final double TOLERANCE = 2e-6;

    private static float[] image() {
        Random random = new Random(3);
        float[] image = new float[PIXELS];
        for (int i = 0; i < PIXELS; i++) {
            image[i] = random.nextFloat() * 2 - 1;
        }
        return image;
    }

    @ParameterizedTest
    @EnumSource(value = Pooling.class, mode = EnumSource.Mode.EXCLUDE, names = {"PATCH_ATTENTION", "ALL_ATTENTION"}) // these need heads · head_dim = width
    void probabilitiesAreThoseOfTheDoubleReferenceOnTheBlocksInputs(Pooling pooling) throws IOException {
        VitConfig config = CONFIG.toBuilder().pooling(pooling).finalNorm(FinalNorm.BEFORE_POOLING).qkvBias(pooling != Pooling.ALL_MEAN).build();
        double worst = 0;
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 1));
                VitSession session = model.newSession(SessionOptions.threads(2).withBatch(3))) {
            List<double[]> inputs = new ArrayList<>();
            session.forward(image(), 1, new float[11], (_, tokens) -> inputs.add(tokens.rows(0, config.tokens()).toDoubles()));
            AttentionMaps maps = session.attention(image());
            assertEquals(3, maps.depth());
            assertEquals(4, maps.heads());
            assertEquals(12 + 3, maps.tokens());
            for (int block = 0; block < 3; block++) {
                double[] expected = reference(model, block, inputs.get(block));
                for (int h = 0; h < 4; h++) {
                    for (int i = 0; i < 15; i++) {
                        for (int j = 0; j < 15; j++) {
                            worst = Math.max(worst, Math.abs(expected[(h * 15 + i) * 15 + j] - maps.probability(block, h, i, j)));
                        }
                    }
                }
            }
        }
        System.out.printf("attention probabilities, %s: worst error %.1e%n", pooling, worst);
        assertTrue(worst <= TOLERANCE, () -> "pooling " + pooling);
    }

    /** softmax(Q·Kᵀ/√D) of LN₁(x), in double: (H, T, T). */
    private static double[] reference(VitModel model, int block, double[] x) throws IOException {
        VitConfig config = model.config();
        int tokens = config.tokens();
        int width = config.width();
        int out = 3 * config.inner();
        double[] normed = new double[tokens * width];
        LayerNormReference.forward(normed, new double[tokens], new double[tokens], x,
                read(model, Parameters.block(block, Parameters.NORM_1) + ".weight"),
                read(model, Parameters.block(block, Parameters.NORM_1) + ".bias"), config.layerNormEps(), tokens);
        double[] weight = read(model, Parameters.block(block, Parameters.QKV) + ".weight");
        double[] bias = config.qkvBias() ? read(model, Parameters.block(block, Parameters.QKV) + ".bias") : new double[out];
        double[] qkv = new double[tokens * out];
        for (int t = 0; t < tokens; t++) {
            for (int o = 0; o < out; o++) {
                double sum = bias[o];
                for (int c = 0; c < width; c++) {
                    sum += normed[t * width + c] * weight[o * width + c];
                }
                qkv[t * out + o] = sum;
            }
        }
        double[] probabilities = new double[config.heads() * tokens * tokens];
        AttentionReference.forward(new double[tokens * config.inner()], probabilities, new double[config.heads() * tokens], qkv,
                tokens, config.heads(), config.headDim(), 1 / Math.sqrt(config.headDim()));
        return probabilities;
    }

    private static double[] read(VitModel model, String name) {
        Parameter parameter = model.parameters().find(name);
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        model.read(parameter, values);
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    @Test
    void rowsSumToOneAndTheMeanIsThatOfTheHeads() throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 2)); VitSession session = model.newSession(SessionOptions.threads(1))) {
            AttentionMaps maps = session.attention(image());
            for (int block = 0; block < 3; block++) {
                double[] mean = maps.mean(block);
                for (int i = 0; i < 15; i++) {
                    for (int h = 0; h < 4; h++) {
                        double sum = 0;
                        for (int j = 0; j < 15; j++) {
                            sum += maps.head(block, h)[i * 15 + j];
                        }
                        assertEquals(1, sum, 1e-6);
                    }
                    double expected = 0;
                    for (int h = 0; h < 4; h++) {
                        expected += maps.probability(block, h, i, 7) / 4.0;
                    }
                    assertEquals(expected, mean[i * 15 + 7], 1e-12);
                }
            }
            assertThrows(IndexOutOfBoundsException.class, () -> maps.probability(3, 0, 0, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> maps.probability(0, 4, 0, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> maps.head(0, -1));
        }
    }

    @Test
    void mapsAreTheSameAtAnyThreadCountAndTheSessionGoesOn() throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 2))) {
            double[] expected = null;
            for (int threads = 1; threads <= 4; threads++) {
                try (VitSession session = model.newSession(SessionOptions.threads(threads))) {
                    float[] before = new float[11];
                    float[] after = new float[11];
                    session.logits(image(), 1, before);
                    double[] map = session.attention(image()).head(2, 3);
                    session.logits(image(), 1, after);
                    assertArrayEquals(before, after);
                    expected = expected == null ? map : expected;
                    assertArrayEquals(expected, map);
                }
            }
        }
    }

    @Test
    void closedSessionRefusesToLook() throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 2))) {
            VitSession session = model.newSession(SessionOptions.threads(1));
            session.close();
            assertThrows(IllegalStateException.class, () -> session.attention(image()));
        }
    }
}
