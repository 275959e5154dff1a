package vit.model.hardening;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vit.kernels.verify.ChildProcess;

/** Attacks that run in JVMs of their own: few rounds in every build, many with the heavy tests. */
class HardeningTest {

    private static final String INTERPRETER = "-Xint";
    private static final String C1 = "-XX:TieredStopAtLevel=1";
    private static final String C2 = "-XX:+TieredCompilation";

    private static final Duration HEAVY_DEADLINE = Duration.ofHours(3);

    @TempDir
    private Path folder;

    private static String succeed(Duration deadline, List<String> flags, Class<?> probe, Object... arguments) throws Exception {
        String output = ChildJvm.run(deadline, flags, probe, arguments);
        System.out.println(probe.getSimpleName() + " " + flags + ": " + output);
        assertTrue(output.endsWith("exit 0"), output);
        return output;
    }

    @ParameterizedTest
    @ValueSource(strings = {INTERPRETER, C1, C2})
    void closesWhileCallsRunGiveRightBitsOrTheDocumentedException(String compiler) throws Exception {
        succeed(ChildProcess.DEADLINE, List.of(compiler), ClosingProbe.class, compiler.equals(INTERPRETER) ? 20 : 100);
    }

    @ParameterizedTest
    @ValueSource(strings = {INTERPRETER, C1, C2})
    @Tag("heavy")
    void tenThousandClosesWhileCallsRun(String compiler) throws Exception {
        succeed(HEAVY_DEADLINE, List.of(compiler), ClosingProbe.class, 10_000);
    }

    /**
     * The heap is resident from the beginning, and the C library gives back what is freed. It would keep the memory that a long compilation took at its peak, which looks like
     * a leak of 16 MB.
     */
    private static final List<String> STEADY_HEAP =
            List.of("-XX:+UseSerialGC", "-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch", "-XX:TrimNativeHeapInterval=5000");

    /** Returns by how many KiB an hour resident memory grew. */
    private long soak(long seconds) throws Exception {
        String output = succeed(ChildProcess.DEADLINE.plusSeconds(seconds), STEADY_HEAP, SoakProbe.class, seconds, SmallModel.write(folder));
        assertTrue(output.contains("live bytes 0, threads more 0, descriptors more 0"), output);
        return Long.parseLong(output.lines().filter(line -> line.startsWith("soak")).findFirst().orElseThrow().replaceAll(".* ", ""));
    }

    @Test
    void aSoakLeavesNothing() throws Exception {
        soak(10);
    }

    /** The run is so long that a leak of 16 bytes per operation would show. */
    @Test
    @Tag("heavy")
    void anHourOfSoakDoesNotGrow() throws Exception {
        long kilobytesAnHour = soak(Long.getLong("vit.test.soak.seconds", 3600));
        assertTrue(kilobytesAnHour <= 1024, kilobytesAnHour + " KiB an hour");
    }

    private void cyclesLeaveNothing(Duration deadline, int cycles, String what, int mostKilobytes) throws Exception {
        String output = succeed(deadline, STEADY_HEAP, CyclesProbe.class, cycles, what);
        assertTrue(output.contains("live bytes 0, threads more 0, descriptors more 0"), output);
        long grown = Long.parseLong(output.lines().filter(line -> line.startsWith("cycles")).findFirst().orElseThrow().replaceAll(".* ", ""));
        assertTrue(grown < mostKilobytes, output);
    }

    @Test
    void cyclesOfLoadCallAndCloseLeaveNothing() throws Exception {
        cyclesLeaveNothing(ChildProcess.DEADLINE, 60, SmallModel.write(folder).toString(), 64 << 10);
    }

    @Test
    @Tag("heavy")
    void twoThousandCyclesLeaveNothing() throws Exception {
        cyclesLeaveNothing(HEAVY_DEADLINE, 2000, SmallModel.write(folder).toString(), 32 << 10);
    }

    @Test
    @Tag("heavy")
    void twentyCyclesOfTheBaseModelLeaveNothing() throws Exception {
        cyclesLeaveNothing(HEAVY_DEADLINE, 20, "base", 64 << 10);
    }

    @Test
    void workersThatRunOutOfHeapOrStackFailTheCallAndTheNextOneIsRight() throws Exception {
        succeed(ChildProcess.DEADLINE, List.of("-Xmx48m"), ExhaustionProbe.class, 12);
    }

    @Test
    @Tag("heavy")
    void workersThatRunOutOfHeapOrStackManyTimes() throws Exception {
        succeed(HEAVY_DEADLINE, List.of("-Xmx48m"), ExhaustionProbe.class, 600);
    }
}
