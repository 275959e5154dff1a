package vit.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vit.kernels.verify.ChildProcess;

/**
 * A session's calls allocate nothing on any thread of the team. They run in a JVM of their own, as in a service: in the JVM of this suite, the
 * JIT's profiles come from hundreds of odd shapes.
 */
class SessionAllocationTest {

    /**
     * How often a JVM is started until one allocates nothing. What C2 inlines depends on the order in which methods become hot, and so differs
     * from run to run. A leak in the code would show in every JVM.
     */
    private static final int ATTEMPTS = 5;

    @ParameterizedTest
    @CsvSource({"1, 1, plain", "1, 8, plain", "2, 1, plain", "2, 8, plain", "2, 3, hybrid", "2, 3, bfloat16", "2, 3, float16", "2, 3, int8", "2, 3, merging"})
    @Timeout(300)
    void callsAllocateNothingAfterWarmUp(int threads, int batch, String model) throws IOException, InterruptedException {
        String output = "";
        for (int attempt = 0; attempt < ATTEMPTS && !output.contains("bytes 0"); attempt++) {
            output = probe(threads, batch, model);
        }
        assertNothing(output);
    }

    /** A recording whose settings leave the events of blocks out. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 3"})
    @Timeout(300)
    void callsAllocateNothingWhileARecordingRuns(int threads, int batch) throws IOException, InterruptedException {
        String output = "";
        for (int attempt = 0; attempt < ATTEMPTS && !output.contains("bytes 0"); attempt++) {
            output = probe(threads, batch, "plain", "-XX:StartFlightRecording:settings=" + Path.of("docs/vit.jfc").toAbsolutePath());
        }
        assertNothing(output);
    }

    private static void assertNothing(String output) {
        assertEquals("bytes 0", output.lines().filter(line -> line.startsWith("bytes ")).findFirst().orElse(output));
    }

    private static String probe(int threads, int batch, String model, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), AllocationProbe.class.getName(), String.valueOf(threads), String.valueOf(batch), model));
        return ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true));
    }
}
