package vit.model.train.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.train.EpochReport;

/** Pictures of training show every line. */
class TrainingPicturesTest {

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
