package vit.bench.scaling;

import java.util.Arrays;
import java.util.List;
import java.util.PriorityQueue;

/**
 * A team that runs regions, event by event: the worker whose clock is least takes the next step. Workers claim items as {@code vit.kernels.parallel.Shares}
 * hands them out: their own share ascending, then the last item of the next worker that is in the same loop and has items left.
 */
final class Simulation {

    /**
     * A loop with its costs in seconds.
     *
     * @param claimed     whether items are claimed; otherwise each worker has a fixed share
     * @param seconds     of each item
     * @param group       neighbouring items that need the same preparation
     * @param preparation seconds whenever a worker's next item is of another group
     */
    record TimedLoop(boolean claimed, double[] seconds, int group, double preparation) {}

    /**
     * A region with its costs.
     *
     * @param loops in their order
     * @param least seconds that the region takes at least: its bytes at the bandwidth of the socket
     */
    record TimedRegion(List<TimedLoop> loops, double least) {}

    /**
     * A team's own costs, in seconds.
     *
     * @param workers their number
     * @param claim   of an item of the worker's own share
     * @param line    of reading a cache line that another core wrote; a worker reads one for each share in which it looks for items
     * @param barrier of one barrier
     * @param serial  before the first region, on one worker
     */
    record Team(int workers, double claim, double line, double barrier, double serial) {}

    /**
     * What a run took and what it consists of, in seconds; all but {@code seconds} are means over the workers and add up to it.
     *
     * @param work      items and preparations
     * @param claims    handing out items
     * @param idle      waiting for others to finish their items
     * @param bandwidth waiting for memory
     * @param barriers  the barriers themselves
     * @param serial    before the first region
     */
    record Outcome(double seconds, double work, double claims, double idle, double bandwidth, double barriers, double serial) {}

    private final Team team;
    private final double[] clock;
    private final int[] loop; // that each worker is in
    private final int[] from; // what is left of each worker's share
    private final int[] to;
    private final int[] prepared; // the group that each worker has prepared, or −1
    private double work;
    private double claims;

    private Simulation(Team team) {
        this.team = team;
        clock = new double[team.workers];
        loop = new int[team.workers];
        from = new int[team.workers];
        to = new int[team.workers];
        prepared = new int[team.workers];
    }

    /** Runs the regions. There is a barrier after each. */
    static Outcome run(List<TimedRegion> regions, Team team) {
        return new Simulation(team).run(regions);
    }

    private Outcome run(List<TimedRegion> regions) {
        double now = team.serial;
        double idle = 0;
        double bandwidth = 0;
        for (TimedRegion region : regions) {
            Arrays.fill(clock, now);
            runLoops(region.loops);
            double end = Arrays.stream(clock).max().orElse(now);
            for (double finished : clock) {
                idle += end - finished;
            }
            double wait = Math.max(0, now + region.least - end);
            bandwidth += wait;
            now = end + wait + team.barrier;
        }
        return new Outcome(now, work / team.workers, claims / team.workers, idle / team.workers, bandwidth, regions.size() * team.barrier, team.serial);
    }

    private void runLoops(List<TimedLoop> loops) {
        PriorityQueue<Integer> next = new PriorityQueue<>((a, b) -> clock[a] != clock[b] ? Double.compare(clock[a], clock[b]) : Integer.compare(a, b));
        Arrays.fill(loop, -1);
        for (int worker = 0; worker < team.workers; worker++) {
            next.add(worker);
        }
        while (!next.isEmpty()) {
            int worker = next.remove();
            if (step(worker, loops)) {
                next.add(worker);
            }
        }
    }

    /** Computes one item, or a fixed share, or begins the next loop; false if there is none. */
    private boolean step(int worker, List<TimedLoop> loops) {
        TimedLoop current = loop[worker] < 0 ? null : loops.get(loop[worker]);
        if (current == null || !compute(worker, current)) {
            loop[worker]++;
            if (loop[worker] == loops.size()) {
                return false;
            }
            int n = loops.get(loop[worker]).seconds.length;
            from[worker] = (int) ((long) n * worker / team.workers);
            to[worker] = (int) ((long) n * (worker + 1) / team.workers);
            prepared[worker] = -1;
        }
        return true;
    }

    private boolean compute(int worker, TimedLoop current) {
        if (!current.claimed) {
            boolean some = from[worker] < to[worker];
            while (from[worker] < to[worker]) {
                pay(worker, current, from[worker]++);
            }
            return some; // the next loop begins when the worker's clock is the least again: until then it has no items to give
        }
        if (from[worker] < to[worker]) {
            claim(worker, team.claim);
            pay(worker, current, from[worker]++);
            return true;
        }
        for (int i = 1; i < team.workers; i++) {
            int victim = (worker + i) % team.workers;
            claim(worker, team.line);
            if (loop[victim] == loop[worker] && from[victim] < to[victim]) {
                claim(worker, team.claim);
                pay(worker, current, --to[victim]);
                return true;
            }
        }
        return false;
    }

    private void claim(int worker, double seconds) {
        clock[worker] += seconds;
        claims += seconds;
    }

    private void pay(int worker, TimedLoop current, int item) {
        double seconds = current.seconds[item];
        if (prepared[worker] != item / current.group) {
            prepared[worker] = item / current.group;
            seconds += current.preparation;
        }
        clock[worker] += seconds;
        work += seconds;
    }
}
