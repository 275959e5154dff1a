package vit.bench.load;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Suites as Markdown. */
final class LoadTable {

    private static final String EXPLANATION = """
            Open loop: requests start when they are due, and latency counts from that moment; times are in milliseconds. Load is the rate of the requests over the
            capacity, which is measured just before, closed loop. Goodput: answers within the deadline per second, in brackets as a share of the capacity.
            Late: answered after the deadline, or given up in the queue. M/D/c: p50 and p99 of a simulated queue with the same arrivals and the cost that
            the service measured during the row. Lateness: of the generator, p99. Queue: a bound on the p99 of the time in the queue, as the service counts it.
            The p99.9 of fewer than 1,000 answers is left out. Heap bytes: allocated on the Java heap; of memory that native code allocates they say nothing.
            Pairs of rows with batches and without, at loads to 0.9, were run in three parts in alternating order; a row is of its parts together.
            """;

    private static final String HEADER = """
            | load | arrivals | batches to | sent | goodput | late | refused | p50 | p90 | p99 | p99.9 | max | mean | M/D/c p50, p99 | queue p99 | images a pass \
            | refusal p50, p99, µs | lateness | heap bytes a request | date |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
            """;

    private static final String PEER_HEADER = """
            | service | batches to | rate | capacity | goodput | late | refused | p50 | p99 | p99.9 | max | resident before, after, MB | heap bytes a request \
            | lateness | date |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
            """;

    private final Map<String, Object> machine;

    /** @param machine on which everything was measured */
    LoadTable(Map<String, Object> machine) {
        this.machine = machine;
    }

    String markdown(List<SuiteResult> suites, String picture) {
        StringBuilder text = new StringBuilder("# load\n\n").append(EXPLANATION).append("\n![latency and goodput against load](").append(picture).append(")\n");
        suites.forEach(suite -> add(text, suite));
        text.append('\n');
        suites.forEach(suite -> text.append("    ").append(suite.command()).append('\n'));
        text.append('\n');
        machine.forEach((key, value) -> text.append("- ").append(key.replace('_', ' ')).append(": ")
                .append(key.equals("date") ? days(suites) : value).append('\n'));
        return text.toString();
    }

    private static String days(List<SuiteResult> suites) {
        return suites.stream().map(SuiteResult::date).sorted().distinct().collect(Collectors.joining(", "));
    }

    private static void add(StringBuilder text, SuiteResult suite) {
        LoadSetting s = suite.rows().getFirst().setting();
        text.append(String.format(Locale.ROOT, "%n## %s, %d × %d %s, deadline %.0f ms%n%n", suite.model(), s.sessions(), s.threads(),
                s.threads() == 1 ? "thread" : "threads", s.deadlineMillis()));
        Promises.judge(suite).forEach(promise -> text.append("- **").append(promise.name()).append(":** ").append(promise.judgement()).append('\n'));
        text.append('\n').append(HEADER);
        suite.rows().forEach(row -> text.append(line(row)));
        text.append("\nAt saturation: ").append(number(suite.saturated(), 2)).append(" requests/s; fixed batches without a service: ")
                .append(suite.fixed().entrySet().stream().map(e -> number(e.getValue(), 2) + " images/s of " + e.getKey()).collect(Collectors.joining(", ")))
                .append(".\n");
        if (!suite.peers().isEmpty()) {
            text.append("\nIn turn, each in a process of its own, at the same rate:\n\n").append(PEER_HEADER);
            suite.peers().forEach(row -> text.append(peerLine(row)));
        }
    }

    private static String line(LoadResult r) {
        LoadResult.Counts c = r.counts();
        Percentiles p = r.latency();
        String simulated = r.simulated() == null ? "" : number(r.simulated().latency().p50(), 2) + ", " + number(r.simulated().latency().p99(), 2);
        String refusal = Double.isNaN(r.refusal().p50()) ? "" : number(1e3 * r.refusal().p50(), 1) + ", " + number(1e3 * r.refusal().p99(), 1);
        return String.format(Locale.ROOT, "| %.1f | %s | %d | %d | %.2f (%.3f) | %d | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |%n",
                r.load(), r.setting().arrivals().name().toLowerCase(Locale.ROOT), r.setting().batchLimit(), c.sent(), r.goodput(), r.goodput() / r.capacity(),
                c.missed(), LoadResult.Counts.sum(c.refused()), number(p.p50(), 2), number(p.p90(), 2), number(p.p99(), 2),
                number(p.p999(), 2), number(p.max(), 2), number(p.mean(), 2), simulated, "≤ " + number(r.service().queueP99Millis(), 2),
                number(r.service().meanBatch(), 2), refusal, number(r.lateness().p99(), 2), number(r.memory().bytesPerRequest(), 0), r.date());
    }

    private static String peerLine(LoadResult r) {
        Percentiles p = r.latency();
        return String.format(Locale.ROOT, "| %s | %d | %.2f | %.2f | %.2f | %d | %d | %s | %s | %s | %s | %s, %s | %s | %s | %s |%n", r.setting().target(),
                r.setting().batchLimit(), r.rate(), r.capacity(), r.goodput(), r.counts().missed(), LoadResult.Counts.sum(r.counts().refused()),
                number(p.p50(), 2), number(p.p99(), 2), number(p.p999(), 2), number(p.max(), 2),
                number(r.memory().beforeMegabytes(), 0), number(r.memory().afterMegabytes(), 0), number(r.memory().bytesPerRequest(), 0),
                number(r.lateness().p99(), 2), r.date());
    }

    /** Empty for what could not be measured. */
    private static String number(double value, int decimals) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + decimals + "f", value) : "";
    }
}
