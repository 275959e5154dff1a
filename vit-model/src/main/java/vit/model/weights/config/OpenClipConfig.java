package vit.model.weights.config;

import java.util.List;
import java.util.Map;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.json.JsonObject;
import vit.model.json.Relaxed;

/** OpenCLIP's {@code open_clip_config.json}: {@code model_cfg.vision_cfg} describes the image tower. */
final class OpenClipConfig {

    private static final Map<String, Pooling> POOLINGS = Map.of("tok", Pooling.TOKEN, "avg", Pooling.PATCH_MEAN);

    private OpenClipConfig() {}

    static ConfigFile read(JsonObject document, List<String> notes) throws InputException {
        JsonObject model = document.object("model_cfg");
        JsonObject vision = model.object("vision_cfg");
        ConfigFields fields = new ConfigFields();
        ConfigFields implied = new ConfigFields();
        if (vision.has("timm_model_name")) {
            throw vision.fault("timm_model_name").expected("an image tower of OpenCLIP's own").found(vision.text("timm_model_name"))
                    .remedy("load the tower's tensors under timm's names, with timm's config.json").because("the image tower is a model of timm");
        }
        if (Relaxed.flag(vision, "attentional_pool", false)) {
            throw vision.fault("attentional_pool").expected("pooling by the class token or by the mean").found("an attentional pool")
                    .because("the model has CoCa's pooling, which this version does not compute");
        }
        int width = Relaxed.integer(vision, "width", 768);
        int headWidth = Relaxed.integer(vision, "head_width", 64);
        if (headWidth < 1 || width < headWidth) {
            throw vision.fault("head_width").expected("1 … " + width).found(headWidth).because("the width of a head is impossible");
        }
        implied.state(ConfigField.WIDTH, width, vision.get("width"));
        implied.state(ConfigField.DEPTH, Relaxed.integer(vision, "layers", 12), vision.get("layers"));
        fields.state(ConfigField.HEADS, width / headWidth, vision.get("head_width"));
        double hidden = width * Relaxed.number(vision, "mlp_ratio", 4);
        if (!(hidden >= 1 && hidden < 1 << 30)) {
            throw vision.fault("mlp_ratio").expected("an MLP width of 1 … 2^30").found(hidden).because("mlp_ratio is out of range");
        }
        fields.state(ConfigField.MLP, (int) hidden, vision.get("mlp_ratio"));
        if (vision.has("patch_size")) {
            fields.state(ConfigField.PATCH, ConfigField.patchSide(vision.get("patch_size")), vision.get("patch_size"));
        }
        if (vision.has("image_size")) {
            fields.state(ConfigField.IMAGE, ConfigField.imageSize(vision.get("image_size")), vision.get("image_size"));
        } else {
            implied.state(ConfigField.IMAGE, new ConfigField.ImageSize(224, 224), vision.get("image_size"));
        }
        boolean quick = Relaxed.flag(model, "quick_gelu", false);
        fields.state(ConfigField.GELU, quick ? GeluKind.QUICK : GeluKind.ERF, model.get("quick_gelu"));
        JsonObject normArguments = vision.optionalObject("norm_kwargs").orElse(JsonObject.empty(document.source()));
        fields.state(ConfigField.LAYER_NORM_EPS, Relaxed.number(normArguments, "eps", 1e-5), normArguments.get("eps"));
        fields.state(ConfigField.PRE_NORM, !Relaxed.flag(vision, "no_ln_pre", false), vision.get("no_ln_pre"));
        Pooling pooling = vision.has("pool_type") ? ConfigField.choose(vision.get("pool_type"), POOLINGS) : Pooling.TOKEN;
        fields.state(ConfigField.POOL, pooling, vision.get("pool_type"));
        boolean after = Relaxed.flag(vision, "final_ln_after_pool", false);
        fields.state(ConfigField.FINAL_NORM, after ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING, vision.get("final_ln_after_pool"));
        implied.state(ConfigField.HEAD, HeadConfig.Kind.PROJECTION, document.get("model_cfg"));
        if (model.has("embed_dim")) {
            fields.state(ConfigField.CLASSES, ConfigField.atLeast(1, model.get("embed_dim")), model.get("embed_dim"));
        }
        return new ConfigFile(document, ConfigFile.Form.OPEN_CLIP, "openclip", null, document.get("model_cfg"), fields, implied, List.of(), notes, List.of());
    }
}
