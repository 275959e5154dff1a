package vit.model.serve;

import vit.model.service.VitService;

/** What all endpoints share. */
final class ServerState {

    final ServerOptions options;
    final VitService service;
    final BodyBudget bodies;
    final HttpMeters meters = new HttpMeters();
    private volatile boolean draining;

    ServerState(ServerOptions options, VitService service) {
        this.options = options;
        this.service = service;
        this.bodies = new BodyBudget(options.bodyBytes());
    }

    void beginDraining() {
        draining = true;
    }

    boolean isDraining() {
        return draining;
    }

    boolean isReady() {
        return !draining && service.isReady();
    }
}
