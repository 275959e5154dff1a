package vit.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.ScalarResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/** JMH's further columns, and its help. */
class WorkProfilerTest {

    @Test
    void speedIsWorkPerSecondWhateverTheModeAndUnit() {
        assertEquals(3000, WorkProfiler.callsPerSecond(Mode.Throughput, TimeUnit.MILLISECONDS, 3));
        assertEquals(3, WorkProfiler.callsPerSecond(Mode.Throughput, TimeUnit.SECONDS, 3));
        assertEquals(250, WorkProfiler.callsPerSecond(Mode.AverageTime, TimeUnit.MILLISECONDS, 4));
        assertEquals(250, WorkProfiler.callsPerSecond(Mode.SingleShotTime, TimeUnit.MILLISECONDS, 4));
        List<ScalarResult> columns = WorkProfiler.columns(new KernelBenchmark.Measured(0.5, 120, "GFLOP/s"), 60);
        assertEquals("speed 30.0 GFLOP/s, limit 120.0 GFLOP/s, share 0.25 of limit", String.join(", ",
                columns.stream().map(column -> column.getLabel() + " " + column.getScore() + " " + column.getScoreUnit()).toList()));
    }

    /** A run in this JVM, for the shortest time. */
    @Test
    @ResourceLock(Resources.SYSTEM_OUT)
    void columnsOfARunCarryTheirUnits() throws Exception {
        RunResult result = new Runner(new OptionsBuilder().include("LayerNormBenchmark.forwardSimd").param("batch", "1").param("threads", "1").forks(0)
                .warmupIterations(0).measurementIterations(1).measurementTime(TimeValue.milliseconds(50)).addProfiler(WorkProfiler.class).build()).runSingle();
        assertEquals("ops/s", result.getPrimaryResult().getScoreUnit());
        assertEquals("GB/s", result.getSecondaryResults().get("speed").getScoreUnit());
        assertEquals("GB/s", result.getSecondaryResults().get("limit").getScoreUnit());
        assertEquals("of limit", result.getSecondaryResults().get("share").getScoreUnit());
        double gigabytes = 2 * 197 * 768 * Float.BYTES / 1e9;
        assertEquals(gigabytes * result.getPrimaryResult().getScore(), result.getSecondaryResults().get("speed").getScore(), 1e-9);
    }

    @Test
    @ResourceLock(Resources.SYSTEM_OUT)
    void everyProgramHasHelp() throws Exception {
        for (String program : List.of("jmh", "model")) { // the others end the JVM, and their tests cover it
            PrintStream before = System.out;
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
            try {
                Launch.main(new String[] {program, "--help"});
            } finally {
                System.setOut(before);
            }
            String text = bytes.toString(StandardCharsets.UTF_8);
            assertTrue(text.startsWith("Usage: vit-" + program), text);
            text.lines().forEach(line -> assertTrue(line.length() <= 100, line));
        }
    }

    @Test
    void theProfilerIsInEveryRun() {
        assertEquals(List.of("-prof", "vit.bench.WorkProfiler", "Gemm", "-f", "1"), List.of(JmhProgram.arguments(new String[] {"Gemm", "-f", "1"})));
    }
}
