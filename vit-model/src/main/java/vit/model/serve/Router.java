package vit.model.serve;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import vit.model.serve.protocol.InferenceModel;

/** Finds the endpoint of a request by method and path. A path never names a file. */
final class Router extends Handler.Abstract {

    private static final long AWAIT_STEP_MILLIS = 5;

    private final ServerState state;
    private final ConnectionGuard guard;
    private final Map<String, Map<String, Endpoint>> routes = new HashMap<>(); // by path, then by method
    private final AtomicInteger openRequests = new AtomicInteger(); // requests without a complete answer

    Router(ServerState state, Computation computation, ConnectionGuard guard) {
        this.state = state;
        this.guard = guard;
        StaticPage.files().forEach((path, file) -> get(path, file));
        HealthEndpoints health = new HealthEndpoints(state);
        get("/v2/health/live", health::live);
        get("/v2/health/ready", health::ready);
        ImageEndpoints images = new ImageEndpoints(state);
        post("/classify", images::classify);
        post("/embed", images::embed);
        post("/attention", images::attention);
        get("/status", new StatusEndpoint(state));
        get("/metrics", new MetricsEndpoint(state));
        InferenceEndpoints inference = new InferenceEndpoints(state, computation);
        get("/v2", inference::server);
        get("/v2/", inference::server);
        String model = "/v2/models/" + state.options.modelName();
        for (String path : new String[] {model, model + "/versions/" + InferenceModel.VERSION}) {
            get(path, inference::model);
            get(path + "/ready", inference::ready);
            post(path + "/infer", inference::infer);
        }
    }

    private void get(String path, Endpoint endpoint) {
        routes.computeIfAbsent(path, _ -> new HashMap<>()).put("GET", endpoint);
        routes.get(path).put("HEAD", endpoint);
    }

    private void post(String path, Endpoint endpoint) {
        routes.computeIfAbsent(path, _ -> new HashMap<>()).put("POST", endpoint);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        openRequests.incrementAndGet();
        guard.requestBegins(request);
        request.addIdleTimeoutListener(_ -> false); // nothing is sent while a request is computed; a body that stays away fails its read
        Request.addCompletionListener(request, _ -> ended(request, response));
        Exchange exchange = new Exchange(request, response, callback, state, guard);
        try {
            endpoint(exchange).answer(exchange);
        } catch (Throwable e) { // also an Error: a client must not wait for ever
            exchange.fail(e);
        } finally {
            exchange.end();
        }
        return true;
    }

    private void ended(Request request, Response response) {
        state.meters.answered(response.getStatus());
        guard.answered(request);
        openRequests.decrementAndGet();
    }

    private Endpoint endpoint(Exchange exchange) throws RequestFault {
        Map<String, Endpoint> methods = routes.get(exchange.path());
        if (methods == null) {
            throw RequestFault.of(404, "NOT_FOUND", "there is nothing at this path");
        }
        Endpoint endpoint = methods.get(exchange.method());
        if (endpoint == null) {
            exchange.with("Allow", String.join(", ", methods.keySet()));
            throw RequestFault.of(405, "METHOD_NOT_ALLOWED", "this path takes " + String.join(", ", methods.keySet()));
        }
        if (exchange.method().equals("POST") && isOfAnotherOrigin(exchange.header("Sec-Fetch-Site"))) {
            throw RequestFault.of(403, "CROSS_SITE", "pages of other origins may not use this server");
        }
        return endpoint;
    }

    /** @param site what a browser says of the page that sends a request, or null; another port of the same host is the same site, but not the same origin */
    private static boolean isOfAnotherOrigin(String site) {
        return site != null && !site.equals("same-origin") && !site.equals("none");
    }

    int openRequests() {
        return openRequests.get();
    }

    /**
     * Waits until every request has its answer, no other has come for {@code quiet}, and those who have connected within {@code fresh} have sent one. Waits for at
     * most {@code most}.
     */
    void awaitAnswers(Duration quiet, Duration fresh, Duration most) {
        long begin = System.nanoTime();
        long quietSince = begin;
        while (System.nanoTime() - quietSince < quiet.toNanos() && System.nanoTime() - begin < most.toNanos()) {
            if (openRequests.get() > 0 || guard.awaitsFirstRequest(fresh)) {
                quietSince = System.nanoTime();
            }
            try {
                Thread.sleep(AWAIT_STEP_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
