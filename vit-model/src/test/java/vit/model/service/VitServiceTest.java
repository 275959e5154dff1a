package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.parallel.CallInterruptedException;
import vit.model.InputException;
import vit.model.SessionOptions;
import vit.model.service.RequestRefusedException.Reason;

/** What callers get, on their threads. */
@Timeout(60)
class VitServiceTest extends GatedService {

    private static <T> FutureTask<T> run(java.util.concurrent.Callable<T> call, List<Thread> threads) {
        FutureTask<T> task = new FutureTask<>(call);
        threads.add(Thread.ofVirtual().start(task));
        return task;
    }

    private void awaitQueue(int length) throws InterruptedException {
        while (service.statistics().queueLength() != length) {
            Thread.sleep(1);
        }
    }

    @Test
    void everyCallerGetsItsOwnAnswer() throws Exception {
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Float>> answers = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                int number = i;
                answers.add(callers.submit(() -> logit(number)));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertEquals(i, answers.get(i).get());
            }
        }
        assertEquals(200, service.statistics().answered());
        assertEquals(200, service.statistics().queueSeconds().count());
    }

    @Test
    void anInterruptedCallerLeavesTheQueue() throws Exception {
        CompletableFuture<float[]> running = occupy();
        List<Thread> threads = new ArrayList<>();
        FutureTask<Boolean> caller = run(() -> {
            assertThrows(CallInterruptedException.class, () -> logit(2));
            return Thread.currentThread().isInterrupted();
        }, threads);
        awaitQueue(1);
        threads.getFirst().interrupt();
        assertTrue(caller.get(), "the interrupt status is kept");
        assertEquals(0, service.statistics().queueLength());
        assertEquals(1, service.statistics().cancelled());
        engine.let.release();
        assertEquals(1, running.get()[0]);
    }

    @Test
    void aCallerThatIsInterruptedDuringItsPassGetsTheResult() throws Exception {
        engine.shut = true;
        List<Thread> threads = new ArrayList<>();
        FutureTask<Boolean> caller = run(() -> {
            assertEquals(7, logit(7));
            return Thread.currentThread().isInterrupted();
        }, threads);
        engine.begun.acquireUninterruptibly();
        threads.getFirst().interrupt();
        Thread.sleep(20);
        assertFalse(caller.isDone());
        engine.let.release();
        assertTrue(caller.get(), "the interrupt status is kept");
    }

    @Test
    void aCancelledFutureLeavesTheQueue() throws Exception {
        occupy();
        CompletableFuture<float[]> waiting = service.submit(Request.embedding(pixels(2)));
        assertEquals(1, service.statistics().queueLength());
        waiting.cancel(false);
        assertEquals(0, service.statistics().queueLength());
        assertEquals(1, service.statistics().cancelled());
        engine.let.release();
        assertEquals(3, answered(service.submit(Request.embedding(pixels(3)))));
        assertEquals(2, engine.begun.availablePermits() + 1, "the cancelled one was not computed");
    }

    private float answered(CompletableFuture<float[]> future) throws Exception {
        engine.let.release();
        return future.get()[0];
    }

    @Test
    void aWaitingCallerIsToldWhenItsDeadlinePasses() throws Exception {
        occupy();
        Request<float[]> request = Request.logits(pixels(2)).within(Duration.ofMillis(100));
        RequestRefusedException refusal = assertThrows(RequestRefusedException.class, () -> service.call(request));
        assertTrue(refusal.reason() == Reason.EXPIRED || refusal.reason() == Reason.DEADLINE, refusal::toString);
        assertEquals(0, service.statistics().queueLength());
    }

    @Test
    void aFutureFailsIfItsDeadlinePassesInTheQueue() throws Exception {
        occupy();
        CompletableFuture<float[]> late = service.submit(Request.logits(pixels(2)).within(Duration.ofMillis(500)));
        Thread.sleep(510);
        engine.let.release(10);
        ExecutionException failure = assertThrows(ExecutionException.class, late::get);
        assertEquals(Reason.EXPIRED, assertInstanceOf(RequestRefusedException.class, failure.getCause()).reason());
        assertEquals(0, engine.begun.availablePermits(), "it was computed");
    }

    @Test
    void aCallbackThatInterruptsItsThreadHarmsNobody() throws Exception {
        CompletableFuture<Void> interrupted = occupy().thenRun(() -> Thread.currentThread().interrupt());
        CompletableFuture<float[]> next = service.submit(Request.logits(pixels(3)));
        engine.let.release(2);
        interrupted.get();
        assertEquals(3, next.get()[0]);
        assertFalse(engine.interrupted);
    }

    @Test
    void wrongArgumentsAreNamed() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> service.logits(new float[MicroModel.PIXELS - 1], new float[MicroModel.CLASSES]))
                .getMessage().contains("3 × 8 × 8"));
        assertThrows(IllegalArgumentException.class, () -> service.logits(pixels(1), new float[MicroModel.CLASSES - 1]));
        assertThrows(IllegalArgumentException.class, () -> service.submit(Request.logits(new float[3])));
        assertThrows(IllegalArgumentException.class, () -> Request.prediction(pixels(1), 0));
        assertThrows(IllegalArgumentException.class, () -> Request.explanation(MicroModel.image(1), 0));
        assertThrows(IllegalArgumentException.class, () -> Request.logits(pixels(1)).within(Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.withSessions(0, 1));
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.withDeadline(Duration.ZERO));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> OPTIONS.withDecoding(8, 7)).getMessage().startsWith("decodeBytes / decoders 0"));
        assertEquals(0, service.statistics().failed());
    }

    @Test
    void aBadImageFailsItsOwnRequest() throws Exception {
        byte[] file = {1, 2, 3};
        assertThrows(InputException.class, () -> service.call(Request.logits(file)));
        ExecutionException failure = assertThrows(ExecutionException.class, () -> service.submit(Request.logits(file)).get());
        assertInstanceOf(InputException.class, failure.getCause());
        assertEquals(2, service.statistics().failed());
        assertEquals(2, service.statistics().decodeSeconds().count());
        assertEquals(6, logit(6));
        assertEquals(0, engine.closed);
        service.close();
        assertEquals(1, engine.closed, "the failed requests hold the model no longer");
    }

    /** Anything else that goes wrong with an image is a failure as well: here a file system that throws. */
    @Test
    void anUncheckedFailureOfAnImageIsCounted() throws Exception {
        java.nio.file.Path broken = (java.nio.file.Path) java.lang.reflect.Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {java.nio.file.Path.class}, (_, _, _) -> {
                    throw new IllegalStateException("planted");
                });
        assertEquals("planted", assertThrows(IllegalStateException.class, () -> service.call(Request.logits(broken))).getMessage());
        assertEquals("planted", assertThrows(IllegalStateException.class, () -> service.submit(Request.logits(broken))).getMessage());
        assertEquals(2, service.statistics().failed());
        service.close();
        assertEquals(1, engine.closed, "the failed requests hold the model no longer");
    }

    @Test
    void imagesAreDecodedInBoundedNumber() {
        ImagePreparation preparation = new ImagePreparation(OPTIONS.withDecoding(2, 1 << 20));
        assertTrue(preparation.enter(0));
        assertTrue(preparation.enter(0));
        assertFalse(preparation.enter(1_000_000));
        preparation.leave();
        assertTrue(preparation.enter(0));
        // A megabyte for two: 500 × 500 pixels do not fit into one's half.
        InputException refused = assertThrows(InputException.class, () -> preparation.pixels(model, bitmap(500, 500)));
        assertTrue(refused.getMessage().contains("memory") || refused.getMessage().contains("bytes"), refused.getMessage());
        assertTrue(assertDoesNotFail(() -> preparation.pixels(model, bitmap(50, 50))).length == MicroModel.PIXELS);
    }

    private static float[] assertDoesNotFail(java.util.concurrent.Callable<float[]> call) {
        return org.junit.jupiter.api.Assertions.assertDoesNotThrow(call::call);
    }

    /** A PPM file of black pixels. */
    private static byte[] bitmap(int height, int width) {
        byte[] head = ("P6 " + width + " " + height + " 255\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        return java.util.Arrays.copyOf(head, head.length + height * width * 3);
    }

    @Test
    void optionsSayWhatSessionsTake() {
        ServiceOptions two = OPTIONS.withSessions(2, 1).withBatchLimit(4);
        long each = model.sessionBytes(SessionOptions.threads(1).withBatch(4)) + 4L * 4 * (MicroModel.PIXELS + MicroModel.CLASSES + 16);
        assertEquals(2 * each, two.sessionBytes(model));
        assertEquals(1, ServiceOptions.lowestLatency().sessions());
        assertEquals(Runtime.getRuntime().availableProcessors(), ServiceOptions.lowestLatency().threads());
        assertEquals(Runtime.getRuntime().availableProcessors(), ServiceOptions.defaults().sessions());
    }
}
