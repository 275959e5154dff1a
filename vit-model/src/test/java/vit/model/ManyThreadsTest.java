package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.config.VitConfig;
import vit.model.image.RgbImage;
import vit.model.parameters.GeneratedWeights;

/** Many threads take turns with a few sessions of one model. Every result has the bits that a single thread gets. */
class ManyThreadsTest {

    private static final int PLATFORM = 64;
    private static final int VIRTUAL = 1000;
    private static final int IMAGES = 16;
    private static final int SIDE = 8;
    private static final int PIXELS = 3 * SIDE * SIDE;
    private static final int CLASSES = 5;
    private static final int WIDTH = 16;

    private static final VitConfig MICRO = VitConfig.builder().image(SIDE, SIDE).patch(4).width(WIDTH).depth(1).heads(2).mlp(20).classes(CLASSES).build();

    private final RgbImage[] images = new RgbImage[IMAGES];
    private final float[][] pixels = new float[IMAGES][];
    private final int[] logitHashes = new int[IMAGES];
    private final int[] embeddingHashes = new int[IMAGES];
    private final Prediction[] predictions = new Prediction[IMAGES];
    private final AtomicLong wrong = new AtomicLong();
    private final AtomicLong done = new AtomicLong();

    @Test
    @Timeout(120)
    void everyThreadGetsTheBitsOfOne() throws Exception {
        run(6_000);
    }

    @Test
    @Tag("heavy")
    @Timeout(1800)
    void aMillionCallsGiveTheBitsOfOne() throws Exception {
        run(1_000_000);
    }

    private void run(int calls) throws Exception {
        try (VitModel model = VitModel.of(new GeneratedWeights(MICRO, 4))) {
            expect(model);
            List<VitSession> sessions = List.of(model.newSession(SessionOptions.threads(1)), model.newSession(SessionOptions.threads(1)),
                    model.newSession(SessionOptions.threads(1).withFiniteCheck(true)), model.newSession(SessionOptions.threads(2)));
            try {
                BlockingQueue<VitSession> pool = new ArrayBlockingQueue<>(sessions.size(), false, sessions);
                int each = calls / (PLATFORM + VIRTUAL) + 1;
                List<Thread> threads = new ArrayList<>();
                CountDownLatch start = new CountDownLatch(1);
                start(threads, PLATFORM, Thread.ofPlatform().name("platform-", 0).factory(), pool, each, start);
                start(threads, VIRTUAL, Thread.ofVirtual().name("virtual-", 0).factory(), pool, each, start);
                start.countDown();
                for (Thread thread : threads) {
                    thread.join();
                }
                assertEquals((long) each * (PLATFORM + VIRTUAL), done.get());
                assertEquals(0, wrong.get(), "results with other bits");
                System.out.println(done.get() + " calls of " + PLATFORM + " platform and " + VIRTUAL + " virtual threads, " + wrong.get() + " wrong");
            } finally {
                sessions.forEach(VitSession::close);
            }
        }
    }

    /** The results that a single thread gets. */
    private void expect(VitModel model) throws IOException {
        Random random = new Random(9);
        try (VitSession session = model.newSession(SessionOptions.threads(1))) {
            for (int i = 0; i < IMAGES; i++) {
                byte[] samples = new byte[PIXELS];
                random.nextBytes(samples);
                images[i] = new RgbImage(SIDE, SIDE, samples);
                pixels[i] = model.preprocessing().apply(images[i], SIDE, SIDE);
                float[] logits = new float[CLASSES];
                session.logits(pixels[i], 1, logits);
                logitHashes[i] = Arrays.hashCode(logits);
                embeddingHashes[i] = Arrays.hashCode(session.embed(images[i]));
                predictions[i] = session.classify(images[i], CLASSES);
            }
        }
    }

    private void start(List<Thread> threads, int count, ThreadFactory factory, BlockingQueue<VitSession> pool, int each, CountDownLatch start) {
        for (int t = 0; t < count; t++) {
            int seed = threads.size();
            Thread thread = factory.newThread(() -> {
                try {
                    start.await();
                    work(pool, each, new Random(seed));
                } catch (InterruptedException | IOException e) {
                    wrong.incrementAndGet();
                }
            });
            threads.add(thread);
            thread.start();
        }
    }

    private void work(BlockingQueue<VitSession> pool, int each, Random random) throws InterruptedException, IOException {
        float[] logits = new float[CLASSES];
        for (int call = 0; call < each; call++) {
            int i = random.nextInt(IMAGES);
            VitSession session = pool.take();
            boolean right;
            try {
                right = switch (call % 8) {
                    case 6 -> Arrays.hashCode(session.embed(images[i])) == embeddingHashes[i];
                    case 7 -> session.classify(images[i], CLASSES).equals(predictions[i]);
                    default -> {
                        session.logits(pixels[i], 1, logits);
                        yield Arrays.hashCode(logits) == logitHashes[i];
                    }
                };
            } finally {
                pool.put(session);
            }
            wrong.addAndGet(right ? 0 : 1);
            done.incrementAndGet();
        }
    }
}
