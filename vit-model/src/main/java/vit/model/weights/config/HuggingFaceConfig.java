package vit.model.weights.config;

import java.util.List;
import java.util.Map;
import java.util.Set;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;

/** Hugging Face's {@code config.json} of ViTModel, ViTForImageClassification and the DeiT classes. */
final class HuggingFaceConfig {

    private static final Set<String> MODEL_TYPES = Set.of("vit", "deit");

    /** transformers' names; gelu_new, gelu_fast and gelu_pytorch_tanh are one formula. */
    private static final Map<String, GeluKind> ACTIVATIONS = Map.of("gelu", GeluKind.ERF, "gelu_python", GeluKind.ERF,
            "gelu_new", GeluKind.TANH, "gelu_fast", GeluKind.TANH, "gelu_pytorch_tanh", GeluKind.TANH,
            "gelu_accurate", GeluKind.TANH);

    private HuggingFaceConfig() {}

    static ConfigFile read(JsonObject json, List<String> notes) throws InputException {
        requirePlain(json);
        ConfigFields fields = new ConfigFields();
        count(json, "hidden_size", ConfigField.WIDTH, fields);
        count(json, "num_hidden_layers", ConfigField.DEPTH, fields);
        count(json, "num_attention_heads", ConfigField.HEADS, fields);
        count(json, "intermediate_size", ConfigField.MLP, fields);
        count(json, "num_channels", ConfigField.CHANNELS, fields);
        if (json.has("patch_size")) {
            fields.state(ConfigField.PATCH, ConfigField.patchSide(json.get("patch_size")), json.get("patch_size"));
        }
        if (json.has("image_size")) {
            fields.state(ConfigField.IMAGE, ConfigField.imageSize(json.get("image_size")), json.get("image_size"));
        }
        if (json.has("layer_norm_eps")) {
            fields.state(ConfigField.LAYER_NORM_EPS, Relaxed.number(json.get("layer_norm_eps")), json.get("layer_norm_eps"));
        }
        if (json.has("hidden_act")) {
            fields.state(ConfigField.GELU, ConfigField.choose(json.get("hidden_act"), ACTIVATIONS), json.get("hidden_act"));
        }
        if (json.has("qkv_bias")) {
            fields.state(ConfigField.QKV_BIAS, Relaxed.flag(json.get("qkv_bias")), json.get("qkv_bias"));
        }
        List<String> labels = json.has("id2label") ? Labels.fromNumbered(json.object("id2label"), json.get("id2label")) : List.of();
        if (!labels.isEmpty() && hasHead(json)) {
            fields.state(ConfigField.CLASSES, labels.size(), json.get("id2label"));
        } else if (labels.isEmpty() && json.has("num_labels") && hasHead(json)) {
            fields.state(ConfigField.CLASSES, ConfigField.atLeast(0, json.get("num_labels")), json.get("num_labels"));
        }
        ProblemType.state(json, fields);
        return new ConfigFile(json, ConfigFile.Form.HUGGING_FACE, "huggingface", fields, defaults(json), labels, notes, List.of());
    }

    /** Refuses models of other classes that have the same fields: by {@code model_type}, or by the names of the classes if there is no type. */
    private static void requirePlain(JsonObject json) throws InputException {
        if (json.has("model_type")) {
            String type = Relaxed.text(json.get("model_type"));
            if (!MODEL_TYPES.contains(type)) {
                throw json.fault("model_type").expected("vit or deit").found(type).because("the model is not a plain ViT");
            }
            return;
        }
        for (String name : architectures(json)) {
            if (!name.matches("(ViT|DeiT)(Model|For.*)")) {
                throw json.fault("architectures").expected("a class of ViT or DeiT").found(name).because("the model is not a plain ViT");
            }
        }
    }

    /** The defaults of transformers' ViTConfig and DeiTConfig. A file leaves out whatever equals its default. */
    private static ConfigFields defaults(JsonObject json) {
        ConfigFields implied = new ConfigFields();
        VitConfig base = VitVariants.find("vit_base_patch16_224").orElseThrow();
        implied.state(ConfigField.HEADS, base.heads(), json.get("num_attention_heads"));
        implied.state(ConfigField.MLP, base.mlp(), json.get("intermediate_size"));
        implied.state(ConfigField.IMAGE, ConfigField.IMAGE.get(base), json.get("image_size"));
        return implied;
    }

    private static List<String> architectures(JsonObject json) throws InputException {
        if (!json.has("architectures")) {
            return List.of();
        }
        JsonValue value = json.get("architectures");
        return value.kind() == JsonKind.ARRAY ? value.array().texts() : List.of(value.text());
    }

    /** Whether there is a head. Only a classifier's labels count: base models have the two labels that are transformers' default. */
    private static boolean hasHead(JsonObject json) throws InputException {
        return architectures(json).stream().anyMatch(name -> name.contains("ForImageClassification"));
    }

    private static void count(JsonObject json, String name, ConfigField<Integer> field, ConfigFields fields) throws InputException {
        if (json.has(name)) {
            fields.state(field, ConfigField.atLeast(field == ConfigField.DEPTH ? 0 : 1, json.get(name)), json.get(name));
        }
    }
}
