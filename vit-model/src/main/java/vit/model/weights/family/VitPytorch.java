package vit.model.weights.family;

import java.util.List;
import java.util.Map;
import vit.kernels.patchembed.PatchOrder;
import vit.kernels.tensor.Shape;
import vit.model.InputException;
import vit.model.Parameters;
import vit.model.VitConfig;
import vit.model.weights.config.ConfigField;

/**
 * vit-pytorch's {@code ViT}: a LayerNorm on either side of the patch projection, patch vectors in the order (p1 p2 c), no
 * bias in the query, key, value projection. Since November 2025 token and positions have no batch axis.
 */
final class VitPytorch implements WeightFamily {

    static final String PROJECTION = "to_patch_embedding.2.weight";
    static final String BLOCKS = "transformer.layers.";

    @Override
    public String id() {
        return "vit-pytorch";
    }

    @Override
    public List<String> aliases() {
        return List.of("vit-pytorch ViT", "lucidrains");
    }

    @Override
    public boolean recognises(TensorDirectory tensors) {
        return tensors.has(PROJECTION) && tensors.has("pos_embedding");
    }

    @Override
    public VitConfig.Builder defaults() {
        return conventions().family(id());
    }

    static VitConfig.Builder conventions() {
        return VitConfig.builder().layerNormEps(1e-5).qkvBias(false).patchOrder(PatchOrder.CHANNEL_LAST).patchNorm(true);
    }

    @Override
    public void infer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        inferTransformer(into);
        Shape positions = tensors.find("pos_embedding");
        into.tellPositions(tensors.require("pos_embedding", positions.rank() == 3 ? 3 : 2).dimension(-2), "pos_embedding");
        into.tellPresence(ConfigField.CLASS_TOKEN, "cls_token");
        into.tellClasses("mlp_head.weight", 0);
        if (tensors.has(BLOCKS + "0.1.net.1.weight")) {
            into.tellPresence(ConfigField.OUTPUT_BIAS, BLOCKS + "0.0.to_out.0.bias");
        }
    }

    /** What ViT and SimpleViT share. */
    static void inferTransformer(Inference into) throws InputException {
        TensorDirectory tensors = into.tensors();
        Shape projection = tensors.require(PROJECTION, 2);
        into.tell(ConfigField.WIDTH, projection.dimension(0), PROJECTION);
        // Channels and patch only show as channels · patch²; images have three channels, or as few as make a square.
        int elements = projection.dimension(1);
        for (int channels : new int[] {3, 1, 2, 4}) {
            int side = (int) Math.round(Math.sqrt((double) elements / channels));
            if ((long) side * side * channels == elements) {
                into.suggest(ConfigField.CHANNELS, channels, PROJECTION);
                into.suggest(ConfigField.PATCH, side, PROJECTION);
                break;
            }
        }
        into.tell(ConfigField.DEPTH, tensors.blocks(BLOCKS, '.'), BLOCKS + "*");
        String qkv = BLOCKS + "0.0.to_qkv.weight";
        if (tensors.has(qkv)) {
            into.tellInnerFromQkv(tensors.require(qkv, 2).dimension(0), qkv);
            into.tellPresence(ConfigField.QKV_BIAS, BLOCKS + "0.0.to_qkv.bias");
            String fc1 = BLOCKS + "0.1.net.1.weight";
            into.tell(ConfigField.MLP, tensors.require(fc1, 2).dimension(0), fc1);
        }
    }

    @Override
    public List<TensorView> views(VitConfig config, Parameters parameters, TensorDirectory tensors) {
        Shape token = tensors.find("cls_token");
        Shape positions = tensors.find("pos_embedding");
        Renaming names = new Renaming(parameters);
        names.tensor(Parameters.CLASS_TOKEN, "cls_token", token != null && token.rank() == 3 ? Shape.of(1, 1, config.width()) : Shape.of(1, config.width()));
        names.tensor(Parameters.POSITIONS, "pos_embedding", positions != null && positions.rank() == 3
                ? Shape.of(1, config.tokens(), config.width()) : Shape.of(config.tokens(), config.width()));
        transformer(names, config, "0.to_out.0", "1.net.4");
        names.layer(Parameters.HEAD, "mlp_head");
        return names.views();
    }

    /** The views that ViT and SimpleViT share. */
    static void transformer(Renaming names, VitConfig config, String attentionOutput, String fc2) {
        names.layer(Parameters.PATCH_NORM_BEFORE, "to_patch_embedding.1");
        names.layer(Parameters.PATCH_PROJECTION, "to_patch_embedding.2");
        names.layer(Parameters.PATCH_NORM_AFTER, "to_patch_embedding.3");
        for (int i = 0; i < config.depth(); i++) {
            names.layers(i, BLOCKS + i + ".", Map.of(Parameters.NORM_1, "0.norm", Parameters.QKV, "0.to_qkv", Parameters.ATTENTION_OUTPUT, attentionOutput,
                    Parameters.NORM_2, "1.net.0", Parameters.FC1, "1.net.1", Parameters.FC2, fc2));
        }
        names.layer(Parameters.finalNorm(config), "transformer.norm");
    }
}
