package vit.model.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonKind;
import vit.model.json.JsonObject;

/**
 * Reads preprocessing from the files that accompany weights, and decides which one applies. Understands Hugging Face's
 * {@code preprocessor_config.json} (also the older feature-extractor form), OpenCLIP's {@code open_clip_config.json}, timm's {@code config.json} (with
 * {@code pretrained_cfg}, or flat) and this project's own {@code config.json} with {@code "preprocess"}, which is a preset's name or an object.
 */
public final class PreprocessingFiles {

    private static final String HUGGING_FACE_FILE = "preprocessor_config.json";
    private static final String OPEN_CLIP_FILE = "open_clip_config.json";
    private static final String CONFIG_FILE = "config.json";
    private static final String OPEN_CLIP = "openclip";

    private PreprocessingFiles() {}

    /**
     * The preprocessing that applies. The first of these that describes one decides: the preset {@code name}; {@code config};
     * {@code preprocessor_config.json} and then {@code config.json} beside the weights (beside {@code config} where there are no weights);
     * {@link Preprocessing#forFamily}. For weights of OpenCLIP, {@code open_clip_config.json} precedes the other files beside them. The model that
     * Hugging Face's {@code config.json} names chooses among the presets of its family.
     *
     * @param name    a preset, or null
     * @param weights the weight file or the folder that holds it, or null
     * @param config  a configuration file of any kind, or null
     * @param family  the family of the weights ({@code VitConfig.family}), or null for timm
     * @throws InputException if there is no such preset, or a file that describes preprocessing cannot be used
     */
    public static Preprocessing choose(String name, Path weights, Path config, String family) throws IOException {
        return decide(name, weights, config, family).preprocessing();
    }

    /**
     * As {@link #choose}, and tells whether the preprocessing was assumed.
     *
     * @throws InputException as there
     */
    public static PreprocessingChoice decide(String name, Path weights, Path config, String family) throws IOException {
        if (name != null) {
            return PreprocessingChoice.stated(Preprocessing.named(name));
        }
        List<JsonObject> silent = new ArrayList<>();
        for (Path file : candidates(weights, config, family)) {
            JsonObject document = Json.read(file);
            Optional<Preprocessing> said = of(document);
            if (said.isPresent()) {
                return PreprocessingChoice.stated(said.get());
            }
            silent.add(document);
        }
        return usual(silent, family == null ? "timm" : family);
    }

    /** The usual preprocessing of a model whose configurations describe none. */
    private static PreprocessingChoice usual(List<JsonObject> configurations, String family) throws InputException {
        String model = "";
        boolean fixed = Presets.isFixed(family);
        for (JsonObject document : configurations) {
            model = model.isEmpty() ? modelType(document) : model;
            fixed |= OPEN_CLIP.equals(family) && document.has(OpenClipPreprocessing.MODEL);
        }
        Preprocessing preset = Presets.forModel(model, family);
        return fixed || Presets.isFixed(model, family) ? PreprocessingChoice.stated(preset) : PreprocessingChoice.assumed(preset, family);
    }

    /** The files that may describe the preprocessing, the one that decides first. */
    private static List<Path> candidates(Path weights, Path config, String family) {
        List<Path> files = new ArrayList<>();
        if (config != null) {
            files.add(config);
        }
        Path neighbour = weights != null ? weights : config;
        if (neighbour != null) {
            List<String> names = OPEN_CLIP.equals(family) ? List.of(OPEN_CLIP_FILE, HUGGING_FACE_FILE, CONFIG_FILE) : List.of(HUGGING_FACE_FILE, CONFIG_FILE);
            for (String name : names) {
                Path beside = Files.isDirectory(neighbour) ? neighbour.resolve(name) : neighbour.resolveSibling(name);
                if (!beside.equals(config) && Files.isRegularFile(beside)) {
                    files.add(beside);
                }
            }
        }
        return files;
    }

    /** The kind of model that Hugging Face's configuration states, or "". */
    private static String modelType(JsonObject document) throws InputException {
        return document.kind("model_type") == JsonKind.TEXT ? document.text("model_type") : "";
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
        return decide(config, family).preprocessing();
    }

    /**
     * As {@link #inMemory}, and tells whether the preprocessing was assumed.
     *
     * @throws InputException as there
     */
    public static PreprocessingChoice decide(byte[] config, String family) throws InputException {
        if (config == null) {
            return usual(List.of(), family);
        }
        JsonObject document = Json.parse("the configuration in memory", config);
        Optional<Preprocessing> said = of(document);
        return said.isPresent() ? PreprocessingChoice.stated(said.get()) : usual(List.of(document), family);
    }

    /** As {@link #read}, for a document in memory. */
    static Optional<Preprocessing> of(JsonObject document) throws InputException {
        if (document.has(OwnPreprocessing.FIELD)) {
            return Optional.of(OwnPreprocessing.read(document.get(OwnPreprocessing.FIELD)));
        }
        if (HuggingFacePreprocessing.speaksOf(document)) {
            return Optional.of(HuggingFacePreprocessing.read(document));
        }
        Optional<JsonObject> openClip = document.optionalObject(OpenClipPreprocessing.FIELD);
        if (openClip.isPresent()) {
            return Optional.of(OpenClipPreprocessing.read(openClip.get()));
        }
        Optional<JsonObject> nested = document.optionalObject("pretrained_cfg");
        if (nested.isPresent()) {
            return Optional.of(TimmPreprocessing.read(nested.get()));
        }
        return TimmPreprocessing.speaksOf(document) ? Optional.of(TimmPreprocessing.read(document)) : Optional.empty();
    }
}
