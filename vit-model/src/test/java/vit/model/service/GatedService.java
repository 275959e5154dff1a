package vit.model.service;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import vit.model.VitModel;

/** A service with a session in whose passes a test can wait. */
abstract class GatedService {

    static final ServiceOptions OPTIONS = ServiceOptions.defaults().withSessions(1, 1).withBatchLimit(1).withDeadline(Duration.ofMinutes(1));

    final GateEngine engine = new GateEngine();
    VitModel model;
    VitService service;

    @BeforeEach
    void start() throws IOException {
        start(OPTIONS);
    }

    final void start(ServiceOptions options) throws IOException {
        model = MicroModel.open(0);
        service = VitService.start(model, options, (_, _, _) -> engine);
        service.ready().join();
    }

    @AfterEach
    void end() {
        engine.shut = false;
        engine.let.release(1000);
        service.close();
    }

    static float[] pixels(float first) {
        float[] pixels = new float[MicroModel.PIXELS];
        pixels[0] = first;
        return pixels;
    }

    /** Sends a request and waits until it is being computed. */
    final CompletableFuture<float[]> occupy() throws RequestRefusedException {
        engine.shut = true;
        CompletableFuture<float[]> future = service.submit(Request.logits(pixels(1)));
        engine.begun.acquireUninterruptibly();
        return future;
    }

    final float logit(float first) throws RequestRefusedException {
        float[] logits = new float[MicroModel.CLASSES];
        service.logits(pixels(first), logits);
        return logits[0];
    }
}
