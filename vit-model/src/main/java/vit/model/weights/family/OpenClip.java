package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.config.ConfigField;

/** OpenCLIP's own image towers, and OpenAI's original files, which have the same names: {@code visual.} in front, the text tower beside it. */
final class OpenClip implements WeightFamily {

    private static final String TOWER = "visual.";
    private static final String PATCHES = TOWER + "conv1.weight";
    private static final String POSITIONS = TOWER + "positional_embedding";
    private static final String PROJECTION = TOWER + "proj";
    private static final List<String> TEXT = List.of("transformer.", "token_embedding.", "ln_final.", "text.", "text_projection", "positional_embedding",
            "logit_scale", "logit_bias", "attn_mask", "input_resolution", "context_length", "vocab_size");

    private static final Map<String, String> LAYERS = Map.of(Parameters.NORM_1, "ln_1", Parameters.ATTENTION_OUTPUT, "attn.out_proj", Parameters.NORM_2, "ln_2",
            Parameters.FC1, "mlp.c_fc", Parameters.FC2, "mlp.c_proj");

    @Override
    public String id() {
        return "openclip";
    }

    @Override
    public List<String> aliases() {
        return List.of("open_clip", "openai clip");
    }

    @Override
    public String library() {
        return "OpenCLIP";
    }

    @Override
    public String title(VitConfig config) {
        return "CLIP image tower";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        return Signs.in(tensors).with(PATCHES).with(TOWER + "class_embedding");
    }

    @Override
    public PositionResampling positionResampling() {
        return PositionResampling.TIMM;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id()).layerNormEps(1e-5).preNorm(true).patchBias(false).headBias(false).classes(512).head(HeadConfig.Kind.PROJECTION);
    }

    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        return List.of("gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT), "pool token");
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        into.tellFromConvolution(PATCHES);
        into.tell(ConfigField.PATCH_BIAS, tensors.has(TOWER + "conv1.bias"), TOWER + "conv1.bias");
        into.tell(ConfigField.CLASS_TOKEN, true, TOWER + "class_embedding");
        into.tellPresence(ConfigField.PRE_NORM, TOWER + "ln_pre.weight");
        into.tell(ConfigField.DEPTH, tensors.blocks(TOWER + "transformer.resblocks.", '.'), TOWER + "transformer.resblocks.*");
        into.tellPositions(tensors.require(POSITIONS, 2).dimension(0), POSITIONS);
        String block = TOWER + "transformer.resblocks.0.";
        into.tellInnerFromQkv(tensors.require(block + "attn.in_proj_weight", 2).dimension(0), block + "attn.in_proj_weight");
        into.tell(ConfigField.MLP, tensors.require(block + "mlp.c_fc.weight", 2).dimension(0), block + "mlp.c_fc.weight");
        into.tellPresence(ConfigField.LAYER_SCALE, block + "ls_1.gamma");
        into.tellClasses(PROJECTION, 1);
        into.tell(ConfigField.HEAD, tensors.has(PROJECTION) ? HeadConfig.Kind.PROJECTION : HeadConfig.Kind.CLASSIFIER, PROJECTION);
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, TOWER + "class_embedding", Shape.of(config.width()));
        names.tensor(Parameters.POSITIONS, POSITIONS, Shape.of(config.positionRows(), config.width()));
        names.layer(Parameters.PATCH_PROJECTION, TOWER + "conv1");
        names.layer(Parameters.PRE_NORM, TOWER + "ln_pre");
        for (int i = 0; i < config.depth(); i++) {
            String block = TOWER + "transformer.resblocks." + i + ".";
            names.tensor(Parameters.block(i, Parameters.QKV) + ".weight", block + "attn.in_proj_weight");
            names.tensor(Parameters.block(i, Parameters.QKV) + ".bias", block + "attn.in_proj_bias");
            names.layers(i, block, LAYERS);
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_1), block + "ls_1.gamma");
            names.tensor(Parameters.block(i, Parameters.LAYER_SCALE_2), block + "ls_2.gamma");
        }
        names.layer(Parameters.finalNorm(config), TOWER + "ln_post");
        names.transposed(Parameters.HEAD + ".weight", PROJECTION);
        return names.views();
    }

    /** The text tower and the scale of the loss. */
    @Override
    public boolean isUnused(String name, TensorDirectory tensors) {
        return TEXT.stream().anyMatch(name::startsWith);
    }
}
