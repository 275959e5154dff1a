package vit.model.service;

import vit.model.VitModel;

/** A service in whose passes a test can wait, for tests of other packages. An answer's first number is the first pixel, the others are 0. */
public final class PassGate {

    private final GateEngine engine = new GateEngine();

    /** Starts the service, with one session. */
    public VitService start(VitModel model, ServiceOptions options) {
        VitService service = VitService.start(model, options.withSessions(1, 1), (_, _, _) -> engine);
        service.ready().join();
        return service;
    }

    /** Passes wait from now on. */
    public void shut() {
        engine.shut = true;
    }

    /** Waits until another pass has begun. */
    public void awaitPass() {
        engine.begun.acquireUninterruptibly();
    }

    /** Lets all passes through. */
    public void open() {
        engine.shut = false;
        engine.let.release(1_000_000);
    }
}
