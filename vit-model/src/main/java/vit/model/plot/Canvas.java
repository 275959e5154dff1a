package vit.model.plot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import vit.model.plot.StrokeFont.Sink;

/**
 * Draws on a picture: text, lines, dots, rectangles and other pictures, with smooth edges, without fonts or native libraries. Coordinates are pixels
 * from the upper left corner, pixel (x, y) covers [x, x + 1) × [y, y + 1). Whatever lies outside is ignored. For one thread.
 */
public final class Canvas {

    /** The usual height of a capital letter. */
    public static final double TEXT = 10;
    /** Height of a capital letter in small text. */
    public static final double SMALL_TEXT = 9;
    /** Height of a capital letter in a title. */
    public static final double TITLE = 13;

    private static final double PEN = 0.135; // share of a capital's height
    private static final double BOLD_PEN = 0.2;

    private final int height;
    private final int width;
    private final int[] pixels;

    /** A white canvas. */
    public Canvas(int height, int width) {
        this.height = height;
        this.width = width;
        this.pixels = new int[Math.multiplyExact(height, width)];
        Arrays.fill(pixels, Palette.WHITE);
    }

    /** Rows of pixels. */
    public int height() {
        return height;
    }

    /** Columns of pixels. */
    public int width() {
        return width;
    }

    /** A copy of what has been drawn so far. */
    public Picture picture() {
        return new Picture(height, width, pixels.clone());
    }

    /** A picture with its upper left corner at (x, y). */
    public void picture(Picture picture, int x, int y) {
        for (int row = Math.max(0, -y); row < Math.min(picture.height(), height - y); row++) {
            for (int column = Math.max(0, -x); column < Math.min(picture.width(), width - x); column++) {
                pixels[(y + row) * width + x + column] = picture.at(column, row);
            }
        }
    }

    /** A filled rectangle; its edges may lie within pixels, which are then blended. */
    public void fill(double left, double top, double right, double bottom, int rgb) {
        for (int y = from(top); y < to(bottom, height); y++) {
            double rows = Math.min(bottom, y + 1) - Math.max(top, y);
            for (int x = from(left); x < to(right, width); x++) {
                blend(x, y, rgb, rows * (Math.min(right, x + 1) - Math.max(left, x)));
            }
        }
    }

    /** The outline of a rectangle, one pixel wide, just inside its edges. */
    public void frame(int left, int top, int right, int bottom, int rgb) {
        fill(left, top, right, top + 1, rgb);
        fill(left, bottom - 1, right, bottom, rgb);
        fill(left, top, left + 1, bottom, rgb);
        fill(right - 1, top, right, bottom, rgb);
    }

    /** A line with round ends. */
    public void line(double x0, double y0, double x1, double y1, double thickness, int rgb) {
        polyline(new double[] {x0, y0, x1, y1}, thickness, rgb, 1);
    }

    /** A line of dashes. */
    public void dashed(double x0, double y0, double x1, double y1, double thickness, int rgb) {
        double length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
        for (double at = 0; at < length; at += 9) {
            double a = at / length;
            double b = Math.min(at + 5, length) / length;
            line(x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0), thickness, rgb);
        }
    }

    /** A filled circle of a given opacity, 0 to 1. */
    public void dot(double x, double y, double radius, int rgb, double opacity) {
        polyline(new double[] {x, y}, 2 * radius, rgb, opacity);
    }

    /**
     * A line through points. Each pixel is covered once, however often the line passes through it.
     *
     * @param points x0, y0, x1, y1, …
     */
    public void polyline(double[] points, double thickness, int rgb, double opacity) {
        double reach = thickness / 2 + 1;
        double[] bounds = {Double.MAX_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE, -Double.MAX_VALUE};
        for (int i = 0; i < points.length; i++) {
            bounds[i % 2] = Math.min(bounds[i % 2], points[i]);
            bounds[2 + i % 2] = Math.max(bounds[2 + i % 2], points[i]);
        }
        for (int y = from(bounds[1] - reach); y < to(bounds[3] + reach, height); y++) {
            for (int x = from(bounds[0] - reach); x < to(bounds[2] + reach, width); x++) {
                double distance = Math.sqrt(nearest(points, x + 0.5, y + 0.5));
                blend(x, y, rgb, opacity * Math.clamp(thickness / 2 + 0.5 - distance, 0, Math.min(1, thickness)));
            }
        }
    }

    /** The square of the distance to the nearest segment. */
    private static double nearest(double[] points, double x, double y) {
        double least = Double.MAX_VALUE;
        for (int i = 0; i < Math.max(2, points.length - 2); i += 2) {
            int next = Math.min(i + 2, points.length - 2);
            double dx = points[next] - points[i];
            double dy = points[next + 1] - points[i + 1];
            double length = dx * dx + dy * dy;
            double along = length == 0 ? 0 : Math.clamp(((x - points[i]) * dx + (y - points[i + 1]) * dy) / length, 0, 1);
            double offX = points[i] + along * dx - x;
            double offY = points[i + 1] + along * dy - y;
            least = Math.min(least, offX * offX + offY * offY);
        }
        return least;
    }

    /** The width of a line of text whose capitals are {@code size} high. */
    public static double width(String text, double size) {
        return StrokeFont.layout(text, new Sink() {
            @Override
            public void stroke(double[] points, double dx, double dy) {}

            @Override
            public double foreign(int character, double dx) {
                double[][] coverage = SystemGlyphs.coverage(character, (int) Math.ceil(size));
                return coverage == null ? StrokeFont.SMALL : coverage[0].length * StrokeFont.CAPITAL / size;
            }
        }) * size / StrokeFont.CAPITAL;
    }

    /** Text, broken into lines that are at most {@code most} wide if its words allow that. */
    public static List<String> wrap(String text, double size, double most) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (!line.isEmpty() && width(line + " " + word, size) > most) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    /** Text that is at most {@code most} wide: if it is too long it is cut and ends in an ellipsis. */
    public static String shortened(String text, double size, double most) {
        if (width(text, size) <= most) {
            return text;
        }
        int characters = text.codePointCount(0, text.length());
        while (characters > 1) {
            String shorter = text.substring(0, text.offsetByCodePoints(0, --characters)) + "…";
            if (width(shorter, size) <= most) {
                return shorter;
            }
        }
        return "…";
    }

    /** A line of text from {@code x}, on the baseline {@code y}, capitals {@code size} high; returns its width. */
    public double text(String text, double x, double y, double size, int rgb) {
        return text(text, x, y, size, rgb, PEN, false);
    }

    /** Text in heavy letters. */
    public double bold(String text, double x, double y, double size, int rgb) {
        return text(text, x, y, size, rgb, BOLD_PEN, false);
    }

    /** Text whose middle is at {@code x}. */
    public void centred(String text, double x, double y, double size, int rgb) {
        text(text, x - width(text, size) / 2, y, size, rgb);
    }

    /** Text that ends at {@code x}. */
    public void right(String text, double x, double y, double size, int rgb) {
        text(text, x - width(text, size), y, size, rgb);
    }

    /** Text that reads upwards: it begins at {@code y}, its baseline is at {@code x}. */
    public void upwards(String text, double x, double y, double size, int rgb) {
        text(text, x, y, size, rgb, PEN, true);
    }

    private double text(String text, double x, double y, double size, int rgb, double pen, boolean upwards) {
        double scale = size / StrokeFont.CAPITAL;
        double baseX = upwards ? Math.floor(x) + 0.5 : x; // a baseline through the middle of pixels looks sharp
        double baseY = upwards ? y : Math.floor(y) - 0.5;
        return StrokeFont.layout(text, new Sink() {
            @Override
            public void stroke(double[] points, double dx, double dy) {
                double[] placed = new double[points.length];
                for (int i = 0; i < points.length; i += 2) {
                    double along = (points[i] + dx) * scale;
                    double above = (points[i + 1] + dy) * scale;
                    placed[i] = upwards ? baseX - above : baseX + along;
                    placed[i + 1] = upwards ? baseY - along : baseY - above;
                }
                polyline(placed, Math.max(1.1, pen * size), rgb, 1);
            }

            @Override
            public double foreign(int character, double dx) {
                int capital = (int) Math.ceil(size);
                double[][] coverage = SystemGlyphs.coverage(character, capital);
                if (coverage == null) {
                    double side = StrokeFont.SMALL;
                    stroke(new double[] {0, 0, side, 0, side, side, 0, side, 0, 0}, dx, 0);
                    return side;
                }
                foreign(coverage, dx * scale, capital);
                return coverage[0].length / scale;
            }

            private void foreign(double[][] coverage, double along, int capital) {
                for (int row = 0; row < coverage.length; row++) {
                    for (int column = 0; column < coverage[row].length; column++) {
                        int above = coverage.length - capital / 4 - row;
                        int atX = (int) Math.floor(upwards ? baseX - above : baseX + along + column);
                        int atY = (int) Math.floor(upwards ? baseY - along - column : baseY - above + 1);
                        if (atX >= 0 && atX < width && atY >= 0 && atY < height) {
                            blend(atX, atY, rgb, coverage[row][column]);
                        }
                    }
                }
            }
        }) * scale;
    }

    private static int from(double edge) {
        return (int) Math.max(0, Math.floor(edge));
    }

    private static int to(double edge, int size) {
        return (int) Math.min(size, Math.ceil(edge));
    }

    private void blend(int x, int y, int rgb, double share) {
        if (share > 0) {
            int i = y * width + x;
            pixels[i] = ColourMap.mix(pixels[i], rgb, Math.min(1, share));
        }
    }
}
