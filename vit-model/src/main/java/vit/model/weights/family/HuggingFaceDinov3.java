package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.config.MlpConfig;
import vit.model.config.RotaryConfig;
import vit.model.config.RotaryConfig.Scheme;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.Positions;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;

/** Hugging Face transformers: DINOv3 (Siméoni et al. 2025), with rotary positions alone, registers, and a gated MLP in its largest models. */
final class HuggingFaceDinov3 implements WeightFamily {

    private static final String PATCHES = "embeddings.patch_embeddings";
    private static final String REGISTERS = "embeddings.register_tokens";
    /** The blocks of files, and those of a state dictionary in version 5. */
    private static final List<String> BLOCKS = List.of("layer.", "model.layer.");

    private static final Map<String, String> LAYERS = Map.of(Parameters.NORM_1, "norm1", Parameters.ATTENTION_OUTPUT, "attention.o_proj", Parameters.NORM_2,
            "norm2", Parameters.FC2, "mlp.down_proj");

    @Override
    public String id() {
        return "huggingface-dinov3";
    }

    @Override
    public List<String> aliases() {
        return List.of();
    }

    private static String blocks(TensorDirectory tensors) {
        return BLOCKS.stream().filter(prefix -> tensors.has(prefix + "0.layer_scale1.lambda1")).findFirst().orElse(BLOCKS.getFirst());
    }

    @Override
    public String library() {
        return "Hugging Face";
    }

    @Override
    public String title(VitConfig config) {
        return "DINOv3";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        return Signs.in(tensors).with(PATCHES + ".weight").with(blocks(tensors) + "0.attention.q_proj.weight");
    }

    @Override
    public boolean imageFollowsPreprocessing() {
        return true;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).layerNormEps(1e-5).positions(Positions.NONE).keyBias(false).layerScale(true).classes(0)
                .rotary(new RotaryConfig(Scheme.DINOV3, 100, 1, 1));
    }

    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        return List.of("layer_norm_eps " + assumed.layerNormEps(), "gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT),
                "rotary theta " + assumed.block().attention().rotary().theta());
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        String blocks = blocks(tensors);
        String block = blocks + "0.";
        into.tellFromConvolution(PATCHES + ".weight");
        into.tell(ConfigField.DEPTH, tensors.blocks(blocks, '.'), blocks + "*");
        into.tell(ConfigField.CLASS_TOKEN, true, "embeddings.cls_token");
        into.tell(ConfigField.REGISTERS, tensors.has(REGISTERS) ? tensors.require(REGISTERS, 3).dimension(1) : 0, REGISTERS);
        into.tell(ConfigField.POSITIONS, Positions.NONE, "embeddings.position_embeddings");
        into.tellInner(tensors.require(block + "attention.q_proj.weight", 2).dimension(0), block + "attention.q_proj.weight");
        boolean bias = tensors.has(block + "attention.q_proj.bias");
        into.tell(ConfigField.QKV_BIAS, bias, block + "attention.q_proj.bias");
        into.tell(ConfigField.KEY_BIAS, !bias || tensors.has(block + "attention.k_proj.bias"), block + "attention.k_proj.bias");
        into.tellPresence(ConfigField.OUTPUT_BIAS, block + "attention.o_proj.bias");
        into.tell(ConfigField.LAYER_SCALE, true, block + "layer_scale1.lambda1");
        into.tell(ConfigField.MLP, tensors.require(block + "mlp.up_proj.weight", 2).dimension(0), block + "mlp.up_proj.weight");
        boolean gated = tensors.has(block + "mlp.gate_proj.weight");
        into.tell(ConfigField.MLP_KIND, gated ? MlpConfig.Kind.SWIGLU : MlpConfig.Kind.GELU, block + "mlp.gate_proj.weight");
        into.tellPresence(ConfigField.MLP_BIAS, block + "mlp.up_proj.bias");
        into.tell(ConfigField.CLASSES, 0, "classifier.weight");
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, "embeddings.cls_token");
        names.tensor(Parameters.REGISTER_TOKENS, REGISTERS);
        names.layer(Parameters.PATCH_PROJECTION, PATCHES);
        boolean gated = config.block().mlp().kind() == MlpConfig.Kind.SWIGLU;
        for (int i = 0; i < config.depth(); i++) {
            String block = blocks(tensors) + i + ".";
            names.thirds(Parameters.block(i, Parameters.QKV), block + "attention.q_proj", block + "attention.k_proj", block + "attention.v_proj");
            names.tensor(Parameters.block(i, Parameters.QUERY_BIAS), block + "attention.q_proj.bias");
            names.tensor(Parameters.block(i, Parameters.VALUE_BIAS), block + "attention.v_proj.bias");
            names.layers(i, block, LAYERS);
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_1), block + "layer_scale1.lambda1");
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_2), block + "layer_scale2.lambda1");
            if (gated) {
                names.parts(Parameters.block(i, Parameters.FC1), block + "mlp.gate_proj", block + "mlp.up_proj");
            } else {
                names.layer(Parameters.block(i, Parameters.FC1), block + "mlp.up_proj");
            }
        }
        names.layer(Parameters.finalNorm(config), "norm");
        names.layer(Parameters.HEAD, "classifier");
        return names.views();
    }

    /** The mask token is only for pre-training; the periods of the rotary positions follow from the configuration. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return name.equals("embeddings.mask_token") || name.startsWith("rope_embeddings.") || name.startsWith("model.rope_embeddings.");
    }
}
