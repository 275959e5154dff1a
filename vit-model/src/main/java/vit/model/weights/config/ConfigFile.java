package vit.model.weights.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/**
 * What a {@code config.json} says: Hugging Face's form, timm's, or our own.
 *
 * @param raw    the document; image preprocessing is read from it elsewhere
 * @param family the weight family named or implied, or null
 * @param fields the values it states
 * @param labels the names of the classes, empty if it has none
 * @param notes  remarks for the user, such as fields without meaning here
 */
public record ConfigFile(JsonObject raw, String family, ConfigFields fields, List<String> labels, List<String> notes) {

    /** A configuration that says nothing. */
    public static ConfigFile absent() {
        return new ConfigFile(JsonObject.empty("no config.json"), null, new ConfigFields(), List.of(), List.of());
    }

    /**
     * Reads a file.
     *
     * @throws InputException if it is malformed, of no known form, or describes a model that is not a plain ViT
     */
    public static ConfigFile read(Path file) throws IOException {
        return read(Json.read(file));
    }

    /** Reads a document. */
    static ConfigFile read(JsonObject json) throws InputException {
        List<String> notes = new ArrayList<>();
        if (json.has("architecture") || json.has("model_args") || json.has("pretrained_cfg")) {
            return TimmConfig.read(json, notes);
        }
        if (json.has("model_type") || json.has("architectures") || json.has("hidden_size")) {
            return HuggingFaceConfig.read(json, notes);
        }
        return OwnConfig.read(json, notes);
    }
}
