package vit.model;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrowsExactly;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.parallel.Workers;
import vit.kernels.parallel.WorkersClosedException;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.parameters.GeneratedWeights;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/**
 * Every public method is called from several threads. It gives the right answer, or the exception that says why it cannot. Methods are found
 * by reflection, so a new one is called as well. A new method that uses no memory of its object must be named in one of the sets below.
 */
@Timeout(300)
class ConcurrentCallsTest {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(10).mlp(34).classes(5).build();

    private static final Parameter PARAMETER = Parameters.of(CONFIG).list().getFirst();

    /** Methods of a session that need neither the session's memory nor its team. */
    private static final Set<String> SESSION_FACTS = Set.of("config", "maxBatch", "threads", "cost", "plannedBytes", "toString", "close");

    private static final Set<String> TRAINING_FACTS =
            Set.of("config", "labels", "preprocessing", "parameters", "frozen", "tokenMerging", "maxBatch", "plannedBytes", "steps", "stateCount", "toString", "close");

    /** Methods of a model that use its weights. */
    private static final Set<String> MODEL_CALLS = Set.of("read", "newSession");

    private static final int PICTURE = 512;

    @TempDir
    private static Path folder;

    private PublicCalls calls;

    @BeforeEach
    void drawAnImage() throws IOException {
        Path file = folder.resolve("image.png");
        BufferedImage image = new BufferedImage(24, 16, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 24 * 16; i++) {
            image.setRGB(i % 24, i / 24, i * 0x01030507);
        }
        ImageIO.write(image, "png", file.toFile());
        calls = new PublicCalls(CONFIG, PARAMETER, file);
    }

    private static VitModel model() throws IOException {
        return VitModel.of(new GeneratedWeights(CONFIG, 0));
    }

    private static VitTraining training() throws IOException {
        VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), TrainingOptions.of(1, 1).withImageGradient(true),
                Optimizer.adamW(0.05));
        training.trackAverage();
        return training;
    }

    /** Runs {@code body} while a call that {@code begin} started is still running in another thread. */
    private static void during(Consumer<StageObserver> begin, Runnable body) throws InterruptedException {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        Thread first = Thread.ofPlatform().start(() -> begin.accept((stage, tokens) -> {
            inside.countDown();
            await(leave);
        }));
        inside.await();
        try {
            body.run();
        } finally {
            leave.countDown();
            first.join();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Checks that every method throws exactly this exception, except the methods named in {@code facts}, which must answer. */
    private void allThrow(Class<? extends Throwable> expected, Object target, Set<String> facts) {
        for (Method method : PublicCalls.of(target.getClass())) {
            Object[] arguments = calls.arguments(method);
            if (!facts.contains(method.getName())) {
                assertThrowsExactly(expected, () -> PublicCalls.call(target, method, arguments), method.toString());
            } else if (!method.getName().equals("close")) {
                assertDoesNotThrow(() -> PublicCalls.call(target, method, arguments), method.toString());
            }
        }
    }

    @Test
    void everyMethodOfASessionIsRefusedWhileACallIsUnderWay() throws Exception {
        float[] image = new float[3 * 16 * 24];
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(2))) {
            during(observer -> session.forward(image, 1, new float[5], observer),
                    () -> allThrow(SessionInUseException.class, session, SESSION_FACTS));
        }
    }

    @Test
    void everyMethodOfATrainingIsRefusedWhileACallIsUnderWay() throws Exception {
        float[] image = new float[3 * 16 * 24];
        try (VitTraining training = training()) {
            during(observer -> training.accumulate(image, new int[1], 1, 1, observer),
                    () -> allThrow(SessionInUseException.class, training, TRAINING_FACTS));
        }
    }

    @Test
    void everyMethodSaysWhatIsClosed() throws IOException {
        VitTraining training = training();
        training.close();
        allThrow(SessionClosedException.class, training, TRAINING_FACTS);
        Workers shared = Workers.of(1);
        VitModel model = model();
        VitSession session = model.newSession(SessionOptions.threads(1));
        VitSession closed = model.newSession(SessionOptions.threads(1));
        VitSession teamless = model.newSession(SessionOptions.workers(shared));
        closed.close();
        shared.close();
        allThrow(SessionClosedException.class, closed, SESSION_FACTS);
        allThrow(WorkersClosedException.class, teamless, SESSION_FACTS);
        model.close();
        allThrow(ModelClosedException.class, session, SESSION_FACTS);
        for (Method method : PublicCalls.of(VitModel.class)) {
            if (MODEL_CALLS.contains(method.getName())) {
                assertThrowsExactly(ModelClosedException.class, () -> PublicCalls.call(model, method, calls.arguments(method)));
            } else {
                assertDoesNotThrow(() -> PublicCalls.call(model, method, calls.arguments(method)), method.toString());
            }
        }
        session.close();
        teamless.close();
    }

    @Test
    void everyMethodOfASessionGivesItsOwnAnswerAmongSeveralThreads() throws Throwable {
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            List<Method> methods = PublicCalls.of(VitSession.class).stream()
                    .filter(method -> !Set.of("close", "warmUp").contains(method.getName())).toList();
            Map<Method, String> right = new HashMap<>();
            for (Method method : methods) {
                Object[] arguments = calls.arguments(method);
                right.put(method, PublicCalls.outcome(PublicCalls.call(session, method, arguments), arguments));
            }
            hammer(3, 400, random -> {
                Method method = methods.get(random.nextInt(methods.size()));
                Object[] arguments = calls.arguments(method);
                Object returned = PublicCalls.call(session, method, arguments);
                assertEquals(right.get(method), PublicCalls.outcome(returned, arguments), method.toString());
            });
        }
    }

    @Test
    void everyMethodOfATrainingIsRightOrRefusedAmongSeveralThreads() throws Throwable {
        try (VitTraining training = training()) {
            List<Method> methods = PublicCalls.of(VitTraining.class).stream().filter(method -> !method.getName().equals("close")).toList();
            hammer(3, 300, random -> {
                Method method = methods.get(random.nextInt(methods.size()));
                PublicCalls.call(training, method, calls.arguments(method));
            });
        }
    }

    /**
     * The preparation of these pictures takes far longer than the call. If a session prepared a picture before it is reserved for the call,
     * the pictures of two threads would overwrite one another.
     */
    @Test
    void twoPicturesInTwoThreadsAreNeverMixed() throws Exception {
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(1))) {
            RgbImage[] pictures = {picture(1), picture(2)};
            String[] right = {session.classify(pictures[0]).toString(), session.classify(pictures[1]).toString()};
            hammer(3, 250, random -> {
                int which = random.nextInt(2);
                assertEquals(right[which], session.classify(pictures[which]).toString());
            });
        }
    }

    private static RgbImage picture(int seed) {
        byte[] pixels = new byte[3 * PICTURE * PICTURE];
        new Random(seed).nextBytes(pixels);
        return new RgbImage("picture " + seed, PICTURE, PICTURE, pixels);
    }

    /** What a thread does again and again. */
    @FunctionalInterface
    private interface Action {
        void run(Random random) throws Throwable;
    }

    /** Runs the action in several threads at once. {@link SessionInUseException} is a right answer; anything else that is thrown fails the test. */
    private static void hammer(int threads, int times, Action action) throws InterruptedException {
        Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
        AtomicInteger right = new AtomicInteger();
        Thread[] team = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            Random random = new Random(i);
            team[i] = Thread.ofPlatform().start(() -> {
                for (int j = 0; j < times; j++) {
                    try {
                        action.run(random);
                        right.incrementAndGet();
                    } catch (SessionInUseException e) {
                        Thread.onSpinWait();
                    } catch (Throwable e) {
                        wrong.add(e);
                    }
                }
            });
        }
        for (Thread thread : team) {
            thread.join();
        }
        assertTrue(wrong.isEmpty(), () -> wrong.size() + " wrong, the first: " + wrong.peek());
        assertTrue(right.get() > 0, "every call was refused");
    }
}
