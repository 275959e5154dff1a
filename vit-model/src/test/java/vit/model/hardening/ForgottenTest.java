package vit.model.hardening;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.lifetime.CloseGuard;
import vit.kernels.tensor.TensorArena;
import vit.model.Optimizer;
import vit.model.SessionOptions;
import vit.model.TrainingOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.VitTraining;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/**
 * Models, sessions and trainings that nobody closes are freed by the garbage collector, with a warning that says where they were made. A
 * running call keeps them alive.
 */
@Timeout(120)
class ForgottenTest {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(10).mlp(34).classes(5).build();

    private static final float[] IMAGE = new float[3 * 16 * 24];

    private final List<LogRecord> records = new CopyOnWriteArrayList<>();
    private final Logger logger = Logger.getLogger(CloseGuard.LOGGER);
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord logged) {
            if (logged.getMessage().contains(ForgottenTest.class.getName())) { // leaves out what other tests forgot to close
                records.add(logged);
            }
        }

        @Override
        public void flush() {
            records.size();
        }

        @Override
        public void close() {
            records.clear();
        }
    };

    @BeforeEach
    void listen() {
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
    }

    private static long threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(prefix)).count();
    }

    private void collectUntilWarned(int warnings) throws InterruptedException {
        while (records.size() < warnings) {
            System.gc();
            Thread.sleep(10);
        }
    }

    private static VitModel model() throws IOException {
        return VitModel.of(new GeneratedWeights(CONFIG, 0));
    }

    @Test
    void twoHundredForgottenSessionsLeaveNoThreadAndNoMemory() throws Exception {
        long bytes = TensorArena.liveBytes();
        try (VitModel model = model()) {
            long withModel = TensorArena.liveBytes();
            forget(model, 200);
            collectUntilWarned(200);
            while (threads("vit-session-") > 0) {
                Thread.sleep(10);
            }
            assertTrue(TensorArena.liveBytes() <= withModel, "less, if what another test forgot has been freed meanwhile");
            assertEquals(200, records.size(), "one warning each");
            String message = records.getFirst().getMessage();
            assertTrue(message.matches("the session vit-session-\\d+ was never closed.*made at .*ForgottenTest\\.forget\\(.*"), message);
        }
        assertTrue(TensorArena.liveBytes() <= bytes);
    }

    private static void forget(VitModel model, int sessions) {
        for (int i = 0; i < sessions; i++) {
            model.newSession(SessionOptions.threads(2)).logits(IMAGE, 1, new float[5]);
        }
    }

    @Test
    void forgottenModelsAndTrainingsAreFreedAsWell() throws Exception {
        long bytes = TensorArena.liveBytes();
        forgetModelAndSession();
        forgetTraining();
        collectUntilWarned(3);
        while (threads("vit-session-") + threads("vit-training-") > 0) {
            Thread.sleep(10);
        }
        assertTrue(TensorArena.liveBytes() <= bytes);
        assertEquals(3, records.size(), "one warning each");
        List<String> kinds = records.stream().map(record -> record.getMessage().split(" ")[1]).sorted().toList();
        assertEquals(List.of("model", "session", "training"), kinds);
        for (LogRecord record : records) {
            assertTrue(record.getMessage().matches(".*made at .*ForgottenTest\\.(forget|model).*"), record.getMessage());
        }
    }

    private static void forgetModelAndSession() throws IOException {
        VitSession session = model().newSession(SessionOptions.threads(2));
        session.logits(IMAGE, 1, new float[5]);
    }

    private static void forgetTraining() throws IOException {
        VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(2, 1), Optimizer.adamW(0));
        training.accumulate(IMAGE, new int[1], 1, 1);
    }

    /** The garbage collector runs all the time, and only the running call refers to the session. */
    @Test
    void aCallKeepsItsSessionAndItsModelAlive() throws Exception {
        float[] expected = new float[5];
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            session.logits(IMAGE, 1, expected);
        }
        Thread collector = Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                System.gc();
                pause();
            }
        });
        float[] logits = new float[5];
        for (int i = 0; i < 20; i++) {
            model().newSession(SessionOptions.threads(1 + i % 2)).forward(IMAGE, 1, logits, (stage, tokens) -> pause());
            assertEquals(List.of(expected[0], expected[4]), List.of(logits[0], logits[4]));
        }
        collector.interrupt();
        collector.join();
        collectUntilWarned(40);
    }

    private static void pause() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
