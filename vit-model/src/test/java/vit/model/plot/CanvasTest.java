package vit.model.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vit.kernels.verify.ChildProcess;

/** Text, lines and dots are drawn as they should be, without any font of the system. */
class CanvasTest {

    /** The characters that can be drawn: printable ASCII, the letters of Latin-1 and Latin Extended-A that languages use, and the signs of plots. */
    private static final String LETTERS = IntStream.rangeClosed('!', '~').collect(StringBuilder::new, StringBuilder::appendCodePoint,
            StringBuilder::append) + "äöüßÄÖÜéèêëáàâãåæçíìîïñóòôõøúùûýÿðþÅÆÇÉÑØÐÞąćčďęěğıłńňőœřśşšťůűźżžŁŒŠŽ×−–—…·°±≤≥√½²’“”";

    private static final class Strokes implements StrokeFont.Sink {

        private int strokes;
        private int foreign;

        @Override
        public void stroke(double[] points, double dx, double dy) {
            strokes++;
        }

        @Override
        public double foreign(int character, double dx) {
            foreign++;
            return 7;
        }
    }

    @Test
    void everyLetterOfLatinScriptIsDrawnWithoutAFont() {
        LETTERS.codePoints().forEach(letter -> {
            Strokes sink = new Strokes();
            StrokeFont.layout(Character.toString(letter), sink);
            assertTrue(sink.strokes > 0 && sink.foreign == 0, Character.toString(letter));
        });
    }

    @Test
    void noTwoLettersLookAlike() {
        Map<List<Integer>, String> seen = new HashMap<>();
        LETTERS.codePoints().mapToObj(Character::toString).forEach(letter -> {
            String other = seen.put(pixels(draw(letter, 40, 30)), letter);
            assertTrue(other == null || Set.of("ÐĐ", "ĐÐ").contains(other + letter), other + " and " + letter);
        });
    }

    @Test
    void textStaysWithinTheWidthThatIsAskedFor() {
        for (String text : List.of("loss", "Wäre 100 % “j”", "f", "pentagon", "猫 cat", "")) {
            int width = (int) Math.ceil(Canvas.width(text, 10));
            Picture picture = draw(text, 30, width + 60);
            for (int y = 0; y < picture.height(); y++) {
                for (int x = 0; x < picture.width(); x++) {
                    boolean outside = x < 29 || x > 31 + width;
                    assertTrue(!outside || picture.at(x, y) == Palette.WHITE, text + " at " + x);
                }
            }
        }
    }

    @Test
    void longTextIsWrappedAndShortenedToTheWidth() {
        List<String> lines = Canvas.wrap("one two three four five six seven eight", 10, 100);
        assertTrue(lines.size() > 2);
        lines.forEach(line -> assertTrue(Canvas.width(line, 10) <= 100, line));
        assertEquals("one two three four five six seven eight", String.join(" ", lines));
        String shortened = Canvas.shortened("Japanese spaniel of a very long name", 10, 100);
        assertTrue(shortened.startsWith("Japan") && shortened.endsWith("…") && Canvas.width(shortened, 10) <= 100, shortened);
        assertEquals("cat", Canvas.shortened("cat", 10, 100));
    }

    @Test
    void linesAndDotsCoverWhatTheyShould() {
        Canvas canvas = new Canvas(20, 40);
        canvas.line(5, 10, 30, 10, 2, 0);
        canvas.dot(36, 10, 2, 0xFF0000, 1);
        canvas.fill(0, 0, 2.5, 1, 0);
        Picture picture = canvas.picture();
        assertEquals(0, picture.at(15, 9));
        assertEquals(0, picture.at(15, 10));
        assertEquals(Palette.WHITE, picture.at(15, 12));
        assertEquals(Palette.WHITE, picture.at(15, 7));
        assertEquals(0xFF0000, picture.at(36, 10));
        assertEquals(0x808080, picture.at(2, 0), "half a pixel");
        canvas.line(-50, -50, 100, 100, 3, 0); // the part outside the canvas is left out
    }

    @Test
    void pngHoldsThePixels() throws IOException {
        Picture picture = Picture.of(5, 7, (x, y) -> x << 20 | y << 12 | x * y);
        var read = ImageIO.read(new ByteArrayInputStream(picture.toPng()));
        for (int y = 0; y < 5; y++) {
            for (int x = 0; x < 7; x++) {
                assertEquals(picture.at(x, y), read.getRGB(x, y) & 0xFFFFFF);
            }
        }
    }

    /** Java finds no fonts here: fontconfig gives an empty list, and the user's folder holds no list of an earlier run. */
    @Test
    void javaWithoutFontsDrawsTheSameLetters(@TempDir Path empty) throws Exception {
        Path list = Files.writeString(empty.resolve("fonts.conf"),
                "<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig><dir>/nowhere</dir></fontconfig>");
        ProcessBuilder java = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Djava.awt.headless=true",
                "-Duser.home=" + empty, "-cp", System.getProperty("java.class.path"), Fontless.class.getName()).redirectErrorStream(true);
        java.environment().put("FONTCONFIG_FILE", list.toString());
        List<String> lines = ChildProcess.output(java).lines().toList();
        assertEquals(List.of(Fontless.hash(Fontless.TEXT), "true"), lines.subList(1, lines.size()));
        assumeTrue("no fonts".equals(lines.getFirst()), "this system's Java has fonts that cannot be taken away");
    }

    /** Draws text in a JVM of its own. */
    static final class Fontless {

        static final String TEXT = "Mean distance, 12.5 % – größte";

        private Fontless() {}

        public static void main(String[] args) {
            System.out.println(works() ? "fonts" : "no fonts");
            System.out.println(hash(TEXT));
            System.out.println(pixels(draw("猫", 30, 60)).stream().anyMatch(rgb -> rgb != Palette.WHITE)); // a character that cannot be drawn becomes a box
        }

        private static boolean works() {
            try {
                new java.awt.Font("SansSerif", 0, 12).canDisplay('x');
                return true;
            } catch (RuntimeException | LinkageError | InternalError e) {
                return false;
            }
        }

        static String hash(String text) {
            return Integer.toHexString(pixels(draw(text, 40, 300)).hashCode());
        }
    }

    @Test
    void coloursOfSeriesAreDifferentAndTextOnThemCanBeRead() {
        assertEquals(Palette.SERIES.size(), new HashSet<>(Palette.SERIES).size());
        assertEquals(Palette.WHITE, Palette.textOn(0x08306B));
        assertEquals(Palette.TEXT, Palette.textOn(0xE6EAF0));
        assertArrayEquals(new int[] {0xFFFFFF, 0x08306B}, new int[] {ColourMap.BLUES.of(0), ColourMap.BLUES.of(1)});
    }

    private static Picture draw(String text, int height, int width) {
        Canvas canvas = new Canvas(height, width);
        canvas.text(text, Math.min(30, width / 2), 2 * height / 3.0, 10, 0);
        return canvas.picture();
    }

    private static List<Integer> pixels(Picture picture) {
        return IntStream.range(0, picture.height() * picture.width()).mapToObj(i -> picture.at(i % picture.width(), i / picture.width())).toList();
    }
}
