package vit.model.weights.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonObject;
import vit.model.json.JsonValue;

/**
 * What a {@code config.json} says: Hugging Face's form, timm's, or our own.
 *
 * @param raw      the document; image preprocessing is read from it elsewhere
 * @param form     whose form the document has
 * @param family   the weight family named or implied, or null
 * @param model    the name of the model's architecture, as people call it; null if the document names none
 * @param naming   the field that names it, or by which the document is of this form
 * @param fields   the values it states; shapes must not contradict them
 * @param implied  the values that follow from an architecture's name, or from the defaults of the class that the file configures; shapes overrule them
 * @param labels   the names of the classes, empty if it has none
 * @param notes    remarks for the user, such as fields without meaning here
 * @param warnings assumptions that a reader of the results must know
 */
public record ConfigFile(JsonObject raw, Form form, String family, String model, JsonValue naming, ConfigFields fields, ConfigFields implied,
        List<String> labels, List<String> notes, List<String> warnings) {

    /** Whose form a configuration has. */
    public enum Form {
        /** There is no configuration. */
        NONE("heads"),
        TIMM("model_args.num_heads"),
        HUGGING_FACE("num_attention_heads"),
        OPEN_CLIP("model_cfg.vision_cfg.head_width"),
        OWN("heads");

        private final String headsField;

        Form(String headsField) {
            this.headsField = headsField;
        }

        /** The field that states the number of heads, for messages. */
        public String headsField() {
            return headsField;
        }
    }

    /** A configuration that says nothing. */
    public static ConfigFile absent() {
        JsonObject nothing = JsonObject.empty("no config.json");
        return new ConfigFile(nothing, Form.NONE, null, null, nothing.get("family"), new ConfigFields(), new ConfigFields(), List.of(), List.of(), List.of());
    }

    /**
     * Reads a file.
     *
     * @throws InputException if it is malformed, of no known form, or describes a model that is not a plain ViT
     */
    public static ConfigFile read(Path file) throws IOException {
        return read(Json.read(file));
    }

    /**
     * Reads a document in memory.
     *
     * @param source the name that messages give it
     */
    public static ConfigFile read(String source, byte[] document) throws InputException {
        return read(Json.parse(source, document));
    }

    /** Reads a document. */
    static ConfigFile read(JsonObject json) throws InputException {
        List<String> notes = new ArrayList<>();
        if (json.has("architecture") || json.has("model_args") || json.has("pretrained_cfg")) {
            return TimmConfig.read(json, notes);
        }
        if (json.has("model_cfg")) {
            return OpenClipConfig.read(json, notes);
        }
        if (json.has("model_type") || json.has("architectures") || json.has("hidden_size")) {
            return HuggingFaceConfig.read(json, notes);
        }
        return OwnConfig.read(json, notes);
    }
}
