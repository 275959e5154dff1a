package vit.bench.peers;

import java.lang.management.ManagementFactory;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import vit.kernels.parallel.Workers;
import vit.kernels.peak.FmaPeak;

/**
 * Runs ours and the peers in turn (limit, ours, peer A, limit, ours, peer B, …) and pairs every time of a peer with our time just before it, and our
 * time with the FMA limit just before that. On a machine whose speed swings, neighbours in time are comparable where means are not.
 *
 * <p>Between two turns it waits until the process is idle. The peers' thread pools spin for up to 200 ms after a call and would take the cores away
 * from whoever comes next. Every turn begins with untimed calls: one, or as many as fit in {@value #LEAD_MILLIS} ms. During these the operating
 * system moves the threads of a pool to cores of their own, since they often wake on the same one. Work shorter than {@value #TURN_MILLIS} ms is then
 * repeated within the turn.
 */
final class Duel {

    private static final int LEAD_MILLIS = 25;
    private static final int TURN_MILLIS = 40;
    private static final int LEAST_ROUNDS = 5;
    private static final int STEADY_CALLS = 3;
    private static final double STEADY = 1.2;
    private static final long WARM_UP_LIMIT_NANOS = 10_000_000_000L;
    private static final long IDLE_WINDOW_NANOS = 40_000_000;
    private static final long IDLE_LIMIT_NANOS = 1_000_000_000;
    /**
     * The process is idle below this share of one core. Its processor time is counted in hundredths of a second: one of them within a window is
     * noise, and a thread that spins adds three or more.
     */
    private static final double IDLE_SHARE = 0.4;

    private final String work;
    private final String step;
    private final String model;
    private final int batch;
    private final int threads;
    private final double flops;
    private final double seconds;

    /**
     * @param step    for training, what a step is; otherwise empty
     * @param flops   floating-point operations of one call
     * @param seconds how long to measure, all peers together
     */
    Duel(String work, String step, String model, int batch, int threads, double flops, double seconds) {
        this.work = work;
        this.step = step;
        this.model = model;
        this.batch = batch;
        this.threads = threads;
        this.flops = flops;
        this.seconds = seconds;
    }

    /** One round, in the order in which it ran: the limit in 10⁹ operations per second, and the other times in milliseconds per call. */
    private record Turns(double limitGflops, double ours, double full, double peer) {}

    /** One side with its number of calls per turn. */
    private record Side(Contender contender, int calls) {}

    /**
     * Checks the results against ours, then measures.
     *
     * @param tolerance largest difference between results, in units of the largest magnitude of ours
     * @throws DisagreementException if a peer computes something else
     */
    List<Comparison> run(Contender ours, List<Contender> peers, double tolerance) throws Exception {
        return run(ours, flops, null, peers, tolerance);
    }

    /**
     * The same for work in which ours does less arithmetic than the peers.
     *
     * @param oursFlops floating-point operations of our call
     * @param full      ours with the peers' arithmetic, measured right after ours; null if there is none
     */
    List<Comparison> run(Contender ours, double oursFlops, Contender full, List<Contender> peers, double tolerance) throws Exception {
        try (Workers team = Workers.of(threads)) {
            return run(ours, oursFlops, full, peers, tolerance, team);
        }
    }

    private List<Comparison> run(Contender ours, double oursFlops, Contender full, List<Contender> peers, double tolerance, Workers team)
            throws Exception {
        FmaPeak peak = peak(team);
        float[] truth = compute(ours);
        if (full != null && error(truth, compute(full)) > 0) {
            throw new DisagreementException(work + " " + model + ": ours with and without every token differ");
        }
        double[] errors = new double[peers.size()];
        List<Side> sides = new ArrayList<>();
        for (int i = 0; i < errors.length; i++) {
            errors[i] = error(truth, compute(peers.get(i)));
            if (!(errors[i] <= tolerance)) {
                throw new DisagreementException(work + " " + model + ": " + peers.get(i).name() + " differs from ours by "
                        + errors[i] + " of the largest magnitude; allowed are " + tolerance);
            }
            sides.add(side(peers.get(i)));
        }
        Side our = side(ours);
        Side fullSide = full == null ? null : side(full);
        List<List<Turns>> turns = new ArrayList<>();
        sides.forEach(_ -> turns.add(new ArrayList<>()));
        long start = System.nanoTime();
        for (int round = 0; round < LEAST_ROUNDS || System.nanoTime() - start < seconds * 1e9; round++) {
            for (int i = 0; i < sides.size(); i++) {
                double gflops = limit(peak, team);
                double oursMillis = turn(our);
                double fullMillis = fullSide == null ? Double.NaN : turn(fullSide);
                turns.get(i).add(new Turns(gflops, oursMillis, fullMillis, turn(sides.get(i))));
            }
        }
        double best = Math.max(peak.gflops(), peak(team).gflops());
        best = Math.max(best, turns.stream().flatMap(List::stream).mapToDouble(Turns::limitGflops).max().orElse(0));
        List<Comparison> comparisons = new ArrayList<>();
        for (int i = 0; i < errors.length; i++) {
            comparisons.add(comparison(peers.get(i).name(), turns.get(i), oursFlops, full != null, flops / best / 1e6, errors[i]));
        }
        return comparisons;
    }

    /** Measures the limit, before and after all work; a busy neighbour can only lower it. */
    private static FmaPeak peak(Workers team) throws InterruptedException {
        awaitIdle();
        return FmaPeak.measure(team);
    }

    /** The limit at this moment, measured as {@link #turn} measures a side. */
    private static double limit(FmaPeak peak, Workers team) throws InterruptedException {
        awaitIdle();
        peak.gflopsNow(team, LEAD_MILLIS * 1_000_000L);
        return peak.gflopsNow(team, TURN_MILLIS * 1_000_000L);
    }

    private Comparison comparison(String peer, List<Turns> turns, double oursFlops, boolean hasFull, double limit, double error) {
        Comparison.Full full = hasFull
                ? new Comparison.Full(quartiles(turns, Turns::full).median(), quartiles(turns, t -> t.peer / t.full)) : null;
        return new Comparison(work, step, model, batch, threads, peer, quartiles(turns, Turns::ours).median(),
                quartiles(turns, Turns::peer).median(), quartiles(turns, t -> t.peer / t.ours), turns.size(), flops, oursFlops, full, limit,
                quartiles(turns, t -> oursFlops / t.ours / 1e6 / t.limitGflops), error, LocalDate.now().toString());
    }

    private static Quartiles quartiles(List<Turns> turns, ToDoubleFunction<Turns> figure) {
        return Quartiles.of(turns.stream().mapToDouble(figure).toArray());
    }

    private static float[] compute(Contender contender) throws Exception {
        contender.run();
        return contender.result().clone();
    }

    private static double error(float[] truth, float[] other) {
        if (truth.length != other.length) {
            return Double.POSITIVE_INFINITY;
        }
        double scale = 0;
        double worst = 0;
        for (int i = 0; i < truth.length; i++) {
            scale = Math.max(scale, Math.abs(truth[i]));
            double difference = Math.abs((double) truth[i] - other[i]);
            if (!(difference <= worst)) {
                worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
            }
        }
        return worst == 0 ? 0 : worst / scale;
    }

    /** Calls {@code contender} until its time is steady, and finds out how many calls make a turn. */
    private static Side side(Contender contender) throws Exception {
        awaitIdle();
        double best = Double.POSITIVE_INFINITY;
        long start = System.nanoTime();
        for (int steady = 0; steady < STEADY_CALLS && System.nanoTime() - start < WARM_UP_LIMIT_NANOS; ) {
            long begin = System.nanoTime();
            contender.run();
            double millis = (System.nanoTime() - begin) / 1e6;
            steady = millis < STEADY * best && millis > best / STEADY ? steady + 1 : 0;
            best = Math.min(best, millis);
        }
        return new Side(contender, (int) Math.clamp(Math.ceil(TURN_MILLIS / best), 1, 1 << 20));
    }

    /** Milliseconds per call, after some untimed calls, because the first call pays for what the previous side left in caches and cores. */
    private static double turn(Side side) throws Exception {
        awaitIdle();
        long lead = System.nanoTime();
        do {
            side.contender.run();
        } while (System.nanoTime() - lead < LEAD_MILLIS * 1e6);
        long start = System.nanoTime();
        for (int call = 0; call < side.calls; call++) {
            side.contender.run();
        }
        return (System.nanoTime() - start) / 1e6 / side.calls;
    }

    /** Waits until no thread of this process is computing. */
    static void awaitIdle() throws InterruptedException {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long start = System.nanoTime();
        while (System.nanoTime() - start < IDLE_LIMIT_NANOS) {
            long begin = System.nanoTime();
            long busy = system.getProcessCpuTime();
            Thread.sleep(IDLE_WINDOW_NANOS / 1_000_000);
            if (system.getProcessCpuTime() - busy < IDLE_SHARE * (System.nanoTime() - begin)) {
                return;
            }
        }
    }
}
