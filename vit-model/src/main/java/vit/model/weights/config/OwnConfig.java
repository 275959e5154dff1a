package vit.model.weights.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import vit.model.InputException;
import vit.model.config.VitConfig;
import vit.model.config.VitVariants;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/**
 * Our own form: {@code family}, the names of {@link ConfigField}, {@code labels}, and {@code model} for the sizes of a published
 * variant. A field that is left out has the family's default.
 */
public final class OwnConfig {

    private static final Set<String> OTHERS = Set.of("family", "model", "labels");

    private OwnConfig() {}

    static ConfigFile read(JsonObject json, List<String> notes) throws InputException {
        if (!json.has("family") && !json.has("model") && ConfigField.ALL.stream().noneMatch(field -> json.has(field.name()))) {
            throw json.fault("family").expected("a config.json of Hugging Face (model_type), timm (architecture) or our own (family)")
                    .found(json.names().isEmpty() ? "no fields" : json.names().size() + " other fields").because("the configuration has no known form");
        }
        ConfigFields fields = new ConfigFields();
        if (json.has("model")) {
            VitConfig variant = VitVariants.find(json.text("model")).orElse(null);
            if (variant == null) {
                throw json.fault("model").expected("a name such as vit_base_patch16_224").found(json.text("model")).because("the variant is unknown");
            }
            fields.stateSizes(variant, json.get("model"));
        }
        for (ConfigField<?> field : ConfigField.ALL) {
            if (json.has(field.name())) {
                state(field, json, fields);
            }
        }
        for (String name : json.names()) {
            if (!OTHERS.contains(name) && ConfigField.ALL.stream().noneMatch(field -> field.name().equals(name))) {
                notes.add("field " + name + " of the configuration is not a property of the model");
            }
        }
        List<String> labels = json.has("labels") ? Labels.texts(json.array("labels")) : List.of();
        return new ConfigFile(json, ConfigFile.Form.OWN, json.text("family", null), null, json.get("family"), fields, new ConfigFields(), labels, notes, List.of());
    }

    private static <T> void state(ConfigField<T> field, JsonObject json, ConfigFields fields) throws InputException {
        fields.state(field, field.parse(json.get(field.name())), json.get(field.name()));
    }

    /** The document for {@code config}, one line; {@code more} are further fields, for example image preprocessing. */
    public static String write(VitConfig config, List<String> labels, Map<String, ?> more) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("family", config.family());
        for (ConfigField<?> field : ConfigField.ALL) {
            document.put(field.name(), field.written(config));
        }
        if (!labels.isEmpty()) {
            document.put("labels", labels);
        }
        document.putAll(more);
        return Json.write(document) + "\n";
    }
}
