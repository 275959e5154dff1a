package vit.model.serve;

import java.util.Map;

/** What load balancers ask. */
final class HealthEndpoints {

    private final ServerState state;

    HealthEndpoints(ServerState state) {
        this.state = state;
    }

    void live(Exchange exchange) {
        exchange.replyJson(200, Map.of("live", true));
    }

    void ready(Exchange exchange) {
        boolean ready = state.isReady();
        exchange.replyJson(ready ? 200 : 503, Map.of("ready", ready));
    }
}
