package vit.model.service;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import vit.kernels.verify.ChildProcess;

/** A service that says it is ready is as fast as it will ever be. */
class FirstRequestTest {

    private static final int JVMS = 7;
    private static final double MOST = 1.2;

    /** A single JVM says little: a pause of the machine may fall on its first request. */
    @Test
    @Tag("heavy")
    void theFirstRequestTakesAsLongAsTheThousandth() throws IOException, InterruptedException {
        double[] ratios = new double[JVMS];
        for (int i = 0; i < JVMS; i++) {
            String output = ChildProcess.output(new ProcessBuilder(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector",
                    "-cp", System.getProperty("java.class.path"), FirstRequestProbe.class.getName())).redirectErrorStream(true));
            String[] words = output.lines().filter(line -> line.startsWith("first ")).findFirst().orElseThrow(() -> new AssertionError(output)).split(" ");
            ratios[i] = Double.parseDouble(words[1]) / Double.parseDouble(words[3]);
        }
        Arrays.sort(ratios);
        System.out.println("first request over the thousandth, " + JVMS + " JVMs: " + Arrays.toString(ratios));
        assertTrue(ratios[JVMS / 2] <= MOST, Arrays.toString(ratios));
    }
}
