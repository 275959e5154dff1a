package vit.model.hardening;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.parallel.CallInterruptedException;
import vit.kernels.parallel.Workers;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.weights.WeightsWriter;

/**
 * Threads are interrupted at any moment. The interrupt status is kept, the operation gives the right result or says that it was interrupted,
 * and the next operation is right.
 */
@Timeout(600)
class InterruptsTest {

    private static final int FEW = 60;
    private static final int MANY = 2_500; // of each of four operations

    @TempDir
    private Path folder;

    private static final Random RANDOM = new Random(1);

    /**
     * Interrupts this thread at a random moment of each of so many operations.
     *
     * @param nanos the approximate duration of an operation
     */
    private static void attack(String name, int interrupts, int nanos, Callable<String> operation) throws Exception {
        SmallModel.awaitCompilation();
        String right = operation.call();
        int obeyed = 0;
        for (int i = 0; i < interrupts; i++) {
            try {
                assertEquals(right, interrupted(RANDOM.nextInt(nanos), operation), name + ", interrupt " + i);
            } catch (CallInterruptedException e) {
                obeyed++;
            } catch (IOException e) {
                obeyed++;
                assertTrue(e.toString().contains("nterrupt"), name + " says that it was interrupted, and blames no file: " + e);
            }
            assertTrue(Thread.interrupted(), name + " keeps the flag, interrupt " + i);
            if (i % 10 == 0) {
                assertEquals(right, operation.call(), name + " after interrupt " + i);
            }
        }
        System.out.println(name + ": " + interrupts + " interrupts, " + obeyed + " obeyed, every flag kept");
    }

    private static String interrupted(int afterNanos, Callable<String> operation) throws Exception {
        Thread target = Thread.currentThread();
        AtomicBoolean done = new AtomicBoolean();
        Thread.ofPlatform().start(() -> {
            LockSupport.parkNanos(afterNanos);
            target.interrupt();
            done.set(true);
        });
        try {
            return operation.call();
        } finally {
            while (!done.get()) {
                Thread.onSpinWait();
            }
        }
    }

    private void attackAll(int interrupts) throws Exception {
        Path file = SmallModel.write(folder);
        attack("load", interrupts, 2_000_000, () -> {
            try (VitModel model = VitModel.load(file)) {
                return model.config().toString();
            }
        });
        attackCalls(interrupts);
        attack("training", interrupts, 8_000_000, () -> {
            try (VitTraining training = SmallModel.training(2)) {
                return SmallModel.step(training);
            }
        });
        Path saved = folder.resolve("saved.safetensors");
        try (VitTraining training = SmallModel.training(1)) {
            attack("save", interrupts, 8_000_000, () -> {
                WeightsWriter.write(saved, training, Map.of());
                return "saved";
            });
        }
        try (VitModel model = VitModel.load(saved)) {
            assertEquals(SmallModel.CONFIG, model.config());
        }
        try (var files = Files.list(folder)) {
            assertEquals(3, files.count(), "no stray file");
        }
    }

    /** Another thread uses the team too, so that the interrupted thread has to wait for its turn. */
    private static void attackCalls(int interrupts) throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        try (VitModel model = SmallModel.open(); Workers workers = Workers.of(2);
                VitSession session = model.newSession(SessionOptions.workers(workers));
                VitSession other = model.newSession(SessionOptions.workers(workers))) {
            Thread rival = Thread.ofPlatform().start(() -> {
                while (!enough.get()) {
                    SmallModel.call(other);
                }
            });
            try {
                attack("call", interrupts, 1_000_000, () -> SmallModel.call(session));
            } finally {
                enough.set(true);
                rival.join();
            }
        }
    }

    @Test
    void interruptsAreObeyedOrKept() throws Exception {
        attackAll(FEW);
    }

    @Test
    @Tag("heavy")
    void tenThousandInterruptsAreObeyedOrKept() throws Exception {
        attackAll(MANY);
    }
}
