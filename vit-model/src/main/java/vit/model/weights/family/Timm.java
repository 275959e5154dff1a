package vit.model.weights.family;

import java.util.List;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.Parameters;
import vit.model.weights.config.ConfigField;

/** PyTorch Image Models (timm), whose names are the canonical ones; DeiT's own files have them too. */
final class Timm implements WeightFamily {

    @Override
    public String id() {
        return "timm";
    }

    @Override
    public List<String> aliases() {
        return List.of("deit");
    }

    @Override
    public boolean recognises(TensorDirectory tensors) {
        return tensors.has("patch_embed.proj.weight");
    }

    @Override
    public VitConfigBuilder defaults() {
        return VitConfig.builder().family(id());
    }

    @Override
    public FinalNorm finalNorm(Pooling pooling) {
        return pooling == Pooling.TOKEN ? FinalNorm.BEFORE_POOLING : FinalNorm.AFTER_POOLING;
    }

    /** Not every token: {@code no_embed_class} leaves the prefix tokens without positions. */
    @Override
    public boolean everyTokenHasAPosition() {
        return false;
    }

    /** Architectures differ in all of these, but their tensors do not show it. */
    @Override
    public List<String> unstatedConventions(VitConfig assumed) {
        String pool = assumed.pooling() == Pooling.TOKEN ? "pool token" : "pool avg";
        return List.of("layer_norm_eps " + assumed.layerNormEps(), "gelu " + assumed.gelu().name().toLowerCase(java.util.Locale.ROOT), pool);
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        into.tellFromConvolution("patch_embed.proj.weight");
        into.tell(ConfigField.DEPTH, tensors.blocks("blocks.", '.'), "blocks.*");
        into.tellPresence(ConfigField.CLASS_TOKEN, Parameters.CLASS_TOKEN);
        into.tellPresence(ConfigField.DISTILLATION_TOKEN, Parameters.DISTILLATION_TOKEN);
        boolean registers = tensors.has(Parameters.REGISTER_TOKENS);
        into.tell(ConfigField.REGISTERS, registers ? tensors.require(Parameters.REGISTER_TOKENS, 3).dimension(1) : 0, Parameters.REGISTER_TOKENS);
        into.tellPositions(tensors.require(Parameters.POSITIONS, 3).dimension(1), Parameters.POSITIONS);
        into.tellPresence(ConfigField.PRE_LOGITS, "pre_logits.fc.weight");
        into.tellHead(Parameters.HEAD);
        if (tensors.has("blocks.0.attn.qkv.weight")) {
            Shape qkv = tensors.require("blocks.0.attn.qkv.weight", 2);
            into.tellInnerFromQkv(qkv.dimension(0), "blocks.0.attn.qkv.weight");
            into.tell(ConfigField.MLP, tensors.require("blocks.0.mlp.fc1.weight", 2).dimension(0), "blocks.0.mlp.fc1.weight");
            into.tellPresence(ConfigField.QKV_BIAS, "blocks.0.attn.qkv.bias");
            into.tellPresence(ConfigField.OUTPUT_BIAS, "blocks.0.attn.proj.bias");
            into.tellPresence(ConfigField.LAYER_SCALE, "blocks.0.ls1.gamma");
        }
        // If timm pools the mean, its final norm is fc_norm, after pooling, unless the model was made with fc_norm=False.
        boolean after = tensors.has("fc_norm.weight");
        into.tell(ConfigField.FINAL_NORM, after ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING, after ? "fc_norm.weight" : "norm.weight");
        boolean mean = after || !tensors.has(Parameters.CLASS_TOKEN);
        into.suggest(ConfigField.POOL, mean ? Pooling.PATCH_MEAN : Pooling.TOKEN, after ? "fc_norm.weight" : Parameters.CLASS_TOKEN);
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        return parameters.list().stream().map(parameter -> TensorView.whole(name(parameter.name(), tensors), parameter.shape(), parameter)).toList();
    }

    /** The file's name of a layer. Only a head may have another name than the canonical one, if somebody replaced it. */
    private static String name(String canonical, TensorDirectory tensors) {
        int end = canonical.lastIndexOf('.');
        String layer = end < 0 ? "" : canonical.substring(0, end);
        return layer.equals(Parameters.HEAD) || layer.equals(Parameters.DISTILLATION_HEAD) ? tensors.linearLayer(layer) + canonical.substring(end) : canonical;
    }
}
