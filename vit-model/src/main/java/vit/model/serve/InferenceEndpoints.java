package vit.model.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import vit.model.serve.protocol.InferenceModel;
import vit.model.serve.protocol.InferenceReply;
import vit.model.serve.protocol.InferenceReply.Result;
import vit.model.serve.protocol.InferenceRequest;
import vit.model.serve.protocol.InferenceRequestReader;
import vit.model.service.RequestRefusedException;

/** The Open Inference Protocol v2. Every image of a request is a request of its own to the service; the answer comes when all are computed. */
final class InferenceEndpoints {

    /** How many bytes of the body are JSON, in requests and answers. */
    static final String JSON_LENGTH = "Inference-Header-Content-Length";

    /** NVIDIA's Java client states no type. */
    private static final Set<String> MEDIA_TYPES = Set.of("", "application/json", "application/octet-stream");

    /** What is made of a body takes at most twice as much again: floats from JSON, of which two bytes can be a number of four. */
    private static final int TIMES_ITS_BYTES = 3;

    /** Where all of the body is JSON, the time that the request may take is known only at its end. */
    private static final Duration LONGEST = Duration.ofDays(1);

    private final ServerState state;
    private final Computation computation;
    private final InferenceModel model;

    InferenceEndpoints(ServerState state, Computation computation) {
        this.state = state;
        this.computation = computation;
        this.model = new InferenceModel(state.options.modelName(), state.service.model().config());
    }

    void server(Exchange exchange) {
        String version = InferenceEndpoints.class.getPackage().getImplementationVersion();
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("name", "vit");
        metadata.put("version", version == null ? "built from classes" : version);
        metadata.put("extensions", List.of("binary_tensor_data", "schedule_policy"));
        exchange.replyJson(200, metadata);
    }

    void model(Exchange exchange) {
        exchange.replyJson(200, model.metadata());
    }

    void ready(Exchange exchange) {
        boolean ready = state.isReady();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("name", model.name());
        answer.put("ready", ready);
        exchange.replyJson(ready ? 200 : 503, answer);
    }

    void infer(Exchange exchange) throws IOException, RequestFault, RequestRefusedException, ExecutionException {
        if (!MEDIA_TYPES.contains(exchange.mediaType())) {
            throw RequestFault.of(415, "UNSUPPORTED_MEDIA_TYPE", "expected application/json, or application/octet-stream with the header " + JSON_LENGTH);
        }
        InferenceRequest request = read(exchange);
        exchange.keepOnly(request.imageBytes());
        requireRoom(request.images().size());
        long begin = System.nanoTime();
        List<Result> results = computation.results(request);
        state.meters.served(System.nanoTime() - begin, results.size());
        InferenceReply reply = InferenceReply.of(model, request, results);
        if (reply.isBinary()) {
            exchange.with(JSON_LENGTH, Integer.toString(reply.jsonLength())).reply(200, "application/octet-stream", reply.body());
        } else {
            exchange.reply(200, "application/json", reply.body());
        }
    }

    /** Reads the request. Its body is garbage then, because the images are copies; only the bytes of an image file that are a whole body are the body itself. */
    private InferenceRequest read(Exchange exchange) throws RequestFault, RequestRefusedException {
        long jsonLength = jsonLength(exchange);
        InferenceRequestReader reader = new InferenceRequestReader(model, jsonLength);
        byte[] body = exchange.body(TIMES_ITS_BYTES, Math.max(0, jsonLength), first -> {
            reader.head(first);
            computation.requireAdmission(jsonLength < 0 ? LONGEST : reader.timeout(), reader.isUrgent());
        });
        return reader.request(body);
    }

    private static long jsonLength(Exchange exchange) throws RequestFault {
        String text = exchange.header(JSON_LENGTH);
        if (text == null) {
            return -1;
        }
        try {
            long length = Long.parseLong(text.strip());
            if (length >= 0) {
                return length;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw RequestFault.bad("the header " + JSON_LENGTH + ": expected a whole number");
    }

    private void requireRoom(int images) throws RequestFault {
        int most = state.service.options().queueLength();
        if (images > most) {
            throw RequestFault.of(413, "TOO_MANY_IMAGES", "a request of " + images + " images; this server's queue takes at most " + most);
        }
    }
}
