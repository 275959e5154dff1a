package vit.bench.peers;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import vit.bench.DisagreementException;
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
    private final Work work;
    private final Piece piece;
    private final double seconds;
    private final double tolerance;

    /**
     * @param piece     the work as it is reported
     * @param seconds   how long to measure, all peers together
     * @param tolerance largest difference between results, in units of the largest magnitude of ours
     */
    Duel(Work work, Piece piece, double seconds, double tolerance) {
        this.work = work;
        this.piece = piece;
        this.seconds = seconds;
        this.tolerance = tolerance;
    }

    /**
     * Our side.
     *
     * @param prepared ours
     * @param amount   of work in a call, as {@link Work#amount}
     * @param full     ours with the peers' arithmetic, if ours does less, measured right after ours; otherwise null
     * @param exact    whether ours has the results of {@code full}; if it has not, the peers are held against {@code full}
     */
    record Ours(PreparedWork prepared, double amount, PreparedWork full, boolean exact) {

        static Ours of(PreparedWork prepared, double amount) {
            return new Ours(prepared, amount, null, true);
        }
    }

    /** Compares the results of a peer whose numbers are not meant to be the same. */
    @FunctionalInterface
    interface Accuracies {
        Accuracy of(Contender contender) throws Exception;
    }

    /** One round, in the order in which it ran: the limit in 10⁹ operations per second, and the other times in milliseconds per call. */
    private record Turns(double limitGflops, double ours, double full, double peer) {}

    /** One side with its number of calls per turn. */
    private record Side(PreparedWork prepared, int calls) {}

    /** A peer, with what has been found out about it. */
    private final class Peer implements AutoCloseable {
        private final Contender contender;
        private final List<Turns> turns = new ArrayList<>();
        private PreparedWork prepared;
        private Side side;
        private String label = "";
        private String differences = "";
        private double error;
        private Accuracy accuracy;
        private String failure; // null if there is none
        private boolean unsupported;

        private Peer(Contender contender) {
            this.contender = contender;
        }

        /** Does something with the peer, and remembers if it fails. */
        private void attempt(String what, Attempt attempt) throws InterruptedException {
            if (failure != null) {
                return;
            }
            try {
                attempt.run();
            } catch (InterruptedException e) {
                throw e;
            } catch (UnsupportedOperationException e) {
                failure = e.getMessage() == null ? e.toString() : e.getMessage();
                unsupported = true;
            } catch (DisagreementException e) {
                failure = e.getMessage();
            } catch (Exception | LinkageError | AssertionError e) {
                failure = what + ": " + describe(e);
            }
        }

        private void prepare(float[] truth, Accuracies accuracies) throws Exception {
            prepared = contender.prepare(work);
            label = prepared.label();
            differences = prepared.differences();
            prepared.run();
            error = error(truth, prepared.result());
            if (!prepared.isSameNumbers() && accuracies != null) {
                accuracy = accuracies.of(contender);
            } else if (prepared.isSameNumbers() && !(error <= tolerance)) {
                throw new DisagreementException("its result differs from ours by " + error + " of the largest magnitude; allowed are " + tolerance);
            }
            side = side(prepared);
        }

        @Override
        public void close() throws InterruptedException {
            if (prepared != null) {
                attempt("closing", prepared::close);
            }
        }
    }

    /** What may fail. */
    @FunctionalInterface
    private interface Attempt {
        void run() throws Exception;
    }

    /** The fault and its cause, on one line. */
    static String describe(Throwable fault) {
        String cause = fault.getCause() == null ? "" : "; cause: " + fault.getCause();
        return (fault + cause).lines().limit(2).reduce((a, b) -> a + " " + b.strip()).orElse("");
    }

    /**
     * Compares every result with ours, then measures. A peer that is not present, fails, or computes something else becomes a row that says so.
     *
     * @param accuracies null if every peer's numbers must be the same
     */
    List<Row> run(Ours ours, List<Contender> contenders, Accuracies accuracies) throws Exception {
        List<Peer> peers = contenders.stream().map(Peer::new).toList();
        try (Workers team = piece.isArithmetic() ? Workers.of(work.threads()) : null) {
            return run(ours, peers, accuracies, team);
        } finally {
            for (Peer peer : peers.reversed()) {
                peer.close();
            }
        }
    }

    private List<Row> run(Ours ours, List<Peer> peers, Accuracies accuracies, Workers team) throws Exception {
        FmaPeak peak = team == null ? null : peak(team);
        float[] truth = compute(ours.exact ? ours.prepared : ours.full);
        if (ours.exact && ours.full != null && error(truth, compute(ours.full)) > 0) {
            throw new DisagreementException(piece.work() + " " + piece.model() + ": ours with and without every token differ");
        }
        for (Peer peer : peers) {
            peer.attempt("preparing", () -> peer.prepare(truth, accuracies));
        }
        Side our = side(ours.prepared);
        Side fullSide = ours.full == null ? null : side(ours.full);
        long start = System.nanoTime();
        for (int round = 0; round < LEAST_ROUNDS || System.nanoTime() - start < seconds * 1e9; round++) {
            for (Peer peer : peers) {
                if (peer.failure == null) {
                    double gflops = team == null ? Double.NaN : limit(peak, team);
                    double oursMillis = turn(our);
                    double fullMillis = fullSide == null ? Double.NaN : turn(fullSide);
                    peer.attempt("running", () -> peer.turns.add(new Turns(gflops, oursMillis, fullMillis, turn(peer.side))));
                }
            }
        }
        double best = team == null ? Double.NaN : Math.max(peak.gflops(), peak(team).gflops());
        for (Peer peer : peers) {
            best = Math.max(best, peer.turns.stream().mapToDouble(Turns::limitGflops).max().orElse(best));
        }
        List<Row> rows = new ArrayList<>();
        for (Peer peer : peers) {
            rows.add(peer.failure == null ? comparison(peer, ours, best)
                    : new NotMeasured(piece, peer.contender.name(), peer.failure, !peer.unsupported, LocalDate.now().toString()));
        }
        return rows;
    }

    /** Measures the limit, before and after all work; a busy neighbour can only lower it. */
    private static FmaPeak peak(Workers team) throws InterruptedException {
        IdleProcess.await();
        return FmaPeak.measure(team);
    }

    /** The limit at this moment, measured as {@link #turn} measures a side. */
    private static double limit(FmaPeak peak, Workers team) throws InterruptedException {
        IdleProcess.await();
        peak.gflopsNow(team, LEAD_MILLIS * 1_000_000L);
        return peak.gflopsNow(team, TURN_MILLIS * 1_000_000L);
    }

    private Comparison comparison(Peer peer, Ours ours, double bestGflops) {
        List<Turns> turns = peer.turns;
        Comparison.Full full = ours.full == null ? null
                : new Comparison.Full(quartiles(turns, Turns::full).median(), quartiles(turns, t -> t.peer / t.full));
        Comparison.Limit limit = Double.isNaN(bestGflops) ? null
                : new Comparison.Limit(work.amount() / bestGflops / 1e6, quartiles(turns, t -> ours.amount / t.ours / 1e6 / t.limitGflops));
        return new Comparison(piece, peer.contender.name(), peer.label, peer.differences, quartiles(turns, Turns::ours).median(),
                quartiles(turns, Turns::peer).median(), quartiles(turns, t -> t.peer / t.ours), turns.size(), work.amount(), ours.amount, full, limit,
                peer.error, peer.accuracy, LocalDate.now().toString());
    }

    private static Quartiles quartiles(List<Turns> turns, ToDoubleFunction<Turns> figure) {
        return Quartiles.of(turns.stream().mapToDouble(figure).toArray());
    }

    static float[] compute(PreparedWork side) throws Exception {
        side.run();
        return side.result().clone();
    }

    static double error(float[] truth, float[] other) {
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

    /** Runs {@code prepared} until its time is steady, and finds out how many calls make a turn. */
    private static Side side(PreparedWork prepared) throws Exception {
        IdleProcess.await();
        double best = Double.POSITIVE_INFINITY;
        long start = System.nanoTime();
        for (int steady = 0; steady < STEADY_CALLS && System.nanoTime() - start < WARM_UP_LIMIT_NANOS; ) {
            long begin = System.nanoTime();
            prepared.run();
            double millis = (System.nanoTime() - begin) / 1e6;
            steady = millis < STEADY * best && millis > best / STEADY ? steady + 1 : 0;
            best = Math.min(best, millis);
        }
        return new Side(prepared, (int) Math.clamp(Math.ceil(TURN_MILLIS / best), 1, 1 << 20));
    }

    /** Milliseconds per call, after some untimed calls, because the first call pays for what the previous side left in caches and cores. */
    private static double turn(Side side) throws Exception {
        IdleProcess.await();
        long lead = System.nanoTime();
        do {
            side.prepared.run();
        } while (System.nanoTime() - lead < LEAD_MILLIS * 1e6);
        long start = System.nanoTime();
        for (int call = 0; call < side.calls; call++) {
            side.prepared.run();
        }
        return (System.nanoTime() - start) / 1e6 / side.calls;
    }
}
