package vit.bench.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import vit.model.InputException;
import vit.model.json.Json;

/**
 * A server of the Open Inference Protocol v2 over REST. Connections are kept and used again; as many are open as there are unanswered requests.
 *
 * <p>The status tells how a request ended: 200 answered, 503 and 429 refused, 504 given up; all others are failures. If the body of a refusal has a field
 * {@code reason}, it is counted under that.
 */
final class HttpTarget implements Target {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);
    private static final Duration NOT_READY_PAUSE = Duration.ofMillis(200);
    private static final long LONGEST_TIMEOUT_MICROS = LONGEST_WAIT.toNanos() / 1000;
    private static final int OK = 200;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int UNAVAILABLE = 503;
    private static final int GATEWAY_TIMEOUT = 504;
    private static final int SHOWN = 300;
    private static final int LONGEST_REASON = 40;

    private final URI server;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT_TIMEOUT).build();
    private HttpBody body;

    private HttpTarget(URI server) {
        this.server = server;
    }

    /** Makes pixels of this many elements. */
    @FunctionalInterface
    interface Pixels {
        float[] of(int elements);
    }

    /**
     * Asks a server for the model's inputs, and sends it one request to see that it answers.
     *
     * @param image the file that is sent, for {@link HttpBody.Kind#IMAGE}
     * @throws IOException if the server does not answer as the protocol says
     */
    static HttpTarget open(URI server, String model, HttpBody.Kind kind, Pixels pixels, Path image) throws IOException, InterruptedException {
        HttpTarget target = new HttpTarget(server);
        try {
            target.body = switch (kind) {
                case IMAGE -> HttpBody.image(server, image);
                case TENSOR -> {
                    ModelMetadata metadata = target.metadata(model);
                    yield HttpBody.tensor(server, metadata, pixels.of(metadata.elements()));
                }
                case JSON -> {
                    ModelMetadata metadata = target.metadata(model);
                    yield HttpBody.json(server, metadata, pixels.of(metadata.elements()));
                }
            };
            target.probe();
            return target;
        } catch (IOException | InterruptedException | RuntimeException e) {
            target.close();
            throw e;
        }
    }

    private ModelMetadata metadata(String model) throws IOException, InterruptedException {
        URI address = server.resolve("/v2/models/" + model);
        HttpResponse<byte[]> response = client.send(HttpRequest.newBuilder(address).timeout(LONGEST_WAIT).build(), BodyHandlers.ofByteArray());
        if (response.statusCode() != OK) {
            throw new IOException(address + ": status " + response.statusCode() + ", " + shown(response.body()) + "; --model-name names the model");
        }
        return ModelMetadata.parse(address.toString(), response.body());
    }

    /** Sends a request, again and again while the server is not ready. */
    private void probe() throws IOException, InterruptedException {
        HttpRequest request = body.request(LONGEST_TIMEOUT_MICROS).timeout(LONGEST_WAIT).build();
        long last = System.nanoTime() + LONGEST_WAIT.toNanos();
        HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());
        while (response.statusCode() == UNAVAILABLE && System.nanoTime() - last < 0) {
            Thread.sleep(NOT_READY_PAUSE);
            response = client.send(request, BodyHandlers.ofByteArray());
        }
        if (response.statusCode() != OK || response.body().length == 0) {
            throw new IOException(request.uri() + ": the first request got status " + response.statusCode() + " and " + response.body().length
                    + " bytes: " + shown(response.body()));
        }
    }

    private static String shown(byte[] body) {
        String text = new String(body, 0, Math.min(SHOWN, body.length), StandardCharsets.UTF_8);
        return Json.write(text);
    }

    @Override
    public String name() {
        return server.toString();
    }

    @Override
    public void send(long deadline, Reply reply) {
        long micros = Math.clamp((deadline - System.nanoTime()) / 1000, 1, LONGEST_TIMEOUT_MICROS);
        client.sendAsync(body.request(micros).timeout(LONGEST_WAIT).build(), BodyHandlers.ofByteArray())
                .whenComplete((response, fault) -> end(response, fault, reply));
    }

    private static void end(HttpResponse<byte[]> response, Throwable fault, Reply reply) {
        if (fault != null) {
            Throwable cause = fault instanceof CompletionException && fault.getCause() != null ? fault.getCause() : fault;
            reply.failed(cause.getClass().getSimpleName());
            return;
        }
        switch (response.statusCode()) {
            case OK -> reply.answered();
            case UNAVAILABLE, TOO_MANY_REQUESTS -> reply.refused(reason(response)
                    + (response.headers().firstValue("Retry-After").isPresent() ? "" : " without Retry-After"));
            case GATEWAY_TIMEOUT -> reply.expired(reason(response));
            default -> reply.failed(reason(response));
        }
    }

    /** The status, and the field {@code reason} if the body has it. */
    private static String reason(HttpResponse<byte[]> response) {
        String status = String.valueOf(response.statusCode());
        try {
            String reason = Json.parse("response", response.body()).text("reason", "");
            return reason.isEmpty() ? status : status + " " + reason.substring(0, Math.min(LONGEST_REASON, reason.length()));
        } catch (InputException e) { // a proxy's page, for example
            return status;
        }
    }

    @Override
    public boolean isInProcess() {
        return false;
    }

    @Override
    public void close() {
        client.shutdownNow();
        client.close();
    }
}
