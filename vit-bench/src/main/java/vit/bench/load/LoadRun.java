package vit.bench.load;

import java.time.LocalDate;

/** Puts loads on one target. */
final class LoadRun {

    /** Least requests on their way per session while the capacity is measured; more if batches may be larger. */
    private static final int OUTSTANDING_PER_SESSION = 4;

    private final Target target;

    LoadRun(Target target) {
        this.target = target;
    }

    /** Answers per second at saturation. */
    double capacity(LoadSetting setting, double seconds) throws InterruptedException {
        int each = Math.max(OUTSTANDING_PER_SESSION, 2 * setting.batchLimit());
        return Saturation.measure(target, Math.min(setting.sessions() * each, setting.queueLength()), seconds);
    }

    /**
     * Runs one load.
     *
     * @param capacity answers per second at saturation; NaN if unknown
     * @param rate     requests per second
     */
    LoadResult run(LoadSetting setting, double capacity, double rate) throws InterruptedException {
        OpenLoop loop = new OpenLoop(target);
        loop.run(setting.arrivals().schedule(rate, setting.seed()), setting.warmUpSeconds(), setting.seconds(), setting.deadlineNanos());
        Recording recording = loop.recording();
        ServiceReading service = loop.service();
        LoadResult.Counts counts = LoadResult.Counts.of(recording);
        ProcessMeter meter = loop.meter();
        LoadResult.Memory memory = target.isInProcess()
                ? new LoadResult.Memory(meter.before(), meter.after(), (double) meter.allocatedBytes() / Math.max(1, counts.sent()))
                : new LoadResult.Memory(Double.NaN, Double.NaN, Double.NaN);
        return new LoadResult(setting, capacity, rate, counts, recording.latency(), recording.refusal(), recording.lateness(),
                new LoadResult.Service(service.costMillis(), service.meanBatch(), service.queueP99Millis(), service.late()),
                simulated(setting, capacity, rate, service.costMillis()), memory, LocalDate.now().toString());
    }

    /** The queue with the cost that the service measured during the load. If it says nothing, the cost is the one at saturation. */
    private static LoadResult.Simulated simulated(LoadSetting setting, double capacity, double rate, double measuredMillis) {
        double cost = Double.isNaN(measuredMillis) ? 1e3 * setting.sessions() / capacity : measuredMillis;
        double most = Double.isNaN(capacity) ? 1e3 * setting.sessions() / cost : capacity;
        if (setting.arrivals() != Arrivals.POISSON || !(rate < most)) { // the simulated queue refuses nobody, and would grow without bound
            return null;
        }
        QueueSimulation.Outcome outcome = QueueSimulation.run(setting.arrivals().schedule(rate, setting.seed()), cost, setting.sessions(),
                setting.warmUpSeconds(), setting.seconds());
        return new LoadResult.Simulated(cost, outcome.latency(), outcome.waiting().p999());
    }
}
