package vit.bench.load;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import vit.bench.load.Promise.Verdict;

/** Judges the figures of a suite by the promises of the service. */
final class Promises {

    private static final String QUEUEING = "A free session computes at once";
    private static final String BATCHING = "Batches never cost latency";
    private static final String SATURATION = "The service costs no throughput";
    private static final String SIMULATION = "Latency is that of the ideal queue";
    private static final String TAIL = "The tail is short";
    private static final String OVERLOAD = "Overload does not lower goodput";
    private static final String REFUSAL = "Refusals come at once";
    private static final String PEERS = "Beside a peer";

    /** Up to this load nearly all requests are answered, with batches and without. Beyond it, means are of different requests, and goodput tells more. */
    static final double MOST_FOR_MEANS = 0.9;

    private static final double LOW = 0.1;
    private static final double QUEUE_MILLIS = 1;
    private static final double MOST_COMPARED = 1.5;
    private static final double MEAN_RATIO = 1.02;
    private static final double GOODPUT_RATIO = 0.98;
    private static final double SATURATED_RATIO = 0.98;
    private static final List<Double> SIMULATED = List.of(0.5, 0.7, 0.9);
    private static final double SIMULATED_DEVIATION = 0.15;
    private static final double TAIL_LOAD = 0.7;
    private static final List<Double> OVERLOADS = List.of(2.0, 10.0);
    private static final double IN_TIME_SHARE = 0.95;
    private static final double LATE_SHARE = 0.01;
    private static final double REFUSAL_MILLIS = 0.05;

    private final SuiteResult suite;

    private Promises(SuiteResult suite) {
        this.suite = suite;
    }

    /** The promises of the service, and what a peer does if the suite has one. */
    static List<Promise> judge(SuiteResult suite) {
        Promises promises = new Promises(suite);
        List<Promise> judged = new ArrayList<>(List.of(promises.queueing(), promises.batching(), promises.saturation(), promises.simulation(),
                promises.tail(), promises.overload(), promises.refusal()));
        if (!suite.peers().isEmpty()) {
            judged.add(promises.peers());
        }
        return judged;
    }

    private static String text(String format, Object... figures) {
        return String.format(Locale.ROOT, format, figures);
    }

    private static Promise unknown(String name, String rows) {
        return new Promise(name, "there is no row of " + rows, "", Verdict.UNKNOWN);
    }

    private Optional<LoadResult> poisson(double load, boolean batches) {
        return suite.row(Arrivals.POISSON, load, batches);
    }

    /** Of Poisson arrivals some meet another, whatever the service does; so the promise is judged by equal intervals. */
    private Promise queueing() {
        Optional<LoadResult> row = suite.row(Arrivals.CONSTANT, LOW, true);
        if (row.isEmpty() || Double.isNaN(row.get().service().queueP99Millis())) {
            return unknown(QUEUEING, "constant arrivals at 10 % load");
        }
        double millis = row.get().service().queueP99Millis();
        String random = poisson(LOW, true).map(r -> text("; with Poisson arrivals, some of which meet another, %s ms", bound(r.service().queueP99Millis())))
                .orElse("");
        return new Promise(QUEUEING, text("at 10 %% load with constant arrivals, the p99 of the time in the queue is %s ms%s", bound(millis), random),
                "below 1 ms", Verdict.of(millis <= QUEUE_MILLIS));
    }

    /** The service counts in ranges, so a percentile is known as the upper end of one. */
    private static String bound(double millis) {
        return text("at most %.2f", millis);
    }

    private Promise batching() {
        List<String> means = new ArrayList<>();
        List<String> goodputs = new ArrayList<>();
        boolean met = true;
        for (double load : suite.loads()) {
            LoadResult on = poisson(load, true).orElse(null);
            LoadResult off = poisson(load, false).orElse(null);
            if (on == null || off == null || load > MOST_COMPARED) {
                continue;
            }
            boolean byMeans = load <= MOST_FOR_MEANS;
            double ratio = byMeans ? medianRatio(on.partMeans(), off.partMeans()) : on.goodput() / off.goodput();
            met &= byMeans ? ratio <= MEAN_RATIO : ratio >= GOODPUT_RATIO;
            (byMeans ? means : goodputs).add(text("%.3f at %.1f", ratio, load));
        }
        return means.isEmpty() || goodputs.isEmpty() ? unknown(BATCHING, "batches on and off at one load")
                : new Promise(BATCHING, "the mean latency with batches over that without, the median of pairs that were run in turn, is " + String.join(", ", means)
                        + "; the goodput with them over that without is " + String.join(", ", goodputs),
                        "at most 1.02 and at least 0.98 at every load", Verdict.of(met));
    }

    /** The middle one of the ratios of parts that followed one another; NaN, which is no good ratio, if one of them answered nobody. */
    private static double medianRatio(List<Double> on, List<Double> off) {
        int parts = Math.min(on.size(), off.size());
        double[] ratios = IntStream.range(0, parts).mapToDouble(i -> on.get(i) / off.get(i)).sorted().toArray();
        return parts == 0 || Double.isNaN(ratios[parts - 1]) ? Double.NaN : (ratios[(parts - 1) / 2] + ratios[parts / 2]) / 2;
    }

    private Promise saturation() {
        if (suite.fixed().isEmpty()) {
            return unknown(SATURATION, "fixed batches");
        }
        double best = Collections.max(suite.fixed().values());
        int batch = suite.fixed().entrySet().stream().filter(e -> e.getValue() == best).findFirst().orElseThrow().getKey();
        return new Promise(SATURATION, text("at saturation the service answers %.2f requests/s, %.3f of the %.2f images/s of the best fixed batch, %d",
                suite.saturated(), suite.saturated() / best, best, batch), "at least 0.98", Verdict.of(suite.saturated() >= SATURATED_RATIO * best));
    }

    private Promise simulation() {
        List<String> ratios = new ArrayList<>();
        double worst = 0;
        for (double load : SIMULATED) {
            LoadResult row = poisson(load, true).orElse(null);
            if (row == null || row.simulated() == null) {
                return unknown(SIMULATION, "a simulation at load " + load);
            }
            double median = row.latency().p50() / row.simulated().latency().p50();
            double tail = row.latency().p99() / row.simulated().latency().p99();
            worst = Math.max(worst, Math.max(Math.abs(median - 1), Math.abs(tail - 1)));
            ratios.add(text("%.2f and %.2f at %.1f", median, tail, load));
        }
        return new Promise(SIMULATION, text("the p50 and p99 over those of an M/D/%d simulation of the same arrivals are %s", suite.rows().getFirst().setting().sessions(),
                String.join(", ", ratios)), "within 15 %", Verdict.of(worst <= SIMULATED_DEVIATION));
    }

    private Promise tail() {
        LoadResult row = poisson(TAIL_LOAD, true).orElse(null);
        if (row == null || row.simulated() == null) {
            return unknown(TAIL, "a simulation at load " + TAIL_LOAD);
        }
        if (Double.isNaN(row.latency().p999()) || Double.isNaN(row.simulated().waitP999Millis())) {
            return unknown(TAIL, "1,000 answers, without which there is no p99.9, at load " + TAIL_LOAD);
        }
        double limit = 2 * row.latency().p50() + row.simulated().waitP999Millis();
        return new Promise(TAIL, text("at 70 %% load the p99.9 is %.2f ms; twice the p50 and the p99.9 of the simulated wait are %.2f ms",
                row.latency().p999(), limit), "at most that", Verdict.of(row.latency().p999() <= limit));
    }

    private Promise overload() {
        List<String> figures = new ArrayList<>();
        boolean met = true;
        for (double load : OVERLOADS) {
            LoadResult row = poisson(load, true).orElse(null);
            if (row == null) {
                return unknown(OVERLOAD, "load " + load);
            }
            double share = row.goodput() / row.capacity();
            figures.add(text("%.3f of the capacity in time and %.2f %% of the admitted late at %.0f ×", share, 100 * row.counts().lateShare(), load));
            met &= share >= IN_TIME_SHARE && row.counts().lateShare() <= LATE_SHARE;
        }
        return new Promise(OVERLOAD, "under overload the service answers " + String.join(", ", figures), "at least 0.95, at most 1 %", Verdict.of(met));
    }

    private Promise refusal() {
        List<String> figures = new ArrayList<>();
        boolean met = true;
        for (double load : OVERLOADS) {
            LoadResult row = poisson(load, true).orElse(null);
            if (row == null) {
                return unknown(REFUSAL, "load " + load);
            }
            figures.add(text("%.1f µs (p50 %.1f µs) at %.0f ×", 1e3 * row.refusal().p99(), 1e3 * row.refusal().p50(), load));
            met &= row.refusal().p99() <= REFUSAL_MILLIS;
        }
        return new Promise(REFUSAL, "in process, a refusal takes a p99 of " + String.join(", ", figures), "at most 50 µs", Verdict.of(met));
    }

    private Promise peers() {
        List<LoadResult> theirs = suite.peers().stream().filter(r -> !isOurs(r)).toList();
        List<LoadResult> ours = suite.peers().stream().filter(Promises::isOurs).toList();
        if (theirs.isEmpty() || ours.isEmpty()) {
            return unknown(PEERS, "ours or of the peer");
        }
        LoadResult first = theirs.getFirst();
        String names = theirs.stream().map(r -> r.setting().target()).distinct().collect(Collectors.joining(" and "));
        double tail = ratio(theirs, ours, r -> r.latency().p999());
        return new Promise(PEERS, text("at %.2f requests/s, %.0f %% of the capacity of %s as first measured, theirs over ours is %.2f for p50, %.2f for p99,"
                + " %s%.2f for resident memory and %.2f for bytes allocated on the Java heap, which native memory is no part of; our capacity is %.2f of theirs."
                + " Theirs: %s. Ours: %s",
                first.rate(), 100 * first.load(), names, ratio(theirs, ours, r -> r.latency().p50()), ratio(theirs, ours, r -> r.latency().p99()),
                Double.isNaN(tail) ? "" : text("%.2f for p99.9, ", tail), ratio(theirs, ours, r -> r.memory().afterMegabytes()),
                ratio(theirs, ours, r -> r.memory().bytesPerRequest()), ratio(ours, theirs, LoadResult::capacity), ends(theirs), ends(ours)), "",
                Verdict.REPORTED);
    }

    private static boolean isOurs(LoadResult row) {
        return row.setting().target().startsWith(Engine.VIT.toString());
    }

    /** How the requests of all rounds ended. */
    private static String ends(List<LoadResult> rows) {
        return text("goodput %.2f/s, %d of %d late, %d refused", rows.stream().mapToDouble(LoadResult::goodput).average().orElse(Double.NaN),
                rows.stream().mapToLong(r -> r.counts().missed()).sum(), rows.stream().mapToLong(r -> r.counts().sent()).sum(),
                rows.stream().mapToLong(r -> LoadResult.Counts.sum(r.counts().refused())).sum());
    }

    /** The ratio of the means over the rounds. */
    private static double ratio(List<LoadResult> of, List<LoadResult> over, ToDoubleFunction<LoadResult> figure) {
        return of.stream().mapToDouble(figure).average().orElse(Double.NaN) / over.stream().mapToDouble(figure).average().orElse(Double.NaN);
    }
}
