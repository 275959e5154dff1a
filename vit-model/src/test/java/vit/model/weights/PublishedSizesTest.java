package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigFile;

/** The image towers of the published sizes have the published numbers of parameters. */
class PublishedSizesTest {

    /**
     * The numbers were added up apart from this project from the shapes of the libraries' tensors. Not counted is what the image embedding does not use: text
     * towers, mask tokens, decoders, and a pooler that was never trained.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        DINOv2 S|{"model_type":"dinov2","hidden_size":384,"num_hidden_layers":12,"num_attention_heads":6,"image_size":518}|22056192
        DINOv2 B|{"model_type":"dinov2","hidden_size":768,"num_hidden_layers":12,"num_attention_heads":12,"image_size":518}|86579712
        DINOv2 L|{"model_type":"dinov2","hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"image_size":518}|304367616
        DINOv2 giant|{"model_type":"dinov2","hidden_size":1536,"num_hidden_layers":40,"num_attention_heads":24,"image_size":518,"use_swiglu_ffn":true}|1136479232
        DINOv2 B reg|{"model_type":"dinov2_with_registers","patch_size":14,"image_size":518}|86582784
        SigLIP B|{"model_type":"siglip","vision_config":{"model_type":"siglip_vision_model"}}|92884224
        BEiT B|{"model_type":"beit","use_relative_position_bias":true,"num_labels":1000,"architectures":["BeitForImageClassification"]}|86530984
        DINOv3 S|{"model_type":"dinov3_vit","hidden_size":384,"intermediate_size":1536,"num_hidden_layers":12,"num_attention_heads":6,"num_register_tokens":4}|21596160
        DINOv3 B|{"model_type":"dinov3_vit","hidden_size":768,"intermediate_size":3072,"num_hidden_layers":12,"num_attention_heads":12,"num_register_tokens":4}|85659648
        DINOv3 L|{"model_type":"dinov3_vit","hidden_size":1024,"intermediate_size":4096,"num_hidden_layers":24,"num_attention_heads":16,"num_register_tokens":4}|303128576
        timm DINOv2 reg|{"architecture":"vit_base_patch14_reg4_dinov2","num_classes":0}|86582016
        timm SigLIP|{"architecture":"vit_base_patch16_siglip_224","num_classes":0}|92884224
        """)
    void publishedModelsHaveThePublishedParameters(String model, String config, long parameters) throws IOException {
        assertEquals(parameters, count(config), model);
    }

    /** The number of parameters of the model that a bare configuration describes. No weight is allocated. */
    private static long count(String config) throws IOException {
        return Parameters.of(Weights.configuration(ConfigFile.read("config.json", config.getBytes(StandardCharsets.UTF_8))).vit()).count();
    }

    /** The last decimal that is given is rounded: the count may be off by half a unit of it. */
    private static void assertRounded(String model, String millions, long count) {
        BigDecimal published = new BigDecimal(millions);
        BigDecimal error = new BigDecimal(count).movePointLeft(6).subtract(published).abs();
        assertTrue(error.compareTo(new BigDecimal("0.5").movePointLeft(published.scale())) <= 0, () -> model + ": " + count + ", published are " + millions + " million");
    }

    /**
     * The column {@code param_count} of timm's {@code results/benchmark-infer-amp-nchw-pt291-cu128-4090.csv} (commit 90cae8c of
     * huggingface/pytorch-image-models): millions to two decimals, with the head of the architecture's default weights. The file does not say how many
     * outputs that head has; the second column here does (0: none; 512 to 1280: a projection of CLIP, with a bias in timm; 11221 and 11821: ImageNet-21k-P and ImageNet-12k).
     * Among them are the models of MAE ({@code vit_huge_patch14_224}), I-JEPA ({@code vit_huge_patch14_gap_224}, {@code vit_huge_patch16_gap_448},
     * {@code vit_giant_patch16_gap_224}) and DINO ({@code vit_small_patch8_224}).
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        test_vit|1000|0.37
        test_vit2|1000|0.46
        test_vit3|1000|0.93
        test_vit4|1000|1.02
        vit_tiny_patch16_224|1000|5.72
        vit_small_patch32_224|1000|22.88
        vit_small_patch16_224|1000|22.05
        vit_small_patch16_384|1000|22.2
        vit_small_patch8_224|0|21.67
        vit_base_patch32_224|1000|88.22
        vit_base_patch16_224|1000|86.57
        vit_base_patch16_384|1000|86.86
        vit_base_patch16_224_miil|11221|94.4
        vit_base_patch8_224|1000|86.58
        vit_large_patch32_224|0|305.51
        vit_large_patch16_224|1000|304.33
        vit_large_patch14_224|1000|304.2
        vit_huge_patch14_224|0|630.76
        vit_giant_patch14_224|1000|1012.61
        vit_gigantic_patch14_224|1000|1844.44
        deit_tiny_patch16_224|1000|5.72
        deit_tiny_distilled_patch16_224|1000|5.91
        deit_small_patch16_224|1000|22.05
        deit_small_distilled_patch16_224|1000|22.44
        deit_base_patch16_224|1000|86.57
        deit_base_distilled_patch16_224|1000|87.34
        deit_base_distilled_patch16_384|1000|87.63
        deit3_small_patch16_224|1000|22.06
        deit3_medium_patch16_224|1000|38.85
        deit3_base_patch16_224|1000|86.59
        deit3_large_patch16_224|1000|304.37
        deit3_huge_patch14_224|1000|632.13
        vit_xsmall_patch16_clip_224|512|8.28
        vit_medium_patch32_clip_224|512|39.69
        vit_medium_patch16_clip_224|512|38.59
        vit_betwixt_patch32_clip_224|512|61.41
        vit_base_patch32_clip_224|1000|88.22
        vit_base_patch32_clip_256|512|87.86
        vit_base_patch32_clip_384|1000|88.3
        vit_base_patch32_clip_quickgelu_224|512|87.85
        vit_base_patch16_clip_224|1000|86.57
        vit_base_patch16_clip_384|1000|86.86
        vit_base_patch16_clip_quickgelu_224|512|86.19
        vit_base_patch16_plus_clip_240|640|117.21
        vit_large_patch14_clip_224|1000|304.2
        vit_large_patch14_clip_336|1000|304.53
        vit_large_patch14_clip_quickgelu_224|768|303.97
        vit_large_patch14_clip_quickgelu_336|768|304.29
        vit_huge_patch14_clip_224|1000|632.05
        vit_huge_patch14_clip_336|1000|632.46
        vit_huge_patch14_clip_378|1024|632.68
        vit_huge_patch14_clip_quickgelu_224|1024|632.08
        vit_giant_patch14_clip_224|1024|1012.65
        vit_gigantic_patch14_clip_224|1280|1844.91
        vit_gigantic_patch14_clip_378|1280|1845.7
        vit_base_patch32_plus_256|1000|119.48
        vit_base_patch16_plus_240|1000|117.56
        vit_small_patch16_36x1_224|1000|64.67
        vit_small_patch14_dinov2|0|22.06
        vit_base_patch14_dinov2|0|86.58
        vit_large_patch14_dinov2|0|304.37
        vit_giant_patch14_dinov2|0|1136.48
        vit_small_patch14_reg4_dinov2|0|22.06
        vit_base_patch14_reg4_dinov2|0|86.58
        vit_large_patch14_reg4_dinov2|0|304.37
        vit_giant_patch14_reg4_dinov2|0|1136.48
        vit_base_patch32_siglip_256|0|94.55
        vit_base_patch32_siglip_gap_256|0|87.47
        vit_base_patch16_siglip_224|0|92.88
        vit_base_patch16_siglip_256|0|92.93
        vit_base_patch16_siglip_384|0|93.18
        vit_base_patch16_siglip_512|0|93.52
        vit_base_patch16_siglip_gap_224|0|85.8
        vit_large_patch16_siglip_256|0|315.96
        vit_large_patch16_siglip_384|0|316.28
        vit_large_patch16_siglip_512|0|316.74
        vit_large_patch16_siglip_gap_256|0|303.36
        vit_so400m_patch14_siglip_224|0|427.68
        vit_so400m_patch14_siglip_378|0|428.23
        vit_so400m_patch14_siglip_384|0|428.23
        vit_so400m_patch14_siglip_gap_224|0|412.44
        vit_so400m_patch14_siglip_gap_896|0|416.87
        vit_so400m_patch16_siglip_256|0|427.89
        vit_so400m_patch16_siglip_512|0|428.77
        vit_giantopt_patch16_siglip_256|0|1163.17
        vit_giantopt_patch16_siglip_gap_256|0|1134.84
        vit_huge_patch14_gap_224|0|630.76
        vit_huge_patch16_gap_448|0|631.67
        vit_giant_patch16_gap_224|0|1011.37
        vit_base_patch16_gap_224|1000|86.57
        vit_medium_patch16_gap_240|11821|44.4
        vit_medium_patch16_gap_256|1000|38.86
        vit_medium_patch16_gap_384|1000|39.03
        vit_betwixt_patch16_gap_256|1000|60.37
        vit_wee_patch16_reg1_gap_256|1000|13.42
        vit_little_patch16_reg1_gap_256|1000|22.52
        vit_little_patch16_reg4_gap_256|1000|22.52
        vit_medium_patch16_reg1_gap_256|1000|38.88
        vit_medium_patch16_reg4_gap_256|1000|38.88
        vit_mediumd_patch16_reg4_gap_256|1000|64.11
        vit_mediumd_patch16_reg4_gap_384|1000|64.27
        vit_betwixt_patch16_reg1_gap_256|1000|60.4
        vit_betwixt_patch16_reg4_gap_256|1000|60.4
        vit_betwixt_patch16_reg4_gap_384|1000|60.6
        vit_base_patch16_reg4_gap_256|1000|86.62
        vit_so150m_patch16_reg4_gap_256|1000|134.13
        vit_so150m_patch16_reg4_gap_384|1000|134.42
        vit_so150m_patch16_reg4_map_256|1000|141.48
        vit_so150m2_patch16_reg1_gap_256|1000|136.06
        vit_so150m2_patch16_reg1_gap_448|1000|136.5
        vit_intern300m_patch14_448|0|304.01
        vit_medium_patch16_rope_reg1_gap_256|1000|38.74
        vit_mediumd_patch16_rope_reg1_gap_256|1000|63.95
        vit_betwixt_patch16_rope_reg4_gap_256|1000|60.23
        vit_base_patch16_rope_reg1_gap_256|1000|86.43
        flexivit_small|1000|22.06
        flexivit_base|1000|86.59
        flexivit_large|1000|304.36
        beit_base_patch16_224|1000|86.53
        beit_base_patch16_384|1000|86.74
        beit_large_patch16_224|1000|304.43
        beit_large_patch16_384|1000|305.0
        beit_large_patch16_512|1000|305.67
        beitv2_base_patch16_224|1000|86.53
        beitv2_large_patch16_224|1000|304.43
        eva_large_patch14_196|1000|304.14
        eva_large_patch14_336|1000|304.53
        eva_giant_patch14_224|1000|1012.56
        eva_giant_patch14_336|1000|1013.01
        eva_giant_patch14_560|1000|1014.45
        eva_giant_patch14_clip_224|1024|1012.59
        eva02_tiny_patch14_224|0|5.5
        eva02_tiny_patch14_336|1000|5.76
        eva02_small_patch14_224|0|21.62
        eva02_small_patch14_336|1000|22.13
        eva02_base_patch14_224|0|85.76
        eva02_base_patch14_448|1000|87.12
        eva02_base_patch16_clip_224|512|86.26
        eva02_large_patch14_224|0|303.27
        eva02_large_patch14_448|1000|305.08
        eva02_large_patch14_clip_224|768|304.11
        eva02_large_patch14_clip_336|768|304.43
        vit_small_patch16_dinov3|0|21.59
        vit_small_patch16_dinov3_qkvb|0|21.6
        vit_small_plus_patch16_dinov3|0|28.68
        vit_small_plus_patch16_dinov3_qkvb|0|28.69
        vit_base_patch16_dinov3|0|85.64
        vit_base_patch16_dinov3_qkvb|0|85.66
        vit_large_patch16_dinov3|0|303.08
        vit_large_patch16_dinov3_qkvb|0|303.13
        vit_huge_plus_patch16_dinov3|0|840.51
        vit_huge_plus_patch16_dinov3_qkvb|0|840.59
        """)
    void timmsArchitecturesHaveTimmsParameters(String architecture, int classes, String millions) throws IOException {
        assertRounded(architecture, millions, count("{\"architecture\":\"" + architecture + "\",\"num_classes\":" + classes + "}"));
    }

    /**
     * The column {@code image_mparams} of OpenCLIP's {@code docs/model_profile.csv} (commit 3b37473 of mlfoundations/open_clip): millions to two decimals, of the
     * image tower with its projection. The same towers in OpenCLIP's form and in that of transformers.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ViT-B-32|224|32|768|12|64|4|512|87.85
        ViT-B-32-256|256|32|768|12|64|4|512|87.86
        ViT-B-16|224|16|768|12|64|4|512|86.19
        ViT-B-16-plus-240|240|16|896|12|64|4|640|117.21
        ViT-L-14|224|14|1024|24|64|4|768|303.97
        ViT-L-14-336|336|14|1024|24|64|4|768|304.29
        ViT-H-14|224|14|1280|32|80|4|1024|632.08
        ViT-g-14|224|14|1408|40|88|4.3637|1024|1012.65
        ViT-bigG-14|224|14|1664|48|104|4.9231|1280|1844.91
        """)
    void towersOfClipHaveThePublishedParameters(String model, int image, int patch, int width, int layers, int headWidth, double ratio, int embedding,
            String millions) throws IOException {
        assertRounded(model, millions, count("{\"model_cfg\":{\"embed_dim\":" + embedding + ",\"vision_cfg\":{\"image_size\":" + image + ",\"layers\":" + layers + ",\"width\":" + width
                + ",\"head_width\":" + headWidth + ",\"mlp_ratio\":" + ratio + ",\"patch_size\":" + patch + "}}}"));
        assertRounded(model, millions, count("{\"model_type\":\"clip\",\"projection_dim\":" + embedding + ",\"vision_config\":{\"image_size\":" + image + ",\"num_hidden_layers\":"
                + layers + ",\"hidden_size\":" + width + ",\"num_attention_heads\":" + width / headWidth + ",\"intermediate_size\":" + (int) (width * ratio) + ",\"patch_size\":" + patch + "}}"));
    }

    /**
     * The configurations of transformers, against counts of the same models elsewhere: timm's file (two decimals), OpenCLIP's (SigLIP), or the tables in the
     * README of facebookresearch/dinov3 (whole millions).
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ViT Ti/16|{"model_type":"vit","hidden_size":192,"num_attention_heads":3,"intermediate_size":768,CLASSIFIER|5.72
        ViT S/16|{"model_type":"vit","hidden_size":384,"num_attention_heads":6,"intermediate_size":1536,CLASSIFIER|22.05
        ViT B/16|{"model_type":"vit",CLASSIFIER|86.57
        ViT B/32 384|{"model_type":"vit","patch_size":32,"image_size":384,CLASSIFIER|88.30
        ViT L/16|{"model_type":"vit","hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096,CLASSIFIER|304.33
        ViT H/14|{"model_type":"vit","hidden_size":1280,"num_hidden_layers":32,"num_attention_heads":16,"intermediate_size":5120,"patch_size":14}|630.76
        DeiT B/16, two heads|{"model_type":"deit","num_labels":1000,"architectures":["DeiTForImageClassificationWithTeacher"]}|87.34
        MAE H/14|{"model_type":"vit_mae","hidden_size":1280,"num_hidden_layers":32,"num_attention_heads":16,"intermediate_size":5120,"patch_size":14}|630.76
        I-JEPA H/14|{"model_type":"ijepa","hidden_size":1280,"num_hidden_layers":32,"num_attention_heads":16,"intermediate_size":5120,"patch_size":14}|630.76
        I-JEPA H/16 448|{"model_type":"ijepa","hidden_size":1280,"num_hidden_layers":32,"num_attention_heads":16,"intermediate_size":5120,"image_size":448}|631.67
        I-JEPA g/16|{"model_type":"ijepa","hidden_size":1408,"num_hidden_layers":40,"num_attention_heads":16,"intermediate_size":6144}|1011.37
        DINOv2 S/14|{"model_type":"dinov2","hidden_size":384,"num_attention_heads":6,"image_size":518}|22.06
        DINOv2 g/14|{"model_type":"dinov2","hidden_size":1536,"num_hidden_layers":40,"num_attention_heads":24,"use_swiglu_ffn":true,"image_size":518}|1136.48
        DINOv2 L/14 with registers|{"model_type":"dinov2_with_registers","hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"patch_size":14,"image_size":518}|304.37
        SigLIP B/16 384|{"model_type":"siglip","vision_config":{"model_type":"siglip_vision_model","image_size":384}}|93.18
        SigLIP L/16 256|{"model_type":"siglip","vision_config":{"hidden_size":1024,"intermediate_size":4096,"num_hidden_layers":24,"num_attention_heads":16,"image_size":256}}|315.96
        SigLIP So400m/14|{"model_type":"siglip","vision_config":{"hidden_size":1152,"intermediate_size":4304,"num_hidden_layers":27,"num_attention_heads":16,"patch_size":14}}|427.68
        BEiT L/16|{"model_type":"beit","hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096,"use_relative_position_bias":true,CLASSIFIER|304.43
        BEiT L/16 512|{"model_type":"beit","hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"intermediate_size":4096,"image_size":512,"use_relative_position_bias":true,CLASSIFIER|305.67
        DINOv3 S/16|{"model_type":"dinov3_vit","num_register_tokens":4}|21.60
        DINOv3 S+/16|{"model_type":"dinov3_vit","num_register_tokens":4,"use_gated_mlp":true,"hidden_act":"silu"}|28.69
        DINOv3 H+/16|{"model_type":"dinov3_vit","hidden_size":1280,"intermediate_size":5120,"num_hidden_layers":32,"num_attention_heads":20,"num_register_tokens":4,"use_gated_mlp":true,"hidden_act":"silu"}|840.59
        DINOv3 7B/16|{"model_type":"dinov3_vit","hidden_size":4096,"intermediate_size":8192,"num_hidden_layers":40,"num_attention_heads":32,"num_register_tokens":4,"use_gated_mlp":true,"query_bias":false,"value_bias":false,"hidden_act":"silu"}|6716
        DINOv3 7B/16, timm|{"architecture":"vit_7b_patch16_dinov3","num_classes":0}|6716
        """)
    void configurationsOfTransformersHaveThePublishedParameters(String model, String config, String millions) throws IOException {
        String type = config.contains("beit") ? "Beit" : "ViT";
        assertRounded(model, millions, count(config.replace("CLASSIFIER", "\"num_labels\":1000,\"architectures\":[\"" + type + "ForImageClassification\"]}")));
    }

    /** The table in the README of facebookresearch/dino, whose numbers are whole millions, not rounded but cut off. */
    @ParameterizedTest
    @CsvSource({"small,16,21", "small,8,21", "base,16,85", "base,8,85"})
    void modelsOfDinoHaveThePublishedParameters(String size, int patch, long millions) throws IOException {
        assertEquals(millions, count("{\"family\":\"dino\",\"model\":\"vit_" + size + "_patch" + patch + "_224\"}") / 1_000_000);
    }
}
