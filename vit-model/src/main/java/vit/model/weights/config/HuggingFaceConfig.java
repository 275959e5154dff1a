package vit.model.weights.config;

import java.util.List;
import java.util.Map;
import vit.kernels.gelu.GeluKind;
import vit.model.InputException;
import vit.model.config.HeadConfig;
import vit.model.config.MlpConfig;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;
import vit.model.json.Relaxed;

/**
 * Hugging Face's {@code config.json}: ViT, DeiT, ViT-MAE, I-JEPA, the image towers of CLIP and SigLIP, DINOv2, BEiT and DINOv3. {@link HuggingFaceModel} has
 * what each class does with a field that a file leaves out.
 */
final class HuggingFaceConfig {

    /** transformers' names; gelu_new, gelu_fast and gelu_pytorch_tanh are one formula. */
    private static final Map<String, GeluKind> ACTIVATIONS = Map.of("gelu", GeluKind.ERF, "gelu_python", GeluKind.ERF,
            "gelu_new", GeluKind.TANH, "gelu_fast", GeluKind.TANH, "gelu_pytorch_tanh", GeluKind.TANH,
            "gelu_accurate", GeluKind.TANH, "quick_gelu", GeluKind.QUICK);

    private final JsonObject document;
    private final JsonObject json; // the image tower's part of the document, or the document itself
    private final HuggingFaceModel model;
    private final ConfigFields fields = new ConfigFields();
    private final ConfigFields implied = new ConfigFields();

    private HuggingFaceConfig(JsonObject document) throws InputException {
        this.document = document;
        this.model = model(document);
        JsonObject inside = document.optionalObject("vision_config_dict").orElse(null); // in old files, where it wins
        this.json = inside != null ? inside : document.optionalObject("vision_config").orElse(document);
    }

    static ConfigFile read(JsonObject document, List<String> notes) throws InputException {
        HuggingFaceConfig reading = new HuggingFaceConfig(document);
        reading.implied();
        reading.stated();
        List<String> labels = document.has("id2label") ? Labels.fromNumbered(document.object("id2label"), document.get("id2label")) : List.of();
        if (!labels.isEmpty() && hasHead(document)) {
            reading.fields.state(ConfigField.CLASSES, labels.size(), document.get("id2label"));
        } else if (labels.isEmpty() && document.has("num_labels") && hasHead(document)) {
            reading.fields.state(ConfigField.CLASSES, ConfigField.atLeast(0, document.get("num_labels")), document.get("num_labels"));
        }
        if (document.has("projection_dim") && reading.implied.get(ConfigField.HEAD) == HeadConfig.Kind.PROJECTION) {
            reading.fields.state(ConfigField.CLASSES, reading.implied.get(ConfigField.CLASSES), document.get("projection_dim"));
        }
        ProblemType.state(document, reading.fields);
        return new ConfigFile(document, ConfigFile.Form.HUGGING_FACE, reading.model.family(), reading.model.title(),
                document.get(document.has("model_type") || !document.has("architectures") ? "model_type" : "architectures"), reading.fields, reading.implied,
                hasHead(document) || reading.model.isPlain() ? labels : List.of(), notes, List.of());
    }

    private void stated() throws InputException {
        count("hidden_size", ConfigField.WIDTH);
        count("num_hidden_layers", ConfigField.DEPTH);
        count("num_attention_heads", ConfigField.HEADS);
        count("intermediate_size", ConfigField.MLP);
        count("num_channels", ConfigField.CHANNELS);
        count("num_register_tokens", ConfigField.REGISTERS);
        if (json.has("patch_size")) {
            fields.state(ConfigField.PATCH, ConfigField.patchSide(json.get("patch_size")), json.get("patch_size"));
        }
        if (json.has("image_size")) {
            fields.state(ConfigField.IMAGE, ConfigField.imageSize(json.get("image_size")), json.get("image_size"));
        }
        if (json.has("layer_norm_eps")) {
            fields.state(ConfigField.LAYER_NORM_EPS, Relaxed.number(json.get("layer_norm_eps")), json.get("layer_norm_eps"));
        }
        boolean gated = Relaxed.flag(json, "use_gated_mlp", false) || Relaxed.flag(json, "use_swiglu_ffn", false);
        if (gated) {
            fields.state(ConfigField.MLP_KIND, MlpConfig.Kind.SWIGLU, json.get(json.has("use_gated_mlp") ? "use_gated_mlp" : "use_swiglu_ffn"));
        } else if (json.has("hidden_act")) {
            fields.state(ConfigField.GELU, ConfigField.choose(json.get("hidden_act"), ACTIVATIONS), json.get("hidden_act"));
        }
        if (json.has("qkv_bias")) {
            fields.state(ConfigField.QKV_BIAS, Relaxed.flag(json.get("qkv_bias")), json.get("qkv_bias"));
        }
        model.state(json, fields);
    }

    /** What the model's class does where the file says nothing. A file leaves out whatever equals its default. */
    private void implied() throws InputException {
        if (!hasHead(document)) {
            implied.state(ConfigField.CLASSES, 0, document.get("architectures"));
        }
        model.imply(document, json, implied);
    }

    /** The model by {@code model_type}, or by the names of the classes if there is no type. Refuses models that are not computed here. */
    private static HuggingFaceModel model(JsonObject json) throws InputException {
        if (json.has("model_type")) {
            String type = Relaxed.text(json.get("model_type"));
            HuggingFaceModel model = HuggingFaceModel.ofType(type).orElse(null);
            if (model == null) {
                throw json.fault("model_type").expected("one of " + HuggingFaceModel.types()).found(type).because(HuggingFaceModel.refusal(type));
            }
            return model;
        }
        for (String name : architectures(json)) {
            if (HuggingFaceModel.ofClass(name).isEmpty()) {
                throw json.fault("architectures").expected("a class of " + HuggingFaceModel.types()).found(name).because("the model is not a plain ViT");
            }
        }
        List<String> names = architectures(json);
        return names.isEmpty() ? HuggingFaceModel.VIT : HuggingFaceModel.ofClass(names.getFirst()).orElseThrow();
    }

    /** The classes that the document names. */
    static List<String> architectures(JsonObject json) throws InputException {
        if (!json.has("architectures")) {
            return List.of();
        }
        JsonValue value = json.get("architectures");
        return value.kind() == JsonKind.ARRAY ? value.array().texts() : List.of(value.text());
    }

    /** Whether there is a head. Only a classifier's labels count: base models have the two labels that are transformers' default. */
    static boolean hasHead(JsonObject json) throws InputException {
        return architectures(json).stream().anyMatch(name -> name.contains("ForImageClassification"));
    }

    private void count(String name, ConfigField<Integer> field) throws InputException {
        if (json.has(name)) {
            int least = field == ConfigField.DEPTH || field == ConfigField.REGISTERS ? 0 : 1;
            fields.state(field, ConfigField.atLeast(least, json.get(name)), json.get(name));
        }
    }
}
