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
 * shared machine swings; and the capacity is measured anew before every pair.
 */
final class LoadSuite {

    /** Loads that are run with batches and without, in turn. */
    private static final double[] COMPARED = {0.1, 0.5, 0.7, 0.9, 1.0, 1.5};

    /** Loads at which most requests are refused. */
    private static final double[] OVERLOADS = {2, 10};

    private static final int[] BATCHES = {1, 2, 4, 8};

    private static final double PEER_LOAD = 0.7;
    private static final int PEER_ROUNDS = 2;

    private final ModelChoice model;
    private final LoadSetting setting;
    private final double capacitySeconds;
    private final PrintWriter progress;
    private final List<LoadResult> rows = new ArrayList<>();

    /** @param capacitySeconds for every measurement of the capacity */
    LoadSuite(ModelChoice model, LoadSetting setting, double capacitySeconds, PrintWriter progress) {
        this.model = model;
        this.setting = setting;
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
            row(runOn, on.withArrivals(Arrivals.CONSTANT), capacity, COMPARED[0]);
            for (int i = 0; i < COMPARED.length; i++) {
                capacity = runOn.capacity(on, capacitySeconds);
                row(i % 2 == 0 ? runOn : runOff, i % 2 == 0 ? on : off, capacity, COMPARED[i]);
                row(i % 2 == 0 ? runOff : runOn, i % 2 == 0 ? off : on, capacity, COMPARED[i]);
            }
            for (double load : OVERLOADS) {
                row(runOn, on, runOn.capacity(on, capacitySeconds), load);
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
                Arrivals.POISSON, s.seed(), s.warmUpSeconds(), s.seconds());
    }

    private void row(LoadRun run, LoadSetting of, double capacity, double load) throws InterruptedException {
        LoadResult result = run.run(of, capacity, load * capacity);
        rows.add(result);
        progress.printf(Locale.ROOT, "load %.1f, %s, batches to %d: p50 %.2f ms, p99 %.2f ms, goodput %.2f of %.2f/s%n", load,
                of.arrivals().name().toLowerCase(Locale.ROOT), of.batchLimit(), result.latency().p50(), result.latency().p99(), result.goodput(), capacity);
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

    /** The peer at a share of its capacity and ours at the same rate, in turn, each in a process of its own. */
    private List<LoadResult> peers() throws Exception {
        ChildProcess child = new ChildProcess(model, setting);
        List<LoadResult> results = new ArrayList<>();
        for (int round = 0; round < PEER_ROUNDS; round++) {
            LoadResult peer = child.run(Engine.ONNXRUNTIME, "--load", String.valueOf(PEER_LOAD));
            LoadResult ours = child.run(Engine.VIT, "--capacity", "--rate", String.valueOf(peer.rate()));
            results.add(peer);
            results.add(ours);
            progress.printf(Locale.ROOT, "%s: p50 %.2f ms, capacity %.2f/s; ours p50 %.2f ms, capacity %.2f/s%n", peer.setting().target(),
                    peer.latency().p50(), peer.capacity(), ours.latency().p50(), ours.capacity());
        }
        return results;
    }
}
