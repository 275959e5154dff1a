package vit.model.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.serve.protocol.InferenceModel;
import vit.model.serve.protocol.InferenceReply;
import vit.model.serve.protocol.InferenceReply.Result;
import vit.model.serve.protocol.InferenceRequest;
import vit.model.serve.protocol.InferenceRequestReader;
import vit.model.service.Outputs;
import vit.model.service.Request;
import vit.model.service.RequestRefusedException;

/** The Open Inference Protocol v2. Every image of a request is a request of its own to the service; the answer comes when all are computed. */
final class InferenceEndpoints {

    /** How many bytes of the body are JSON, in requests and answers. */
    private static final String JSON_LENGTH = "Inference-Header-Content-Length";

    /** NVIDIA's Java client states no type. */
    private static final Set<String> MEDIA_TYPES = Set.of("", "application/json", "application/octet-stream");

    /** What is made of a body takes at most twice as much again: floats from JSON, of which two bytes can be a number of four. */
    private static final int TIMES_ITS_BYTES = 3;

    private final ServerState state;
    private final InferenceModel model;

    InferenceEndpoints(ServerState state) {
        this.state = state;
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
        long jsonLength = jsonLength(exchange);
        InferenceRequest request = InferenceRequestReader.read(model, exchange.body(TIMES_ITS_BYTES), jsonLength);
        requireRoom(request.images().size());
        long begin = System.nanoTime();
        List<Result> results = compute(request);
        state.meters.served(System.nanoTime() - begin, results.size());
        InferenceReply reply = InferenceReply.of(model, request, results);
        if (reply.isBinary()) {
            exchange.with(JSON_LENGTH, Integer.toString(reply.jsonLength())).reply(200, "application/octet-stream", reply.body());
        } else {
            exchange.reply(200, "application/json", reply.body());
        }
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

    private List<Result> compute(InferenceRequest request) throws IOException, RequestFault, RequestRefusedException, ExecutionException {
        Duration timeout = request.timeout() == null ? state.service.options().deadline() : request.timeout();
        try {
            return request.images().size() == 1 ? List.of(result(state.service.call(one(request, 0, timeout)))) : computeAll(request, timeout);
        } catch (IllegalArgumentException e) {
            throw RequestFault.bad(e.getMessage()); // the model takes no images
        }
    }

    /** The service's request for an image: what it gives is an {@link Outputs} or, without classes, the embedding. */
    private static Request<?> one(InferenceRequest request, int i, Duration timeout) {
        Object image = request.images().get(i);
        Request<?> one = image instanceof float[] pixels
                ? request.wantsClasses() ? Request.outputs(pixels) : Request.embedding(pixels)
                : request.wantsClasses() ? Request.outputs((byte[]) image) : Request.embedding((byte[]) image);
        one = one.within(timeout);
        return request.isUrgent() ? one.urgent() : one;
    }

    private static Result result(Object answer) {
        return answer instanceof Outputs outputs ? new Result(outputs.logits(), outputs.probabilities(), outputs.embedding()) : new Result(null, null, (float[]) answer);
    }

    /** All images of a request within its time, or none: if one is refused or fails, the rest is not begun, and those that wait leave the queue. */
    private List<Result> computeAll(InferenceRequest request, Duration timeout) throws RequestRefusedException, ExecutionException {
        long begin = System.nanoTime();
        AtomicBoolean failed = new AtomicBoolean();
        List<CompletableFuture<?>> futures = new ArrayList<>();
        List<Result> results = new ArrayList<>();
        boolean done = false;
        try {
            for (int i = 0; i < request.images().size() && !failed.get(); i++) {
                Duration left = timeout.minusNanos(System.nanoTime() - begin);
                CompletableFuture<?> future = state.service.submit(one(request, i, left.isPositive() ? left : Duration.ofNanos(1)));
                future.whenComplete((_, fault) -> failed.compareAndSet(false, fault != null));
                futures.add(future);
            }
            for (CompletableFuture<?> future : futures) {
                results.add(result(future.get()));
            }
            done = true;
            return results;
        } catch (InterruptedException e) {
            throw CallInterruptedException.restoring("interrupted while the images of a request were computed");
        } finally {
            if (!done) {
                futures.forEach(future -> future.cancel(false));
            }
        }
    }
}
