package vit.bench;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Columns of a {@link KernelBenchmark} in units of their own: {@code speed} and {@code limit} in GFLOP/s or GB/s, and {@code share} of the limit. JMH's own counters
 * can have no unit but that of the score. {@code vit-jmh} adds this profiler to every run.
 */
public final class WorkProfiler implements InternalProfiler {

    /** For JMH. */
    public WorkProfiler() {}

    @Override
    public String getDescription() {
        return "Speed, limit and share of it, of the kernels' benchmarks";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        // Everything is known afterwards.
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        KernelBenchmark.Measured measured = KernelBenchmark.measured();
        if (measured == null || benchmark.getMode() == Mode.SampleTime) { // whose score is of one call in many
            return List.of();
        }
        double score = result.getPrimaryResult().getScore();
        return columns(measured, callsPerSecond(benchmark.getMode(), benchmark.getTimeUnit(), score));
    }

    /** The number of calls in a second, of a score in calls per unit of time, or in units of time per call. */
    static double callsPerSecond(Mode mode, TimeUnit unit, double score) {
        double units = (double) TimeUnit.SECONDS.toNanos(1) / unit.toNanos(1); // in a second
        return mode == Mode.Throughput ? score * units : units / score;
    }

    /** The three columns. */
    static List<ScalarResult> columns(KernelBenchmark.Measured measured, double callsPerSecond) {
        double speed = measured.work() * callsPerSecond;
        return List.of(new ScalarResult("speed", speed, measured.unit(), AggregationPolicy.AVG),
                new ScalarResult("limit", measured.limit(), measured.unit(), AggregationPolicy.AVG),
                new ScalarResult("share", speed / measured.limit(), "of limit", AggregationPolicy.AVG));
    }
}
