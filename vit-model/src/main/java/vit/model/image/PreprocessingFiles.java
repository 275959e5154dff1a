package vit.model.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonObject;

/**
 * Reads preprocessing from the files that accompany weights, and decides which one applies. Understands Hugging Face's
 * {@code preprocessor_config.json} (also the older feature-extractor form), timm's {@code config.json} (with {@code pretrained_cfg}, or flat) and
 * this project's own {@code config.json} with {@code "preprocess"}, which is a preset's name or an object.
 */
public final class PreprocessingFiles {

    private static final String HUGGING_FACE_FILE = "preprocessor_config.json";
    private static final String CONFIG_FILE = "config.json";

    private PreprocessingFiles() {}

    /**
     * The preprocessing that applies. The first of these that describes one decides: the preset {@code name}; {@code config};
     * {@code preprocessor_config.json} and then {@code config.json} beside the weights (beside {@code config} where there are no weights);
     * {@link Preprocessing#forFamily}.
     *
     * @param name    a preset, or null
     * @param weights the weight file or the folder that holds it, or null
     * @param config  a configuration file of any kind, or null
     * @param family  the family of the weights ({@code VitConfig.family}), or null for timm
     * @throws InputException if there is no such preset, or a file that describes preprocessing cannot be used
     */
    public static Preprocessing choose(String name, Path weights, Path config, String family) throws IOException {
        if (name != null) {
            return Preprocessing.named(name);
        }
        if (config != null) {
            Optional<Preprocessing> said = read(config);
            if (said.isPresent()) {
                return said.get();
            }
        }
        Path neighbour = weights != null ? weights : config;
        if (neighbour != null) {
            for (String file : new String[] {HUGGING_FACE_FILE, CONFIG_FILE}) {
                Path beside = Files.isDirectory(neighbour) ? neighbour.resolve(file) : neighbour.resolveSibling(file);
                if (!beside.equals(config) && Files.isRegularFile(beside)) {
                    Optional<Preprocessing> said = read(beside);
                    if (said.isPresent()) {
                        return said.get();
                    }
                }
            }
        }
        return Preprocessing.forFamily(family == null ? "timm" : family);
    }

    /**
     * The preprocessing that a configuration file describes; empty if it describes none.
     *
     * @throws InputException if the file is missing, malformed, or asks for something that is not offered
     */
    public static Optional<Preprocessing> read(Path file) throws IOException {
        return of(Json.read(file));
    }

    /**
     * The preprocessing that a configuration in memory describes, or that of {@code family} if it describes none.
     *
     * @param config a configuration of any kind, or null
     * @throws InputException if it is malformed or asks for something that is not offered
     */
    public static Preprocessing inMemory(byte[] config, String family) throws InputException {
        Optional<Preprocessing> said = config == null ? Optional.empty() : of(Json.parse("the configuration in memory", config));
        return said.orElse(Preprocessing.forFamily(family));
    }

    /** As {@link #read}, for a document in memory. */
    static Optional<Preprocessing> of(JsonObject document) throws InputException {
        if (document.has(OwnPreprocessing.FIELD)) {
            return Optional.of(OwnPreprocessing.read(document.get(OwnPreprocessing.FIELD)));
        }
        if (HuggingFacePreprocessing.speaksOf(document)) {
            return Optional.of(HuggingFacePreprocessing.read(document));
        }
        Optional<JsonObject> nested = document.optionalObject("pretrained_cfg");
        if (nested.isPresent()) {
            return Optional.of(TimmPreprocessing.read(nested.get()));
        }
        return TimmPreprocessing.speaksOf(document) ? Optional.of(TimmPreprocessing.read(document)) : Optional.empty();
    }
}
