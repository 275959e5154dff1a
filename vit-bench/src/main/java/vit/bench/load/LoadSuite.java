package vit.bench.load;

import java.io.PrintWriter;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import vit.model.VitModel;

/**
 * Runs the loads by which the promises of the service are judged. Rows that are compared with one another follow one another in time, because the speed of a
 * shared machine swings; and the capacity is measured anew before every pair. Arrivals are Poisson unless a promise asks for others.
 */
final class LoadSuite {

    /** Loads that are run with batches and without, in turn. */
    private static final double[] COMPARED = {0.1, 0.5, 0.7, 0.9, 1.0, 1.5};

    /** Loads at which most requests are refused. */
    private static final double[] OVERLOADS = {2, 10};

    private static final int[] BATCHES = {1, 2, 4, 8};

    /** Parts in which loads with few refusals are run with batches and without, in alternating order. */
    private static final int PARTS = 3;

    private static final double PEER_LOAD = 0.7;

    private final ModelChoice model;
    private final LoadSetting setting;
    private final double capacitySeconds;
    private final PrintWriter progress;
    private final List<LoadResult> rows = new ArrayList<>();

    /** @param capacitySeconds for every measurement of the capacity */
    LoadSuite(ModelChoice model, LoadSetting setting, double capacitySeconds, PrintWriter progress) {
        this.model = model;
        this.setting = setting.withArrivals(Arrivals.POISSON);
        this.capacitySeconds = capacitySeconds;
        this.progress = progress;
    }

    SuiteResult run(String command) throws Exception {
        double saturated;
        Map<Integer, Double> fixed = new LinkedHashMap<>();
        List<LoadResult> peers = List.of();
        try (Target batching = start(setting.batchLimit()); Target single = start(1); VitModel alone = model.load()) {
            LoadSetting on = named(batching, setting);
            LoadSetting off = on.withBatchLimit(1);
            LoadRun runOn = new LoadRun(batching);
            LoadRun runOff = new LoadRun(single);
            double capacity = runOn.capacity(on, capacitySeconds);
            add(runOn.run(on.withArrivals(Arrivals.CONSTANT), capacity, COMPARED[0] * capacity));
            for (int i = 0; i < COMPARED.length; i++) {
                capacity = runOn.capacity(on, capacitySeconds);
                int parts = COMPARED[i] <= Promises.MOST_FOR_MEANS ? PARTS : 1;
                pair(runOn.parts(on, capacity, COMPARED[i] * capacity, parts), runOff.parts(off, capacity, COMPARED[i] * capacity, parts), parts, i % 2 == 0);
            }
            for (double load : OVERLOADS) {
                capacity = runOn.capacity(on, capacitySeconds);
                add(runOn.run(on, capacity, load * capacity));
            }
            saturated = saturated(runOn, on, alone, fixed);
        }
        if (Engine.ONNXRUNTIME.isPresent()) {
            peers = peers();
        }
        return new SuiteResult(model.name(), command, LocalDate.now().toString(), rows, saturated, fixed, peers);
    }

    private Target start(int batchLimit) throws Exception {
        return Engine.VIT.start(model.load(), setting.sessions(), setting.threads(), batchLimit, setting.queueLength(), setting.deadlineMillis());
    }

    private static LoadSetting named(Target target, LoadSetting s) {
        return new LoadSetting(target.name(), s.model(), s.body(), s.sessions(), s.threads(), s.batchLimit(), s.queueLength(), s.deadlineMillis(),
                s.arrivals(), s.seed(), s.warmUpSeconds(), s.seconds());
    }

    /** Runs two loads part by part; the one that is first in a part is second in the next. */
    private void pair(LoadParts on, LoadParts off, int parts, boolean onBegins) throws InterruptedException {
        boolean onFirst = onBegins;
        for (int part = 0; part < parts; part++) {
            (onFirst ? on : off).runNext();
            (onFirst ? off : on).runNext();
            onFirst = !onFirst;
        }
        add(on.result());
        add(off.result());
    }

    private void add(LoadResult result) {
        rows.add(result);
        progress.printf(Locale.ROOT, "load %.1f, %s, batches to %d: p50 %.2f ms, p99 %.2f ms, goodput %.2f of %.2f/s%n", result.load(),
                result.setting().arrivals().name().toLowerCase(Locale.ROOT), result.setting().batchLimit(), result.latency().p50(), result.latency().p99(),
                result.goodput(), result.capacity());
    }

    /** The throughput of fixed batches and, before each of them, of the service; returns the mean of the latter. */
    private double saturated(LoadRun run, LoadSetting on, VitModel alone, Map<Integer, Double> fixed) throws InterruptedException {
        double sum = 0;
        for (int batch : BATCHES) {
            sum += run.capacity(on, capacitySeconds);
            fixed.put(batch, FixedBatch.measure(alone, on.sessions(), on.threads(), batch, capacitySeconds));
            progress.printf(Locale.ROOT, "fixed batches of %d: %.2f images/s%n", batch, fixed.get(batch));
        }
        return sum / BATCHES.length;
    }

    /**
     * The peer, ours, ours and the peer, each in a process of its own and all at the same rate, a share of the peer's capacity as first measured. So a speed that
     * drifts favours neither.
     */
    private List<LoadResult> peers() throws Exception {
        ChildProcess child = new ChildProcess(model, setting);
        List<LoadResult> results = new ArrayList<>();
        results.add(child.run(Engine.ONNXRUNTIME, "--load", String.valueOf(PEER_LOAD)));
        String rate = String.valueOf(results.getFirst().rate());
        for (Engine engine : List.of(Engine.VIT, Engine.VIT, Engine.ONNXRUNTIME)) {
            results.add(child.run(engine, "--capacity", "--rate", rate));
        }
        results.forEach(r -> progress.printf(Locale.ROOT, "%s: p50 %.2f ms, goodput %.2f of %.2f/s, capacity %.2f/s%n", r.setting().target(),
                r.latency().p50(), r.goodput(), r.rate(), r.capacity()));
        return results;
    }
}
