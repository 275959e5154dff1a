package vit.model.serve.protocol;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.json.Json;

/**
 * The answer to a request for inference.
 *
 * @param body       JSON, followed by the bytes of the outputs that were asked for as binary data
 * @param jsonLength how many bytes of the body are JSON
 * @param isBinary   whether there are binary outputs
 */
public record InferenceReply(byte[] body, int jsonLength, boolean isBinary) {

    /** The results of one image; {@code logits} and {@code probabilities} are null if no classes were asked for. */
    public record Result(float[] logits, double[] probabilities, float[] embedding) {}

    /**
     * Writes the answer.
     *
     * @param results one for every image of the request
     */
    public static InferenceReply of(InferenceModel model, InferenceRequest request, List<Result> results) {
        ByteArrayOutputStream binary = new ByteArrayOutputStream();
        List<Object> outputs = new ArrayList<>();
        for (InferenceRequest.Output output : request.outputs()) {
            outputs.add(tensor(model, output, results, binary));
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("model_name", model.name());
        answer.put("model_version", InferenceModel.VERSION);
        if (request.id() != null) {
            answer.put("id", request.id());
        }
        answer.put("outputs", outputs);
        byte[] json = Json.write(answer).getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream body = new ByteArrayOutputStream(json.length + binary.size());
        body.writeBytes(json);
        body.writeBytes(binary.toByteArray());
        return new InferenceReply(body.toByteArray(), json.length, request.outputs().stream().anyMatch(InferenceRequest.Output::isBinary));
    }

    private static Map<String, Object> tensor(InferenceModel model, InferenceRequest.Output output, List<Result> results, ByteArrayOutputStream binary) {
        int width = model.width(output.key());
        float[] values = new float[Math.multiplyExact(results.size(), width)];
        for (int i = 0; i < results.size(); i++) {
            System.arraycopy(values(results.get(i), output.key()), 0, values, i * width, width);
        }
        Map<String, Object> tensor = new LinkedHashMap<>();
        tensor.put("name", output.name());
        tensor.put("datatype", "FP32");
        tensor.put("shape", new int[] {results.size(), width});
        if (output.isBinary()) {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            binary.writeBytes(bytes.array());
            tensor.put("parameters", Map.of("binary_data_size", bytes.capacity()));
        } else {
            tensor.put("data", values);
        }
        return tensor;
    }

    private static float[] values(Result result, String output) {
        return switch (output) {
            case InferenceModel.LOGITS -> result.logits();
            case InferenceModel.PROBABILITIES -> floats(result.probabilities());
            case InferenceModel.EMBEDDING -> result.embedding();
            default -> throw new IllegalArgumentException(output);
        };
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }
}
