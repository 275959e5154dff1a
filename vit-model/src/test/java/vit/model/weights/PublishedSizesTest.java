package vit.model.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.model.config.VitConfig;
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
        VitConfig vit = Weights.configuration(ConfigFile.read("config.json", config.getBytes(StandardCharsets.UTF_8))).vit();
        assertEquals(parameters, Parameters.of(vit).count(), () -> model + ": " + vit);
    }
}
