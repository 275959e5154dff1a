package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitVariants;
import vit.model.image.RgbImage;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;
import vit.model.parameters.Parameters;

/** A result that is NaN or infinite is an error that names the image and the first stage that is not finite, whichever weight is the cause. */
@Timeout(120)
class NonFiniteTest {

    private static final int PIXELS = 3 * 24 * 32;

    private static final VitConfig CONFIG =
            VitConfig.builder().image(24, 32).patch(8).width(36).depth(3).heads(3).headDim(10).mlp(50).classes(11).build();

    private static final VitConfig MANY_PARTS = CONFIG.toBuilder().registers(2).distillationToken(true).layerScale(true).preLogits(true).build();

    private static final VitConfig MEAN = CONFIG.toBuilder().pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();

    /** Generated weights in which element 0 of every parameter whose name has this ending is replaced. */
    private record Planted(VitConfig config, String ending, float value) implements ParameterSource {
        @Override
        public void read(Parameter read, float[] target) {
            new GeneratedWeights(config, 3).read(read, target);
            if (read.name().endsWith(ending)) {
                target[0] = value;
            }
        }
    }

    private static RgbImage image(long seed) {
        byte[] pixels = new byte[PIXELS];
        new Random(seed).nextBytes(pixels);
        return new RgbImage(24, 32, pixels);
    }

    private static float[] pixels(int images) {
        float[] pixels = new float[images * PIXELS];
        Random random = new Random(1);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = random.nextFloat() - 0.5f;
        }
        return pixels;
    }

    private static String stageOf(String parameter, VitConfig config) {
        if (parameter.startsWith("blocks.")) {
            return "stage.block." + parameter.split("\\.")[1];
        }
        if (parameter.startsWith(Parameters.HEAD)) {
            return "logits";
        }
        return parameter.startsWith(Parameters.finalNorm(config) + ".") || parameter.startsWith(Parameters.PRE_LOGITS) ? "embedding" : "stage.tokens";
    }

    /**
     * Whether an infinity in this parameter may vanish on the way to the result, because tanh of an infinity is 1 and GELU of a negative
     * infinity is 0. Then only the weight is not finite.
     */
    private static boolean mayVanish(String parameter, VitConfig config) {
        return config.preLogits() && (parameter.startsWith(Parameters.NORM + ".") || parameter.startsWith(Parameters.PRE_LOGITS)) || parameter.endsWith(Parameters.FC1 + ".weight");
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void everyParameterThatIsNotFiniteIsNamedWithItsStage(float value) throws IOException {
        for (VitConfig config : List.of(CONFIG, MANY_PARTS, MEAN)) {
            for (Parameter parameter : Parameters.of(config).list()) {
                if (Float.isInfinite(value) && mayVanish(parameter.name(), config)) {
                    continue;
                }
                try (VitModel model = VitModel.of(new Planted(config, parameter.name(), value));
                        VitSession session = model.newSession(SessionOptions.threads(2))) {
                    NonFiniteException thrown = assertThrows(NonFiniteException.class, () -> session.classify(image(1)), parameter.name());
                    assertEquals(0, thrown.image());
                    assertEquals(stageOf(parameter.name(), config), thrown.stage(), parameter.name());
                    assertTrue(thrown.getMessage().contains(parameter.name() + " holds " + value), thrown.getMessage());
                }
            }
        }
    }

    /** Whatever the parameter and the value: a result that is finite comes with a warning. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void noParameterThatIsNotFiniteGoesUnnoticed(float value) throws IOException {
        int hidden = 0;
        for (VitConfig config : List.of(CONFIG, MANY_PARTS, MEAN)) {
            for (Parameter parameter : Parameters.of(config).list()) {
                try (VitModel model = VitModel.of(new Planted(config, parameter.name(), value));
                        VitSession session = model.newSession(SessionOptions.threads(1))) {
                    try {
                        session.classify(image(1));
                        hidden++;
                        assertEquals(List.of(parameter.name() + " holds " + value + ": results may look right and be wrong"), model.report().warnings());
                    } catch (NonFiniteException e) {
                        assertTrue(e.getMessage().contains(parameter.name() + " holds " + value), e.getMessage());
                    }
                }
            }
        }
        assertEquals(!Float.isNaN(value), hidden > 0, "infinities that no result shows: " + hidden);
    }

    @Test
    void aSumThatBecomesTooLargeIsNotBlamedOnTheWeights() throws IOException {
        try (VitModel model = VitModel.of(new Planted(CONFIG, "mlp.fc2.bias", 3e38f));
                VitSession session = model.newSession(SessionOptions.threads(1))) {
            NonFiniteException thrown = assertThrows(NonFiniteException.class, () -> session.classify(image(1)));
            assertEquals("stage.block.1", thrown.stage());
            assertTrue(thrown.getMessage().contains("its weights are finite"), thrown.getMessage());
        }
    }

    @Test
    void logitsAndEmbeddingsAreLookedAtWhereItIsAsked() throws IOException {
        float[] images = pixels(3);
        float[] expected = new float[33];
        float[] logits = new float[33];
        float[] embeddings = new float[3 * 36];
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 3));
                VitSession plain = model.newSession(SessionOptions.threads(2).withBatch(3));
                VitSession checked = model.newSession(SessionOptions.threads(2).withFiniteCheck(true).withBatch(3))) {
            plain.logits(images, 3, expected);
            checked.logits(images, 3, logits);
            assertArrayEquals(expected, logits);
            images[PIXELS + 7] = Float.NaN;
            plain.logits(images, 3, logits);
            assertTrue(Float.isNaN(logits[11]));
            Arrays.fill(logits, 0);
            NonFiniteException thrown = assertThrows(NonFiniteException.class, () -> checked.logits(images, 3, logits));
            assertEquals(1, thrown.image());
            assertEquals("images", thrown.stage());
            assertTrue(thrown.getMessage().startsWith("image 1 of 3: images "), thrown.getMessage());
            assertArrayEquals(Arrays.copyOfRange(expected, 22, 33), Arrays.copyOfRange(logits, 22, 33), "the other images have their results");
            assertEquals("images", assertThrows(NonFiniteException.class, () -> checked.embed(images, 3, embeddings)).stage());
            images[PIXELS + 7] = 0.25f;
            plain.logits(images, 3, expected);
            checked.logits(images, 3, logits);
            assertArrayEquals(expected, logits, "the session can be used further");
        }
    }

    @Test
    void anEmbeddingDoesNotNeedTheHead() throws IOException {
        try (VitModel model = VitModel.of(new Planted(CONFIG, "head.weight", Float.NaN));
                VitSession session = model.newSession(SessionOptions.threads(1).withFiniteCheck(true))) {
            float[] embedding = session.embed(image(1));
            for (float value : embedding) {
                assertTrue(Float.isFinite(value));
            }
            assertEquals("logits", assertThrows(NonFiniteException.class, () -> session.logits(pixels(1), 1, new float[11])).stage());
        }
        try (VitModel model = VitModel.of(new Planted(CONFIG, "norm.bias", Float.NaN));
                VitSession session = model.newSession(SessionOptions.threads(1))) {
            assertEquals("embedding", assertThrows(NonFiniteException.class, () -> session.embed(image(1))).stage());
        }
    }

    @Test
    void attentionIsLookedAt() throws IOException {
        for (String parameter : List.of("pos_embed", "blocks.1.attn.qkv.weight", "blocks.2.attn.qkv.weight")) {
            try (VitModel model = VitModel.of(new Planted(CONFIG, parameter, Float.NaN));
                    VitSession session = model.newSession(SessionOptions.threads(1))) {
                assertEquals(stageOf(parameter, CONFIG), assertThrows(NonFiniteException.class, () -> session.attention(image(1))).stage());
            }
        }
    }

    @Test
    void severalImagesHaveTheBitsOfEach() throws IOException {
        List<RgbImage> images = List.of(image(1), image(2), image(3), image(4), image(5));
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 3));
                VitSession one = model.newSession(SessionOptions.threads(1));
                VitSession two = model.newSession(SessionOptions.threads(2).withBatch(2))) {
            List<Prediction> together = two.classify(images, 4);
            assertEquals(5, together.size());
            for (int i = 0; i < 5; i++) {
                assertEquals(one.classify(images.get(i), 4), together.get(i));
            }
            assertEquals(List.of(), two.classify(List.of(), 4));
            assertFalse(together.get(0).equals(together.get(1)), "the images differ");
            float[] pixels = model.preprocessing().apply(image(1), 24, 32);
            float[] embedding = new float[36];
            one.embed(pixels, 1, embedding);
            assertArrayEquals(embedding, two.embed(image(1)));
        }
        try (VitModel model = VitModel.of(new Planted(CONFIG, "head.weight", Float.NaN));
                VitSession two = model.newSession(SessionOptions.threads(1).withBatch(2))) {
            assertTrue(assertThrows(NonFiniteException.class, () -> two.classify(images, 4)).getMessage().startsWith("image 0 of 5: logits"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1_000_000, 1 << 28, Integer.MAX_VALUE})
    void aBatchThatNoSessionCanHaveIsRefused(int batch) throws IOException {
        VitConfig base = VitVariants.find("vit_base_patch16_224").orElseThrow();
        SessionOptions options = SessionOptions.threads(1).withBatch(batch);
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, () -> VitModel.sessionBytes(base, options));
        assertTrue(thrown.getMessage().contains("a batch of " + batch + " images is too large"), thrown.getMessage());
        int most = Integer.parseInt(thrown.getMessage().replaceAll(".*: (\\d+) are the most", "$1"));
        assertTrue(VitModel.sessionBytes(base, SessionOptions.threads(1).withBatch(most)) > most * 600_000L);
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 3))) {
            assertThrows(IllegalArgumentException.class, () -> model.newSession(options));
        }
    }
}
