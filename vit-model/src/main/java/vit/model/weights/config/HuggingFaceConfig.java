package vit.model.weights.config;

import java.util.List;
import java.util.Map;
import java.util.Set;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.json.JsonArray;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;

/** Hugging Face's {@code config.json} of ViTModel, ViTForImageClassification and the DeiT classes. */
final class HuggingFaceConfig {

    private static final Set<String> MODEL_TYPES = Set.of("vit", "deit");

    /** transformers' names; gelu_new, gelu_fast and gelu_pytorch_tanh are one formula. */
    private static final Map<String, GeluKind> ACTIVATIONS = Map.of("gelu", GeluKind.ERF, "gelu_python", GeluKind.ERF,
            "gelu_new", GeluKind.TANH, "gelu_fast", GeluKind.TANH, "gelu_pytorch_tanh", GeluKind.TANH);

    private HuggingFaceConfig() {}

    static ConfigFile read(JsonObject json, List<String> notes) throws InputException {
        if (json.has("model_type") && !MODEL_TYPES.contains(json.text("model_type"))) {
            throw json.fault("model_type").expected("vit or deit").found(json.text("model_type")).because("the model is not a plain ViT");
        }
        ConfigFields fields = new ConfigFields();
        count(json, "hidden_size", ConfigField.WIDTH, fields);
        count(json, "num_hidden_layers", ConfigField.DEPTH, fields);
        count(json, "num_attention_heads", ConfigField.HEADS, fields);
        count(json, "intermediate_size", ConfigField.MLP, fields);
        count(json, "num_channels", ConfigField.CHANNELS, fields);
        patch(json, fields);
        if (json.has("image_size")) {
            fields.state(ConfigField.IMAGE, ConfigField.imageSize(json.get("image_size")), json.get("image_size"));
        }
        if (json.has("layer_norm_eps")) {
            fields.state(ConfigField.LAYER_NORM_EPS, json.number("layer_norm_eps"), json.get("layer_norm_eps"));
        }
        if (json.has("hidden_act")) {
            fields.state(ConfigField.GELU, ConfigField.choose(json.get("hidden_act"), ACTIVATIONS), json.get("hidden_act"));
        }
        if (json.has("qkv_bias")) {
            fields.state(ConfigField.QKV_BIAS, json.flag("qkv_bias"), json.get("qkv_bias"));
        }
        List<String> labels = json.has("id2label") ? Labels.fromNumbered(json.object("id2label"), json.get("id2label")) : List.of();
        if (!labels.isEmpty() && hasHead(json)) {
            fields.state(ConfigField.CLASSES, labels.size(), json.get("id2label"));
        }
        ProblemType.state(json, fields);
        return new ConfigFile(json, "huggingface", fields, labels, notes);
    }

    /** Only a classifier's configuration counts its labels: base models carry the two that are transformers' default. */
    private static boolean hasHead(JsonObject json) throws InputException {
        return json.has("architectures") && json.array("architectures").texts().stream().anyMatch(name -> name.contains("ForImageClassification"));
    }

    private static void count(JsonObject json, String name, ConfigField<Integer> field, ConfigFields fields) throws InputException {
        if (json.has(name)) {
            fields.state(field, ConfigField.atLeast(field == ConfigField.DEPTH ? 0 : 1, json.get(name)), json.get(name));
        }
    }

    private static void patch(JsonObject json, ConfigFields fields) throws InputException {
        if (!json.has("patch_size")) {
            return;
        }
        JsonValue value = json.get("patch_size");
        if (value.kind() == JsonKind.ARRAY) {
            JsonArray sides = value.array();
            if (sides.size() != 2 || sides.get(0).integer() != sides.get(1).integer()) {
                throw value.fault().expected("a square patch").found(java.util.Arrays.toString(sides.integers())).because("the patch is not square");
            }
            value = sides.get(0);
        }
        fields.state(ConfigField.PATCH, ConfigField.atLeast(1, value), json.get("patch_size"));
    }
}
