package vit.bench.scaling;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import vit.bench.Machine;
import vit.model.json.Json;

/** Costs and results as text, JSON, Markdown and a picture. */
public final class ScalingReport {

    private static final String NAME = "scaling";
    private static final List<Integer> CHANGED = List.of(8, 16, 32, 64);

    private final Costs costs;
    private final List<ScalingResult> results;

    ScalingReport(Costs costs, List<ScalingResult> results) {
        this.costs = costs;
        this.results = results;
    }

    /** One JSON object per line, one for each model and batch. */
    public String json() {
        return results.stream().map(result -> {
            Map<String, Object> object = result.toJson();
            object.put("costs", costs.toJson());
            return Json.write(object) + "\n";
        }).collect(Collectors.joining());
    }

    /** Tables for people, in Markdown. */
    public String text() {
        StringBuilder text = new StringBuilder();
        try (Formatter out = new Formatter(text, Locale.ROOT)) {
            costs(out);
            for (ScalingResult result : results) {
                rows(out, result);
                changes(out, result);
            }
        }
        return text.toString();
    }

    private void costs(Formatter out) {
        out.format("| measured cost | value |%n|---|---|%n");
        out.format("| FMA limit, GFLOP/s by threads | %s |%n", listed(costs.fma(), 1, 1));
        out.format("| memory read, GB/s by threads | %s |%n", listed(costs.bandwidth(), 1, 1));
        out.format("| barrier, ns by threads | %s |%n", listed(costs.barrier(), 1e9, 0));
        out.format("| claim of an item | %.1f ns |%n", 1e9 * costs.claim());
        out.format("| a cache line from core to core | %.0f ns |%n", 1e9 * costs.line());
        out.format("| waking one parked thread; the caller's part of it | %.1f µs; %.1f µs |%n", 1e6 * costs.wakeFirst(), 1e6 * costs.unpark());
        out.format("| last-level cache | %s |%n%n", costs.cacheBytes() == 0 ? "unknown" : (costs.cacheBytes() >> 20) + " MiB");
    }

    private static String listed(TreeMap<Integer, Double> values, double unit, int decimals) {
        return values.entrySet().stream().map(e -> e.getKey() + ": " + String.format(Locale.ROOT, "%." + decimals + "f", e.getValue() * unit))
                .collect(Collectors.joining(", "));
    }

    private static void rows(Formatter out, ScalingResult result) {
        double measured = result.rows().getFirst().measured();
        out.format("### %s, batch %d%n%n", result.model(), result.batch());
        out.format("%d barriers; %.0f MB from memory. Share of the FMA limit on one core: %s. Replayed kernels predict %.2f ms for one core, %+.1f %%.%n%n",
                result.barriers(), result.memoryBytes() / 1e6, result.shares().entrySet().stream()
                        .map(e -> String.format(Locale.ROOT, "%s %.2f", e.getKey().name().toLowerCase(Locale.ROOT), e.getValue()))
                        .collect(Collectors.joining(", ")),
                1e3 * result.replayed(), 100 * (result.replayed() / measured - 1));
        out.format("| cores | predicted, ms | speed-up | efficiency | idle | repeated | claims | barriers | bandwidth"
                + " | serial | parked, ms | measured, ms | error |%n");
        out.format("|---|---|---|---|---|---|---|---|---|---|---|---|---|%n");
        for (ScalingRow row : result.rows()) {
            Simulation.Outcome o = row.outcome();
            out.format("| %d | %.2f | %.2f | %.2f | %s | %s | %s | %s | %s | %s | +%.3f | %s |%n", row.workers(), 1e3 * row.predicted(),
                    result.one() / row.predicted(), result.efficiency(row), percent(o.idle(), o), percent(row.repeated(), o), percent(o.claims(), o),
                    percent(o.barriers(), o), percent(o.bandwidth(), o), percent(o.serial(), o), 1e3 * row.wake(), Double.isNaN(row.measured()) ? " | "
                            : String.format(Locale.ROOT, "%.2f | %+.1f %%", 1e3 * row.measured(), 100 * row.error()));
        }
        out.format("%n");
    }

    private static String percent(double part, Simulation.Outcome outcome) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * part / outcome.seconds());
    }

    private static void changes(Formatter out, ScalingResult result) {
        out.format("| time against now, by cores | %s |%n|---|%s%n", CHANGED.stream().map(String::valueOf).collect(Collectors.joining(" | ")),
                "---|".repeat(CHANGED.size()));
        result.changes().forEach((name, times) -> out.format("| %s | %s |%n", name, CHANGED.stream()
                .map(cores -> String.format(Locale.ROOT, "%.3f", times.get(cores) / predicted(result, cores))).collect(Collectors.joining(" | "))));
        out.format("%n");
    }

    private static double predicted(ScalingResult result, int cores) {
        return result.rows().stream().filter(row -> row.workers() == cores).findFirst().orElseThrow().predicted();
    }

    /** Writes {@code scaling.json}, {@code scaling.md} and {@code scaling.png}; what was there is replaced. */
    public void write(Path folder, String command) throws IOException {
        Map<String, Object> document = Machine.describe();
        String machine = document.get("cpu") + ", " + document.get("processors") + " processors, JDK " + document.get("jdk") + ", "
                + document.get("vector_bits") + "-bit vectors, " + document.get("date");
        document.put("command", command);
        document.put("costs", costs.toJson());
        document.put("results", results.stream().map(ScalingResult::toJson).toList());
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(NAME + ".json"), Json.write(document) + "\n");
        String page = "# Predicted scaling\n\n" + machine + "\n\n    " + command + "\n\n![predicted speed-up](" + NAME + ".png)\n\n"
                + "[The model](../docs/scaling.md) says what the columns mean.\n\n" + text();
        Files.write(folder.resolve(NAME + ".md"), page.stripTrailing().concat("\n").getBytes(StandardCharsets.UTF_8));
        Files.write(folder.resolve(NAME + ".png"), ScalingPicture.png(results, machine));
    }
}
