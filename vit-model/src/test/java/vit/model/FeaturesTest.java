package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.layernorm.LayerNormReference;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.golden.Golden;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.weights.format.TensorFile;

/** Features have the bits that the pass itself gives for them, in every combination. */
@Timeout(300)
class FeaturesTest {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(24, 32).patch(8).width(36).depth(3).heads(3).headDim(10).mlp(50).classes(11).registers(2).build();

    private static final int BATCH = 3;
    private static final int TOKENS = CONFIG.tokens();
    private static final int WIDTH = CONFIG.width();
    private static final int PREFIX = CONFIG.prefixTokens();

    private static float[] images() {
        float[] images = new float[BATCH * 3 * 24 * 32];
        Random random = new Random(3);
        for (int i = 0; i < images.length; i++) {
            images[i] = random.nextFloat() * 2 - 1;
        }
        return images;
    }

    private static VitSession session(VitModel model) {
        return model.newSession(SessionOptions.threads(3).withBatch(BATCH + 1).withFiniteCheck(true));
    }

    private static Features features(VitSession session, FeatureRequest request) {
        Features features = Features.of(session.config(), request, BATCH);
        session.features(images(), BATCH, features);
        return features;
    }

    /** The tokens that each block gives, (B, T, C) each, as an observer sees them. */
    private static List<float[]> blocks(VitSession session) {
        List<float[]> stages = new ArrayList<>();
        session.forward(images(), BATCH, new float[BATCH * session.config().classes()],
                (_, tokens) -> stages.add(Arrays.copyOf(tokens.toArray(), BATCH * TOKENS * WIDTH)));
        return stages.subList(1, stages.size());
    }

    /** The final norm by the reference, in double precision. */
    private static double[] normed(VitModel model, float[] tokens) throws IOException {
        double[] weight = parameter(model, "norm.weight");
        double[] bias = parameter(model, "norm.bias");
        int rows = tokens.length / WIDTH;
        double[] x = new double[tokens.length];
        Arrays.setAll(x, i -> tokens[i]);
        double[] y = new double[x.length];
        LayerNormReference.forward(y, new double[rows], new double[rows], x, weight, bias, model.config().layerNormEps(), rows);
        return y;
    }

    private static double[] parameter(VitModel model, String name) throws IOException {
        Parameter parameter = model.parameters().find(name);
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        model.read(parameter, values);
        double[] doubles = new double[values.length];
        Arrays.setAll(doubles, i -> values[i]);
        return doubles;
    }

    @ParameterizedTest
    @EnumSource(Pooling.class)
    void everyCombinationGivesTheSameBits(Pooling pooling) throws IOException {
        VitConfig config = CONFIG.toBuilder().pooling(pooling).headDim(12).build();
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); VitSession session = session(model)) {
            float[] embedding = new float[BATCH * config.embeddingWidth()];
            session.embed(images(), BATCH, embedding);
            List<float[]> blocks = blocks(session);
            Features all = features(session, FeatureRequest.embedding().and(FeatureRequest.pooled()).and(FeatureRequest.patches())
                    .and(FeatureRequest.blocks(2, 0, 1)).withFinalNorm(false));
            assertArrayEquals(embedding, all.embedding());
            assertArrayEquals(embedding, all.pooled());
            assertArrayEquals(embedding, features(session, FeatureRequest.embedding()).embedding());
            assertArrayEquals(embedding, features(session, FeatureRequest.pooled()).pooled());
            Features patches = features(session, FeatureRequest.patches());
            assertArrayEquals(all.patches(), patches.patches());
            Features normed = features(session, FeatureRequest.embedding().and(FeatureRequest.blocks(0, 1, 2)));
            assertArrayEquals(embedding, normed.embedding(), "the norm of a block's tokens is not undone");
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(blocks.get(i), all.block(i), "block " + i);
                assertArrayEquals(blocks.get(i), features(session, FeatureRequest.blocks(i).withFinalNorm(false)).block(i), "block " + i + " alone");
                assertArrayEquals(normed.block(i), features(session, FeatureRequest.blocks(i)).block(i), "block " + i + " alone, normed");
                double[] truth = normed(model, blocks.get(i));
                for (int k = 0; k < truth.length; k++) {
                    assertEquals(truth[k], normed.block(i)[k], 1e-5);
                }
            }
            for (int b = 0; b < BATCH; b++) { // the patches are the last block's normed tokens without the prefix
                int from = (b * TOKENS + PREFIX) * WIDTH;
                int each = config.patches() * WIDTH;
                assertArrayEquals(Arrays.copyOfRange(normed.block(2), from, from + each), Arrays.copyOfRange(patches.patches(), b * each, (b + 1) * each));
            }
        }
    }

    @Test
    void tokensOfAModelThatNormsThePooledVectorStayAsTheyAre() throws IOException {
        VitConfig config = CONFIG.toBuilder().pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); VitSession session = session(model)) {
            assertArrayEquals(blocks(session).get(1), features(session, FeatureRequest.blocks(1)).block(1));
        }
    }

    /** The vector before the projection, and the embedding, against the float64 truth of the families' own libraries. */
    @ParameterizedTest
    @ValueSource(strings = {"clip-hf-micro", "siglip-hf-micro", "dinov2-registers-hf-micro"})
    void pooledAndEmbeddingAreCloseToTheTruth(String name) throws IOException {
        Path folder = Golden.folder("families/" + name);
        try (TensorFile reference = TensorFile.open(folder.resolve("reference.safetensors"))) {
            int[] shape = reference.find("images").shape().dimensions();
            try (VitModel model = VitModel.load(folder.resolve("weights.safetensors"), folder.resolve("config.json"),
                        LoadOptions.DEFAULTS.withImage(shape[2], shape[3]));
                    VitSession session = model.newSession(SessionOptions.threads(2).withBatch(shape[0]))) {
                Features features = Features.of(model.config(), FeatureRequest.embedding().and(FeatureRequest.pooled()).and(FeatureRequest.patches()), shape[0]);
                session.features(Golden.floats(reference, "images"), shape[0], features);
                double[] embedding = Golden.doubles(reference, "embedding");
                assertTrue(Golden.maxError(embedding, features.embedding(), 0) <= 1e-5 * Golden.scale(embedding));
                if (reference.find("pooled") != null) {
                    double[] pooled = Golden.doubles(reference, "pooled");
                    assertTrue(Golden.maxError(pooled, features.pooled(), 0) <= 1e-5 * Golden.scale(pooled));
                }
            }
        }
    }

    @Test
    void everyVectorHasUnitLength() throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 0)); VitSession session = session(model)) {
            FeatureRequest request = FeatureRequest.embedding().and(FeatureRequest.pooled()).and(FeatureRequest.patches()).and(FeatureRequest.blocks(1));
            Features plain = features(session, request);
            Features unit = features(session, request.withUnitLength(true));
            for (float[][] pair : new float[][][] {{plain.embedding(), unit.embedding()}, {plain.pooled(), unit.pooled()}, {plain.patches(), unit.patches()},
                {plain.block(1), unit.block(1)}}) {
                for (int row = 0; row < pair[0].length / WIDTH; row++) {
                    double length = 0;
                    for (int i = row * WIDTH; i < (row + 1) * WIDTH; i++) {
                        length += (double) pair[0][i] * pair[0][i];
                    }
                    for (int i = row * WIDTH; i < (row + 1) * WIDTH; i++) {
                        assertEquals(pair[0][i] / Math.sqrt(length), pair[1][i], 1e-7);
                    }
                }
            }
        }
    }

    @Test
    void misuseIsRefused() throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 0)); VitSession session = session(model)) {
            assertThrows(IllegalArgumentException.class, () -> FeatureRequest.blocks());
            assertThrows(IllegalArgumentException.class, () -> FeatureRequest.blocks(-1));
            assertThrows(IllegalArgumentException.class, () -> Features.of(CONFIG, FeatureRequest.blocks(3), 1));
            assertThrows(IllegalArgumentException.class, () -> Features.of(CONFIG, FeatureRequest.patches(), 0));
            Features one = Features.of(CONFIG, FeatureRequest.patches(), 1);
            assertThrows(IllegalArgumentException.class, () -> session.features(images(), 2, one));
            assertThrows(IllegalArgumentException.class, one::embedding);
            assertThrows(IllegalArgumentException.class, () -> one.block(7));
            Features other = Features.of(CONFIG.toBuilder().classes(3).build(), FeatureRequest.patches(), 1);
            assertThrows(IllegalArgumentException.class, () -> session.features(images(), 1, other));
            assertEquals("embedding, blocks [1, 2] without the final norm; of unit length",
                    FeatureRequest.embedding().and(FeatureRequest.blocks(2, 1, 2)).withFinalNorm(false).withUnitLength(true).toString());
        }
    }

    @Test
    void featuresThatAreNotFiniteNameTheImage() throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 0)); VitSession session = session(model)) {
            float[] images = images();
            images[images.length / BATCH + 5] = Float.NaN;
            for (FeatureRequest request : List.of(FeatureRequest.embedding(), FeatureRequest.patches(), FeatureRequest.blocks(0))) {
                Features features = Features.of(CONFIG, request, BATCH);
                NonFiniteException thrown = assertThrows(NonFiniteException.class, () -> session.features(images, BATCH, features));
                assertEquals(1, thrown.image());
            }
        }
    }
}
