package vit.bench.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import vit.model.json.Json;

/** Makes the HTTP requests for one image. What does not change between them is made once. */
@FunctionalInterface
interface HttpBody {

    /** In which form an image is sent. */
    enum Kind {
        /** Float values in binary, after a header in JSON. */
        TENSOR,
        /** Float values in JSON. */
        JSON,
        /** The bytes of an image file. */
        IMAGE
    }

    /**
     * A request, without a time-out of the client.
     *
     * @param microseconds until the answer is of no use any more, above 0
     */
    HttpRequest.Builder request(long microseconds);

    /** A JSON header and then the pixels, little-endian, as the protocol's extension for binary tensors has it. */
    static HttpBody tensor(URI server, ModelMetadata model, float[] pixels) {
        byte[] tensor = new byte[Math.multiplyExact(pixels.length, Float.BYTES)];
        ByteBuffer.wrap(tensor).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(pixels);
        String rest = inputsAndOutputs(model, Map.of("name", model.input(), "datatype", "FP32", "shape", model.shape(), "parameters",
                Map.of("binary_data_size", tensor.length)), true);
        BodyPublisher data = BodyPublishers.ofByteArray(tensor);
        return microseconds -> {
            byte[] header = (timeout(microseconds) + rest).getBytes(StandardCharsets.UTF_8);
            return infer(server, model).header("Inference-Header-Content-Length", String.valueOf(header.length))
                    .header("Content-Type", "application/octet-stream").POST(BodyPublishers.concat(BodyPublishers.ofByteArray(header), data));
        };
    }

    /** Everything in JSON. */
    static HttpBody json(URI server, ModelMetadata model, float[] pixels) {
        byte[] rest = inputsAndOutputs(model, Map.of("name", model.input(), "datatype", "FP32", "shape", model.shape(), "data", pixels), false)
                .getBytes(StandardCharsets.UTF_8);
        BodyPublisher data = BodyPublishers.ofByteArray(rest);
        return microseconds -> infer(server, model).header("Content-Type", "application/json")
                .POST(BodyPublishers.concat(BodyPublishers.ofString(timeout(microseconds)), data));
    }

    /** The bytes of an image file. The protocol has no such request; this is the one of {@code vit serve}. */
    static HttpBody image(URI server, Path file) throws IOException {
        BodyPublisher data = BodyPublishers.ofByteArray(Files.readAllBytes(file));
        String name = file.toString().toLowerCase(Locale.ROOT);
        String type = name.endsWith(".png") ? "image/png" : name.endsWith(".webp") ? "image/webp" : "image/jpeg";
        return microseconds -> HttpRequest.newBuilder(server.resolve("/classify?timeout_ms=" + Math.ceilDiv(microseconds, 1000))).header("Content-Type", type).POST(data);
    }

    private static HttpRequest.Builder infer(URI server, ModelMetadata model) {
        return HttpRequest.newBuilder(server.resolve("/v2/models/" + model.name() + "/infer"));
    }

    /** The beginning of the object, with the deadline as the protocol's extension for scheduling has it. */
    private static String timeout(long microseconds) {
        return "{\"parameters\":{\"timeout\":" + microseconds + "},";
    }

    private static String inputsAndOutputs(ModelMetadata model, Map<String, Object> input, boolean binary) {
        Map<String, Object> output = Map.of("name", model.output(), "parameters", Map.of("binary_data", binary));
        return "\"inputs\":" + Json.write(List.of(input)) + ",\"outputs\":" + Json.write(List.of(output)) + "}";
    }
}
