package vit.bench.load;

import java.io.IOException;
import vit.model.InputException;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;

/**
 * What a server of the Open Inference Protocol says about a model, as far as requests need it.
 *
 * @param name   the model's
 * @param input  the name of the input of normalised pixels
 * @param shape  of that input, with a batch of one
 * @param output the name of the output that is asked for
 */
record ModelMetadata(String name, String input, long[] shape, String output) {

    private static final String PIXELS = "pixels";
    private static final String LOGITS = "logits";
    private static final String FLOAT = "FP32";

    /** Elements of the input. */
    int elements() {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        return Math.toIntExact(elements);
    }

    /**
     * Takes the input {@code pixels} and the output {@code logits}; if there is none of that name, the first of type FP32.
     *
     * @throws InputException if it is not a model's metadata, or the model has no such input and output
     */
    static ModelMetadata parse(String source, byte[] json) throws IOException {
        JsonObject model = Json.parse(source, json);
        JsonObject input = choose(model.array("inputs"), PIXELS);
        JsonObject output = choose(model.array("outputs"), LOGITS);
        if (input == null || output == null) {
            throw model.fault(input == null ? "inputs" : "outputs").expected("one of type " + FLOAT).found("none")
                    .because("the model cannot be sent pixels");
        }
        JsonArray sizes = input.array("shape");
        long[] shape = new long[sizes.size()];
        for (int i = 0; i < shape.length; i++) {
            long size = sizes.get(i).longInteger();
            shape[i] = size < 0 ? 1 : size; // -1 stands for any size, as that of a batch
        }
        return new ModelMetadata(model.text("name"), input.text("name"), shape, output.text("name"));
    }

    private static JsonObject choose(JsonArray tensors, String preferred) throws InputException {
        JsonObject first = null;
        for (int i = 0; i < tensors.size(); i++) {
            JsonObject tensor = tensors.get(i).object();
            if (tensor.text("datatype").equals(FLOAT)) {
                if (tensor.text("name").equals(preferred)) {
                    return tensor;
                }
                first = first == null ? tensor : first;
            }
        }
        return first;
    }
}
