package vit.model.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import vit.model.text.PrintableText;

/** Rows of text in aligned columns that are two blanks apart. Cells may come from untrusted files. */
final class TextTable {

    private static final String GAP = "  ";

    private final boolean[] right;
    private final List<String[]> rows = new ArrayList<>();

    /** @param alignment one letter per column: {@code l} left, {@code r} right */
    TextTable(String alignment) {
        right = new boolean[alignment.length()];
        for (int i = 0; i < right.length; i++) {
            right[i] = alignment.charAt(i) == 'r';
        }
    }

    TextTable row(Object... cells) {
        if (cells.length != right.length) {
            throw new IllegalArgumentException(cells.length + " cells in a table of " + right.length + " columns");
        }
        String[] row = new String[cells.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = PrintableText.line(cells[i]);
        }
        rows.add(row);
        return this;
    }

    /** Prints all rows, each after {@code indent}. */
    void print(PrintWriter out, String indent) {
        int[] widths = new int[right.length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], PrintableText.columns(row[i]));
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder(indent);
            for (int i = 0; i < row.length; i++) {
                String fill = " ".repeat(widths[i] - PrintableText.columns(row[i]));
                line.append(i == 0 ? "" : GAP).append(right[i] ? fill + row[i] : row[i] + fill);
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
