package vit.model.visualise;

import java.util.Arrays;
import java.util.stream.IntStream;
import vit.model.image.RgbImage;
import vit.model.plot.Canvas;
import vit.model.plot.Chart;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;
import vit.model.plot.Sheet;

/**
 * The patch filters as a picture. It shows the components that a matrix of random numbers would not have, and below them how much each component
 * explains, with the edge of noise. For a model that has not learned filters the picture says so, instead of showing coloured squares.
 */
public final class FilterSheet {

    private static final int SIDE = 96;
    private static final int COLUMNS = 7;
    private static final int CHART_WIDTH = 800;
    private static final int CHART_HEIGHT = 330;

    private FilterSheet() {}

    /** The picture. */
    public static Picture draw(PatchFilters filters) {
        int shown = filters.aboveNoise();
        Picture chart = spectrum(filters, shown);
        if (shown == 0) {
            return chart;
        }
        Picture sheet = sheet(filters, shown);
        Canvas canvas = new Canvas(sheet.height() + chart.height(), Math.max(sheet.width(), chart.width()));
        canvas.picture(sheet, 0, 0);
        canvas.picture(chart, 0, sheet.height());
        return canvas.picture();
    }

    private static Picture sheet(PatchFilters filters, int shown) {
        Sheet sheet = new Sheet("What the patch embedding looks for")
                .note(shown == 1 ? "The first principal component of the patch filters, in colour, with its share of their energy."
                        : "The first " + shown + " principal components of the patch filters, in colour, with their share of the filters' energy.")
                .note("Middle grey is 0; each is scaled so that its largest weight is black or white in its channel.");
        int side = Math.max(1, Math.round((float) SIDE / filters.patch())) * filters.patch();
        for (int i = 0; i < shown; i++) {
            sheet.cell(filter(filters, i).blocky(side, side), i + 1 + ": " + Scale.percent(filters.shares()[i]));
        }
        return sheet.draw(Math.min(COLUMNS, shown));
    }

    private static Picture spectrum(PatchFilters filters, int shown) {
        double[] percent = Arrays.stream(filters.shares()).map(share -> 100 * share).toArray();
        double edge = 100 * filters.noiseEdge();
        String title = shown == 0 ? "The patch filters are noise" : "Which components are more than noise";
        String note = shown == 0
                ? "No principal component of the filters explains more than a matrix of random numbers of that size would, so none is shown: "
                        + "this model hardly trained its patch embedding, or too few images shaped it."
                : shown == filters.count() ? "All " + shown + " that were looked for explain more than random filters of that size would."
                        : "Those below the dashed line explain no more than random filters of that size would; they are not shown.";
        double[] numbers = IntStream.rangeClosed(1, filters.count()).asDoubleStream().toArray();
        return new Chart(title, Scale.whole(1, filters.count(), 14), "principal component",
                Scale.fromZero(Math.max(edge, percent[0]), 5), "share of the energy, %")
                .note(note)
                .dots("component", Palette.BLUE, numbers, percent)
                .reference("most that noise explains (99 of 100 times)", Palette.VERMILION, edge)
                .draw(CHART_HEIGHT, CHART_WIDTH);
    }

    private static Picture filter(PatchFilters filters, int i) {
        int area = filters.patch() * filters.patch() * filters.channels();
        double largest = Arrays.stream(filters.filters(), i * area, (i + 1) * area).map(Math::abs).max().orElseThrow();
        return Picture.of(filters.patch(), filters.patch(), (x, y) -> {
            int rgb = 0;
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                double value = filters.at(i, Math.min(c, filters.channels() - 1), y, x) / largest;
                rgb = rgb << 8 | (int) Math.round(127.5 + 127.5 * value);
            }
            return rgb;
        });
    }
}
