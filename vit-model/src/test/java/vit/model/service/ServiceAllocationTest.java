package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vit.kernels.verify.ChildProcess;

/** The way from the caller's pixels through queue, batch and pass to the caller's logits allocates nothing, in a JVM of its own as in a service. */
class ServiceAllocationTest {

    /** How often a JVM is started until one allocates nothing: what C2 inlines differs from run to run. A leak in the code would show in every JVM. */
    private static final int ATTEMPTS = 5;

    private static final Pattern BOTH = Pattern.compile("alone [1-9]\\d*, together [1-9]\\d*");

    @Test
    @Timeout(300)
    void callsOfManyThreadsAllocateNothingAfterWarmUp() throws IOException, InterruptedException {
        String output = "";
        for (int attempt = 0; attempt < ATTEMPTS && !output.contains("bytes 0"); attempt++) {
            output = probe();
        }
        assertEquals("bytes 0", output.lines().filter(line -> line.startsWith("bytes ")).findFirst().orElse(output));
        assertTrue(BOTH.matcher(output).find(), "lone requests and batches: " + output);
    }

    private static String probe() throws IOException, InterruptedException {
        return ChildProcess.output(new ProcessBuilder(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector", "-cp",
                System.getProperty("java.class.path"), ServiceAllocationProbe.class.getName())).redirectErrorStream(true));
    }
}
