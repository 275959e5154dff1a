package vit.model.hardening;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.tensor.FailingAllocations;
import vit.kernels.tensor.TensorArena;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.weights.WeightsWriter;

/**
 * Every off-heap allocation of an operation fails once: the k-th one, for k = 1, 2, … until the operation succeeds. Nothing may leak, and the
 * next attempt must give the right result.
 */
@Timeout(120)
class FailingAllocationsTest {

    @TempDir
    private Path folder;

    /** Returns the number of allocations that failed before the operation succeeded. */
    private static int attack(String name, Callable<String> operation) throws Exception {
        SmallModel.awaitCompilation();
        String right = operation.call();
        long bytes = TensorArena.liveBytes();
        long threads = SmallModel.threads();
        for (int k = 1;; k++) {
            try (FailingAllocations failing = FailingAllocations.at(k)) {
                String outcome = null;
                try {
                    outcome = operation.call();
                } catch (OutOfMemoryError e) {
                    assertEquals("planned", e.getMessage());
                }
                assertEquals(outcome == null, failing.happened(), name + ", allocation " + k);
                assertEquals(bytes, TensorArena.liveBytes(), name + ": live bytes after allocation " + k + " failed");
                if (!failing.happened()) {
                    assertEquals(right, outcome);
                    System.out.println(name + ": right again after each of " + (k - 1) + " allocations failed");
                    awaitThreads(threads);
                    return k - 1;
                }
            }
            assertEquals(right, operation.call(), name + ": the call after allocation " + k + " failed");
            assertEquals(bytes, TensorArena.liveBytes());
        }
    }

    private static void awaitThreads(long most) throws InterruptedException {
        while (SmallModel.threads() > most) {
            Thread.sleep(5);
        }
    }

    @Test
    void loadingFreesWhatItHas() throws Exception {
        Path file = SmallModel.write(folder);
        assertTrue(attack("load", () -> {
            try (VitModel model = VitModel.load(file)) {
                return model.config().toString();
            }
        }) > 10);
    }

    @Test
    void sessionsAndCallsFreeWhatTheyHave() throws Exception {
        try (VitModel model = SmallModel.open(); VitSession kept = model.newSession(SessionOptions.threads(2))) {
            assertTrue(attack("session", () -> {
                try (VitSession session = model.newSession(SessionOptions.threads(2))) {
                    return SmallModel.call(session);
                }
            }) > 10);
            assertEquals(0, attack("call", () -> SmallModel.call(kept)));
            assertTrue(attack("attention", () -> kept.attention(SmallModel.IMAGE).mean(0)[0] + SmallModel.call(kept)) > 3);
        }
    }

    @Test
    void trainingsFreeWhatTheyHave() throws Exception {
        assertTrue(attack("training", () -> {
            try (VitTraining training = SmallModel.training(2)) {
                return SmallModel.step(training);
            }
        }) > 30);
        try (VitTraining kept = SmallModel.training(2)) {
            long bytes = TensorArena.liveBytes();
            long planned = kept.plannedBytes();
            FailingAllocations failing = FailingAllocations.at(3);
            try (failing) {
                assertThrows(OutOfMemoryError.class, kept::trackAverage);
            }
            assertEquals(bytes, TensorArena.liveBytes(), "what the failed attempt took is back");
            kept.trackAverage();
            assertTrue(kept.plannedBytes() > planned);
            kept.updateAverage(0.5);
        }
    }

    @Test
    void savingFreesWhatItHas() throws Exception {
        try (VitTraining training = SmallModel.training(1)) {
            attack("save", () -> {
                WeightsWriter.write(folder.resolve("saved.safetensors"), training, Map.of());
                return "saved";
            });
        }
    }
}
