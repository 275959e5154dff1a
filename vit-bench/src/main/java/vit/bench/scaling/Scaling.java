package vit.bench.scaling;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleConsumer;
import vit.model.SessionOptions;
import vit.model.VitModel;
import vit.model.VitSession;
import vit.model.config.VitConfig;
import vit.model.parameters.GeneratedWeights;

/**
 * Predicts a model's forward pass for 1 to 64 cores from costs that it measures on this machine, and measures the pass for as many threads as there are
 * processors.
 */
public final class Scaling {

    private static final int MOST_CORES = 64;
    private static final int LEAST_ROUNDS = 3;
    private static final int WARM_UP_ROUNDS = 1;
    private static final int CALIBRATIONS = 5;

    /** Untimed passes before a turn: threads that woke on one core need some time until the system moves them apart. */
    private static final long SETTLE_NANOS = 100_000_000;

    private static final long TURN_NANOS = 100_000_000;

    private final List<Integer> sizes;
    private final double seconds;
    private final Costs costs;

    private Scaling(List<Integer> sizes, double seconds) {
        this.sizes = sizes;
        this.seconds = seconds;
        this.costs = CostMeasurement.measure(sizes);
    }

    /**
     * Measures and predicts.
     *
     * @param models  by name, models of {@link vit.model.config.VitVariants}
     * @param batches images of a pass
     * @param threads passes are measured with 1, 2, 4 and so on threads, and with so many
     * @param seconds for which the passes of one model and batch are measured, after they were warmed up
     */
    public static ScalingReport run(Map<String, VitConfig> models, List<Integer> batches, int threads, double seconds) throws IOException {
        Scaling scaling = new Scaling(sizes(threads), seconds);
        List<ScalingResult> results = new ArrayList<>();
        for (Map.Entry<String, VitConfig> model : models.entrySet()) {
            for (int batch : batches) {
                results.add(scaling.measure(model.getKey(), model.getValue(), batch));
            }
        }
        return new ScalingReport(scaling.costs, results);
    }

    /** 1, 2, 4 and so on, and {@code most}. */
    static List<Integer> sizes(int most) {
        List<Integer> sizes = new ArrayList<>();
        for (int size = 1; size < most; size *= 2) {
            sizes.add(size);
        }
        sizes.add(most);
        return List.copyOf(sizes);
    }

    private ScalingResult measure(String name, VitConfig config, int batch) throws IOException {
        List<VitSession> sessions = new ArrayList<>();
        try (VitModel model = VitModel.of(new GeneratedWeights(config, 0)); PassReplay replay = new PassReplay(config, batch)) {
            for (int size : sizes) {
                sessions.add(model.newSession(SessionOptions.threads(size).withBatch(batch)));
                sessions.getLast().warmUp();
            }
            return measure(name, config, batch, sessions, replay);
        } finally {
            sessions.forEach(VitSession::close);
        }
    }

    /** A turn of each session, and one replay, until the time is over; the first round is not counted. */
    private ScalingResult measure(String name, VitConfig config, int batch, List<VitSession> sessions, PassReplay replay) {
        float[] images = new float[batch * config.channels() * config.imageHeight() * config.imageWidth()];
        new GeneratedWeights(config, 0).fill(images, images.length, "images", 1.7, 0);
        float[] logits = new float[batch * config.classes()];
        Map<Integer, List<Double>> passes = new TreeMap<>();
        Map<Kernel, List<Double>> kernels = new EnumMap<>(Kernel.class);
        long start = System.nanoTime();
        for (int round = 0; round < WARM_UP_ROUNDS + LEAST_ROUNDS || System.nanoTime() - start < seconds * 1e9; round++) {
            int turn = round;
            for (VitSession session : sessions) {
                turn(session, images, batch, logits, SETTLE_NANOS, _ -> {});
                turn(session, images, batch, logits, TURN_NANOS, time -> add(turn, passes, session.threads(), time));
            }
            replay.run();
            for (Kernel kernel : Kernel.values()) {
                add(round, kernels, kernel, kernel == Kernel.COPY ? replay.copyPixels() : replay.seconds(kernel));
            }
        }
        Map<Integer, Double> measured = new TreeMap<>();
        passes.forEach((threads, times) -> measured.put(threads, median(times)));
        Map<Kernel, Double> replayed = new EnumMap<>(Kernel.class);
        kernels.forEach((kernel, times) -> replayed.put(kernel, median(times)));
        return predict(name, config, batch, measured, replayed, images.length);
    }

    /** Passes until the time is over, at least one. */
    private static void turn(VitSession session, float[] images, int batch, float[] logits, long nanos, DoubleConsumer times) {
        long start = System.nanoTime();
        long begin = start;
        do {
            session.logits(images, batch, logits);
            long now = System.nanoTime();
            times.accept((now - begin) / 1e9);
            begin = now;
        } while (begin - start < nanos);
    }

    private static <K> void add(int round, Map<K, List<Double>> times, K key, double seconds) {
        if (round >= WARM_UP_ROUNDS) {
            times.computeIfAbsent(key, _ -> new ArrayList<>()).add(seconds);
        }
    }

    private static double median(List<Double> times) {
        return CostMeasurement.median(times.stream().mapToDouble(time -> time).toArray());
    }

    private ScalingResult predict(String name, VitConfig config, int batch, Map<Integer, Double> measured, Map<Kernel, Double> replayed, int pixels) {
        Map<Kernel, Double> shares = new EnumMap<>(Kernel.class);
        Map<Kernel, Double> units = new EnumMap<>(Kernel.class);
        for (Kernel kernel : Kernel.values()) {
            if (kernel == Kernel.COPY) {
                units.put(kernel, replayed.get(kernel) / (2.0 * pixels * Float.BYTES));
                continue;
            }
            Loop loop = blockLoop(kernel, config, batch);
            double heads = kernel == Kernel.ATTENTION ? loop.preparation() * loop.units().length : 0;
            double each = replayed.get(kernel) / config.depth() / (kernel == Kernel.NORM ? 2 : 1);
            units.put(kernel, each / (sum(loop.units()) + heads));
            if (kernel != Kernel.NORM) {
                shares.put(kernel, sum(loop.flops()) / each / 1e9 / costs.fma().firstEntry().getValue());
            }
        }
        Forecast forecast = new Forecast(config, batch, costs, units, replayed.get(Kernel.COPY));
        double uncalibrated = forecast.predict(1).seconds();
        for (int i = 0; i < CALIBRATIONS; i++) {
            double factor = measured.get(1) / forecast.predict(1).seconds();
            units.replaceAll((_, unit) -> unit * factor);
        }
        return result(name, forecast, measured, shares, uncalibrated);
    }

    /** The loop of a kernel in a block on one worker. */
    static Loop blockLoop(Kernel kernel, VitConfig config, int batch) {
        String region = kernel.name().toLowerCase(Locale.ROOT);
        return PassPlan.regions(config, batch, 1, Tiling.ofThisMachine()).stream().filter(r -> r.name().equals(region)).findFirst().orElseThrow()
                .loops().getFirst();
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }

    private ScalingResult result(String name, Forecast forecast, Map<Integer, Double> measured, Map<Kernel, Double> shares, double uncalibrated) {
        TreeMap<Integer, ScalingRow> rows = new TreeMap<>();
        Map<String, TreeMap<Integer, Double>> changes = new LinkedHashMap<>();
        double alone = forecast.workOfOne();
        List<Integer> all = new ArrayList<>(sizes(MOST_CORES));
        all.addAll(measured.keySet());
        for (int workers : all) {
            Simulation.Outcome outcome = forecast.predict(workers);
            rows.put(workers, new ScalingRow(workers, outcome, outcome.work() - alone / workers, measured.getOrDefault(workers, Double.NaN),
                    costs.wake(workers)));
            Changes.predict(forecast, workers, outcome).forEach((change, time) -> changes.computeIfAbsent(change, _ -> new TreeMap<>()).put(workers, time));
        }
        return new ScalingResult(name, forecast.batch(), forecast.barriers(MOST_CORES), forecast.memoryBytes(), shares, uncalibrated,
                List.copyOf(rows.values()), changes);
    }
}
