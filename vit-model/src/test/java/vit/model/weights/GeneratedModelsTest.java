package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.kernels.gelu.GeluKind;
import vit.kernels.tensor.Shape;
import vit.model.config.AttentionConfig.RelativePositions;
import vit.model.config.BackboneConfig;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.config.NormKind;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.config.VitVariants;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;
import vit.model.weights.family.WeightFamilies;
import vit.model.weights.family.WeightFamily;

/** Generated models of every family: parameter counts, the formula of the values, saving and loading. */
class GeneratedModelsTest {

    @ParameterizedTest
    @CsvSource({"tiny,16,5717416", "small,16,22050664", "base,16,86567656", "base,32,88224232", "base,8,86576872", "large,16,304326632",
        "large,32,306535400", "huge,14,632045800"})
    void publishedSizesHaveThePublishedNumberOfParameters(String size, int patch, long count) {
        VitConfig config = VitVariants.find("vit_" + size + "_patch" + patch + "_224").orElseThrow();
        assertEquals(count, Parameters.of(config).count());
        // The number of tokens is (224 / patch)², plus 1 for the class token.
        assertEquals(Map.of(8, 785, 14, 257, 16, 197, 32, 50).get(patch), config.tokens());
    }

    /** The values were computed by an independent program from the formula in the reference cases' README. */
    @Test
    void theFormulaIsTheReferenceCasesOne() {
        VitConfig config = VitVariants.find("vit_base_patch16_224").orElseThrow();
        assertArrayEquals(new float[] {-0.01141125f, -0.15368879f, 0.0052475333f}, start(config, "cls_token"));
        assertArrayEquals(new float[] {0.036721207f, 0.0095324665f, -0.009414583f}, start(config, "blocks.3.attn.qkv.weight"));
        assertArrayEquals(new float[] {0.88147384f, 0.7634574f, 1.0352615f}, start(config, "norm.weight"));
        assertArrayEquals(new float[] {-0.05695069f, 0.07888563f, -0.021106517f}, start(config, "head.bias"));
        float[] images = new float[3];
        new GeneratedWeights(config, 0).fill(images, 3, "vit-base-16/images", 1.7, 0);
        assertArrayEquals(new float[] {1.4036797f, 0.92364025f, -0.07173549f}, images);
    }

    private static float[] start(VitConfig config, String name) {
        Parameter parameter = Parameters.of(config).find(name);
        float[] values = new float[Math.toIntExact(parameter.shape().size())];
        new GeneratedWeights(config, 0).read(parameter, values);
        return java.util.Arrays.copyOf(values, 3);
    }

    @Provide
    Arbitrary<VitConfig> configurations() {
        Arbitrary<WeightFamily> families = Arbitraries.of(WeightFamilies.all());
        Arbitrary<Shape> grids = Combinators.combine(Arbitraries.integers().between(1, 4), Arbitraries.integers().between(1, 4)).as(Shape::of);
        Arbitrary<int[]> sizes = Arbitraries.integers().between(1, 3).array(int[].class).ofSize(5);
        Arbitrary<boolean[]> flags = Arbitraries.of(true, false).array(boolean[].class).ofSize(21);
        return Combinators.combine(families, grids, sizes, flags).as(GeneratedModelsTest::configuration);
    }

    /** A small configuration that the family can express. */
    private static VitConfig configuration(WeightFamily family, Shape grid, int[] sizes, boolean[] flags) {
        int patch = sizes[0];
        int headDim = 4 * sizes[2];
        VitConfigBuilder b = family.defaults().image(grid.dimension(0) * patch, grid.dimension(1) * patch).patch(patch).channels(sizes[1])
                .heads(sizes[3]).width(sizes[3] * headDim + 4).headDim(headDim).mlp(5 * sizes[4]).depth(sizes[4]).classes(flags[0] ? 3 : 0)
                .gelu(flags[1] ? GeluKind.TANH : GeluKind.ERF).layerNormEps(flags[2] ? 1e-12 : 0.25);
        boolean simple = family.id().equals("vit-pytorch-simple");
        boolean mean = flags[3] && !simple;
        if (mean) {
            b.pooling(flags[4] ? Pooling.PATCH_MEAN : Pooling.ALL_MEAN);
        }
        switch (family.id()) {
            case "timm" -> b.qkvBias(flags[5]).layerScale(flags[6]).preLogits(flags[7]).registers(flags[8] ? 2 : 0).outputBias(flags[2])
                    .positions(flags[17] ? Positions.LEARNED_AXES : flags[1] ? Positions.LEARNED_PATCHES : Positions.LEARNED).distillationToken(flags[6] && !mean).classToken(!mean || flags[6])
                    .finalNorm(mean && flags[7] ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING);
            case "huggingface", "huggingface-v5" -> b.qkvBias(flags[5]).distillationToken(flags[6] && flags[0] && !mean);
            case "openclip" -> projection(b, true, flags).layerScale(flags[5]).preNorm(flags[6]).pooling(mean ? Pooling.PATCH_MEAN : Pooling.TOKEN)
                    .finalNorm(flags[7] ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING);
            case "huggingface-clip" -> projection(b, flags[0], flags).pooling(Pooling.TOKEN);
            case "huggingface-siglip" -> b.width(sizes[3] * headDim).pooling(flags[0] || mean ? Pooling.PATCH_MEAN : Pooling.PATCH_ATTENTION);
            case "huggingface-dinov2", "huggingface-dinov2-registers" -> b.qkvBias(flags[5]).pooling(flags[0] ? Pooling.TOKEN_AND_PATCH_MEAN : Pooling.TOKEN)
                    .mlpKind(flags[6] ? MlpConfig.Kind.SWIGLU : MlpConfig.Kind.GELU).registers(family.id().endsWith("registers") ? 2 : 0);
            case "huggingface-dinov3" -> b.classes(0).pooling(Pooling.TOKEN).registers(flags[5] ? 3 : 0).qkvBias(flags[6]).keyBias(flags[7] || !flags[6])
                    .outputBias(flags[8]).mlpBias(flags[9]).mlpKind(flags[10] ? MlpConfig.Kind.SWIGLU : MlpConfig.Kind.GELU);
            case "huggingface-beit" -> b.pooling(mean ? Pooling.PATCH_MEAN : Pooling.TOKEN).layerScale(flags[5])
                    .finalNorm(mean ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING).relative(flags[6] ? RelativePositions.SHARED : RelativePositions.BY_BLOCK);
            case "dino", "dino-registers" -> b.pooling(Pooling.TOKEN).layerScale(flags[5]).registers(flags[6] ? 2 : 0)
                    .positions(flags[6] ? Positions.LEARNED_CLASS_AND_PATCHES : Positions.LEARNED);
            case "torchvision" -> b.preLogits(flags[7]);
            case "jax" -> b.preLogits(flags[7]).classToken(!mean || flags[6]).positions(flags[8] ? Positions.LEARNED_PATCHES : Positions.LEARNED);
            case "vit-pytorch" -> b.qkvBias(flags[5]).classToken(!mean || flags[6]);
            default -> { }
        }
        if (family.id().equals("timm")) {
            ingredients(b, flags, sizes[3] * headDim, b.build());
        }
        if (flags[20] && List.of("timm", "huggingface", "huggingface-v5", "jax").contains(family.id())) {
            List<Stage> stages = Stream.of(new Stage(2, 12), new Stage(1, 40), new Stage(3, 20)).limit(sizes[3] % 3).toList();
            int stride = BackboneConfig.stride(stages.size());
            b.backbone(4 * sizes[2], stages).backboneGroups(4).image(grid.dimension(0) * patch * stride, grid.dimension(1) * patch * stride);
        }
        return b.build();
    }

    private static VitConfigBuilder projection(VitConfigBuilder b, boolean projection, boolean[] flags) {
        return projection ? b.classes(5).head(HeadConfig.Kind.PROJECTION).headBias(false) : b.classes(0).head(HeadConfig.Kind.CLASSIFIER).headBias(false);
    }

    /** timm's names express every ingredient of a block and most poolings. */
    private static void ingredients(VitConfigBuilder b, boolean[] flags, int inner, VitConfig plain) {
        b.preNorm(flags[9]).queryKeyNorm(flags[10]).norm(flags[11] ? NormKind.RMS : NormKind.LAYER).mlpKind(flags[12] ? MlpConfig.Kind.SWIGLU : MlpConfig.Kind.GELU)
                .mlpBias(flags[13]).mlpNorm(flags[14]).attentionNorm(flags[15]).keyBias(flags[16] || !plain.qkvBias()).patchBias(!flags[9]);
        if (flags[18] && plain.prefixTokens() == 1 && plain.classToken()) {
            b.positions(Positions.NONE).relative(flags[9] ? RelativePositions.SHARED : RelativePositions.BY_BLOCK);
        } else if (flags[18]) {
            b.rotary(new RotaryConfig(flags[9] ? Scheme.EVA : Scheme.DINOV3, 50, 2, 3));
        }
        if (flags[19] && plain.pooling() != Pooling.TOKEN) {
            b.pooling(flags[10] ? Pooling.PATCH_MAX : Pooling.ALL_MEAN_MAX);
        } else if (flags[19] && plain.finalNorm() == FinalNorm.BEFORE_POOLING && !plain.distillationToken() && !plain.preLogits()) {
            b.width(inner).pooling(flags[10] ? Pooling.PATCH_ATTENTION : Pooling.ALL_ATTENTION);
        }
    }

    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void whatIsSavedLoadsWithTheSameConfigurationAndBits(@ForAll("configurations") VitConfig config) throws IOException {
        Path folder = Files.createTempDirectory("vit-generated");
        Path file = folder.resolve("w.safetensors");
        Path json = folder.resolve("config.json");
        GeneratedWeights source = new GeneratedWeights(config, 7);
        try {
            WeightsWriter.write(file, source, Map.of("step", "3"));
            Files.writeString(json, new ModelConfig(config, List.of()).toJson(Map.of()), StandardCharsets.UTF_8);
            assertEquals(config, Weights.configuration(json).vit());
            try (Weights weights = Weights.open(file, null)) {
                assertEquals(withoutAmbiguity(config), withoutAmbiguity(weights.config()));
                assertEquals(List.of(), weights.report().notes());
                for (Parameter parameter : Parameters.of(config).list()) {
                    float[] expected = new float[Math.toIntExact(parameter.shape().size())];
                    float[] actual = new float[expected.length];
                    source.read(parameter, expected);
                    weights.read(parameter, actual);
                    assertArrayEquals(expected, actual, parameter.name());
                }
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(json);
            Files.delete(folder);
        }
    }

    /** Without prefix tokens, both kinds of learned positions mean the same. This returns the configuration with the usual kind. */
    private static VitConfig withoutAmbiguity(VitConfig config) {
        return config.positions() == Positions.LEARNED_PATCHES && config.prefixTokens() == 0 ? config.toBuilder().positions(Positions.LEARNED).build() : config;
    }
}
