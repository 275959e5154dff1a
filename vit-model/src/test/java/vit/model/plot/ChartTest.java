package vit.model.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Charts grow with their texts, show every series, and put each value at its place on the axis. */
class ChartTest {

    private static final String LONG = "A sentence that is much longer than the small pictures below it, as explanations are";

    /** Checks that all edges are white, because text that is cut off touches an edge. */
    private static void assertNothingIsCut(Picture picture) {
        for (int x = 0; x < picture.width(); x++) {
            assertEquals(Palette.WHITE, picture.at(x, 0), "upper edge");
            assertEquals(Palette.WHITE, picture.at(x, picture.height() - 1), "lower edge");
        }
        for (int y = 0; y < picture.height(); y++) {
            assertEquals(Palette.WHITE, picture.at(0, y), "left edge");
            assertEquals(Palette.WHITE, picture.at(picture.width() - 1, y), "right edge");
        }
    }

    @Test
    void sheetsGrowWithTheirTexts() {
        Picture small = Picture.of(8, 8, (x, y) -> 0);
        ColourBar bar = ColourBar.of("a quantity with a rather long name that is higher than the pictures", Scale.exactly(-0.001, 0.001, 5),
                ColourMap.VIRIDIS);
        for (int columns : new int[] {1, 2, 5}) {
            Sheet sheet = new Sheet(LONG).note(LONG + ". " + LONG).bar(bar).columns(Collections.nCopies(columns, "a long column label"))
                    .rows(List.of("a long row label", "b"));
            for (int i = 0; i < 2 * columns; i++) {
                sheet.cell(small, "caption " + i);
            }
            assertNothingIsCut(sheet.draw(columns));
        }
        assertNothingIsCut(new Sheet("x").cell(small).draw(1));
    }

    @Test
    void everySeriesIsInTheLegendAndInThePlot() {
        double[] x = {1, 2, 3};
        Picture chart = new Chart("Title", Scale.whole(1, 3, 5), "epoch", Scale.fromZero(10, 5), "loss").note(LONG + ". " + LONG)
                .line("first", Palette.BLUE, x, new double[] {2, Double.NaN, 8})
                .dots("a second one whose name is long", Palette.GREEN, x, new double[] {1, 5, 9})
                .reference("a third one, a line at one value", Palette.VERMILION, 7).draw(400, 420);
        assertNothingIsCut(chart);
        int plotTop = 250;
        for (int colour : new int[] {Palette.BLUE, Palette.VERMILION}) {
            assertTrue(count(chart, colour, 0, plotTop) > 10, "legend");
            assertTrue(count(chart, colour, plotTop, chart.height()) + count(chart, colour, 0, plotTop) > 40, "plot");
        }
    }

    @Test
    void aValueStandsAtItsPlaceOnTheAxis() {
        Chart chart = new Chart("T", Scale.whole(0, 1, 5), "x", Scale.fromZero(10, 5), "y").reference("r", Palette.VERMILION, 5);
        Picture low = new Chart("T", Scale.whole(0, 1, 5), "x", Scale.fromZero(10, 5), "y").reference("r", Palette.VERMILION, 0).draw(300, 300);
        Picture high = new Chart("T", Scale.whole(0, 1, 5), "x", Scale.fromZero(10, 5), "y").reference("r", Palette.VERMILION, 10).draw(300, 300);
        assertEquals((lowest(low) + lowest(high)) / 2.0, lowest(chart.draw(300, 300)), 1, "half way");
    }

    private static int lowest(Picture picture) {
        for (int y = picture.height() - 1; y >= 0; y--) {
            if (count(picture, Palette.VERMILION, y, y + 1) > 0) {
                return y;
            }
        }
        return -1;
    }

    private static int count(Picture picture, int colour, int top, int bottom) {
        int count = 0;
        for (int y = top; y < bottom; y++) {
            for (int x = 0; x < picture.width(); x++) {
                count += picture.at(x, y) == colour ? 1 : 0;
            }
        }
        return count;
    }
}
