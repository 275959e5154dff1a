package vit.bench.load;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * One load on a target in parts of equal length, between which another target may have its turn. Every part warms up, and has the next seed for its arrivals.
 * What is counted in all parts makes one result.
 */
final class LoadParts {

    private final Target target;
    private final LoadSetting setting;
    private final double capacity;
    private final double rate;
    private final int count;
    private final Recording recording = new Recording();
    private final List<Double> means = new ArrayList<>();
    private ServiceReading service = ServiceReading.NONE;
    private double residentBefore;
    private double residentAfter;
    private long allocatedBytes;

    /**
     * Nothing is run yet.
     *
     * @param capacity answers per second at saturation; NaN if unknown
     * @param rate     requests per second
     * @param count    of the parts
     */
    LoadParts(Target target, LoadSetting setting, double capacity, double rate, int count) {
        this.target = target;
        this.setting = setting;
        this.capacity = capacity;
        this.rate = rate;
        this.count = count;
    }

    /** Runs the next part. */
    void runNext() throws InterruptedException {
        OpenLoop loop = new OpenLoop(target);
        loop.run(schedule(means.size()), setting.warmUpSeconds(), setting.seconds() / count, setting.deadlineNanos());
        ProcessMeter meter = loop.meter();
        residentBefore = means.isEmpty() ? meter.before() : residentBefore;
        residentAfter = meter.after();
        allocatedBytes += meter.allocatedBytes();
        service = service.and(loop.service());
        recording.add(loop.recording());
        means.add(loop.recording().latency().mean());
    }

    private Arrivals.Schedule schedule(int part) {
        return setting.arrivals().schedule(rate, setting.seed() + part);
    }

    /** The figures of all parts, which must have been run. */
    LoadResult result() {
        if (means.size() != count) {
            throw new IllegalStateException(means.size() + " of " + count + " parts were run");
        }
        LoadResult.Counts counts = LoadResult.Counts.of(recording);
        LoadResult.Memory memory = target.isInProcess()
                ? new LoadResult.Memory(residentBefore, residentAfter, (double) allocatedBytes / Math.max(1, counts.sent()))
                : new LoadResult.Memory(Double.NaN, Double.NaN, Double.NaN);
        return new LoadResult(setting, capacity, rate, counts, recording.latency(), List.copyOf(means), recording.refusal(), recording.lateness(),
                new LoadResult.Service(service.costMillis(), service.meanBatch(), service.queueP99Millis(), service.late()), simulated(), memory,
                LocalDate.now().toString());
    }

    /** The queue with the cost that the service measured during the load. If it says nothing, the cost is the one at saturation. */
    private LoadResult.Simulated simulated() {
        double measured = service.costMillis();
        double cost = Double.isNaN(measured) ? 1e3 * setting.sessions() / capacity : measured;
        if (setting.arrivals() != Arrivals.POISSON || !(rate * cost < 1e3 * setting.sessions())) { // it refuses nobody, and would grow without bound
            return null;
        }
        List<Arrivals.Schedule> schedules = new ArrayList<>();
        for (int part = 0; part < count; part++) {
            schedules.add(schedule(part));
        }
        QueueSimulation.Outcome outcome = QueueSimulation.run(schedules, cost, setting.sessions(), setting.warmUpSeconds(), setting.seconds() / count);
        return new LoadResult.Simulated(cost, outcome.latency(), outcome.waiting().p999());
    }
}
