package vit.bench.load;

import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * G/D/c in Kendall's notation: c servers, first in, first out, every request takes the same time; with Poisson arrivals, M/D/c. It says what waiting is
 * unavoidable at a given load, so that a measured latency can be judged.
 */
final class QueueSimulation {

    private QueueSimulation() {}

    /**
     * What requests wait and take, in milliseconds.
     *
     * @param latency from a request's arrival to its answer
     * @param waiting from its arrival to the beginning of its computation
     */
    record Outcome(Percentiles latency, Percentiles waiting) {}

    /**
     * Runs the queue over given arrivals.
     *
     * @param schedules    the arrivals, given the seed of a measurement the same as there, so that chance does not blur the comparison; the queue is empty at the
     *                     beginning of each
     * @param costMillis   what every request takes
     * @param servers      c, how many requests are computed at once
     * @param warmUpSeconds arrivals in this time are simulated and not counted
     * @param seconds      how long requests of each schedule come after that
     */
    static Outcome run(List<Arrivals.Schedule> schedules, double costMillis, int servers, double warmUpSeconds, double seconds) {
        double[] wait = schedules.stream().flatMapToDouble(one -> Arrays.stream(waits(one, costMillis, servers, warmUpSeconds, seconds))).toArray();
        double[] latency = Arrays.stream(wait).map(w -> w + costMillis).toArray();
        return new Outcome(Percentiles.of(latency), Percentiles.of(wait));
    }

    private static double[] waits(Arrivals.Schedule schedule, double costMillis, int servers, double warmUpSeconds, double seconds) {
        PriorityQueue<Double> free = new PriorityQueue<>();
        for (int i = 0; i < servers; i++) {
            free.add(0.0);
        }
        double[] waits = new double[1024];
        int count = 0;
        double end = (warmUpSeconds + seconds) * 1e3;
        for (double arrival = schedule.next() / 1e6; arrival < end; arrival = schedule.next() / 1e6) {
            double begin = Math.max(arrival, free.remove());
            free.add(begin + costMillis);
            if (arrival >= warmUpSeconds * 1e3) {
                waits = count == waits.length ? Arrays.copyOf(waits, 2 * count) : waits;
                waits[count++] = begin - arrival;
            }
        }
        return Arrays.copyOf(waits, count);
    }
}
