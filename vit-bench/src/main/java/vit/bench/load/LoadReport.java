package vit.bench.load;

import java.util.Formatter;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** A result as text for people. */
final class LoadReport {

    private LoadReport() {}

    /** Some aligned lines. */
    static String of(LoadResult r) {
        LoadSetting s = r.setting();
        StringBuilder text = new StringBuilder();
        try (Formatter out = new Formatter(text, Locale.ROOT)) {
            out.format("%s, %s, %d × %d %s, batches to %d, queue %d, deadline %.0f ms, %s%n", s.target(), s.model(), s.sessions(), s.threads(),
                    s.threads() == 1 ? "thread" : "threads", s.batchLimit(), s.queueLength(), s.deadlineMillis(), s.body());
            out.format("%s arrivals%s, %.2f requests/s%s, for %.1f s after %.1f s of warming up%n%n",
                    s.arrivals().name().toLowerCase(Locale.ROOT), s.arrivals() == Arrivals.POISSON ? " (seed " + s.seed() + ")" : "", r.rate(),
                    Double.isNaN(r.capacity()) ? "" : String.format(Locale.ROOT, " = %.2f of the capacity %.2f/s", r.load(), r.capacity()),
                    s.seconds(), s.warmUpSeconds());
            counts(out, r);
            out.format("%n%-16s %9s %9s %9s %9s %9s %9s%n", "milliseconds", "p50", "p90", "p99", "p99.9", "max", "mean");
            row(out, "latency", r.latency());
            if (r.simulated() != null) {
                row(out, "  M/D/" + s.sessions(), r.simulated().latency());
            }
            row(out, "refusal", r.refusal());
            row(out, "lateness", r.lateness());
            out.format("%n");
            if (!Double.isNaN(r.service().costMillis())) {
                out.format("%-16s %.2f ms computing an image, %.2f images a pass, queue p99 ≤ %.2f ms, %d late by its own clock%n", "service",
                        r.service().costMillis(), r.service().meanBatch(), r.service().queueP99Millis(), r.service().late());
            }
            if (!Double.isNaN(r.memory().bytesPerRequest())) {
                out.format("%-16s resident %.0f MB before, %.0f MB after; %.0f bytes allocated on the Java heap a request%n", "memory", r.memory().beforeMegabytes(),
                        r.memory().afterMegabytes(), r.memory().bytesPerRequest());
            }
        }
        return text.toString();
    }

    private static void counts(Formatter out, LoadResult r) {
        LoadResult.Counts c = r.counts();
        out.format("%-16s %9d%n", "sent", c.sent());
        out.format("%-16s %9d   goodput %.2f/s%s%n", "in time", c.inTime(), r.goodput(),
                Double.isNaN(r.capacity()) ? "" : String.format(Locale.ROOT, " = %.3f of the capacity", r.goodput() / r.capacity()));
        out.format("%-16s %9d%n", "late", c.late());
        out.format("%-16s %9d%s%n", "refused", LoadResult.Counts.sum(c.refused()), reasons(c.refused()));
        out.format("%-16s %9d%s%n", "expired", LoadResult.Counts.sum(c.expired()), reasons(c.expired()));
        out.format("%-16s %9d%s%n", "failed", LoadResult.Counts.sum(c.failed()), reasons(c.failed()));
        if (c.unanswered() > 0) {
            out.format("%-16s %9d%n", "unanswered", c.unanswered());
        }
    }

    private static String reasons(Map<String, Long> counts) {
        return counts.isEmpty() ? "" : counts.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).collect(Collectors.joining(", ", "   ", ""));
    }

    private static void row(Formatter out, String name, Percentiles p) {
        if (!Double.isNaN(p.p50())) {
            out.format("%-16s %9.3f %9.3f %9.3f %9s %9.3f %9.3f%n", name, p.p50(), p.p90(), p.p99(),
                    Double.isNaN(p.p999()) ? "" : String.format(Locale.ROOT, "%.3f", p.p999()), p.max(), p.mean());
        }
    }
}
