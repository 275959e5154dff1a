package vit.bench.peers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Rows as Markdown: a table for each model, batch and number of threads, with work and date in every row; limits and what else must be said below it. */
final class ResultsTable {

    private static final String EXPLANATION = """
            Medians of times. The ratio is peer / ours of times that were taken one after the other, with quartiles: above 1, ours is faster.
            """;

    private static final String LIMIT_EXPLANATION = """
            The limit is the time that the arithmetic of ours takes at the FMA speed of the machine, the best of the run, with the core's highest clock. The share in brackets is
            of the limit that was measured just before each of our calls, with quartiles.
            """;

    private static final String MERGING_EXPLANATION = """
            Ours merges tokens, which changes its results. Rows with "all tokens" are ours without merging, with the arithmetic of the peers. In the picture of speeds, each
            side is counted with its own arithmetic, so the lengths of the bars do not compare times.
            """;

    private static final String TOKENS_EXPLANATION = """
            Ours computes in the last block only the tokens that the head looks at, with the same bits. Rows with "all tokens" are ours with the arithmetic of the
            peers.
            """;

    private static final String HEADER = """

            | work | peer | ours, ms | peer, ms | ratio | date |
            |---|---|---:|---:|---|---|
            """;

    private ResultsTable() {}

    /** The day of all rows, or the first and the last. */
    static String days(List<Row> rows) {
        List<String> days = rows.stream().map(Row::date).sorted().distinct().toList();
        return days.size() == 1 ? days.getFirst() : days.getFirst() + " to " + days.getLast();
    }

    /**
     * The whole file.
     *
     * @param pictures whether there are pictures beside it
     */
    static String markdown(String name, List<Row> rows, List<String> commands, Map<String, Object> machine, boolean pictures) {
        List<Comparison> comparisons = rows.stream().filter(Comparison.class::isInstance).map(Comparison.class::cast).toList();
        StringBuilder text = new StringBuilder("# " + name + "\n\n" + EXPLANATION);
        if (comparisons.stream().anyMatch(c -> c.limit() != null)) {
            text.append(LIMIT_EXPLANATION);
        }
        if (comparisons.stream().anyMatch(c -> c.full() != null)) {
            text.append('\n').append(comparisons.stream().anyMatch(c -> c.piece().isMerging()) ? MERGING_EXPLANATION : TOKENS_EXPLANATION);
        }
        groups(rows).forEach((title, group) -> add(text, title, group));
        if (pictures) {
            text.append("\n![speeds](" + name + ".png)\n\n![time of the peers against ours](" + name + "-ratios.png)\n");
        }
        text.append('\n');
        commands.forEach(line -> text.append("    ").append(line).append('\n'));
        text.append('\n');
        machine.forEach((key, value) -> text.append("- ").append(key.replace('_', ' ')).append(": ")
                .append(key.equals("date") ? days(rows) : value).append('\n'));
        return text.toString();
    }

    private static Map<String, List<Row>> groups(List<Row> rows) {
        return rows.stream().collect(Collectors.groupingBy(row -> row.piece().heading(), LinkedHashMap::new, Collectors.toList()));
    }

    private static void add(StringBuilder text, String title, List<Row> rows) {
        text.append("\n## ").append(title).append('\n').append(HEADER);
        rows.stream().collect(Collectors.groupingBy(Row::piece, LinkedHashMap::new, Collectors.toList())).values().stream().flatMap(Collection::stream)
                .forEach(row -> text.append(lines(row)));
        List<String> notes = new ArrayList<>();
        Map<String, Comparison> limits = new LinkedHashMap<>();
        for (Row row : rows) {
            if (row instanceof Comparison c) {
                notes.add(c.note().isEmpty() ? "" : c.peer() + ": " + c.note());
                if (c.limit() != null) {
                    limits.merge(c.piece().work(), c, (a, b) -> a.oursLimitMillis() < b.oursLimitMillis() ? a : b);
                }
            }
        }
        limits.forEach((work, c) -> notes.add(String.format(Locale.ROOT, "%s: limit %.2f ms; ours reaches %.2f of it (%s)", work, c.oursLimitMillis(),
                c.share(), text(c.limit().paired()))));
        List<String> said = notes.stream().filter(note -> !note.isEmpty()).distinct().toList();
        text.append(said.isEmpty() ? "" : "\n");
        said.forEach(note -> text.append("- ").append(note).append('\n'));
    }

    private static String lines(Row row) {
        return switch (row) {
            case NotMeasured missing -> String.format(Locale.ROOT, "| %s | %s | | | not measured: %s | %s |%n", missing.piece().work(), missing.peer(),
                    missing.reason().replace("|", "\\|"), missing.date());
            case Comparison c -> line(c, c.piece().work(), c.oursMillis(), c.ratio())
                    + (c.full() == null ? "" : line(c, c.piece().work() + ", all tokens", c.full().millis(), c.full().ratio()));
        };
    }

    private static String line(Comparison c, String work, double ours, Quartiles ratio) {
        return String.format(Locale.ROOT, "| %s | %s | %.2f | %.2f | **%.2f**, %.2f … %.2f | %s |%n", work, c.peer(), ours, c.peerMillis(), ratio.median(),
                ratio.q1(), ratio.q3(), c.date());
    }

    private static String text(Quartiles q) {
        return String.format(Locale.ROOT, "%.2f, %.2f … %.2f", q.median(), q.q1(), q.q3());
    }
}
