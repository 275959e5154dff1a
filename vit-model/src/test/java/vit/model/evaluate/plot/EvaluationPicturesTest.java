package vit.model.evaluate.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import vit.model.config.Scores;
import vit.model.evaluate.ConfusionMatrix;
import vit.model.evaluate.Tally;
import vit.model.plot.Canvas;
import vit.model.plot.Palette;
import vit.model.plot.Picture;

/** Pictures of an evaluation fit a screen at any number of classes, are not cut, and show what they are about. */
class EvaluationPicturesTest {

    private static ConfusionMatrix matrix(int classes, String name) {
        int[][] confusion = new int[classes][classes];
        for (int c = 0; c < classes; c++) {
            confusion[c][c] = 30 + c;
            confusion[c][(c + 1) % classes] += 123_456;
        }
        return ConfusionMatrix.of(IntStream.range(0, classes).mapToObj(c -> name + c).toList(), confusion);
    }

    @Test
    void matrixOfAnyNumberOfClassesFitsAScreenAndIsNotCut() {
        for (int classes : new int[] {1, 2, 12, 30, 31, 100, 1000, 2500}) {
            Picture picture = ConfusionPicture.draw(matrix(classes, "a class with a name that is far too long for the margin "));
            assertTrue(picture.width() <= 1700 && picture.height() <= 1700, classes + " classes: " + picture.width() + " × " + picture.height());
            for (int y = 0; y < picture.height(); y++) {
                assertEquals(Palette.WHITE, picture.at(0, y), classes + " classes");
                assertEquals(Palette.WHITE, picture.at(picture.width() - 1, y), classes + " classes");
            }
        }
    }

    @Test
    void theColumnOfTheOthersIsNamedInFullAboveShortNames() {
        int[][] counts = new int[40][40];
        counts[0][0] = 3;
        List<String> numbers = IntStream.range(0, 40).mapToObj(String::valueOf).toList();
        int named = ConfusionPicture.draw(ConfusionMatrix.of(numbers, counts)).height();
        int word = (int) Math.ceil(Canvas.width("another", Canvas.TEXT));
        List<String> words = IntStream.range(0, 40).mapToObj(c -> "another").toList();
        assertTrue(word > 30, "the word is wider than the numbers: " + word);
        assertEquals(ConfusionPicture.draw(ConfusionMatrix.of(words, counts)).height(), named, "the height above the columns is that of the word");
    }

    @Test
    void shortNamesStandUpright() {
        int digits = ConfusionPicture.draw(matrix(10, "")).height();
        int words = ConfusionPicture.draw(matrix(10, "a longer name ")).height();
        assertTrue(digits + 40 < words, "short names need no height for upward letters: " + digits + ", " + words);
        Picture numbered = ConfusionPicture.numbered(matrix(10, ""), IntStream.range(0, 10).toArray(), false);
        for (int x = 0; x < numbered.width(); x++) {
            assertEquals(Palette.WHITE, numbered.at(x, 0), "the digits are not cut at the top");
        }
        int syllables = ConfusionPicture.draw(matrix(10, "mm")).height();
        assertEquals(digits, syllables, "names that are narrower than a cell stand upright, whatever their width");
    }

    @Test
    void matrixWithoutImagesIsDrawn() {
        assertTrue(ConfusionPicture.draw(ConfusionMatrix.of(List.of("a", "b"), new int[2][2])).width() > 200);
    }

    @Test
    void fewClassesOfManyAreNamedAndTheOthersShareAColumn() {
        int[][] counts = new int[1000][1000];
        counts[3][3] = 7;
        counts[3][900] = 2;
        counts[5][3] = 4;
        List<String> classes = IntStream.range(0, 1000).mapToObj(c -> "class " + c).toList();
        Picture few = ConfusionPicture.draw(ConfusionMatrix.of(classes, counts));
        assertTrue(few.height() < 500, "two rows, not a thousand: " + few.height());
        counts[3][900] = 0;
        counts[3][3] = 9;
        Picture right = ConfusionPicture.draw(ConfusionMatrix.of(classes, counts));
        assertTrue(!java.util.Arrays.equals(few.toPng(), right.toPng()), "the column of the others is not empty");
    }

    @Test
    void aConfidentModelThatIsWrongShowsTheDistanceInItsColour() {
        Tally tally = new Tally(List.of("a", "b"), Scores.SOFTMAX);
        Picture empty = ReliabilityDiagram.draw(tally.evaluation().calibration());
        assertEquals(0, count(empty, Palette.ORANGE) - legend(Palette.ORANGE));
        for (int i = 0; i < 10; i++) {
            tally.add(new float[] {3, 0}, 0, i % 2);
        }
        Picture over = ReliabilityDiagram.draw(tally.evaluation().calibration());
        assertTrue(count(over, Palette.ORANGE) > 2000 && count(over, Palette.SKY) == legend(Palette.SKY));
        Tally under = new Tally(List.of("a", "b"), Scores.SOFTMAX);
        under.add(new float[] {0.1f, 0}, 0, 0);
        Picture less = ReliabilityDiagram.draw(under.evaluation().calibration());
        assertTrue(count(less, Palette.SKY) > 2000 && count(less, Palette.ORANGE) == legend(Palette.ORANGE));
    }

    /** The pixels of a colour in the legend alone. */
    private static int legend(int colour) {
        return count(ReliabilityDiagram.draw(new Tally(List.of("a", "b"), Scores.SOFTMAX).evaluation().calibration()), colour);
    }

    private static int count(Picture picture, int colour) {
        int count = 0;
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                count += picture.at(x, y) == colour ? 1 : 0;
            }
        }
        return count;
    }

    @Test
    void sheetOfMistakesHoldsImagesOfAnyShape() {
        Picture wide = Picture.of(3, 4000, (x, y) -> Palette.GREEN);
        Picture dot = Picture.of(1, 1, (x, y) -> Palette.PURPLE);
        String longName = "a name that is far too long for a thumbnail of 128 pixels, with ümlauts.png";
        Picture sheet = MistakeSheet.draw(List.of(new MistakeSheet.Mistake(wide, longName, longName, longName, 0.999),
                new MistakeSheet.Mistake(dot, "x.png", "a", "b", 0.5)), 7);
        assertTrue(count(sheet, Palette.PURPLE) >= 128 * 128, "a single pixel is enlarged");
        assertTrue(count(sheet, Palette.GREEN) >= 128);
        for (int y = 0; y < sheet.height(); y++) {
            assertEquals(Palette.WHITE, sheet.at(0, y));
            assertEquals(Palette.WHITE, sheet.at(sheet.width() - 1, y));
        }
    }

    @Test
    void aLongNameIsCutAndNotItsScore() {
        for (int length = 1; length < 60; length++) {
            for (String letter : List.of("i", "m", "n")) {
                String verdict = MistakeSheet.verdict(letter.repeat(length), 0.829);
                assertTrue(verdict.endsWith(", 82.9 %"), verdict);
                assertTrue(Canvas.width(verdict, Canvas.TEXT) <= MistakeSheet.LINE_WIDTH, verdict);
            }
        }
    }
}
