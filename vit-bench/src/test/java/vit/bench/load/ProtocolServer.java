package vit.bench.load;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import vit.model.json.Json;
import vit.model.json.JsonArray;
import vit.model.json.JsonObject;

/** A small server of the Open Inference Protocol v2, with one model, {@code vit}. Bodies that are not what the protocol says get status 400. */
final class ProtocolServer implements AutoCloseable {

    static final int ELEMENTS = 3 * 4 * 4;
    static final byte[] IMAGE = {(byte) 0x89, 'P', 'N', 'G'};

    private static final String METADATA = """
            {"name":"vit","versions":["1"],"platform":"test","inputs":[{"name":"image","datatype":"BYTES","shape":[-1]},
            {"name":"pixels","datatype":"FP32","shape":[-1,3,4,4]}],"outputs":[{"name":"embedding","datatype":"FP32","shape":[-1,2]},
            {"name":"logits","datatype":"FP32","shape":[-1,10]}]}""";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicInteger requests = new AtomicInteger();
    private final Set<InetSocketAddress> clients = ConcurrentHashMap.newKeySet();
    private volatile int status;
    private volatile String text = "{}";
    private volatile String[] header = {};
    private volatile float[] lastPixels;
    private volatile long lastTimeout;

    ProtocolServer(int status) throws IOException {
        this.status = status;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/v2/models/vit", exchange -> respond(exchange, 200, METADATA.getBytes(StandardCharsets.UTF_8)));
        server.createContext("/v2/models/vit/infer", exchange -> handle(exchange, this::checkTensors));
        server.createContext("/classify", exchange -> handle(exchange, (http, body) -> {
            require(Arrays.equals(IMAGE, body), "the image's bytes");
            require(http.getRequestURI().getQuery().matches("timeout_ms=[1-9]\\d*"), "timeout_ms");
            require("image/png".equals(http.getRequestHeaders().getFirst("Content-Type")), "Content-Type");
        }));
        server.start();
    }

    @FunctionalInterface
    private interface Check {
        void of(HttpExchange exchange, byte[] body) throws IOException;
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Gives this answer from now on. */
    void answer(int newStatus, String newText, String... newHeader) {
        header = newHeader;
        text = newText;
        status = newStatus;
    }

    int requests() {
        return requests.get();
    }

    int connections() {
        return clients.size();
    }

    float[] lastPixels() {
        return lastPixels;
    }

    long lastTimeout() {
        return lastTimeout;
    }

    private void handle(HttpExchange exchange, Check check) throws IOException {
        requests.incrementAndGet();
        clients.add(exchange.getRemoteAddress());
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            require(exchange.getRequestMethod().equals("POST"), "POST");
            require(exchange.getRequestHeaders().getFirst("Transfer-Encoding") == null, "a known length");
            check.of(exchange, body);
        } catch (IOException | RuntimeException e) {
            respond(exchange, 400, e.toString().getBytes(StandardCharsets.UTF_8));
            return;
        }
        for (int i = 0; i < header.length; i += 2) {
            exchange.getResponseHeaders().set(header[i], header[i + 1]);
        }
        respond(exchange, status, text.getBytes(StandardCharsets.UTF_8));
    }

    private void checkTensors(HttpExchange exchange, byte[] body) throws IOException {
        String length = exchange.getRequestHeaders().getFirst("Inference-Header-Content-Length");
        int end = length == null ? body.length : Integer.parseInt(length);
        JsonObject request = Json.parse("request", Arrays.copyOf(body, end));
        lastTimeout = request.object("parameters").longInteger("timeout");
        JsonObject input = request.array("inputs").get(0).object();
        JsonObject output = request.array("outputs").get(0).object();
        require(input.text("name").equals("pixels") && input.text("datatype").equals("FP32"), "input");
        JsonArray shape = input.array("shape");
        require(shape.size() == 4 && shape.get(0).integer() == 1 && shape.get(3).integer() == 4, "shape");
        require(output.text("name").equals("logits") && output.object("parameters").flag("binary_data") == (length != null), "output");
        float[] pixels = new float[ELEMENTS];
        if (length == null) {
            JsonArray data = input.array("data");
            for (int i = 0; i < ELEMENTS; i++) {
                pixels[i] = (float) data.get(i).number();
            }
        } else {
            require(input.object("parameters").integer("binary_data_size") == body.length - end && body.length - end == 4 * ELEMENTS, "size");
            ByteBuffer.wrap(body, end, body.length - end).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(pixels);
        }
        lastPixels = pixels;
    }

    private static void require(boolean fact, String what) {
        if (!fact) {
            throw new IllegalArgumentException(what);
        }
    }

    private static void respond(HttpExchange exchange, int status, byte[] body) {
        try (exchange) {
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Goes away, with requests under way. */
    void stop() {
        server.stop(0);
    }

    @Override
    public void close() {
        stop();
        threads.shutdownNow();
    }
}
