package vit.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Rows as text for a terminal of {@value #COLUMNS} columns. A heading says model, batch, threads and the limit; every row names its work. What must be said
 * beside the times stands below them. For one thread.
 */
final class ComparisonReport {

    /** No line is longer. */
    static final int COLUMNS = 100;

    private static final int WORK = 20;
    private static final int PEER = 36;
    private static final String NOTE_INDENT = "    ";
    private static final String FORMAT = "%-" + WORK + "s %-" + PEER + "s %9s %9s  %s";

    private String heading = "";

    /** The rows of a piece of work, all lines with an end. */
    String of(List<Row> rows) {
        List<String> lines = new ArrayList<>();
        for (Row row : rows) {
            String title = row.piece().heading();
            if (!title.equals(heading)) {
                lines.addAll(heading.isEmpty() ? List.of() : List.of(""));
                heading = title;
                lines.addAll(wrap(title, ""));
                lines.add(String.format(Locale.ROOT, FORMAT, "work", "peer", "ours ms", "peer ms", "ratio [quartiles]"));
            }
            switch (row) {
                case Comparison comparison -> add(comparison, lines);
                case NotMeasured missing -> lines.addAll(wrap(String.format(Locale.ROOT, "%-" + WORK + "s %s: not measured; %s", missing.piece().work(),
                        missing.peer(), missing.reason()), NOTE_INDENT));
            }
        }
        rows.stream().filter(Comparison.class::isInstance).map(Comparison.class::cast).filter(c -> c.limit() != null).findFirst()
                .ifPresent(c -> lines.addAll(wrap(String.format(Locale.ROOT, "%-" + WORK + "s the FMA limit of our arithmetic is %.2f ms; ours reaches %.2f of it, %s of the limit"
                        + " just before each call", c.piece().work(), c.oursLimitMillis(), c.share(), text(c.limit().paired())), NOTE_INDENT)));
        return String.join("\n", lines) + "\n";
    }

    private static void add(Comparison c, List<String> lines) {
        lines.addAll(row(c.piece().work(), c.peer(), c.oursMillis(), c.peerMillis(), c.ratio()));
        if (c.full() != null) {
            lines.addAll(row(c.piece().work() + ", all tokens", c.peer(), c.full().millis(), c.peerMillis(), c.full().ratio()));
        }
        if (!c.note().isEmpty()) {
            lines.addAll(wrap(NOTE_INDENT + c.note(), NOTE_INDENT));
        }
    }

    /** A name that is too long for its column has a line of its own. */
    private static List<String> row(String work, String peer, double ours, double theirs, Quartiles ratio) {
        String times = String.format(Locale.ROOT, "%9.2f %9.2f  %s", ours, theirs, text(ratio));
        if (peer.length() <= PEER && work.length() <= WORK) {
            return List.of(String.format(Locale.ROOT, "%-" + WORK + "s %-" + PEER + "s %s", work, peer, times));
        }
        List<String> lines = wrap(work + " " + peer, NOTE_INDENT);
        lines.add(String.format(Locale.ROOT, "%" + (WORK + PEER + 2) + "s%s", "", times));
        return lines;
    }

    /** The text on lines of at most {@value #COLUMNS} columns, broken between words; the second and later lines are indented. */
    static List<String> wrap(String text, String indent) {
        List<String> lines = new ArrayList<>();
        String rest = text;
        while (rest.length() > COLUMNS) {
            int space = rest.lastIndexOf(' ', COLUMNS);
            int end = space > indent.length() ? space : COLUMNS;
            lines.add(rest.substring(0, end).stripTrailing());
            rest = indent + rest.substring(end).strip();
        }
        lines.add(rest);
        return lines;
    }

    private static String text(Quartiles q) {
        return String.format(Locale.ROOT, "%.2f [%.2f, %.2f]", q.median(), q.q1(), q.q3());
    }
}
