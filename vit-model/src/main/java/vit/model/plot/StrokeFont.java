package vit.model.plot;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The letters of all pictures, made of lines and arcs that come with the program. Text therefore needs no font of the machine and no native library,
 * and a picture has the same bytes on every machine and in every locale. The font has Latin letters with their accents, and the signs of plots;
 * {@link SystemGlyphs} draws any other character.
 *
 * <p>Coordinates have the baseline at 0 and grow upwards; a capital letter is {@value #CAPITAL} high.
 */
final class StrokeFont {

    /** Height of a capital letter. */
    static final double CAPITAL = 10;

    /** Height of a small letter without ascender. */
    static final double SMALL = 7;

    /** Space between two letters. */
    private static final double SPACING = 2.4;

    private static final double SPACE = 4.6;

    /** Width of every digit; it is the same for all, so that numbers align in columns. */
    private static final double DIGIT = 5.8;

    /** Space between a letter and its accent. */
    private static final double ACCENT_GAP = 1.4;

    private static final int ARC_STEP = 15; // degrees

    private static final Map<Integer, Glyph> GLYPHS = read();

    private StrokeFont() {}

    /**
     * A character.
     *
     * @param strokes each x0, y0, x1, y1, …
     * @param left    least x
     * @param right   largest x
     * @param top     largest y
     */
    record Glyph(List<double[]> strokes, double left, double right, double top) {

        static Glyph of(List<double[]> strokes) {
            double left = Double.POSITIVE_INFINITY;
            double right = Double.NEGATIVE_INFINITY;
            double top = Double.NEGATIVE_INFINITY;
            for (double[] stroke : strokes) {
                for (int i = 0; i < stroke.length; i += 2) {
                    left = Math.min(left, stroke[i]);
                    right = Math.max(right, stroke[i]);
                    top = Math.max(top, stroke[i + 1]);
                }
            }
            return new Glyph(strokes, left, right, top);
        }
    }

    /** Receives the strokes of text. */
    interface Sink {

        /** A line of a letter: x0, y0, x1, y1, …, shifted by {@code dx} and {@code dy}. */
        void stroke(double[] points, double dx, double dy);

        /** A character that is not among the letters, at {@code dx}; returns its width. */
        double foreign(int character, double dx);
    }

    /**
     * Lays out a line of text from x = 0.
     *
     * @return its width
     */
    static double layout(String text, Sink sink) {
        double x = 0;
        for (int character : Normalizer.normalize(text, Normalizer.Form.NFC).codePoints().toArray()) {
            x += (blank(character) ? SPACE - SPACING : draw(character, x, sink)) + SPACING;
        }
        return Math.max(0, x - SPACING);
    }

    private static boolean blank(int character) {
        return Character.isWhitespace(character) || Character.isSpaceChar(character);
    }

    /** Draws a character and returns its width. */
    private static double draw(int character, double x, Sink sink) {
        int[] parts = GLYPHS.containsKey(character) ? new int[] {character}
                : Normalizer.normalize(Character.toString(character), Normalizer.Form.NFD).codePoints().toArray();
        for (int part : parts) {
            if (!GLYPHS.containsKey(part)) {
                return sink.foreign(character, x);
            }
        }
        Glyph letter = GLYPHS.get(parts.length > 1 && parts[0] == 'i' ? 'ı' : parts[0]);
        boolean digit = character >= '0' && character <= '9';
        double width = digit ? DIGIT : letter.right() - letter.left();
        double shift = x + (width - letter.left() - letter.right()) / 2;
        letter.strokes().forEach(stroke -> sink.stroke(stroke, shift, 0));
        double height = letter.top() + ACCENT_GAP;
        for (int i = 1; i < parts.length; i++) {
            Glyph accent = GLYPHS.get(parts[i]);
            double lift = accent.top() < 0 ? 0 : height; // an accent below the baseline, that is a cedilla
            accent.strokes().forEach(stroke -> sink.stroke(stroke, x + width / 2, lift));
            height += accent.top() < 0 ? 0 : accent.top() + ACCENT_GAP;
        }
        return width;
    }

    private static Map<Integer, Glyph> read() {
        Map<Integer, Glyph> glyphs = new HashMap<>();
        try (InputStream in = StrokeFont.class.getResourceAsStream("strokes.txt");
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int tab = line.indexOf('\t');
                if (tab > 0) {
                    String name = line.substring(0, tab);
                    int character = name.startsWith("U+") ? Integer.parseInt(name.substring(2), 16) : name.codePointAt(0);
                    glyphs.put(character, Glyph.of(strokes(line.substring(tab + 1))));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return glyphs;
    }

    private static List<double[]> strokes(String text) {
        List<double[]> strokes = new ArrayList<>();
        for (String stroke : text.split(" ; ")) {
            List<Double> points = new ArrayList<>();
            for (String element : stroke.split(" ")) {
                String[] numbers = element.split(",");
                double[] values = new double[numbers.length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = Double.parseDouble(numbers[i]);
                }
                if (values.length == 2) {
                    points.add(values[0]);
                    points.add(values[1]);
                } else {
                    arc(values, points);
                }
            }
            strokes.add(points.stream().mapToDouble(Double::doubleValue).toArray());
        }
        return strokes;
    }

    /** An arc as chords. StrictMath gives the same bits everywhere. */
    private static void arc(double[] arc, List<Double> points) {
        int steps = (int) Math.ceil(Math.abs(arc[5] - arc[4]) / ARC_STEP);
        for (int step = 0; step <= steps; step++) {
            double angle = StrictMath.toRadians(arc[4] + (arc[5] - arc[4]) * step / steps);
            points.add(arc[0] + arc[2] * StrictMath.cos(angle));
            points.add(arc[1] + arc[3] * StrictMath.sin(angle));
        }
    }
}
