package vit.bench.load;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import vit.bench.load.Promise.Verdict;

/** Judges the figures of a suite by the promises of the service. */
final class Promises {

    private static final double LOW = 0.1;
    private static final double QUEUE_MILLIS = 1;
    private static final double MOST_COMPARED = 1.5;
    private static final double MEAN_RATIO = 1.02;
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

    /** Promises 4 to 8, and 16 if the suite has peers. */
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

    private static Promise unknown(int number, String rows) {
        return new Promise(number, "There is no row of " + rows, "", Verdict.UNKNOWN);
    }

    private Optional<LoadResult> poisson(double load, boolean batches) {
        return suite.row(Arrivals.POISSON, load, batches);
    }

    /** Of Poisson arrivals some meet another, whatever the service does; so the promise is judged by equal intervals. */
    private Promise queueing() {
        Optional<LoadResult> row = suite.row(Arrivals.CONSTANT, LOW, true);
        if (row.isEmpty() || Double.isNaN(row.get().service().queueP99Millis())) {
            return unknown(4, "constant arrivals at 10 % load");
        }
        double millis = row.get().service().queueP99Millis();
        String random = poisson(LOW, true).map(r -> text("; with Poisson arrivals, some of which meet another, %s ms", bound(r.service().queueP99Millis())))
                .orElse("");
        return new Promise(4, text("At 10 %% load with constant arrivals, the p99 of the time in the queue is %s ms%s", bound(millis), random),
                "below 1 ms", Verdict.of(millis <= QUEUE_MILLIS));
    }

    /** The service counts in ranges, so a percentile is known as the upper end of one. */
    private static String bound(double millis) {
        return text("at most %.2f", millis);
    }

    private Promise batching() {
        List<String> ratios = new ArrayList<>();
        double worst = Double.NEGATIVE_INFINITY;
        for (double load : suite.loads()) {
            Optional<LoadResult> on = poisson(load, true);
            Optional<LoadResult> off = poisson(load, false);
            if (load <= MOST_COMPARED && on.isPresent() && off.isPresent()) {
                double ratio = on.get().latency().mean() / off.get().latency().mean();
                worst = Double.isNaN(ratio) ? Double.POSITIVE_INFINITY : Math.max(worst, ratio);
                ratios.add(text("%.3f at %.1f", ratio, load));
            }
        }
        return ratios.isEmpty() ? unknown(5, "batches on and off at one load")
                : new Promise(5, "The mean latency with batches over that without is " + String.join(", ", ratios), "at most 1.02 at every load",
                        Verdict.of(worst <= MEAN_RATIO));
    }

    private Promise saturation() {
        if (suite.fixed().isEmpty()) {
            return unknown(5, "fixed batches");
        }
        double best = Collections.max(suite.fixed().values());
        int batch = suite.fixed().entrySet().stream().filter(e -> e.getValue() == best).findFirst().orElseThrow().getKey();
        return new Promise(5, text("At saturation the service answers %.2f requests/s, %.3f of the %.2f images/s of the best fixed batch, %d",
                suite.saturated(), suite.saturated() / best, best, batch), "at least 0.98", Verdict.of(suite.saturated() >= SATURATED_RATIO * best));
    }

    private Promise simulation() {
        List<String> ratios = new ArrayList<>();
        double worst = 0;
        for (double load : SIMULATED) {
            LoadResult row = poisson(load, true).orElse(null);
            if (row == null || row.simulated() == null) {
                return unknown(6, "a simulation at load " + load);
            }
            double median = row.latency().p50() / row.simulated().latency().p50();
            double tail = row.latency().p99() / row.simulated().latency().p99();
            worst = Math.max(worst, Math.max(Math.abs(median - 1), Math.abs(tail - 1)));
            ratios.add(text("%.2f and %.2f at %.1f", median, tail, load));
        }
        return new Promise(6, text("The p50 and p99 over those of an M/D/%d simulation of the same arrivals are %s", suite.rows().getFirst().setting().sessions(),
                String.join(", ", ratios)), "within 15 %", Verdict.of(worst <= SIMULATED_DEVIATION));
    }

    private Promise tail() {
        LoadResult row = poisson(TAIL_LOAD, true).orElse(null);
        if (row == null || row.simulated() == null) {
            return unknown(6, "a simulation at load " + TAIL_LOAD);
        }
        double limit = 2 * row.latency().p50() + row.simulated().waitP999Millis();
        return new Promise(6, text("At 70 %% load the p99.9 is %.2f ms; twice the p50 and the p99.9 of the simulated wait are %.2f ms",
                row.latency().p999(), limit), "at most that", Verdict.of(row.latency().p999() <= limit));
    }

    private Promise overload() {
        List<String> figures = new ArrayList<>();
        boolean met = true;
        for (double load : OVERLOADS) {
            LoadResult row = poisson(load, true).orElse(null);
            if (row == null) {
                return unknown(7, "load " + load);
            }
            double share = row.goodput() / row.capacity();
            figures.add(text("%.3f of the capacity in time and %.2f %% of the admitted late at %.0f ×", share, 100 * row.counts().lateShare(), load));
            met &= share >= IN_TIME_SHARE && row.counts().lateShare() <= LATE_SHARE;
        }
        return new Promise(7, "Under overload the service answers " + String.join(", ", figures), "at least 0.95, at most 1 %", Verdict.of(met));
    }

    private Promise refusal() {
        List<String> figures = new ArrayList<>();
        boolean met = true;
        for (double load : OVERLOADS) {
            LoadResult row = poisson(load, true).orElse(null);
            if (row == null) {
                return unknown(8, "load " + load);
            }
            figures.add(text("%.1f µs (p50 %.1f µs) at %.0f ×", 1e3 * row.refusal().p99(), 1e3 * row.refusal().p50(), load));
            met &= row.refusal().p99() <= REFUSAL_MILLIS;
        }
        return new Promise(8, "In process, a refusal takes a p99 of " + String.join(", ", figures), "at most 50 µs", Verdict.of(met));
    }

    private Promise peers() {
        List<LoadResult> theirs = everySecond(0);
        List<LoadResult> ours = everySecond(1);
        return new Promise(16, text("At %.0f %% of the capacity of %s, theirs over ours is %.2f for p50, %.2f for p99, %.2f for p99.9, %.2f for resident memory and"
                + " %.2f for allocated bytes; our capacity is %.2f of theirs",
                100 * theirs.getFirst().load(), theirs.getFirst().setting().target(), ratio(theirs, ours, r -> r.latency().p50()),
                ratio(theirs, ours, r -> r.latency().p99()), ratio(theirs, ours, r -> r.latency().p999()),
                ratio(theirs, ours, r -> r.memory().afterMegabytes()), ratio(theirs, ours, r -> r.memory().bytesPerRequest()),
                ratio(ours, theirs, LoadResult::capacity)), "", Verdict.REPORTED);
    }

    private List<LoadResult> everySecond(int first) {
        List<LoadResult> some = new ArrayList<>();
        for (int i = first; i < suite.peers().size(); i += 2) {
            some.add(suite.peers().get(i));
        }
        return some;
    }

    /** The ratio of the means over the rounds. */
    private static double ratio(List<LoadResult> of, List<LoadResult> over, ToDoubleFunction<LoadResult> figure) {
        return of.stream().mapToDouble(figure).average().orElse(Double.NaN) / over.stream().mapToDouble(figure).average().orElse(Double.NaN);
    }
}
