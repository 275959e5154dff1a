package vit.model.plot;

import java.util.ArrayList;
import java.util.List;

/**
 * Pictures in rows and columns with a title, notes, labels and a colour bar. The sheet grows with what is written on it, so every label has room. For
 * one thread.
 */
public final class Sheet {

    private static final int MARGIN = 16;
    private static final int GAP = 6;
    private static final int LINE = 18;
    private static final int TITLE_LINE = 30;
    private static final int LEAST_WIDTH = 640; // so that the notes do not become a column of words
    private static final int LEAST_HEIGHT = 150; // of the pictures beside a colour bar

    private final String title;
    private final List<String> notes = new ArrayList<>();
    private final List<Picture> cells = new ArrayList<>();
    private final List<String> captions = new ArrayList<>();
    private List<String> columnLabels = List.of();
    private List<String> rowLabels = List.of();
    private ColourBar bar;

    /** A sheet without pictures. */
    public Sheet(String title) {
        this.title = title;
    }

    /** A sentence below the title. */
    public Sheet note(String note) {
        notes.add(note);
        return this;
    }

    /** Adds a picture; all have one size. */
    public Sheet cell(Picture picture) {
        return cell(picture, "");
    }

    /** Adds a picture with a text below it. */
    public Sheet cell(Picture picture, String caption) {
        cells.add(picture);
        captions.add(caption);
        return this;
    }

    /** A label above each column. */
    public Sheet columns(List<String> labels) {
        columnLabels = List.copyOf(labels);
        return this;
    }

    /** A label left of each row. */
    public Sheet rows(List<String> labels) {
        rowLabels = List.copyOf(labels);
        return this;
    }

    /** Adds a colour bar. */
    public Sheet bar(ColourBar colours) {
        bar = colours;
        return this;
    }

    /** The sheet with {@code columns} pictures per row. */
    public Picture draw(int columns) {
        double widestText = Math.max(widest(columnLabels), widest(captions));
        int cellWidth = Math.max(cells.getFirst().width(), (int) Math.ceil(widestText) + GAP);
        int captionHeight = captions.stream().allMatch(String::isEmpty) ? 0 : LINE;
        int cellHeight = cells.getFirst().height() + captionHeight;
        int rows = (cells.size() + columns - 1) / columns;
        int left = MARGIN + (rowLabels.isEmpty() ? 0 : (int) Math.ceil(widest(rowLabels)) + 10);
        int gridWidth = columns * (cellWidth + GAP) - GAP;
        int gridHeight = rows * (cellHeight + GAP) - GAP;
        int barHeight = bar == null ? 0 : Math.max(LEAST_HEIGHT, Math.max(gridHeight - captionHeight, bar.length()));
        int right = left + gridWidth + (bar == null ? 0 : 2 * MARGIN + bar.width());
        int width = Math.max(right, Math.max(LEAST_WIDTH, MARGIN + (int) Canvas.width(title, Canvas.TITLE) + 4)) + MARGIN;
        List<String> lines = notes.stream().flatMap(note -> Canvas.wrap(note, Canvas.TEXT, width - 2.0 * MARGIN).stream()).toList();
        int top = MARGIN + TITLE_LINE + lines.size() * LINE + (columnLabels.isEmpty() ? 4 : LINE + 4);
        Canvas canvas = new Canvas(top + Math.max(gridHeight, barHeight) + MARGIN, width);
        heading(canvas, title, lines);
        for (int column = 0; column < columnLabels.size(); column++) {
            canvas.centred(columnLabels.get(column), left + column * (cellWidth + GAP) + cellWidth / 2.0, top - 7, Canvas.TEXT, Palette.QUIET);
        }
        for (int row = 0; row < rowLabels.size(); row++) {
            double middle = top + row * (cellHeight + GAP) + cells.getFirst().height() / 2.0;
            canvas.right(rowLabels.get(row), left - 10, middle + Canvas.TEXT / 2, Canvas.TEXT, Palette.QUIET);
        }
        for (int i = 0; i < cells.size(); i++) {
            int x = left + i % columns * (cellWidth + GAP);
            int y = top + i / columns * (cellHeight + GAP);
            Picture cell = cells.get(i);
            canvas.picture(cell, x + (cellWidth - cell.width()) / 2, y);
            canvas.centred(captions.get(i), x + cellWidth / 2.0, y + cell.height() + 14, Canvas.TEXT, Palette.QUIET);
        }
        if (bar != null) {
            bar.draw(canvas, left + gridWidth + 2 * MARGIN, top, barHeight);
        }
        return canvas.picture();
    }

    /** Draws a title and the lines below it; returns their height. */
    static int heading(Canvas canvas, String title, List<String> lines) {
        canvas.bold(title, MARGIN, MARGIN + Canvas.TITLE, Canvas.TITLE, Palette.TEXT);
        for (int i = 0; i < lines.size(); i++) {
            canvas.text(lines.get(i), MARGIN, MARGIN + TITLE_LINE + i * LINE + 9, Canvas.TEXT, Palette.QUIET);
        }
        return MARGIN + TITLE_LINE + lines.size() * LINE;
    }

    private static double widest(List<String> texts) {
        return texts.stream().mapToDouble(text -> Canvas.width(text, Canvas.TEXT)).max().orElse(0);
    }
}
