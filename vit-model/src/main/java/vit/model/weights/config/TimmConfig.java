package vit.model.weights.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.VitConfig;
import vit.model.VitConfig.FinalNorm;
import vit.model.VitConfig.Pooling;
import vit.model.VitConfig.Positions;
import vit.model.VitVariants;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.weights.config.ConfigField.ImageSize;

/**
 * timm's {@code config.json}. As in timm, the architecture's name gives sizes, {@code pretrained_cfg.input_size} the image,
 * and {@code model_args} overrule both.
 */
final class TimmConfig {

    private static final Pattern PUBLISHED =
            Pattern.compile("(?:vit|deit|deit3)_(tiny|small|base|large|huge)(?:_distilled)?_patch(\\d{1,3})(?:_reg\\d)?_(\\d{1,4}|dinov2)(?:_in21k|_miil)?");

    /** Heads where neither the size's name nor width / 64 tells them. */
    private static final Map<String, Integer> HEADS = Map.of("vit_base_patch16_gap_224", 16, "test_vit", 2, "test_vit2", 2);

    private static final Map<String, GeluKind> ACTIVATIONS = Map.of("gelu", GeluKind.ERF, "gelu_tanh", GeluKind.TANH);

    /** Arguments that change training or the input's handling, not the forward pass of a given image. */
    private static final Set<String> WITHOUT_EFFECT = Set.of("drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate",
            "drop_path_rate", "weight_init", "fix_init", "dynamic_img_size", "dynamic_img_pad", "strict_img_size", "init_values", "pos_embed",
            "num_classes", "global_pool", "pool_include_prefix");

    /** Arguments that make another model unless they have this value. */
    private static final Map<String, Boolean> ONLY = Map.of("qk_norm", false, "pre_norm", false, "final_norm", true, "proj_bias", true,
            "scale_attn_norm", false, "scale_mlp_norm", false);

    private final JsonObject json;
    private final ConfigFields fields = new ConfigFields();
    private final List<String> notes;

    private TimmConfig(JsonObject json, List<String> notes) {
        this.json = json;
        this.notes = notes;
    }

    static ConfigFile read(JsonObject json, List<String> notes) throws InputException {
        TimmConfig reader = new TimmConfig(json, notes);
        if (json.has("architecture")) {
            reader.architecture(json.text("architecture"));
        }
        if (json.has("pretrained_cfg")) {
            reader.inputSize(json.object("pretrained_cfg"));
        }
        if (json.has("num_features")) {
            reader.fields.state(ConfigField.WIDTH, ConfigField.atLeast(1, json.get("num_features")), json.get("num_features"));
        }
        reader.head(json);
        if (json.has("model_args")) {
            reader.modelArguments(json.object("model_args"));
        }
        ProblemType.state(json, reader.fields);
        return new ConfigFile(json, "timm", reader.fields, reader.labels(), notes);
    }

    private void architecture(String tagged) {
        String name = tagged.split("\\.", 2)[0];
        Matcher matcher = PUBLISHED.matcher(name);
        JsonValue origin = json.get("architecture");
        if (matcher.matches()) {
            VitConfig variant = VitVariants.find("vit_" + matcher.group(1) + "_patch" + matcher.group(2) + "_224").orElse(null);
            if (variant != null) {
                fields.stateSizes(variant, origin);
                boolean dino = matcher.group(3).equals("dinov2");
                int side = dino ? 518 : Integer.parseInt(matcher.group(3));
                fields.state(ConfigField.IMAGE, new ImageSize(side, side), origin);
            }
        } else if (HEADS.containsKey(name)) {
            fields.state(ConfigField.HEADS, HEADS.get(name), origin);
        }
    }

    private void inputSize(JsonObject pretrained) throws InputException {
        if (!pretrained.has("input_size")) {
            return;
        }
        JsonArray size = pretrained.array("input_size");
        if (size.size() != 3) {
            throw size.fault().expected("[channels, height, width]").found(size.size() + " values").because("input_size is not a triple");
        }
        JsonValue origin = pretrained.get("input_size");
        fields.state(ConfigField.CHANNELS, ConfigField.atLeast(1, size.get(0)), origin);
        fields.state(ConfigField.IMAGE, new ImageSize(ConfigField.atLeast(1, size.get(1)), ConfigField.atLeast(1, size.get(2))), origin);
    }

    /** The number of classes and the pooling, which stand at the top and may stand among the arguments. */
    private void head(JsonObject object) throws InputException {
        if (object.has("num_classes")) {
            fields.state(ConfigField.CLASSES, ConfigField.atLeast(0, object.get("num_classes")), object.get("num_classes"));
        }
        if (object.has("global_pool")) {
            JsonObject arguments = json.optionalObject("model_args").orElse(json);
            Pooling mean = arguments.flag("pool_include_prefix", false) ? Pooling.ALL_MEAN : Pooling.PATCH_MEAN;
            // No pooling hands out all tokens; the class token is what a user of the features takes.
            Pooling pooling = ConfigField.choose(object.get("global_pool"), Map.of("token", Pooling.TOKEN, "", Pooling.TOKEN, "avg", mean));
            fields.state(ConfigField.POOL, pooling, object.get("global_pool"));
        }
    }

    private void modelArguments(JsonObject arguments) throws InputException {
        head(arguments);
        for (String name : arguments.names()) {
            if (arguments.has(name)) {
                argument(name, arguments.get(name));
            }
        }
        if (arguments.has("mlp_ratio")) {
            mlpRatio(arguments);
        }
    }

    private void argument(String name, JsonValue value) throws InputException {
        switch (name) {
            case "img_size" -> fields.state(ConfigField.IMAGE, ConfigField.imageSize(value), value);
            case "patch_size" -> fields.state(ConfigField.PATCH, ConfigField.atLeast(1, value), value);
            case "in_chans" -> fields.state(ConfigField.CHANNELS, ConfigField.atLeast(1, value), value);
            case "embed_dim" -> fields.state(ConfigField.WIDTH, ConfigField.atLeast(1, value), value);
            case "depth" -> fields.state(ConfigField.DEPTH, ConfigField.atLeast(0, value), value);
            case "num_heads" -> fields.state(ConfigField.HEADS, ConfigField.atLeast(1, value), value);
            case "qkv_bias" -> fields.state(ConfigField.QKV_BIAS, value.flag(), value);
            case "class_token" -> fields.state(ConfigField.CLASS_TOKEN, value.flag(), value);
            case "reg_tokens" -> fields.state(ConfigField.REGISTERS, ConfigField.atLeast(0, value), value);
            case "no_embed_class" -> {
                if (value.flag()) {
                    fields.state(ConfigField.POSITIONS, Positions.LEARNED_PATCHES, value);
                }
            }
            case "fc_norm" -> fields.state(ConfigField.FINAL_NORM, value.flag() ? FinalNorm.AFTER_POOLING : FinalNorm.BEFORE_POOLING, value);
            case "act_layer" -> fields.state(ConfigField.GELU, ConfigField.choose(value, ACTIVATIONS), value);
            case "norm_layer" -> ConfigField.choose(value, Map.of("layernorm", true, "LayerNorm", true));
            case "mlp_ratio" -> { }
            default -> unusual(name, value);
        }
    }

    private static void unusual(String name, JsonValue value) throws InputException {
        Boolean only = ONLY.get(name);
        if (only != null && value.kind() == JsonKind.FLAG && value.flag() == only || WITHOUT_EFFECT.contains(name)) {
            return;
        }
        throw value.fault().expected(only == null ? "only arguments of the plain ViT" : only).found(only == null ? name : value)
                .because("this argument makes a model that is not supported");
    }

    /** timm computes int(embed_dim * mlp_ratio) in double. */
    private void mlpRatio(JsonObject arguments) throws InputException {
        Integer width = fields.get(ConfigField.WIDTH);
        if (width == null) {
            notes.add("mlp_ratio is not used: there is no embed_dim");
            return;
        }
        double mlp = width * arguments.number("mlp_ratio");
        if (!(mlp >= 1 && mlp < 1 << 30)) {
            throw arguments.fault("mlp_ratio").expected("an MLP width of 1 … 2^30").found(mlp).because("mlp_ratio is out of range");
        }
        fields.state(ConfigField.MLP, (int) mlp, arguments.get("mlp_ratio"));
    }

    /** Label names are WordNet ids for ImageNet; the descriptions say what they are. */
    private List<String> labels() throws InputException {
        JsonObject holder = json.has("label_names") ? json : json.optionalObject("pretrained_cfg").orElse(json);
        if (!holder.has("label_names")) {
            return List.of();
        }
        List<String> names = holder.array("label_names").texts();
        if (!holder.has("label_descriptions")) {
            return names;
        }
        JsonObject descriptions = holder.object("label_descriptions");
        List<String> labels = new ArrayList<>();
        for (String name : names) {
            labels.add(descriptions.text(name, name));
        }
        return labels;
    }
}
