package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.ForwardCost;
import vit.model.config.RotaryConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.ParameterSource;

/**
 * Sessions that merge tokens: a model made by hand, every stage against a reference in double, and the contracts that hold for every session, with fewer
 * tokens from block to block.
 */
@Timeout(300)
class TokenMergingTest {

    /** 12 patches. */
    private static final VitConfig CONFIG =
            VitConfig.builder().image(24, 32).patch(8).width(36).depth(4).heads(3).headDim(10).mlp(50).classes(11).build();

    private static final VitConfig MEAN = CONFIG.toBuilder().registers(2).pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();

    private static final int BATCH = 3;

    private static float[] images(VitConfig config, int seed) {
        float[] images = new float[BATCH * config.channels() * config.imageHeight() * config.imageWidth()];
        Random random = new Random(seed);
        for (int i = 0; i < images.length; i++) {
            images[i] = random.nextFloat() * 2 - 1;
        }
        return images;
    }

    private static float[] logits(VitModel model, SessionOptions options, float[] images, int batch) {
        try (VitSession session = model.newSession(options.withBatch(Math.max(batch, options.maxBatch())))) {
            float[] logits = new float[batch * model.config().classes()];
            session.logits(images, batch, logits);
            return logits;
        }
    }

    /** Weights by hand; everything else is 0, and the weights of norms are 1. */
    private record ByHand(VitConfig config, Map<String, float[]> values) implements ParameterSource {
        @Override
        public void read(Parameter parameter, float[] target) {
            String part = parameter.name().replaceFirst("blocks\\.\\d+\\.", "");
            Arrays.fill(target, 0);
            if (values.containsKey(part)) {
                System.arraycopy(values.get(part), 0, target, 0, values.get(part).length);
            } else if (part.matches("norm.*weight")) {
                Arrays.fill(target, 1);
            }
        }
    }

    /**
     * Four pixels 6, 2, 3, −1 are four patches with the tokens (6, 0), (2, 0), (3, 0), (−1, 0), and the class token is (0, 0). LayerNorm makes of (p, 0) the
     * vector (1, −1) if p is positive, (−1, 1) if it is negative, and (0, 0) of (0, 0). That is the key. Queries are 0, so attention is uniform but for the sizes.
     * The value is (±1, 0), or (0, 0), and is added. The MLP adds nothing. Each block merges one token.
     *
     * <p>Block 0: attention adds (0 + 1 + 1 + 1 − 1) / 5 = 0.4 to the first element of every token. Token 2 may join 1 or 3, whose keys are both equal to its own:
     * it joins 1. Token 4 has −1 to both, and stays. Then the tokens are 0.4; (6.4 + 2.4) / 2 = 4.4 of size 2; 3.4; −0.6.
     *
     * <p>Block 1: attention adds (1·1 + 2·1 + 1·1 − 1·1) / 5 = 0.6; if the sizes did not count, it would be (1 + 1 + 1 − 1) / 4 = 0.5. The source is token 2, of
     * 3.4, and the targets are 1, with the same key, and 3. It joins 1: (2·5 + 1·4) / 3 = 14/3, of size 3. The tokens are 1; 14/3; 0.
     *
     * <p>The mean of the patches is (3·14/3 + 0) / 4 = 3.5; if the sizes did not count, it would be 7/3.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void aModelMadeByHand(int threads) throws IOException {
        VitConfig config = VitConfig.builder().image(1, 4).patch(1).channels(1).width(2).depth(2).heads(1).headDim(2).mlp(1).classes(0).layerNormEps(1e-12)
                .pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.NONE).build();
        ByHand weights = new ByHand(config, Map.of("patch_embed.proj.weight", new float[] {1, 0},
                "attn.qkv.weight", new float[] {0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0},
                "attn.proj.weight", new float[] {1, 0, 0, 1}));
        float[] pixels = {6, 2, 3, -1};
        try (VitModel model = VitModel.of(weights);
                VitSession session = model.newSession(SessionOptions.threads(threads).withTokenMerging(1))) {
            float[] embedding = new float[2];
            session.embed(pixels, 1, embedding);
            assertArrayEquals(new float[] {3.5f, 0}, embedding, 1e-5f);
            Features features = Features.of(config, FeatureRequest.patches().and(FeatureRequest.blocks(0)), 1);
            session.features(pixels, 1, features);
            float big = 14 / 3f;
            assertArrayEquals(new float[] {big, 0, big, 0, big, 0, 0, 0}, features.patches(), 1e-5f);
            assertArrayEquals(new float[] {0.4f, 0, 4.4f, 0, 4.4f, 0, 3.4f, 0, -0.6f, 0}, features.block(0), 1e-5f);
            PatchGroups groups = session.patchGroups(pixels);
            assertEquals(List.of(0, 0, 0, 1), groups.groups());
            assertEquals(2, groups.count());
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "decreasing:2", "'3,0,1'", "'0,0,6,6'"})
    void everyStageIsThatOfTheReference(String merging) throws IOException {
        for (VitConfig config : List.of(CONFIG, MEAN, MEAN.toBuilder().finalNorm(FinalNorm.BEFORE_POOLING).classToken(false).registers(0).build())) {
            ParameterSource weights = new GeneratedWeights(config, 7);
            float[] images = images(config, 2);
            TokenMerging schedule = TokenMerging.parse(merging);
            try (VitModel model = VitModel.of(weights);
                    VitSession session = model.newSession(SessionOptions.threads(2).withBatch(BATCH).withTokenMerging(schedule))) {
                MergingReference reference = new MergingReference(weights, schedule);
                int[] stages = {0};
                float[] logits = new float[BATCH * config.classes()];
                session.forward(images, BATCH, logits, (name, tokens) -> {
                    int each = schedule.tokens(config)[stages[0]];
                    if (stages[0] == 0) {
                        reference.begin(tokens.rows(0, BATCH * each).toDoubles(), BATCH);
                    } else {
                        reference.block(stages[0] - 1);
                    }
                    assertClose(reference.tokens(), tokens.rows(0, BATCH * each).toDoubles(), name + " of " + config.pooling());
                    stages[0]++;
                });
                assertEquals(config.depth() + 1, stages[0]);
                double[] found = new double[logits.length];
                Arrays.setAll(found, i -> logits[i]);
                assertClose(reference.logits(), found, "logits of " + config.pooling());
            }
        }
    }

    private static void assertClose(double[] expected, double[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        double scale = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 2e-6 * scale, what + "[" + i + "]");
        }
    }

    @Test
    void mergingNothingHasTheBitsOfTodayAndCostsNoMemory() throws IOException {
        for (VitConfig config : List.of(CONFIG, MEAN)) {
            try (VitModel model = VitModel.of(new GeneratedWeights(config, 3))) {
                SessionOptions plain = SessionOptions.threads(2).withBatch(BATCH);
                float[] today = logits(model, plain, images(config, 1), BATCH);
                for (TokenMerging none : List.of(TokenMerging.NONE, TokenMerging.byBlock(), TokenMerging.byBlock(0, 0), TokenMerging.decreasing(0))) {
                    SessionOptions options = plain.withTokenMerging(none);
                    assertArrayEquals(today, logits(model, options, images(config, 1), BATCH));
                    assertEquals(model.sessionBytes(plain), model.sessionBytes(options));
                }
                assertFalse(Arrays.equals(today, logits(model, plain.withTokenMerging(2), images(config, 1), BATCH)));
            }
        }
    }

    /** Also if the last block computes every token, and merges once more before its MLP. */
    @Test
    void anImagesBitsDependOnNothingElse() throws IOException {
        for (VitConfig config : List.of(CONFIG, MEAN, CONFIG.toBuilder().distillationToken(true).depth(1).build())) {
            int each = config.channels() * config.imageHeight() * config.imageWidth();
            try (VitModel model = VitModel.of(new GeneratedWeights(config, 3))) {
                SessionOptions options = SessionOptions.threads(1).withTokenMerging(2);
                float[] all = logits(model, options, images(config, 1), BATCH);
                for (int threads = 2; threads <= 6; threads++) {
                    assertArrayEquals(all, logits(model, SessionOptions.threads(threads).withTokenMerging(2).withBatch(BATCH + 2), images(config, 1), BATCH));
                }
                assertArrayEquals(all, logits(model, options.withAllTokens(true), images(config, 1), BATCH));
                for (int b = 0; b < BATCH; b++) {
                    float[] alone = logits(model, options, Arrays.copyOfRange(images(config, 1), b * each, (b + 1) * each), 1);
                    assertArrayEquals(Arrays.copyOfRange(all, b * config.classes(), (b + 1) * config.classes()), alone);
                }
            }
        }
    }

    /** A call after another one, with other images, must not see what it left behind. */
    @Test
    void aCallLeavesNothingBehind() throws IOException {
        try (VitModel model = VitModel.of(new GeneratedWeights(MEAN, 3));
                VitSession session = model.newSession(SessionOptions.threads(2).withBatch(BATCH).withTokenMerging(2))) {
            float[] first = new float[BATCH * 11];
            float[] again = new float[BATCH * 11];
            session.logits(images(MEAN, 1), BATCH, first);
            session.logits(images(MEAN, 2), 2, again);
            session.logits(images(MEAN, 1), BATCH, again);
            assertArrayEquals(first, again);
        }
    }

    /** Patches of one group have one token, and the tokens of blocks, normed or not, are those that an observer sees, each in its place. */
    @Test
    void featuresAreInTheirPlaces() throws IOException {
        VitConfig config = CONFIG.toBuilder().registers(1).build();
        TokenMerging merging = TokenMerging.byBlock(2, 0, 3, 1);
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 5));
                VitSession session = model.newSession(SessionOptions.threads(3).withBatch(BATCH).withTokenMerging(merging))) {
            float[][] seen = new float[config.depth() + 1][];
            int[] stage = {0};
            session.embed(images(config, 4), BATCH, new float[BATCH * config.width()], (name, tokens) -> {
                int each = merging.tokens(config)[stage[0]];
                seen[stage[0]++] = tokens.rows(0, BATCH * each).toArray();
            });
            Features features = Features.of(config, FeatureRequest.blocks(0, 3).and(FeatureRequest.patches()).withFinalNorm(false), BATCH);
            session.features(images(config, 4), BATCH, features);
            int width = config.width();
            for (int b = 0; b < BATCH; b++) {
                for (int block : new int[] {0, 3}) {
                    int each = merging.tokens(config)[block + 1];
                    boolean[] used = new boolean[each];
                    for (int t = 0; t < config.tokens(); t++) {
                        float[] token = Arrays.copyOfRange(features.block(block), (b * config.tokens() + t) * width, (b * config.tokens() + t + 1) * width);
                        int place = 0;
                        while (!Arrays.equals(token, Arrays.copyOfRange(seen[block + 1], (b * each + place) * width, (b * each + place + 1) * width))) {
                            place++; // past the last token there is an exception
                        }
                        used[place] = true;
                        assertTrue(t >= config.prefixTokens() || place == t, "token " + t + " of the prefix is at " + place);
                    }
                    for (boolean one : used) {
                        assertTrue(one, "a token of block " + block + " stands for no patch: " + Arrays.toString(used));
                    }
                }
            }
            Features normed = Features.of(config, FeatureRequest.blocks(3), BATCH);
            session.features(images(config, 4), BATCH, normed);
            for (int b = 0; b < BATCH; b++) {
                int from = b * config.tokens() + config.prefixTokens();
                assertArrayEquals(Arrays.copyOfRange(features.patches(), b * config.patches() * width, (b + 1) * config.patches() * width),
                        Arrays.copyOfRange(normed.block(3), from * width, (from + config.patches()) * width), "image " + b + ", normed");
            }
            List<Integer> groups = session.patchGroups(images(config, 4)).groups();
            for (int i = 0; i < groups.size(); i++) {
                for (int j = 0; j < groups.size(); j++) {
                    assertEquals(groups.get(i).equals(groups.get(j)), Arrays.equals(Arrays.copyOfRange(features.patches(), i * width, (i + 1) * width),
                            Arrays.copyOfRange(features.patches(), j * width, (j + 1) * width)), "patches " + i + " and " + j);
                }
            }
        }
    }

    @Test
    void memoryAndArithmeticAreKnownBefore() throws IOException {
        for (VitConfig config : List.of(CONFIG, MEAN)) {
            for (boolean allTokens : new boolean[] {false, true}) {
                SessionOptions options = SessionOptions.threads(2).withBatch(4).withAllTokens(allTokens).withTokenMerging(TokenMerging.decreasing(2));
                try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); VitSession session = model.newSession(options)) {
                    assertEquals(session.plannedBytes(), model.sessionBytes(options));
                    int[] tokens = options.tokenMerging().tokens(config);
                    assertEquals(allTokens ? ForwardCost.of(config, tokens) : ForwardCost.ofPooledTokens(config, tokens), session.cost());
                    assertTrue(session.cost().flops() < ForwardCost.ofPooledTokens(config).flops());
                }
            }
        }
        VitConfig large = VitVariants.find("vit_base_patch16_224").orElseThrow();
        assertEquals(0.63, ForwardCost.of(large, TokenMerging.constant(13).tokens(large)).flops() / ForwardCost.of(large).flops(), 0.05);
    }

    @Test
    void schedulesAreThoseOfThePaper() {
        VitConfig large = VitVariants.find("vit_base_patch16_224").orElseThrow();
        assertArrayEquals(new int[] {197, 181, 165, 149, 133, 117, 101, 85, 69, 53, 37, 21, 11}, TokenMerging.constant(16).tokens(large));
        // int(2r − 2r/11·i) for r = 8: 16, 14, 13, 11, 10, 8, 7, 5, 4, 2, 1, 0
        assertArrayEquals(new int[] {197, 181, 167, 154, 143, 133, 125, 118, 113, 109, 107, 106, 106}, TokenMerging.decreasing(8).tokens(large));
        assertArrayEquals(new int[] {13, 10, 6, 4, 3}, TokenMerging.byBlock(3, 9, 9, 9).tokens(CONFIG));
        for (TokenMerging merging : List.of(TokenMerging.constant(13), TokenMerging.decreasing(4), TokenMerging.byBlock(3, 1), TokenMerging.byBlock(5))) {
            assertEquals(merging.toString(), TokenMerging.parse(merging.toString()).toString());
        }
        for (String wrong : List.of("", "-1", "x", "3,", "decreasing:", "decreasing:-2", "1,-1")) {
            assertThrows(IllegalArgumentException.class, () -> TokenMerging.parse(wrong), wrong);
        }
    }

    @Test
    void refusesWhatItCannotDo() throws IOException {
        VitConfig rotary = CONFIG.toBuilder().headDim(12).rotary(new RotaryConfig(RotaryConfig.Scheme.EVA, 10000, 4, 4)).build();
        VitConfig relative = CONFIG.toBuilder().relative(RelativePositions.SHARED).build();
        VitConfig normed = CONFIG.toBuilder().queryKeyNorm(true).build();
        SessionOptions options = SessionOptions.threads(1).withTokenMerging(1);
        for (VitConfig config : List.of(rotary, relative, normed)) {
            try (VitModel model = VitModel.of(new GeneratedWeights(config, 0))) {
                String message = assertThrows(IllegalArgumentException.class, () -> model.newSession(options)).getMessage();
                assertTrue(message.startsWith("this model's tokens cannot be merged: its attention has rotary or relative positions"), message);
                model.newSession(options.withTokenMerging(0)).close();
            }
        }
        try (VitModel model = VitModel.of(new GeneratedWeights(CONFIG, 0)); VitSession session = model.newSession(options)) {
            assertEquals("this session merges tokens, and attention maps show every token; use a session without token merging",
                    assertThrows(IllegalArgumentException.class, () -> session.attention(images(CONFIG, 0))).getMessage());
        }
    }

    /** The check after a pass finds the stage although every block has another number of tokens. */
    @Test
    void theFirstStageThatIsNotFiniteIsFound() throws IOException {
        float[] images = images(CONFIG, 0);
        ParameterSource planted = new ParameterSource() {
            @Override
            public VitConfig config() {
                return CONFIG;
            }

            @Override
            public void read(Parameter parameter, float[] target) throws IOException {
                new GeneratedWeights(CONFIG, 3).read(parameter, target);
                if (parameter.name().equals("blocks.2.mlp.fc2.bias")) {
                    target[0] = Float.NaN;
                }
            }
        };
        try (VitModel model = VitModel.of(planted);
                VitSession session = model.newSession(SessionOptions.threads(2).withBatch(BATCH).withTokenMerging(2).withFiniteCheck(true))) {
            NonFiniteException thrown = assertThrows(NonFiniteException.class, () -> session.logits(images, BATCH, new float[BATCH * 11]));
            assertEquals("stage.block.2", thrown.stage());
            assertEquals(0, thrown.image());
        }
    }
}
