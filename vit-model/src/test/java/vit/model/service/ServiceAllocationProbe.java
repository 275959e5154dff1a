package vit.model.service;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;

/** Prints the bytes that a service's calls allocate on the threads of the callers and of the service once the JIT is done, for {@link ServiceAllocationTest}. */
final class ServiceAllocationProbe {

    private static final int CALLERS = 12; // so that batches come about
    private static final int CALLS = 200;

    /** The longest time to wait for the JIT, which may be late on a busy machine. */
    private static final long COMPILATION_NANOS = 20_000_000_000L;

    private static final ThreadMXBean METER = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static volatile boolean measuring = true;

    private ServiceAllocationProbe() {}

    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        ServiceOptions options = ServiceOptions.defaults().withSessions(2, 1).withBatchLimit(3).withDeadline(Duration.ofMinutes(1));
        float[] expected = new float[MicroModel.CLASSES];
        try (VitModel model = MicroModel.open(0); VitSession session = model.newSession(SessionOptions.threads(1))) {
            session.logits(MicroModel.pixels(0), 1, expected);
        }
        try (VitService service = VitService.start(MicroModel.open(0), options, (model, planned, name) -> new EvenCostEngine(model, planned, name, () -> measuring))) {
            System.out.println(service.ready().join());
            measuring = false;
            long[] workers = Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(service + "-session-"))
                    .mapToLong(Thread::threadId).toArray();
            long least = Long.MAX_VALUE;
            long deadline = System.nanoTime() + COMPILATION_NANOS;
            while (least > 0 && System.nanoTime() < deadline) {
                long before = allocated(workers);
                long callers = round(service, expected);
                least = Math.min(least, callers + allocated(workers) - before);
            }
            ServiceStatistics statistics = service.statistics();
            long alone = statistics.batchImages().counts()[0];
            System.out.println(workers.length + " sessions, passes: alone " + alone + ", together " + (statistics.batchImages().count() - alone));
            System.out.println("bytes " + least);
        }
    }

    private static long allocated(long[] threads) {
        long bytes = 0;
        for (long thread : threads) {
            bytes += METER.getThreadAllocatedBytes(thread);
        }
        return bytes;
    }

    /** Calls from several threads at once, which measure themselves. Returns the bytes that their calls allocated, and fails if a call failed. */
    private static long round(VitService service, float[] expected) throws InterruptedException, ExecutionException {
        List<FutureTask<Long>> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            callers.add(new FutureTask<>(() -> allocatedByCalls(service, expected)));
            Thread.ofPlatform().start(callers.getLast());
        }
        long bytes = 0;
        for (FutureTask<Long> caller : callers) {
            bytes += caller.get();
        }
        return bytes;
    }

    private static long allocatedByCalls(VitService service, float[] expected) throws RequestRefusedException {
        float[] pixels = MicroModel.pixels(0);
        float[] logits = new float[MicroModel.CLASSES];
        float[] embedding = new float[MicroModel.CONFIG.embeddingWidth()];
        long before = METER.getCurrentThreadAllocatedBytes();
        for (int call = 0; call < CALLS; call++) {
            service.logits(pixels, logits);
        }
        for (int call = 0; call < CALLS; call++) {
            service.embed(pixels, embedding);
        }
        long bytes = METER.getCurrentThreadAllocatedBytes() - before;
        if (!Arrays.equals(expected, logits)) {
            throw new IllegalStateException("wrong logits");
        }
        return bytes;
    }
}
