package vit.bench.peers;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import vit.model.plot.Canvas;
import vit.model.plot.Palette;
import vit.model.plot.Scale;

/**
 * The parts that the pictures of comparisons share: title, machine, a legend that wraps into rows, names at the left, an axis below. For one picture.
 */
final class Frame {

    private static final int MARGIN = 18;
    private static final int LINE = 20;
    private static final int AXIS = 50;
    private static final int SAMPLE = 26;
    private static final int LEGEND_GAP = 24;

    /** The palette's colours, and more for comparisons with many peers. */
    private static final List<Integer> COLOURS = Stream.concat(Palette.SERIES.stream(), Stream.of(0x7A7A7A, 0x8C5A2B, 0x9AA63A, 0x1B3A57)).toList();

    private final String title;
    private final String machine;
    private final Map<String, Integer> colours;
    private Canvas canvas;
    private int left;
    private int top;
    private int bottom;
    private int plot;
    private double legendX;
    private int legendY;

    /** @param colours by series, in the order of the legend */
    Frame(String title, String machine, Map<String, Integer> colours) {
        this.title = title;
        this.machine = machine;
        this.colours = colours;
    }

    /** Draws the sample of a legend's entry around (x, y). */
    @FunctionalInterface
    interface Sample {
        void draw(double x, double y);
    }

    /** The colours of ours and of every peer, in the order of their first appearance. */
    static Map<String, Integer> colours(List<Comparison> comparisons) {
        Map<String, Integer> colours = new LinkedHashMap<>();
        colours.put(SpeedPicture.OURS, COLOURS.getFirst());
        for (Comparison c : comparisons) {
            colours.computeIfAbsent(c.peer(), _ -> COLOURS.get(colours.size() % COLOURS.size()));
        }
        return colours;
    }

    int colour(String series) {
        return colours.get(series);
    }

    /** The left edge of the plot that leaves room for these names. */
    int left(Collection<String> names) {
        return MARGIN + (int) Math.ceil(names.stream().mapToDouble(name -> Canvas.width(name, Canvas.TEXT)).max().orElse(0)) + 12;
    }

    /** Draws the heading and the legend of the series. */
    Canvas begin(int rows, int plotLeft, int plotWidth, int rightText, List<String> notes) {
        left = plotLeft;
        plot = plotWidth;
        int width = left + plot + rightText + MARGIN;
        List<String> lines = notes.stream().flatMap(note -> Canvas.wrap(note, Canvas.TEXT, width - 2.0 * MARGIN).stream()).toList();
        int legendRows = legendRows(width) + 1; // one more row for entries that are added later
        top = MARGIN + 32 + (1 + lines.size()) * LINE + legendRows * LINE + 10;
        bottom = top + rows;
        canvas = new Canvas(bottom + AXIS + MARGIN, width);
        canvas.bold(title, MARGIN, MARGIN + Canvas.TITLE, Canvas.TITLE, Palette.TEXT);
        int y = MARGIN + 32 + 10;
        canvas.text(Canvas.shortened(machine, Canvas.TEXT, width - 2.0 * MARGIN), MARGIN, y, Canvas.TEXT, Palette.QUIET);
        for (String line : lines) {
            y += LINE;
            canvas.text(line, MARGIN, y, Canvas.TEXT, Palette.QUIET);
        }
        legendX = MARGIN;
        legendY = y + LINE + 2;
        colours.forEach((name, colour) -> sample(name, (x, middle) -> canvas.fill(x, middle - 6, x + 18, middle + 6, colour)));
        return canvas;
    }

    private int legendRows(int width) {
        int rows = 1;
        double x = MARGIN;
        for (String name : colours.keySet()) {
            double needed = SAMPLE + Canvas.width(name, Canvas.TEXT) + LEGEND_GAP;
            if (x > MARGIN && x + needed > width - MARGIN) {
                rows++;
                x = MARGIN;
            }
            x += needed;
        }
        return rows;
    }

    /** Adds an entry to the legend. */
    void sample(String name, Sample sample) {
        double needed = SAMPLE + Canvas.width(name, Canvas.TEXT) + LEGEND_GAP;
        if (legendX > MARGIN && legendX + needed > canvas.width() - MARGIN) {
            legendX = MARGIN;
            legendY += LINE;
        }
        sample.draw(legendX, legendY - 5);
        canvas.text(name, legendX + SAMPLE, legendY, Canvas.TEXT, Palette.TEXT);
        legendX += needed;
    }

    /** Draws the horizontal axis with its lines; must be called before anything is plotted. */
    void axis(Scale scale, String name) {
        for (double tick : scale.ticks()) {
            double x = Math.floor(x(scale, tick));
            canvas.fill(x, top, x + 1, bottom, Palette.GRID);
            canvas.fill(x, bottom, x + 1, bottom + 5, Palette.AXIS);
            canvas.centred(scale.label(tick), x + 0.5, bottom + 20, Canvas.TEXT, Palette.TEXT);
        }
        canvas.fill(left, bottom, left + plot, bottom + 1, Palette.AXIS);
        canvas.centred(name, left + plot / 2.0, bottom + 42, Canvas.TEXT, Palette.QUIET);
    }

    double x(Scale scale, double value) {
        return left + scale.place(value) * plot;
    }

    /** The upper edge of the plot. */
    int top() {
        return top;
    }
}
