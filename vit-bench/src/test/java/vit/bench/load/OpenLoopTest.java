package vit.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import vit.model.service.Histogram;

/** What is counted, and from when. */
@Execution(ExecutionMode.CONCURRENT)
class OpenLoopTest {

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** Ends request i as a function says. */
    private record Scripted(Script script) implements Target {

        @FunctionalInterface
        interface Script {
            void end(long deadline, Reply reply);
        }

        @Override
        public String name() {
            return "scripted";
        }

        @Override
        public void send(long deadline, Reply reply) {
            script.end(deadline, reply);
        }

        @Override
        public boolean isInProcess() {
            return true;
        }

        @Override
        public void close() {}
    }

    /** Answers at once, but for the last second of every eight, in which it answers nobody. */
    private static final class Stalling implements Target {
        private static final long PERIOD = 8 * SECOND;
        private static final long STALL = SECOND;
        private final long begin = System.nanoTime() - 4 * SECOND;

        @Override
        public String name() {
            return "stalling";
        }

        @Override
        public void send(long deadline, Reply reply) {
            long phase = (System.nanoTime() - begin) % PERIOD;
            long left = phase < PERIOD - STALL ? 0 : PERIOD - phase;
            if (left == 0) {
                reply.answered();
            } else {
                Thread.startVirtualThread(() -> {
                    LockSupport.parkNanos(left);
                    reply.answered();
                });
            }
        }

        @Override
        public boolean isInProcess() {
            return true;
        }

        @Override
        public void close() {}
    }

    private static Recording run(Target target, double rate, double warmUp, double seconds, long deadline) throws InterruptedException {
        OpenLoop loop = new OpenLoop(target);
        loop.run(Arrivals.CONSTANT.schedule(rate, 1), warmUp, seconds, deadline);
        return loop.recording();
    }

    /** Eight seconds of one caller, who waits for an answer and then 10 ms. */
    private static Percentiles closedLoop(Target target) {
        Recording recording = new Recording();
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < 8 * SECOND) {
            long start = System.nanoTime();
            CompletableFuture<Void> answer = new CompletableFuture<>();
            target.send(start + SECOND, new Reply() {
                @Override
                public void answered() {
                    answer.complete(null);
                }

                @Override
                public void refused(String reason) {}

                @Override
                public void expired(String reason) {}

                @Override
                public void failed(String fault) {}
            });
            answer.join();
            recording.answered(System.nanoTime() - start, true);
            LockSupport.parkNanos(SECOND / 100);
        }
        return recording.latency();
    }

    /**
     * An eighth of the requests come during the stall and wait 0 to 1 s, so the slowest hundredth of all waits 0.92 s or more. A closed loop sends one request
     * during the stall, of some hundred, and its p99 shows nothing.
     */
    @Test
    void aStallShowsInThePercentilesWhereAClosedLoopHidesIt() throws InterruptedException {
        CompletableFuture<Percentiles> closed = CompletableFuture.supplyAsync(() -> closedLoop(new Stalling()), task -> Thread.ofVirtual().start(task));
        Recording recording = run(new Stalling(), 100, 0, 8, SECOND / 2);
        System.out.println("stall of 1 s in 8, open loop: " + recording.latency());
        System.out.println("stall of 1 s in 8, closed loop: " + closed.join());
        assertTrue(closed.join().p99() < 200 && closed.join().max() > 900, () -> "closed loop " + closed.join());
        assertTrue(recording.latency().p99() >= 900, () -> "p99 " + recording.latency().p99());
        assertTrue(recording.latency().p50() < 100, () -> "p50 " + recording.latency().p50());
        assertEquals(800, recording.sent());
        assertEquals(750, recording.inTime(), 10, "requests that wait for more than half a second are late");
        assertEquals(800, recording.inTime() + recording.late());
    }

    /** The generator cannot start requests while the target holds its thread. They are late, and their latency counts from when they were due. */
    @Test
    void latencyCountsFromTheDueTimeEvenIfTheGeneratorIsLate() throws InterruptedException {
        boolean[] held = new boolean[1];
        Recording recording = run(new Scripted((_, reply) -> {
            if (!held[0]) {
                held[0] = true;
                LockSupport.parkNanos(SECOND / 2);
            }
            reply.answered();
        }), 100, 0, 0.5, 10 * SECOND);
        assertEquals(50, recording.sent());
        assertTrue(recording.lateness().max() > 400, () -> "lateness " + recording.lateness());
        assertTrue(recording.latency().p50() > 150, () -> "latency " + recording.latency());
    }

    @Test
    void everyEndIsCountedOnceAndOnlyAfterWarmingUp() throws InterruptedException {
        long[] number = new long[1];
        Map<Integer, Consumer<Reply>> ends = Map.of(0, Reply::answered, 1, r -> r.refused("DEADLINE"), 2, r -> r.refused("QUEUE_FULL"),
                3, r -> r.expired("EXPIRED"), 4, r -> r.failed("HTTP 500"));
        Recording recording = run(new Scripted((_, reply) -> ends.get((int) (number[0]++ % 5)).accept(reply)), 1000, 0.1, 0.5, SECOND * 10);
        assertEquals(600, number[0]);
        LoadResult.Counts counts = LoadResult.Counts.of(recording);
        assertEquals(new LoadResult.Counts(500, 100, 0, Map.of("DEADLINE", 100L, "QUEUE_FULL", 100L), Map.of("EXPIRED", 100L), Map.of("HTTP 500", 100L), 0),
                counts);
        assertEquals(0.5, counts.lateShare(), 0);
    }

    /** The target is told the moment until which an answer is of use, which the lateness of the generator does not move. */
    @Test
    void theDeadlineCountsFromTheDueTime() throws InterruptedException {
        long[] first = new long[1];
        long[] number = new long[1];
        run(new Scripted((deadline, reply) -> {
            first[0] = number[0] == 0 ? deadline : first[0];
            assertEquals(number[0]++ * SECOND / 100, deadline - first[0], 1);
            reply.answered();
        }), 100, 0, 0.2, SECOND);
        assertEquals(20, number[0]);
    }

    /** Two servers of 10 ms answer 200 a second at most. */
    @Test
    void saturationIsTheRateOfTheAnswers() throws InterruptedException {
        try (SlowTarget target = new SlowTarget(2, 10)) {
            double rate = Saturation.measure(target, 8, 0.8);
            assertTrue(rate > 100 && rate < 202, () -> "rate " + rate);
        }
    }

    /** Passes of a hundred every 100 ms answer 1000 a second at most; the companions of the answer that is counted first must not come for free. */
    @Test
    void saturationCountsWholePasses() throws InterruptedException {
        BlockingQueue<Reply> waiting = new LinkedBlockingQueue<>();
        Thread server = Thread.ofPlatform().daemon().start(() -> {
            List<Reply> pass = new ArrayList<>();
            while (!Thread.currentThread().isInterrupted()) {
                LockSupport.parkNanos(SECOND / 10);
                waiting.drainTo(pass, 100);
                pass.forEach(Reply::answered);
                pass.clear();
            }
        });
        try {
            double rate = Saturation.measure(new Scripted((_, reply) -> waiting.add(reply)), 200, 1);
            assertTrue(rate > 500 && rate < 1050, () -> "rate " + rate);
        } finally {
            server.interrupt();
        }
    }

    /** What several parts have counted is one result, with a mean of each. */
    @Test
    void partsMakeOneResult() throws InterruptedException {
        long[] number = new long[1];
        LoadParts parts = new LoadParts(new Scripted((_, reply) -> {
            if (number[0]++ % 4 == 0) {
                reply.refused("QUEUE_FULL");
            } else {
                reply.answered();
            }
        }), setting(Arrivals.CONSTANT, 0.6), 400, 200, 3);
        parts.runNext();
        parts.runNext();
        assertThrows(IllegalStateException.class, parts::result);
        parts.runNext();
        LoadResult result = parts.result();
        assertEquals(120, result.counts().sent());
        assertEquals(90, result.counts().inTime());
        assertEquals(Map.of("QUEUE_FULL", 30L), result.counts().refused());
        assertEquals(3, result.partMeans().size());
        assertEquals(result.latency().mean(), result.partMeans().stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
                0.01 * result.latency().mean());
        assertEquals(150, result.goodput(), 1e-9);
    }

    /** Whether the simulated queue is stable depends on what a request costs in the run, whatever the closed loop could do. */
    @Test
    void theSimulationHasTheCostOfTheRun() throws InterruptedException {
        LoadParts parts = new LoadRun(measuring(0.005)).parts(setting(Arrivals.POISSON, 0.5), 100, 120, 2);
        parts.runNext();
        parts.runNext();
        assertEquals(5, parts.result().simulated().costMillis(), 1e-9);
        assertEquals(1, parts.result().service().meanBatch(), 1e-9);
        assertNull(new LoadRun(measuring(0.02)).run(setting(Arrivals.POISSON, 0.5), 1000, 60).simulated());
        LoadResult unknown = new LoadRun(new Scripted((_, reply) -> reply.answered())).run(setting(Arrivals.POISSON, 0.5), Double.NaN, 60);
        assertNull(unknown.simulated());
    }

    private static LoadSetting setting(Arrivals arrivals, double seconds) {
        return new LoadSetting("test", "tiny", "array", 1, 1, 1, 16, 1000, arrivals, 1, 0, seconds);
    }

    /** A target that answers at once, and says that it has computed for this time per image. */
    private static Target measuring(double costSeconds) {
        return new Target() {
            private long answers;

            @Override
            public String name() {
                return "measuring";
            }

            @Override
            public void send(long deadline, Reply reply) {
                answers++;
                reply.answered();
            }

            @Override
            public ServiceReading reading() {
                Histogram seconds = new Histogram(new double[] {1}, new long[] {answers, 0}, answers * costSeconds);
                return new ServiceReading(seconds, seconds, new Histogram(new double[] {1}, new long[] {answers, 0}, answers), 0);
            }

            @Override
            public boolean isInProcess() {
                return true;
            }

            @Override
            public void close() {}
        };
    }

    /** A p99.9 of fewer than 1,000 values would be their maximum. */
    @Test
    void theP999NeedsAThousandValues() {
        double[] millis = new double[1000];
        Arrays.setAll(millis, i -> i + 1);
        Recording recording = new Recording();
        for (int i = 0; i < 999; i++) {
            recording.answered((i + 1) * SECOND / 1000, true);
        }
        assertTrue(Double.isNaN(recording.latency().p999()) && Double.isNaN(Percentiles.of(Arrays.copyOf(millis, 999)).p999()));
        recording.answered(SECOND, true);
        assertEquals(999, Percentiles.of(millis).p999());
        assertEquals(999, recording.latency().p999(), 1);
        assertEquals(990, recording.latency().p99(), 1);
    }

    @Test
    void saturationRefusesToMeasureFailures() {
        Target failing = new Scripted((_, reply) -> reply.failed("HTTP 400"));
        IllegalStateException fault = assertThrows(IllegalStateException.class, () -> Saturation.measure(failing, 2, 0.2));
        assertTrue(fault.getMessage().contains("HTTP 400"), fault.getMessage());
    }
}
