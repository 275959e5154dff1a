package vit.bench.scaling;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import vit.model.config.VitConfig;

/**
 * Predicts passes of one model and batch.
 *
 * @param config       the model
 * @param batch        images of a pass
 * @param costs        of the machine
 * @param unitSeconds  what a unit of each kernel takes on one core
 * @param serialSeconds what one worker does before the others begin
 */
record Forecast(VitConfig config, int batch, Costs costs, Map<Kernel, Double> unitSeconds, double serialSeconds) {

    /** Predicts a pass on this many cores. */
    Simulation.Outcome predict(int workers) {
        return predict(workers, Tiling.ofThisMachine(), costs, 1);
    }

    /** The same with other rules or costs, and a share of the barriers' cost. */
    Simulation.Outcome predict(int workers, Tiling tiling, Costs other, double barriers) {
        List<Region> regions = PassPlan.regions(config, batch, workers, tiling);
        boolean cached = fitsCache(regions);
        List<Simulation.TimedRegion> timed = regions.stream().map(region -> timed(region, workers, cached, other)).toList();
        return Simulation.run(timed, new Simulation.Team(workers, other.claim(), other.line(), barriers * other.barrier(workers), serialSeconds));
    }

    /** The number of barriers of a pass. */
    int barriers(int workers) {
        return PassPlan.regions(config, batch, workers, Tiling.ofThisMachine()).size();
    }

    /** The work of a pass that one worker computes alone, in seconds. */
    double workOfOne() {
        return predict(1).work();
    }

    /** The bytes that a pass reads from memory: all weights once, or none if they stay in the last-level cache. */
    double memoryBytes() {
        List<Region> regions = PassPlan.regions(config, batch, 1, Tiling.ofThisMachine());
        return fitsCache(regions) ? 0 : weightBytes(regions);
    }

    private boolean fitsCache(List<Region> regions) {
        return weightBytes(regions) <= costs.cacheBytes();
    }

    private static double weightBytes(List<Region> regions) {
        return regions.stream().flatMap(region -> region.loops().stream()).mapToDouble(Loop::memoryBytes).sum();
    }

    private Simulation.TimedRegion timed(Region region, int workers, boolean cached, Costs other) {
        double bytes = region.loops().stream().mapToDouble(Loop::memoryBytes).sum();
        return new Simulation.TimedRegion(region.loops().stream().map(loop -> timed(loop, workers, cached, other)).toList(),
                cached ? 0 : bytes / other.bandwidth(workers) / 1e9);
    }

    private Simulation.TimedLoop timed(Loop loop, int workers, boolean cached, Costs other) {
        double unit = unitSeconds.get(loop.kernel()) * other.slowdown(workers);
        double core = other.bandwidth(1) * 1e9;
        double[] seconds = IntStream.range(0, loop.units().length)
                .mapToDouble(i -> Math.max(loop.units()[i] * unit, cached ? 0 : loop.weightBytes()[i] / core)).toArray();
        return new Simulation.TimedLoop(loop.claimed(), seconds, loop.group(), loop.preparation() * unit);
    }
}
