package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.GeneratedWeights;

/** The name of an architecture tells what the tensors of a timm file do not: heads, activation and pooling. */
class TimmArchitecturesTest {

    @TempDir
    private Path folder;

    private Weights open(VitConfig config, String json) throws IOException {
        Path weights = folder.resolve("model.safetensors");
        WeightsWriter.write(weights, new GeneratedWeights(config, 0), Map.of());
        Files.writeString(folder.resolve("config.json"), json);
        return Weights.open(weights, null);
    }

    private static VitConfigBuilder block(int width, int heads) {
        return VitConfig.builder().image(28, 28).patch(14).width(width).heads(heads).depth(1).mlp(8).classes(5);
    }

    private InputException refused(VitConfig config, String json) {
        return assertThrows(InputException.class, () -> open(config, json).close(), json);
    }

    /** These architectures of timm 1.0.29 have heads that are not width / 64, or an activation other than the erf GELU. */
    @ParameterizedTest
    @CsvSource({"vit_so400m_patch14_siglip_gap_378.webli_ft_in1k,1152,16,ERF", "vit_so400m_patch16_siglip_gap_256,1152,16,TANH",
        "vit_giantopt_patch16_siglip_gap_384,1536,16,TANH", "vit_base_patch16_gap_224,768,16,ERF", "vit_base_patch32_siglip_gap_256,768,12,TANH",
        "vit_base_patch16_siglip_gap_224,768,12,ERF", "vit_large_patch16_siglip_gap_512,1024,16,TANH", "vit_huge_patch14_gap_224,1280,16,ERF",
        "vit_giant_patch16_gap_224,1408,16,ERF", "vit_betwixt_patch16_gap_256,640,10,ERF"})
    void namesTellHeadsActivationAndPooling(String name, int width, int heads, GeluKind gelu) throws IOException {
        VitConfig config = block(width, heads).classToken(false).pooling(Pooling.PATCH_MEAN).gelu(gelu).build();
        try (Weights open = open(config, "{\"architecture\":\"" + name + "\",\"num_classes\":5,\"num_features\":" + width
                + ",\"pretrained_cfg\":{\"input_size\":[3,28,28]}}")) {
            assertEquals(config, open.config());
        }
    }

    @ParameterizedTest
    @CsvSource({"vit_wee_patch16_reg1_gap_256,256,4,1,true", "vit_little_patch16_reg4_gap_256,320,5,4,true", "vit_so150m2_patch16_reg1_gap_256,832,13,1,false"})
    void namesTellWhetherRegistersHavePositions(String name, int width, int heads, int registers, boolean patchesOnly) throws IOException {
        VitConfig config = block(width, heads).classToken(false).registers(registers).layerScale(true).pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING)
                .positions(patchesOnly ? Positions.LEARNED_PATCHES : Positions.LEARNED).build();
        try (Weights open = open(config, "{\"architecture\":\"" + name + "\",\"pretrained_cfg\":{\"input_size\":[3,28,28]}}")) {
            assertEquals(config, open.config());
        }
    }

    /** These architectures have other blocks. Their tensors have the names and shapes of plain blocks, or differ only by additional ones. */
    @ParameterizedTest
    @ValueSource(strings = {"vit_base_patch16_rpn_224.sw_in1k", "vit_small_patch16_18x2_224", "vit_base_patch16_xp_224", "vit_pwee_patch16_reg1_gap_256", "vit_dwee_patch16_reg1_gap_256",
        "vit_dlittle_patch16_reg1_gap_256", "vit_dpwee_patch16_reg1_gap_256", "beit3_base_patch16_224", "eva02_enormous_patch14_clip_224",
        "aimv2_large_patch14_224", "vit_small_resnet26d_224", "vit_base_patch16_rope_mixed_224", "vit_pe_core_base_patch16_224", "vit_relpos_base_patch16_224", "samvit_base_patch16",
        "vit_huge_patch16_rpn_384", "vit_base_patch16_24x2_224", "vit_mini_patch16_rope_224"})
    void otherBlocksAreRefusedByName(String name) {
        InputException e = refused(block(128, 2).build(), "{\"architecture\":\"" + name + "\",\"model_args\":{\"num_heads\":2},\"pretrained_cfg\":{\"input_size\":[3,28,28]}}");
        assertTrue(e.getMessage().contains("\"architecture\": the model has ") && e.getMessage().contains("which this version does not compute")
                && e.getMessage().contains(name.split("\\.")[0]), e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"qk_norm,true", "pre_norm,true", "final_norm,false", "proj_bias,false", "scale_attn_norm,1", "norm_layer,\"rmsnorm\"",
        "norm_layer,\"batchnorm\"", "act_layer,\"relu\"", "global_pool,\"prr\"", "block_fn,\"ResPostBlock\"", "mlp_layer,\"SwiGLU\"", "attn_layer,\"diff\"", "pos_embed,\"none\"", "unheard_of,1"})
    void argumentsThatMakeAnotherModelAreRefused(String name, String value) {
        InputException e = refused(block(192, 3).build(), "{\"architecture\":\"vit_tiny_patch16_224\",\"model_args\":{\"" + name + "\":" + value
                + "},\"pretrained_cfg\":{\"input_size\":[3,28,28]}}");
        assertTrue(e.getMessage().contains("\"model_args." + name + "\""), e.getMessage());
    }

    @Test
    void anUnknownNameMustStateItsHeadsAndIsWarnedOf() throws IOException {
        VitConfig config = block(128, 4).build();
        String image = "\"pretrained_cfg\":{\"input_size\":[3,28,28]}";
        InputException e = refused(config, "{\"architecture\":\"vit_own_patch14_28\"," + image + "}");
        assertTrue(e.getMessage().contains("\"model_args.num_heads\": the heads cannot be told from the weights"), e.getMessage());
        try (Weights open = open(config, "{\"architecture\":\"vit_own_patch14_28\",\"model_args\":{\"num_heads\":4}," + image + "}")) {
            assertEquals(config, open.config());
            assertTrue(open.report().warnings().getFirst().startsWith("architecture vit_own_patch14_28 is not known"), open.report().toString());
        }
    }

    @Test
    void headsOfANameAreNotThoseOfWeightsOfAnotherWidth() throws IOException {
        VitConfig config = block(128, 2).build();
        String name = "{\"architecture\":\"vit_base_patch16_224\",\"num_features\":128,\"pretrained_cfg\":{\"input_size\":[3,28,28]}";
        InputException e = refused(config, name + "}");
        assertTrue(e.getMessage().contains("model_args.num_heads") && e.getMessage().contains("width 768") && e.getMessage().contains("width 128"), e.getMessage());
        try (Weights open = open(config, name + ",\"model_args\":{\"num_heads\":2}}")) {
            assertEquals(config, open.config());
            assertTrue(open.report().warnings().getFirst().contains("depth 1 instead of 12"), open.report().toString());
        }
    }

    /** The rule is timm's: a pooling beside pretrained_cfg only informs; one in model_args or in pretrained_cfg counts. */
    @Test
    void onlyArgumentsAndPretrainedConfigurationStateThePooling() throws IOException {
        VitConfig token = block(192, 3).build();
        String name = "{\"architecture\":\"vit_tiny_patch16_224\",\"global_pool\":\"avg\",\"pretrained_cfg\":{\"input_size\":[3,28,28]";
        try (Weights open = open(token, name + "}}")) {
            assertEquals(token, open.config());
        }
        try (Weights open = open(token, name + ",\"global_pool\":\"avg\"}}")) {
            assertEquals(Pooling.PATCH_MEAN, open.config().pooling());
        }
        VitConfig mean = block(192, 3).pooling(Pooling.PATCH_MEAN).finalNorm(FinalNorm.AFTER_POOLING).build();
        try (Weights open = open(mean, name + "}}")) { // timm itself would fail here, because it looks for another norm
            assertEquals(mean, open.config());
            assertEquals(1, open.report().warnings().stream().filter(warning -> warning.contains("fc_norm")).count());
        }
    }

    /** timm has norm before the class token is taken, and fc_norm after a mean, unless fc_norm is stated. */
    @Test
    void aFinalNormInAnotherPlaceThanTimmsIsWarnedOf() throws IOException {
        String norm = "the final norm stands before pooling, as the weights' norm has it; for this pooling timm has fc_norm after it unless model_args.fc_norm is false";
        String fcNorm = "the final norm stands after pooling, as the weights' fc_norm has it; for this pooling timm has norm before it unless model_args.fc_norm is true";
        for (Pooling pooling : List.of(Pooling.TOKEN, Pooling.PATCH_MEAN)) {
            for (FinalNorm found : List.of(FinalNorm.BEFORE_POOLING, FinalNorm.AFTER_POOLING)) {
                VitConfig config = block(192, 3).pooling(pooling).finalNorm(found).build();
                boolean after = found == FinalNorm.AFTER_POOLING;
                String pool = "\"global_pool\":\"" + (pooling == Pooling.TOKEN ? "token" : "avg") + "\"";
                boolean usual = after == (pooling == Pooling.PATCH_MEAN);
                String name = "{\"architecture\":\"vit_tiny_patch16_224\",\"pretrained_cfg\":{\"input_size\":[3,28,28]";
                for (String json : List.of(name + "},\"model_args\":{" + pool + "}}", name + "," + pool + "}}")) {
                    try (Weights open = open(config, json)) {
                        assertEquals(config, open.config());
                        List<String> warnings = open.report().warnings();
                        assertEquals(!usual, warnings.contains(after ? fcNorm : norm), () -> json + warnings);
                        assertEquals(usual ? 0 : 1, warnings.stream().filter(warning -> warning.contains("norm")).count(), () -> json + warnings);
                    }
                }
                try (Weights open = open(config, name + "},\"model_args\":{" + pool + ",\"fc_norm\":" + after + "}}")) {
                    assertEquals(config, open.config());
                    assertTrue(open.report().warnings().stream().noneMatch(warning -> warning.contains("norm")), () -> open.report().toString());
                }
            }
        }
    }

    @Test
    void aGuessIsInTheModelsReport() throws IOException {
        VitConfig config = block(128, 2).build();
        Path weights = folder.resolve("alone.safetensors");
        WeightsWriter.write(weights, new GeneratedWeights(config, 0), Map.of());
        try (VitModel model = VitModel.load(weights)) {
            assertEquals(List.of("layer_norm_eps 1.0E-6, gelu erf, pool token assumed, as is usual for timm; the weights do not tell",
                    "2 heads assumed from the width 128; the weights do not tell", "a square image of 28×28 pixels assumed; the weights do not tell",
                    "preprocessing timm-augreg assumed, as is usual for timm; no file states it (--preprocess NAME or \"preprocess\" in config.json does)"),
                    model.report().warnings());
            assertEquals(model.report().warnings().getLast(), model.report().assumedPreprocessing().orElseThrow());
        }
        try (VitModel made = VitModel.of(new GeneratedWeights(config, 0))) {
            assertEquals(List.of(), made.report().warnings());
        }
    }

    @Test
    void aConfigurationWithoutHeadsIsRefusedAndNamesTheField() {
        InputException own = refused(block(128, 2).build(), "{\"family\":\"timm\",\"image\":[28,28]}");
        assertTrue(own.getMessage().contains("\"heads\": the heads cannot be told"), own.getMessage());
    }

    /** Configurations of transformers leave out values that equal the default of their class, here twelve heads. */
    @Test
    void huggingFaceConfigurationsHaveTheirClassesDefaults() throws IOException {
        VitConfig config = block(384, 12).family("huggingface").layerNormEps(1e-12).build();
        try (Weights open = open(config, "{\"model_type\":\"vit\",\"hidden_size\":384,\"image_size\":28}")) {
            assertEquals(config, open.config());
            assertEquals(List.of(), open.report().warnings());
        }
        InputException e = refused(block(128, 2).family("huggingface").build(), "{\"model_type\":\"vit\",\"image_size\":28}");
        assertTrue(e.getMessage().contains("an architecture of width 768, and weights of width 128"), e.getMessage());
        for (String json : List.of("{\"model_type\":\"vit\",\"hidden_act\":\"relu\"}", "{\"architectures\":[\"Dinov2Model\"],\"hidden_size\":384}", "{\"model_type\":\"siglip2\"}",
                "{\"architectures\":\"ViTHybridModel\"}")) {
            refused(config, json);
        }
    }
}
