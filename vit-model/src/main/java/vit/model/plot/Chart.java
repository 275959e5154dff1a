package vit.model.plot;

import java.util.ArrayList;
import java.util.List;

/** Lines and dots over two axes, with a title, notes and a legend above the plot, where nothing can hide it. For one thread. */
public final class Chart {

    private static final int MARGIN = 16;
    private static final int LINE = 18;
    private static final int TITLE_LINE = 30;
    private static final int SAMPLE = 24; // width of a legend's sample

    private enum Style { LINE, DOTS, REFERENCE, MARKER }

    private record Series(String name, Style style, int rgb, double[] x, double[] y) {}

    private final String title;
    private final Scale xScale;
    private final Scale yScale;
    private final String xTitle;
    private final String yTitle;
    private final List<String> notes = new ArrayList<>();
    private final List<Series> series = new ArrayList<>();

    /** A chart without lines or dots; the axes have these scales and titles. */
    public Chart(String title, Scale xScale, String xTitle, Scale yScale, String yTitle) {
        this.title = title;
        this.xScale = xScale;
        this.xTitle = xTitle;
        this.yScale = yScale;
        this.yTitle = yTitle;
    }

    /** A sentence below the title. */
    public Chart note(String note) {
        notes.add(note);
        return this;
    }

    /** A line through points, with dots if there are few; values that are not finite interrupt it. */
    public Chart line(String name, int rgb, double[] x, double[] y) {
        series.add(new Series(name, Style.LINE, rgb, x, y));
        return this;
    }

    /** Dots that are translucent where they cover each other. */
    public Chart dots(String name, int rgb, double[] x, double[] y) {
        series.add(new Series(name, Style.DOTS, rgb, x, y));
        return this;
    }

    /** A dashed line at a value of y. */
    public Chart reference(String name, int rgb, double y) {
        series.add(new Series(name, Style.REFERENCE, rgb, new double[0], new double[] {y}));
        return this;
    }

    /** A dashed line at a value of x, with a dot where the value is {@code y}. */
    public Chart marker(String name, int rgb, double x, double y) {
        series.add(new Series(name, Style.MARKER, rgb, new double[] {x}, new double[] {y}));
        return this;
    }

    /** The chart as a picture of its own. */
    public Picture draw(int height, int width) {
        Canvas canvas = new Canvas(height, width);
        draw(canvas, 0, 0, height, width);
        return canvas.picture();
    }

    /** Draws it into a part of a canvas. */
    public void draw(Canvas canvas, int left, int top, int height, int width) {
        canvas.bold(title, left + MARGIN, top + MARGIN + Canvas.TITLE, Canvas.TITLE, Palette.TEXT);
        int y = top + MARGIN + TITLE_LINE;
        for (String note : notes) {
            for (String line : Canvas.wrap(note, Canvas.TEXT, width - 2.0 * MARGIN)) {
                canvas.text(line, left + MARGIN, y + 9, Canvas.TEXT, Palette.QUIET);
                y += LINE;
            }
        }
        y = legend(canvas, left + MARGIN, y, width - 2 * MARGIN) + 8;
        double labels = yScale.ticks().stream().mapToDouble(tick -> Canvas.width(yScale.label(tick), Canvas.TEXT)).max().orElse(0);
        Plot plot = new Plot(left + MARGIN + LINE + (int) Math.ceil(labels) + 14, y, left + width - MARGIN, top + height - MARGIN - 2 * LINE - 4);
        axes(canvas, plot, left + MARGIN + (int) Canvas.TEXT);
        series.forEach(one -> plot.draw(canvas, one));
    }

    private void axes(Canvas canvas, Plot plot, int titleX) {
        for (double tick : yScale.ticks()) {
            double at = plot.y(tick);
            canvas.fill(plot.left, at - 0.5, plot.right, at + 0.5, Palette.GRID);
            canvas.right(yScale.label(tick), plot.left - 8, at + Canvas.TEXT / 2 + 0.5, Canvas.TEXT, Palette.TEXT);
        }
        for (double tick : xScale.ticks()) {
            double at = plot.x(tick);
            canvas.fill(at - 0.5, plot.bottom, at + 0.5, plot.bottom + 5, Palette.AXIS);
            canvas.centred(xScale.label(tick), at, plot.bottom + 19, Canvas.TEXT, Palette.TEXT);
        }
        canvas.fill(plot.left - 1, plot.top, plot.left, plot.bottom + 1, Palette.AXIS);
        canvas.fill(plot.left - 1, plot.bottom, plot.right, plot.bottom + 1, Palette.AXIS);
        canvas.centred(xTitle, (plot.left + plot.right) / 2.0, plot.bottom + 2 * LINE + 2, Canvas.TEXT, Palette.QUIET);
        canvas.upwards(yTitle, titleX, (plot.top + plot.bottom + Canvas.width(yTitle, Canvas.TEXT)) / 2, Canvas.TEXT, Palette.QUIET);
    }

    /** Draws the names of the series in as many rows as they need; returns the lower edge. */
    private int legend(Canvas canvas, int left, int top, int width) {
        double x = left;
        int y = top;
        for (Series one : series) {
            double needed = SAMPLE + 8 + Canvas.width(one.name, Canvas.TEXT) + 20;
            if (x > left && x + needed > left + width) {
                x = left;
                y += LINE;
            }
            double middle = y + 4.5;
            switch (one.style) {
                case LINE -> canvas.line(x + 1, middle, x + SAMPLE - 1, middle, 2.2, one.rgb);
                case DOTS -> canvas.dot(x + SAMPLE / 2.0, middle, 4.5, one.rgb, 0.6);
                case REFERENCE, MARKER -> canvas.dashed(x + 1, middle, x + SAMPLE - 1, middle, 1.6, one.rgb);
            }
            canvas.text(one.name, x + SAMPLE + 8, y + 10, Canvas.TEXT, Palette.TEXT);
            x += needed;
        }
        return series.isEmpty() ? top : y + LINE;
    }

    /** The rectangle of the values. */
    private final class Plot {

        private static final int FEW = 30;

        private final int left;
        private final int top;
        private final int right;
        private final int bottom;

        Plot(int left, int top, int right, int bottom) {
            this.left = left;
            this.top = top;
            this.right = right;
            this.bottom = bottom;
        }

        double x(double value) {
            return Math.floor(left + xScale.place(value) * (right - left)) + 0.5;
        }

        double y(double value) {
            return bottom - yScale.place(value) * (bottom - top);
        }

        void draw(Canvas canvas, Series one) {
            switch (one.style) {
                case REFERENCE -> {
                    double at = Math.floor(y(one.y[0])) + 0.5; // through the middle of pixels, which looks sharp
                    canvas.dashed(left, at, right, at, 1.6, one.rgb);
                }
                case MARKER -> {
                    canvas.dashed(x(one.x[0]), bottom, x(one.x[0]), top, 1.6, one.rgb);
                    dots(canvas, one, 5, 1);
                }
                case DOTS -> dots(canvas, one, 4.5, 0.6);
                case LINE -> {
                    for (int i = 1; i < one.y.length; i++) {
                        if (inside(one.y[i - 1]) && inside(one.y[i])) {
                            canvas.line(x(one.x[i - 1]), y(one.y[i - 1]), x(one.x[i]), y(one.y[i]), 2.2, one.rgb);
                        }
                    }
                    if (one.y.length <= FEW) {
                        dots(canvas, one, 3.5, 1);
                    }
                }
            }
        }

        private void dots(Canvas canvas, Series one, double radius, double opacity) {
            for (int i = 0; i < one.y.length; i++) {
                if (inside(one.y[i])) {
                    canvas.dot(x(one.x[i]), y(one.y[i]), radius, one.rgb, opacity);
                }
            }
        }

        private boolean inside(double value) {
            return value >= yScale.least() && value <= yScale.most();
        }
    }
}
