package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.verify.ChildProcess;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/**
 * Steps of a training that is warmed up allocate nothing on any thread of the team. They run in a JVM of their own, for the reason that {@link
 * SessionAllocationTest} gives.
 */
class TrainingAllocationTest {

    /** How often a JVM is started until one allocates nothing. A leak in the code would show in every JVM. */
    private static final int ATTEMPTS = 5;

    private static final VitConfig CONFIG =
            VitConfig.builder().image(16, 24).patch(8).width(20).depth(2).heads(2).headDim(10).mlp(34).classes(5).build();

    private static final int BATCH = 3;

    private static final int STEPS = 20;

    /** C2 may be late on a busy machine, so one round of steps must be without a byte within some seconds. */
    private static final long COMPILATION_NANOS = 8_000_000_000L;

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    @Timeout(300)
    void stepsAllocateNothingAfterWarmUp(int merged) throws IOException, InterruptedException {
        String output = "";
        for (int attempt = 0; attempt < ATTEMPTS && !output.contains("bytes 0"); attempt++) {
            List<String> command = List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector",
                    "-cp", System.getProperty("java.class.path"), Probe.class.getName(), String.valueOf(merged));
            output = ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true));
        }
        assertEquals("bytes 0", output.lines().filter(line -> line.startsWith("bytes ")).findFirst().orElse(output));
    }

    /** Trains, and prints how many bytes the best of several rounds of steps has allocated. */
    static final class Probe {

        private Probe() {}

        /** @param arguments how many tokens each block merges */
        public static void main(String[] arguments) throws IOException {
            TrainingOptions options = TrainingOptions.of(2, BATCH).withDropout(0.2).withStochasticDepth(0.1).withLabelSmoothing(0.1).withSeed(5)
                    .withTokenMerging(Integer.parseInt(arguments[0]));
            float[] images = new float[BATCH * CONFIG.channels() * CONFIG.imageHeight() * CONFIG.imageWidth()];
            int[] labels = {0, 1, 2};
            try (VitTraining training = VitTraining.of(new GeneratedWeights(CONFIG, 0), options, Optimizer.adamW(0.05))) {
                training.warmUp();
                ThreadMXBean meter = (ThreadMXBean) ManagementFactory.getThreadMXBean();
                long[] team = Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(training.toString() + "-"))
                        .mapToLong(Thread::threadId).toArray();
                if (team.length != 1) {
                    throw new AssertionError(team.length + " threads beside the caller");
                }
                long least = Long.MAX_VALUE;
                for (long begin = System.nanoTime(); least > 0 && System.nanoTime() - begin < COMPILATION_NANOS; ) {
                    long others = meter.getThreadAllocatedBytes(team[0]);
                    long before = meter.getCurrentThreadAllocatedBytes();
                    for (int step = 0; step < STEPS; step++) {
                        training.clearGradients();
                        training.accumulate(images, labels, BATCH, 0.2);
                        training.gradientNorm();
                        training.step(1e-4, 1);
                    }
                    least = Math.min(least, meter.getCurrentThreadAllocatedBytes() - before + meter.getThreadAllocatedBytes(team[0]) - others);
                }
                System.out.println("bytes " + least);
            }
        }
    }
}
