package vit.model.serve.protocol;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.config.VitConfig;

/**
 * What the protocol says of a model: the inputs it takes, of which a request gives one, and the outputs it gives.
 *
 * <ul>
 * <li>{@code pixels}: FP32 (n, channels, height, width), normalised as in the model's training</li>
 * <li>{@code image}: BYTES (n), encoded image files; in JSON each is a string in base64</li>
 * </ul>
 *
 * <p>Requests may write the names in any case, because a client changes it: Flink's writes them in capitals.
 *
 * @param name   of the model
 * @param config its sizes
 */
public record InferenceModel(String name, VitConfig config) {

    /** The only version. A model that replaces another under load has the same. */
    public static final String VERSION = "1";

    /** The input of normalised pixels. */
    public static final String PIXELS = "pixels";
    /** The input of encoded images. */
    public static final String IMAGE = "image";

    static final String LOGITS = "logits";
    static final String PROBABILITIES = "probabilities";
    static final String EMBEDDING = "embedding";

    /** Whether it has logits and probabilities. */
    boolean hasClasses() {
        return config.classes() > 0 && !config.isProjection();
    }

    /** The names of the outputs, in the order in which they are given if a request names none. */
    List<String> outputs() {
        return hasClasses() ? List.of(LOGITS, PROBABILITIES, EMBEDDING) : List.of(EMBEDDING);
    }

    /** Elements of an output for one image, by its name in lower case. */
    int width(String output) {
        return output.equals(EMBEDDING) ? config.embeddingWidth() : config.classes();
    }

    /** Elements of an image. */
    int imageElements() {
        return Math.multiplyExact(config.channels(), config.imageHeight() * config.imageWidth());
    }

    /** The model's metadata. */
    public Map<String, Object> metadata() {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("name", name);
        metadata.put("versions", List.of(VERSION));
        metadata.put("platform", "vit");
        metadata.put("inputs", List.of(
                tensor(PIXELS, "FP32", -1, config.channels(), config.imageHeight(), config.imageWidth()),
                tensor(IMAGE, "BYTES", -1)));
        List<Object> outputs = new ArrayList<>();
        for (String output : outputs()) {
            outputs.add(tensor(output, "FP32", -1, width(output)));
        }
        metadata.put("outputs", outputs);
        return metadata;
    }

    private static Map<String, Object> tensor(String name, String datatype, int... shape) {
        Map<String, Object> tensor = new LinkedHashMap<>();
        tensor.put("name", name);
        tensor.put("datatype", datatype);
        tensor.put("shape", shape);
        return tensor;
    }
}
