package vit.bench.scaling;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import vit.kernels.parallel.Workers;

/**
 * What the tool measures before it predicts; times in seconds, rates in 10⁹ a second.
 *
 * @param fma        the FMA limit in GFLOP/s of teams of several sizes, the best of many trials
 * @param bandwidth  GB/s that teams of several sizes read from memory
 * @param barrier    a barrier of teams of several sizes
 * @param claim      one claim of an item of the own share
 * @param line       passing a cache line from one core to another
 * @param wakeFirst  from the call of a team whose one thread was parked to the end of an empty task, less the same with a thread that spins
 * @param unpark     what the caller spends for each parked thread
 * @param cacheBytes the last-level cache of a core, 0 if the system does not tell
 */
record Costs(TreeMap<Integer, Double> fma, TreeMap<Integer, Double> bandwidth, TreeMap<Integer, Double> barrier, double claim, double line,
        double wakeFirst, double unpark, long cacheBytes) {

    /**
     * A barrier of a team of this size, as measured. Where that was not possible, each worker of a group adds what a worker added in the largest group measured,
     * on every level of groups of {@link Workers#BARRIER_GROUP}. In a team of more than one group, each worker beyond the first group also adds a cache line: all of
     * them wait on one number, and read it one after the other.
     */
    double barrier(int workers) {
        Double measured = barrier.get(workers);
        if (measured != null) {
            return measured;
        }
        int largest = Math.min(Workers.BARRIER_GROUP, barrier.lastKey());
        double each = largest == 1 ? line : barrier.floorEntry(largest).getValue() / (barrier.floorKey(largest) - 1);
        double seconds = line * Math.max(0, workers - Workers.BARRIER_GROUP);
        for (int left = workers; left > 1; left = (left + Workers.BARRIER_GROUP - 1) / Workers.BARRIER_GROUP) {
            seconds += each * (Math.min(left, Workers.BARRIER_GROUP) - 1);
        }
        return seconds;
    }

    /** GB/s of a team: as measured, or the most that was measured, but not more than as many times one core's as there are workers. */
    double bandwidth(int workers) {
        double most = bandwidth.values().stream().mapToDouble(rate -> rate).max().orElseThrow();
        return Math.min(bandwidth.getOrDefault(workers, most), workers * bandwidth.firstEntry().getValue());
    }

    /** How much slower a core computes beside others than alone, at least 1: as measured, beyond the machine as with all of its cores. */
    double slowdown(int workers) {
        Map.Entry<Integer, Double> nearest = fma.floorEntry(workers);
        return Math.max(1, fma.firstEntry().getValue() * nearest.getKey() / nearest.getValue());
    }

    /** What a call costs more if the threads of the team had parked: the caller wakes one after the other. */
    double wake(int workers) {
        return workers == 1 ? 0 : wakeFirst + (workers - 2) * unpark;
    }

    /** The same machine where a worker finds out at no cost that a share is empty. */
    Costs withFreeSearch() {
        return new Costs(fma, bandwidth, barrier, claim, 0, wakeFirst, unpark, cacheBytes);
    }

    /** The same cores on a socket that reads {@code times} as fast. */
    Costs withMemory(double times) {
        TreeMap<Integer, Double> rates = new TreeMap<>();
        bandwidth.forEach((workers, rate) -> rates.put(workers, workers == 1 ? rate : rate * times));
        return new Costs(fma, rates, barrier, claim, line, wakeFirst, unpark, cacheBytes);
    }

    Map<String, Object> toJson() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("fma_gflops", named(fma));
        object.put("read_gb_per_second", named(bandwidth));
        object.put("barrier_seconds", named(barrier));
        object.put("claim_seconds", claim);
        object.put("line_seconds", line);
        object.put("wake_first_seconds", wakeFirst);
        object.put("unpark_seconds", unpark);
        object.put("cache_bytes", cacheBytes);
        return object;
    }

    private static Map<String, Object> named(TreeMap<Integer, Double> values) {
        Map<String, Object> object = new LinkedHashMap<>();
        values.forEach((threads, value) -> object.put(String.valueOf(threads), value));
        return object;
    }
}
