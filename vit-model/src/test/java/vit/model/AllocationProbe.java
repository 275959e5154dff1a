package vit.model;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import vit.kernels.parallel.Workers;
import vit.model.config.BackboneConfig.Stage;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/** Prints the bytes that calls allocate on all threads of the team once the JIT is done, for {@link SessionAllocationTest}. */
final class AllocationProbe {

    private static final VitConfig CONFIG =
            VitConfig.builder().image(40, 48).patch(8).width(36).depth(2).heads(3).headDim(10).mlp(50).classes(11).build();

    private static final int CALLS = 50;

    /** The longest time to wait for the JIT, which may be late on a busy machine. */
    private static final long COMPILATION_NANOS = 20_000_000_000L;

    private AllocationProbe() {}

    /**
     * @param arguments threads, batch, and {@code plain}, {@code hybrid} for a model with a convolutional network, {@code merging} for a session that merges
     *                  tokens, or {@code bfloat16}, {@code float16} or {@code int8} for weights that are kept so
     */
    public static void main(String[] arguments) throws IOException {
        int threads = Integer.parseInt(arguments[0]);
        int batch = Integer.parseInt(arguments[1]);
        VitConfig config = arguments[2].equals("hybrid") ? CONFIG.toBuilder().patch(1).backbone(16, List.of(new Stage(1, 32), new Stage(2, 64))).backboneGroups(8).build() : CONFIG;
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0), storedAs(arguments[2])); Workers workers = Workers.of(threads);
                VitSession session = model.newSession(SessionOptions.workers(workers).withBatch(batch).withFiniteCheck(true)
                        .withTokenMerging(arguments[2].equals("merging") ? 5 : 0))) {
            System.out.println(session.warmUp());
            long[] ids = new long[threads];
            workers.run(w -> ids[w.index()] = Thread.currentThread().threadId());
            System.out.println("bytes " + least(session, config, ids, batch));
        }
    }

    private static StoredAs storedAs(String model) {
        return switch (model) {
            case "bfloat16" -> StoredAs.ROUNDED_TO_BFLOAT16;
            case "float16" -> StoredAs.ROUNDED_TO_FLOAT16;
            case "int8" -> StoredAs.ROUNDED_TO_INT8;
            default -> StoredAs.FLOAT32;
        };
    }

    /**
     * Returns the fewest bytes that a round of calls allocated. Code that is not compiled yet boxes vectors, so early rounds allocate. A leak
     * in every call would show in all rounds.
     */
    private static long least(VitSession session, VitConfig config, long[] threadIds, int batch) {
        ThreadMXBean meter = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        float[] images = new float[batch * 3 * 40 * 48];
        float[] logits = new float[batch * 11];
        Features features = Features.of(config, FeatureRequest.embedding().and(FeatureRequest.patches()).and(FeatureRequest.blocks(0)).withUnitLength(true), batch);
        long[] before = new long[threadIds.length];
        long least = Long.MAX_VALUE;
        long deadline = System.nanoTime() + COMPILATION_NANOS;
        while (least > 0 && System.nanoTime() < deadline) {
            for (int i = threadIds.length - 1; i >= 0; i--) { // the calling thread last, because the queries allocate in it
                before[i] = meter.getThreadAllocatedBytes(threadIds[i]);
            }
            for (int call = 0; call < CALLS; call++) {
                session.logits(images, batch, logits);
                session.features(images, batch, features);
            }
            long bytes = 0;
            for (int i = 0; i < threadIds.length; i++) {
                bytes += meter.getThreadAllocatedBytes(threadIds[i]) - before[i];
            }
            least = Math.min(least, bytes);
        }
        return least;
    }
}
