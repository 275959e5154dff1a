package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.tensor.TensorArena;
import vit.model.VitModel;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/** A replacement under load needs room for two models and their sessions, never for three. */
class ReplacementMemoryTest {

    private static final int REPLACEMENTS = 2;

    /** Warming up runs small models of its own meanwhile. */
    private static final int WARM_UP_BYTES = 1 << 20;

    /** Its weights take 9 MB, much more than what warming up takes. */
    private static final VitConfig CONFIG = MicroModel.CONFIG.toBuilder().width(256).heads(4).mlp(1024).depth(4).build();

    private static VitModel open(long seed) throws IOException {
        return VitModel.of(new GeneratedWeights(CONFIG, seed));
    }

    @Test
    @Timeout(120)
    void theOldModelIsFreedBeforeTheNextReplacement() throws Exception {
        ServiceOptions options = ServiceOptions.defaults().withSessions(2, 1).withDeadline(Duration.ofSeconds(30));
        long before = TensorArena.liveBytes();
        VitModel first = open(0);
        AtomicBoolean running = new AtomicBoolean(true);
        try (VitService service = VitService.start(first, options); ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            service.ready().join();
            long one = TensorArena.liveBytes() - before; // weights and sessions
            Future<Long> peak = threads.submit(() -> {
                long most = 0;
                while (running.get()) {
                    most = Math.max(most, TensorArena.liveBytes() - before);
                    Thread.onSpinWait();
                    Thread.yield();
                }
                return most;
            });
            Future<Integer> caller = threads.submit(() -> {
                int answers = 0;
                float[] logits = new float[MicroModel.CLASSES];
                for (; running.get(); answers++) {
                    service.logits(MicroModel.pixels(answers), logits);
                }
                return answers;
            });
            for (int seed = 1; seed <= REPLACEMENTS; seed++) {
                service.replace(open(seed));
                while (TensorArena.liveBytes() - before > one) {
                    Thread.sleep(1); // until the last request of the old model has ended, which closes it
                }
            }
            running.set(false);
            assertTrue(caller.get() > 0);
            assertTrue(peak.get() > one, "both models were in memory: " + peak.get() + " bytes, one takes " + one);
            assertTrue(peak.get() <= 2 * one + WARM_UP_BYTES, peak.get() + " bytes; one model with its sessions takes " + one);
        }
        assertEquals(before, TensorArena.liveBytes());
    }
}
