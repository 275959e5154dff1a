package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.positions.PositionResampling;
import vit.model.weights.config.ConfigField;

/** torchvision's {@code VisionTransformer}; files before 0.13 call the MLP's layers linear_1 and linear_2. */
final class Torchvision implements WeightFamily {

    private static final String BLOCKS = "encoder.layers.encoder_layer_";
    private static final String HEAD = "heads.head";

    @Override
    public String id() {
        return "torchvision";
    }

    @Override
    public List<String> aliases() {
        return List.of();
    }

    @Override
    public String library() {
        return "torchvision";
    }

    @Override
    public String title(VitConfig config) {
        return "ViT";
    }

    @Override
    public Signs signs(TensorDirectory tensors) {
        return Signs.in(tensors).with("conv_proj.weight").with("class_token");
    }

    @Override
    public PositionResampling positionResampling() {
        return PositionResampling.TORCHVISION;
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id());
    }

    private static boolean old(TensorDirectory tensors) {
        return tensors.has(BLOCKS + "0.mlp.linear_1.weight");
    }

    /** The name of the head, or of what contains it: people replace the layer {@code heads.head}, or all of {@code heads}. */
    private static String head(TensorDirectory tensors) {
        boolean whole = tensors.has("heads.weight") || !tensors.linearLayer("heads").equals("heads");
        return whole && !tensors.has("heads.head.weight") && !tensors.has("heads.pre_logits.weight") && tensors.linearLayer(HEAD).equals(HEAD) ? "heads" : HEAD;
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        into.tellFromConvolution("conv_proj.weight");
        into.tell(ConfigField.DEPTH, tensors.blocks(BLOCKS, '.'), BLOCKS + "*");
        into.tellPositions(tensors.require("encoder.pos_embedding", 3).dimension(1), "encoder.pos_embedding");
        into.tellPresence(ConfigField.PRE_LOGITS, "heads.pre_logits.weight");
        into.tellHead(head(tensors));
        String qkv = BLOCKS + "0.self_attention.in_proj_weight";
        if (tensors.has(qkv)) {
            into.tellInnerFromQkv(tensors.require(qkv, 2).dimension(0), qkv);
            String fc1 = BLOCKS + (old(tensors) ? "0.mlp.linear_1.weight" : "0.mlp.0.weight");
            into.tell(ConfigField.MLP, tensors.require(fc1, 2).dimension(0), fc1);
        }
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Map<String, String> layers = Map.of(Parameters.NORM_1, "ln_1", Parameters.ATTENTION_OUTPUT, "self_attention.out_proj",
                Parameters.NORM_2, "ln_2", Parameters.FC1, old(tensors) ? "mlp.linear_1" : "mlp.0", Parameters.FC2, old(tensors) ? "mlp.linear_2" : "mlp.3");
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, "class_token");
        names.layer(Parameters.PATCH_PROJECTION, "conv_proj");
        names.tensor(Parameters.POSITIONS, "encoder.pos_embedding");
        for (int i = 0; i < config.depth(); i++) {
            String block = BLOCKS + i + ".";
            names.tensor(Parameters.block(i, Parameters.QKV + ".weight"), block + "self_attention.in_proj_weight");
            names.tensor(Parameters.block(i, Parameters.QKV + ".bias"), block + "self_attention.in_proj_bias");
            names.layers(i, block, layers);
        }
        names.layer(Parameters.finalNorm(config), "encoder.ln");
        names.layer(Parameters.PRE_LOGITS, "heads.pre_logits");
        names.layer(Parameters.HEAD, tensors.linearLayer(head(tensors)));
        return names.views();
    }
}
