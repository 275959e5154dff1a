package vit.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.verify.ChildProcess;

/** Each case runs in a JVM of its own, because what is slow is decided when a JVM starts. */
@Timeout(60)
class NativeSpeedTest {

    /** Prints the obstacles. With an argument, it asks for the kernels as every model does. */
    static final class Probe {
        public static void main(String[] args) {
            if (args.length == 0) {
                NativeSpeed.obstacles().forEach(System.out::println);
                return;
            }
            try {
                Implementation.require();
                Implementation.require();
                System.out.println("runs");
            } catch (IllegalStateException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    private static String run(String options, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector"));
        if (!options.isEmpty()) {
            command.addAll(List.of(options.split(" ")));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
        command.addAll(List.of(arguments));
        String output = ChildProcess.output(new ProcessBuilder(command).redirectErrorStream(true));
        return String.join("\n", output.lines().filter(line -> !line.contains("incubator")).toList());
    }

    /** The probe depends on timing, so it is run in the interpreter, after C1 and C2, and more than once. */
    @ParameterizedTest
    @ValueSource(strings = {"", "", "", "-Xcomp", "-XX:-TieredCompilation", "-Dvit.simd.bits=128"})
    void aMachineThatRunsTheKernelsHasNoObstacle(String options) throws Exception {
        assertEquals("", run(options));
    }

    @ParameterizedTest
    @CsvSource({"-XX:-UseFMA, fused multiply-add", "-XX:-UseFMA -Xcomp, fused multiply-add", "-Xint, -Xint", "-XX:TieredStopAtLevel=1, C2",
        "-XX:MaxVectorSize=16 -Dvit.simd.bits=512, 512 bits"})
    void whatMakesItSlowIsNamed(String options, String reason) throws Exception {
        String found = run(options);
        assertEquals(1, found.lines().count(), found);
        assertTrue(found.contains(reason), found);
    }

    @Test
    void itIsLoggedOnce() throws Exception {
        String output = run("-XX:TieredStopAtLevel=1", "require");
        assertEquals(2, output.split("C2", -1).length, output);
        assertTrue(output.endsWith("runs"), output);
        assertEquals("runs", run("", "require"));
    }

    @Test
    void itIsAFailureWhereNativeSpeedIsRequired() throws Exception {
        assertTrue(run("-XX:TieredStopAtLevel=1 -Dvit.require=native", "require").startsWith("refused: -Dvit.require=native: "));
        assertTrue(run("-Dvit.require=native -Dvit.kernels=reference", "require").contains("contradict"));
        assertTrue(run("-Dvit.require=speed", "require").contains("expected native"));
        assertEquals("runs", run("-Dvit.require=native", "require"));
        assertFalse(run("-XX:TieredStopAtLevel=1 -Dvit.kernels=reference", "require").contains("C2"), "the reference is an explicit choice");
    }
}
