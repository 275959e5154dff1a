package vit.model.serve;

import vit.model.service.VitService;

/** What all endpoints share. */
final class ServerState {

    final ServerOptions options;
    final VitService service;
    final BodyBudget bodies;
    final HttpMeters meters = new HttpMeters();
    private volatile boolean rehearsed;
    private volatile boolean draining;

    ServerState(ServerOptions options, VitService service) {
        this.options = options;
        this.service = service;
        this.bodies = new BodyBudget(options.bodyBytes());
    }

    /** The server's own code is warm. */
    void rehearsed() {
        rehearsed = true;
    }

    void beginDraining() {
        draining = true;
    }

    boolean isDraining() {
        return draining;
    }

    boolean isReady() {
        return rehearsed && !draining && service.isReady();
    }
}
