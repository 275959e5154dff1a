package vit.model.train.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.train.EpochReport;
import vit.model.train.Evaluation;

/** Pictures of training fit a screen at any number of classes and show every line. */
class TrainingPicturesTest {

    private static Evaluation evaluation(int classes, String name) {
        int[][] confusion = new int[classes][classes];
        for (int c = 0; c < classes; c++) {
            confusion[c][c] = 30 + c;
            confusion[c][(c + 1) % classes] += 123_456;
        }
        return new Evaluation(IntStream.range(0, classes).mapToObj(c -> name + c).toList(), confusion, 0.5);
    }

    @Test
    void matrixOfAnyNumberOfClassesFitsAScreenAndIsNotCut() {
        for (int classes : new int[] {1, 2, 12, 30, 31, 100, 1000, 2500}) {
            Picture picture = ConfusionMatrix.draw(evaluation(classes, "a class with a name that is far too long for the margin "));
            assertTrue(picture.width() <= 1700 && picture.height() <= 1700, classes + " classes: " + picture.width() + " × " + picture.height());
            for (int y = 0; y < picture.height(); y++) {
                assertEquals(Palette.WHITE, picture.at(0, y), classes + " classes");
                assertEquals(Palette.WHITE, picture.at(picture.width() - 1, y), classes + " classes");
            }
        }
    }

    @Test
    void matrixWithoutImagesIsDrawn() {
        assertTrue(ConfusionMatrix.draw(new Evaluation(List.of("a", "b"), new int[2][2], Double.NaN)).width() > 200);
    }

    @Test
    void trainingAndValidationHaveLinesOfTheirOwn() {
        List<EpochReport> epochs = new ArrayList<>();
        for (int epoch = 1; epoch <= 200; epoch++) {
            epochs.add(new EpochReport(epoch, 3.0 / epoch, 1 - 1.0 / epoch, 4.0 / epoch, 1 - 2.0 / (epoch + 1), 1e-3, false, 100));
        }
        Picture both = LossCurve.draw(epochs);
        assertTrue(count(both, Palette.BLUE) > 200 && count(both, Palette.VERMILION) > 200);
        Picture one = LossCurve.draw(List.of(new EpochReport(1, Double.NaN, 0.5, Double.NaN, Double.NaN, 1e-3, true, 100)));
        assertTrue(count(one, Palette.BLUE) > 10, "a single epoch is a dot");
        assertEquals(0, count(one, Palette.VERMILION), "there is no validation");
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
}
