package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.model.ModelClosedException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.WarmUpReport;
import vit.model.config.HeadConfig;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;
import vit.model.service.RequestRefusedException.Reason;

/** Starting, replacing and closing. */
@Timeout(60)
class ServiceLifetimeTest extends GatedService {

    @Test
    void closingEndsWhatWasAdmitted() throws Exception {
        CompletableFuture<float[]> running = occupy();
        CompletableFuture<float[]> waiting = service.submit(Request.logits(pixels(2)));
        Thread closer = Thread.ofPlatform().start(service::close);
        while (service.isReady()) {
            Thread.sleep(1);
        }
        assertEquals(Reason.CLOSING, assertThrows(RequestRefusedException.class, () -> logit(3)).reason());
        assertTrue(closer.isAlive());
        engine.let.release(2);
        closer.join();
        assertEquals(1, running.get()[0]);
        assertEquals(2, waiting.get()[0]);
        assertEquals(1, engine.closed);
        assertThrows(ModelClosedException.class, () -> model.newSession(SessionOptions.threads(1)));
        assertEquals(List.of(), Thread.getAllStackTraces().keySet().stream().map(Thread::getName).filter(name -> name.startsWith(service + "-")).toList());
    }

    @Test
    void whatDoesNotEndInTheDrainTimeIsRefused() throws Exception {
        service.close();
        start(OPTIONS.withDrainTime(Duration.ZERO));
        CompletableFuture<float[]> running = occupy();
        CompletableFuture<float[]> waiting = service.submit(Request.logits(pixels(2)));
        Thread closer = Thread.ofPlatform().start(service::close);
        ExecutionException failure = assertThrows(ExecutionException.class, waiting::get);
        assertEquals(Reason.CLOSING, assertInstanceOf(RequestRefusedException.class, failure.getCause()).reason());
        engine.let.release();
        closer.join();
        assertEquals(1, running.get()[0], "a pass that has begun ends");
    }

    @Test
    void aCallbackMayCloseTheService() throws Exception {
        CompletableFuture<float[]> running = occupy();
        CompletableFuture<Void> closed = running.thenRun(service::close);
        engine.let.release();
        closed.get();
        assertEquals(Reason.CLOSING, assertThrows(RequestRefusedException.class, () -> logit(3)).reason());
        assertEquals(2, engine.closed + 1);
    }

    @Test
    void aServiceThatIsNotWarmRefuses() throws Exception {
        GateEngine slow = new GateEngine();
        slow.shut = true;
        VitService starting = VitService.start(MicroModel.open(1), OPTIONS, (_, _, _) -> slow);
        assertFalse(starting.isReady());
        RequestRefusedException refusal = assertThrows(RequestRefusedException.class, () -> starting.call(Request.logits(pixels(1))));
        assertEquals(Reason.NOT_READY, refusal.reason());
        assertTrue(refusal.retryAfter().isPresent());
        slow.shut = false;
        slow.let.release(1000);
        starting.ready().join();
        assertTrue(starting.isReady());
        assertEquals(9, starting.call(Request.logits(pixels(9)))[0]);
        starting.close();
        assertFalse(starting.isReady());
        assertEquals(1, slow.closed);
    }

    @Test
    void aServiceMayBeClosedBeforeItIsWarm() throws Exception {
        GateEngine slow = new GateEngine();
        slow.shut = true;
        VitModel unused = MicroModel.open(1);
        VitService starting = VitService.start(unused, OPTIONS, (_, _, _) -> slow);
        slow.begun.acquireUninterruptibly();
        CompletableFuture<WarmUpReport> ready = starting.ready();
        Thread closer = Thread.ofPlatform().start(starting::close);
        while (closer.getState() != Thread.State.WAITING) {
            Thread.sleep(1);
        }
        slow.let.release(1000);
        closer.join();
        assertEquals(0, slow.begun.availablePermits(), "no pass begins after the one under way");
        CompletionException failure = assertThrows(CompletionException.class, ready::join);
        assertEquals(Reason.CLOSING, assertInstanceOf(RequestRefusedException.class, failure.getCause()).reason());
        assertEquals(1, slow.closed);
        assertThrows(ModelClosedException.class, () -> unused.newSession(SessionOptions.threads(1)));
    }

    @Test
    void aModelThatCannotBeWarmedIsReported() throws IOException {
        VitModel bad = MicroModel.open(1);
        try (VitService failing = VitService.start(bad, OPTIONS, (_, _, _) -> new FakeEngine() {
            @Override
            public WarmUpReport warmUp() {
                throw new IllegalStateException("planted");
            }
        })) {
            CompletionException failure = assertThrows(CompletionException.class, () -> failing.ready().join());
            assertEquals("planted", failure.getCause().getMessage());
            assertFalse(failing.isReady());
        }
        assertThrows(ModelClosedException.class, () -> bad.newSession(SessionOptions.threads(1)));
    }

    @Test
    void aModelThatTheServiceHasTakenOverCannotReplaceAnother() throws Exception {
        VitModel next = MicroModel.open(1);
        assertTrue(assertThrows(IllegalArgumentException.class, () -> service.replace(model)).getMessage().contains("taken this model over"));
        assertEquals(4, logit(4));
        service.replace(next);
        for (VitModel taken : List.of(model, next)) {
            assertThrows(IllegalArgumentException.class, () -> service.replace(taken));
        }
        assertSame(next, service.model());
        assertEquals(5, logit(5));
        next.newSession(SessionOptions.threads(1)).close(); // it is open
    }

    @Test
    void theQueueMayBeAsLongAsMemoryAllows() throws Exception {
        service.close();
        start(OPTIONS.withQueue(Integer.MAX_VALUE, Long.MAX_VALUE));
        assertEquals(3, logit(3));
        assertEquals(4, logit(4));
    }

    /** Its outputs have the size of the embedding, so sizes alone do not tell that they are no logits. */
    @Test
    void aHeadThatProjectsDoesNotReplaceOneThatClassifies() throws Exception {
        int width = MicroModel.CONFIG.pooledWidth();
        service.close();
        service = VitService.start(VitModel.of(new GeneratedWeights(MicroModel.CONFIG.toBuilder().classes(width).build(), 0)), OPTIONS);
        service.ready().join();
        VitConfig projecting = MicroModel.CONFIG.toBuilder().family("openclip").classes(width).head(HeadConfig.Kind.PROJECTION).headBias(false).build();
        try (VitModel other = VitModel.of(new GeneratedWeights(projecting, 0))) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> service.replace(other)).getMessage().contains("no classes"));
        }
    }

    @Test
    void aReplacedModelIsClosedAndOneThatDoesNotFitIsRefused() throws Exception {
        VitModel next = MicroModel.open(1);
        service.replace(next);
        assertSame(next, service.model());
        assertTrue(service.isReady());
        assertThrows(ModelClosedException.class, () -> model.newSession(SessionOptions.threads(1)));
        assertEquals(5, logit(5));
        try (VitModel other = VitModel.of(new GeneratedWeights(MicroModel.CONFIG.toBuilder().classes(7).build(), 0))) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> service.replace(other)).getMessage().contains("7 classes"));
            other.newSession(SessionOptions.threads(1)).close();
        }
        service.close();
        assertSame(next, service.model());
        try (VitModel late = MicroModel.open(2)) {
            assertEquals(Reason.CLOSING, assertThrows(RequestRefusedException.class, () -> service.replace(late)).reason());
            late.newSession(SessionOptions.threads(1)).close();
            assertEquals(3, engine.closed, "the session of each of the three models");
        }
    }
}
