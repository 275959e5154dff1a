package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vit.model.ModelClosedException;
import vit.model.NonFiniteException;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.WarmUpReport;
import vit.model.service.RequestRefusedException.Reason;

/** A service with real sessions, many callers, deadlines, batches and a new model: every answer has the bits of a session's alone. */
class ServiceUnderLoadTest {

    private static final int REQUESTS = 10_000;
    private static final int IMAGES = 40;
    private static final int CALLERS = 24;

    /** What sessions of a model give for every image alone. */
    private record Truth(List<float[]> logits, List<float[]> embeddings) {

        static Truth of(long seed) throws IOException {
            Truth truth = new Truth(new ArrayList<>(), new ArrayList<>());
            try (VitModel model = MicroModel.open(seed); VitSession session = model.newSession(SessionOptions.threads(1))) {
                for (int i = 0; i < IMAGES; i++) {
                    truth.logits.add(new float[MicroModel.CLASSES]);
                    truth.embeddings.add(new float[MicroModel.CONFIG.embeddingWidth()]);
                    session.logits(MicroModel.pixels(i), 1, truth.logits.getLast());
                    session.embed(MicroModel.pixels(i), 1, truth.embeddings.getLast());
                }
            }
            return truth;
        }

        float[] answer(boolean logits, int image) {
            return logits ? this.logits.get(image) : embeddings.get(image);
        }
    }

    /** A session for which batches pay. It is not warmed up: the bits do not depend on it, and {@link ServiceAllocationTest} warms up. */
    private Engine evenCost(VitModel model, ServiceOptions options, String name) {
        return new EvenCostEngine(model, options, name, () -> measuring) {
            @Override
            public WarmUpReport warmUp() {
                LockSupport.parkNanos(300_000_000);
                return new WarmUpReport(true, 300, 0, 0, 0, List.of());
            }
        };
    }

    private volatile boolean measuring = true;
    private final List<float[]> pixels = new ArrayList<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicInteger cancelled = new AtomicInteger();

    @Test
    @Timeout(120)
    void everyAnswerHasTheBitsOfASessionAlone(@TempDir Path folder) throws Exception {
        for (int i = 0; i < IMAGES; i++) {
            pixels.add(MicroModel.pixels(i));
        }
        Truth old = Truth.of(0);
        Truth next = Truth.of(1);
        ServiceOptions options = ServiceOptions.defaults().withSessions(2, 1).withBatchLimit(4).withQueue(64, 1 << 20).withDeadline(Duration.ofSeconds(30));
        VitModel first = MicroModel.open(0);
        try (Recording recording = new Recording(); VitService service = VitService.start(first, options, this::evenCost)) {
            Set.of("vit.Inference", "vit.Refusal", "vit.ModelReplaced", "vit.WarmUp").forEach(event -> recording.enable(event).withThreshold(Duration.ZERO));
            recording.start();
            service.ready().join();
            measuring = false;
            load(service, REQUESTS, List.of(old));
            ServiceStatistics statistics = statistics(service, REQUESTS);
            long ofCancelled = statistics.answered() - answered.get() + statistics.refusedInAll() - refused.get() + statistics.cancelled();
            assertEquals(cancelled.get(), ofCancelled);
            assertTrue(statistics.answered() >= answered.get() && statistics.refusedInAll() >= refused.get());
            assertEquals(0, statistics.failed());
            assertEquals(0, statistics.queueLength());
            assertEquals(0, statistics.queueBytes());
            assertEquals(statistics.answered(), statistics.queueSeconds().count());
            assertEquals(statistics.answered(), Math.round(statistics.batchImages().sum()));
            assertEquals(statistics.batchImages().count(), statistics.computeSeconds().count());
            System.out.println(statistics);
            assertTrue(statistics.answered() > REQUESTS / 2, "most were answered");
            assertTrue(statistics.batchImages().counts()[0] < statistics.batchImages().count(), "there were batches");
            badOnesFailAlone(service, old);
            imagesAreTheSessionsToo(service);
            replaceUnderLoad(service, first, old, next);
            recording.stop();
            Path file = folder.resolve("service.jfr");
            recording.dump(file);
            checkEvents(RecordingFile.readAllEvents(file), service.statistics());
        }
    }

    /** The statistics once this many requests have ended: passes of cancelled requests may take a little longer than their callers. */
    private static ServiceStatistics statistics(VitService service, int requests) throws InterruptedException {
        while (true) {
            ServiceStatistics statistics = service.statistics();
            if (statistics.answered() + statistics.refusedInAll() + statistics.cancelled() + statistics.failed() >= requests) {
                return statistics;
            }
            Thread.sleep(1);
        }
    }

    /** Callers of every kind. Each answer must be that of one of the models, the whole of it. */
    private void load(VitService service, int requests, List<Truth> truths) throws Exception {
        AtomicInteger left = new AtomicInteger(requests);
        List<FutureTask<Void>> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            SplittableRandom random = new SplittableRandom(i);
            FutureTask<Void> caller = new FutureTask<>(() -> {
                while (left.getAndDecrement() > 0) {
                    send(service, random, truths);
                }
                return null;
            });
            callers.add(caller);
            (i % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform()).start(caller);
        }
        for (FutureTask<Void> caller : callers) {
            caller.get();
        }
    }

    private void send(VitService service, SplittableRandom random, List<Truth> truths) throws Exception {
        int image = random.nextInt(IMAGES);
        boolean logits = random.nextInt(4) > 0;
        Request<float[]> request = logits ? Request.logits(pixels.get(image)) : Request.embedding(pixels.get(image));
        request = random.nextInt(4) == 0 ? request.urgent() : request;
        request = random.nextInt(4) == 0 ? request.within(Duration.ofNanos(random.nextLong(1, 3_000_000))) : request;
        float[] result = new float[logits ? MicroModel.CLASSES : MicroModel.CONFIG.embeddingWidth()];
        try {
            switch (random.nextInt(4)) {
                case 0 -> result = service.call(request);
                case 1 -> result = service.submit(request).get();
                case 2 -> {
                    CompletableFuture<float[]> future = service.submit(request);
                    if (future.cancel(false)) {
                        cancelled.incrementAndGet(); // in the queue, in its pass, or when it expired
                        return;
                    }
                    result = future.get();
                }
                default -> {
                    if (logits) {
                        service.logits(pixels.get(image), result);
                    } else {
                        service.embed(pixels.get(image), result);
                    }
                }
            }
        } catch (RequestRefusedException e) {
            refused.incrementAndGet();
            return;
        } catch (ExecutionException e) {
            assertInstanceOf(RequestRefusedException.class, e.getCause());
            refused.incrementAndGet();
            return;
        }
        answered.incrementAndGet();
        float[] answer = result;
        assertTrue(truths.stream().anyMatch(truth -> Arrays.equals(truth.answer(logits, image), answer)), "image " + image + " has other bits");
    }

    private void badOnesFailAlone(VitService service, Truth truth) throws Exception {
        float[] bad = MicroModel.pixels(0);
        bad[0] = Float.POSITIVE_INFINITY;
        List<CompletableFuture<float[]>> futures = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            futures.add(service.submit(Request.logits(i % 5 == 0 ? bad : pixels.get(i))));
        }
        for (int i = 0; i < 20; i++) {
            if (i % 5 == 0) {
                Callable<float[]> failing = futures.get(i)::get;
                assertInstanceOf(NonFiniteException.class, assertThrows(ExecutionException.class, failing::call).getCause());
            } else {
                assertArrayEquals(truth.logits.get(i), futures.get(i).get());
            }
        }
        assertEquals(4, service.statistics().failed());
    }

    private static void imagesAreTheSessionsToo(VitService service) throws Exception {
        try (VitModel model = MicroModel.open(0); VitSession session = model.newSession(SessionOptions.threads(1))) {
            assertEquals(session.classify(MicroModel.image(1), 3), service.call(Request.prediction(MicroModel.image(1), 3)));
            assertEquals(session.classify(MicroModel.image(2)), service.classify(MicroModel.image(2)));
            assertArrayEquals(session.embed(MicroModel.image(3)), service.embed(MicroModel.image(3)));
            float[] logits = service.call(Request.logits(MicroModel.image(4)));
            assertArrayEquals(model.scores().of(logits, 0, MicroModel.CLASSES), service.call(Request.probabilities(MicroModel.image(4))));
        }
    }

    private void replaceUnderLoad(VitService service, VitModel first, Truth old, Truth next) throws Exception {
        VitModel second = MicroModel.open(1);
        FutureTask<Void> replacement = new FutureTask<>(() -> {
            service.replace(second);
            return null;
        });
        Thread.ofPlatform().start(replacement);
        while (!replacement.isDone()) {
            load(service, 500, List.of(old, next));
        }
        replacement.get();
        assertEquals(4, service.statistics().failed(), "none has failed since");
        load(service, 500, List.of(next));
        assertThrows(ModelClosedException.class, () -> first.newSession(SessionOptions.threads(1)));
    }

    private static void checkEvents(List<RecordedEvent> events, ServiceStatistics statistics) {
        assertEquals(Set.of("vit.Inference", "vit.Refusal", "vit.ModelReplaced", "vit.WarmUp"),
                events.stream().map(event -> event.getEventType().getName()).collect(Collectors.toSet()));
        List<RecordedEvent> passes = events.stream().filter(event -> event.getEventType().getName().equals("vit.Inference")).toList();
        assertTrue(passes.size() >= statistics.computeSeconds().count(), "each of the " + statistics.computeSeconds().count() + " passes, not " + passes.size());
        assertTrue(passes.stream().anyMatch(event -> event.getInt("batch") > 1));
        assertTrue(passes.stream().allMatch(event -> event.getThread().getJavaName().matches("vit-service-\\d+-session-[12]")));
        assertTrue(passes.stream().allMatch(event -> event.getLong("bytes") == event.getInt("batch") * MicroModel.PIXELS * 4L));
        assertTrue(events.stream().noneMatch(event -> event.getStackTrace() != null));
        assertEquals(statistics.refusedInAll(), events.stream().filter(event -> event.getEventType().getName().equals("vit.Refusal")).count());
        assertEquals(Reason.values().length, statistics.refused().size());
    }
}
