package vit.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.parallel.Workers;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.NativeSpeed;
import vit.model.config.VitConfig;
import vit.model.config.VitConfigBuilder;
import vit.model.config.VitConfig.FinalNorm;
import vit.model.config.VitConfig.Pooling;
import vit.model.config.VitConfigBuilder;
import vit.model.parameters.GeneratedWeights;

/**
 * A session gives the same bits at any number of threads, at any place in a batch and at every call, and it refuses misuse with the exception
 * that the documentation names.
 */
@Timeout(300)
class VitSessionTest {

    /** A small model in which no dimension is a multiple of a tile. */
    private static final VitConfig CONFIG =
            VitConfig.builder().image(24, 32).patch(8).width(36).depth(2).heads(3).headDim(10).mlp(50).classes(11).build();

    private static final int PIXELS = 3 * 24 * 32;

    private static VitModel model() throws IOException {
        return VitModel.of(new GeneratedWeights(CONFIG, 0));
    }

    private static float[] images(int count, long seed) {
        Random random = new Random(seed);
        float[] images = new float[count * PIXELS];
        for (int i = 0; i < images.length; i++) {
            images[i] = random.nextFloat() * 2 - 1;
        }
        return images;
    }

    @Test
    void logitsAreTheSameAtAnyThreadCountAndPlaceInTheBatch() throws IOException {
        float[] image = images(1, 1);
        float[] expected = new float[11];
        try (VitModel model = model()) {
            try (VitSession session = model.newSession(SessionOptions.threads(1))) {
                session.logits(image, 1, expected);
            }
            for (int threads = 1; threads <= 8; threads++) {
                try (VitSession session = model.newSession(SessionOptions.threads(threads).withBatch(5))) {
                    for (int batch = 1; batch <= 5; batch++) {
                        for (int place = 0; place < batch; place++) {
                            float[] images = images(batch, 100 + place);
                            System.arraycopy(image, 0, images, place * PIXELS, PIXELS);
                            float[] logits = new float[batch * 11];
                            session.logits(images, batch, logits);
                            assertArrayEquals(expected, Arrays.copyOfRange(logits, place * 11, place * 11 + 11),
                                    threads + " threads, place " + place + " of " + batch);
                        }
                    }
                }
            }
        }
    }

    /** The heads that are tried: the class token alone, class and distillation token, and a mean, which needs every token. */
    @Test
    void skippedTokensChangeNoBit() throws IOException {
        for (UnaryOperator<VitConfigBuilder> kind : List.<UnaryOperator<VitConfigBuilder>>of(
                b -> b, b -> b.distillationToken(true), b -> b.pooling(Pooling.PATCH_MEAN))) {
            VitConfig config = kind.apply(CONFIG.toBuilder()).build();
            float[] images = images(3, 9);
            float[] expected = new float[3 * 11];
            float[] actual = new float[3 * 11];
            try (VitModel model = VitModel.of(new GeneratedWeights(config, 0));
                    VitSession all = model.newSession(SessionOptions.threads(2).withBatch(3).withAllTokens(true));
                    VitSession pooled = model.newSession(SessionOptions.threads(2).withBatch(3))) {
                all.logits(images, 3, expected);
                pooled.logits(images, 3, actual);
                assertArrayEquals(expected, actual);
                Arrays.fill(actual, Float.NaN);
                pooled.forward(images, 3, actual, (stage, tokens) -> { });
                assertArrayEquals(expected, actual, "observed");
                assertEquals(config.pooling() == Pooling.TOKEN, pooled.cost().flops() < all.cost().flops());
            }
        }
    }

    @Test
    void firstCallAndThousandthGiveTheSameBits() throws IOException {
        float[] image = images(1, 2);
        float[] first = new float[11];
        float[] later = new float[11];
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(2))) {
            session.logits(image, 1, first);
            for (int call = 2; call <= 1000; call++) {
                session.logits(image, 1, later);
                assertArrayEquals(first, later, "call " + call);
            }
        }
    }

    @Test
    void embedGivesWhatTheHeadSees() throws IOException {
        VitConfig headless = CONFIG.toBuilder().classes(0).build();
        float[] image = images(1, 4);
        float[] expected = new float[36];
        float[] actual = new float[36];
        try (VitModel model = model(); VitModel base = VitModel.of(new GeneratedWeights(headless, 0));
                VitSession session = model.newSession(SessionOptions.threads(1));
                VitSession embedder = base.newSession(SessionOptions.threads(1))) {
            session.embed(image, 1, expected);
            embedder.embed(image, 1, actual);
            assertArrayEquals(expected, actual);
            IllegalArgumentException thrown =
                    assertThrows(IllegalArgumentException.class, () -> embedder.logits(image, 1, new float[11]));
            assertTrue(thrown.getMessage().contains("embed"), thrown.getMessage());
        }
    }

    @Test
    void everyPoolingAndNormPlacementRuns() throws IOException {
        for (Pooling pooling : Pooling.values()) {
            for (FinalNorm norm : FinalNorm.values()) {
                boolean made = norm == FinalNorm.BEFORE_POOLING || !pooling.isAttention() && (norm == FinalNorm.NONE || pooling.width() == 1);
                VitConfigBuilder builder = CONFIG.toBuilder().headDim(pooling.isAttention() ? 12 : 10).pooling(pooling).finalNorm(norm).registers(2)
                        .distillationToken(pooling == Pooling.TOKEN).layerScale(true).preLogits(pooling.width() == 1);
                if (!made) {
                    assertThrows(IllegalArgumentException.class, builder::build);
                    continue;
                }
                VitConfig config = builder.build();
                try (VitModel model = VitModel.of(new GeneratedWeights(config, 0));
                        VitSession session = model.newSession(SessionOptions.threads(2))) {
                    float[] logits = new float[11];
                    session.logits(images(1, 5), 1, logits);
                    for (float logit : logits) {
                        assertTrue(Float.isFinite(logit));
                    }
                }
            }
        }
    }

    @Test
    void plannedBytesAreKnownBefore() throws IOException {
        SessionOptions options = SessionOptions.threads(3).withBatch(4);
        try (VitModel model = model(); VitSession session = model.newSession(options)) {
            assertEquals(session.plannedBytes(), model.sessionBytes(options));
            assertTrue(session.plannedBytes() > 4L * PIXELS * Float.BYTES);
        }
    }

    @Test
    void warmUpSaysReady() throws IOException {
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(2))) {
            WarmUpReport report = session.warmUp();
            assertTrue(report.calls() >= 3 && report.milliseconds() > 0, report.toString());
            assertEquals(Implementation.isReference() ? List.of() : NativeSpeed.obstacles(), report.warnings());
            assertEquals("ready after 5 ms: 3 calls, first 2.0 ms, last 1.0 ms; warning: slow: do this",
                    new WarmUpReport(true, 5, 3, 2, 1, List.of("slow: do this")).toString());
        }
    }

    @Test
    void wrongLengthsAndBatchesAreRefused() throws IOException {
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(1).withBatch(2))) {
            refused("images", () -> session.logits(new float[PIXELS - 1], 1, new float[11]));
            refused("logits", () -> session.logits(new float[PIXELS], 1, new float[10]));
            refused("batch", () -> session.logits(new float[3 * PIXELS], 3, new float[33]));
            refused("batch", () -> session.logits(new float[PIXELS], 0, new float[11]));
            refused("embeddings", () -> session.embed(new float[PIXELS], 1, new float[35]));
        }
        refused("threads", () -> SessionOptions.threads(0));
        refused("batch", () -> SessionOptions.threads(1).withBatch(0));
    }

    private static void refused(String part, Runnable call) {
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }

    @Test
    void closedModelAndClosedSessionRefuseCalls() throws IOException {
        float[] image = images(1, 6);
        float[] logits = new float[11];
        VitModel model = model();
        VitSession session = model.newSession(SessionOptions.threads(2));
        VitSession closed = model.newSession(SessionOptions.threads(1));
        closed.close();
        closed.close();
        closedMessage("session is closed", () -> closed.logits(image, 1, logits));
        model.close();
        model.close();
        closedMessage("model is closed", () -> session.logits(image, 1, logits));
        closedMessage("model is closed", () -> model.newSession(SessionOptions.threads(1)));
        session.close();
    }

    private static void closedMessage(String part, Runnable call) {
        IllegalStateException thrown = assertThrows(IllegalStateException.class, call::run);
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }

    @Test
    void secondThreadInOneSessionIsRefusedAndTheFirstGoesOn() throws Exception {
        float[] image = images(1, 7);
        float[] expected = new float[11];
        float[] logits = new float[11];
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(2))) {
            session.logits(image, 1, expected);
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            Thread first = Thread.ofPlatform().start(() -> session.forward(image, 1, logits, (stage, tokens) -> {
                if (stage.equals("stage.tokens")) {
                    inside.countDown();
                    await(leave);
                }
            }));
            inside.await();
            closedMessage("in use by another call", () -> session.logits(image, 1, new float[11]));
            leave.countDown();
            first.join();
            assertArrayEquals(expected, logits);
        }
    }

    @Test
    void closingTheModelInTheMiddleOfACallLetsTheCallEnd() throws Exception {
        float[] image = images(1, 8);
        float[] expected = new float[11];
        float[] logits = new float[11];
        VitModel model = model();
        VitSession session = model.newSession(SessionOptions.threads(2));
        session.logits(image, 1, expected);
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread first = Thread.ofPlatform().uncaughtExceptionHandler((t, e) -> failure.set(e))
                .start(() -> session.forward(image, 1, logits, (stage, tokens) -> {
                    if (stage.equals("stage.tokens")) {
                        inside.countDown();
                        await(leave);
                    }
                }));
        inside.await();
        model.close();
        session.close();
        leave.countDown();
        first.join();
        assertEquals(null, failure.get());
        assertArrayEquals(expected, logits);
        closedMessage("closed", () -> session.logits(image, 1, logits));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void exceptionOfAnObserverComesOutAndTheSessionGoesOn() throws IOException {
        float[] image = images(1, 9);
        float[] expected = new float[11];
        float[] logits = new float[11];
        try (VitModel model = model(); VitSession session = model.newSession(SessionOptions.threads(3))) {
            session.logits(image, 1, expected);
            assertThrows(ArithmeticException.class, () -> session.forward(image, 1, logits, (stage, tokens) -> {
                throw new ArithmeticException("planned");
            }));
            session.logits(image, 1, logits);
            assertArrayEquals(expected, logits);
        }
    }

    @Test
    void sessionsOfOneModelShareATeam() throws IOException {
        float[] image = images(1, 10);
        float[] a = new float[11];
        float[] b = new float[11];
        try (VitModel model = model(); Workers workers = Workers.of(2)) {
            try (VitSession one = model.newSession(SessionOptions.workers(workers));
                    VitSession two = model.newSession(SessionOptions.workers(workers))) {
                one.logits(image, 1, a);
                two.logits(image, 1, b);
            }
            assertArrayEquals(a, b);
            workers.run(w -> {}); // a shared team still works after its sessions are closed
        }
    }

    @Test
    void absurdConfigurationsAreRefusedByName() {
        absurd("smaller than the patch", b -> b.image(7, 32));
        absurd("heads", b -> b.heads(0));
        absurd("head_dim", b -> b.width(35).headDim(0));
        absurd("depth", b -> b.depth(-1));
        absurd("width", b -> b.width(Integer.MAX_VALUE));
        absurd("layer_norm_eps", b -> b.layerNormEps(Double.NaN));
        absurd("class token", b -> b.classToken(false));
        absurd("tokens", b -> b.image(1 << 19, 1 << 19));
    }

    private static void absurd(String part, UnaryOperator<VitConfigBuilder> change) {
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> change.apply(CONFIG.toBuilder()).build());
        assertTrue(thrown.getMessage().contains(part), thrown.getMessage());
    }
}
