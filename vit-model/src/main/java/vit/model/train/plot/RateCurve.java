package vit.model.train.plot;

import java.util.List;
import vit.model.plot.Chart;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;
import vit.model.train.LearningRateFinder.Point;
import vit.model.train.LearningRateFinder.Result;

/** The loss against the learning rate, which has a logarithmic axis, and the rate that is suggested. */
public final class RateCurve {

    private static final int WIDTH = 800;
    private static final int HEIGHT = 500;
    private static final int TICKS = 6;

    private RateCurve() {}

    /** The picture of a test of at least one step. */
    public static Picture draw(Result result) {
        List<Point> points = result.points();
        double[] rates = points.stream().mapToDouble(Point::rate).toArray();
        double first = points.stream().limit(Math.max(1, points.size() / 2)).mapToDouble(Point::loss).max().orElse(1);
        double last = Math.max(rates[rates.length - 1], rates[0] * 1.01);
        Chart chart = new Chart("Which learning rate?", Scale.powersOfTen(Math.min(rates[0], result.suggested()), last), "learning rate",
                Scale.fromZero(1.5 * first, TICKS), "loss");
        chart.note("The rate grows from step to step (range test, Smith 2015). Suggested is "
                + Scale.scientific(result.suggested()) + ": where the smoothed loss falls most steeply, but at most a tenth of the rate with the least one.");
        chart.dots("a step", Palette.SKY, rates, points.stream().mapToDouble(Point::loss).toArray());
        chart.line("smoothed", Palette.BLUE, rates, points.stream().mapToDouble(Point::smoothed).toArray());
        double level = 0;
        for (Point point : points) {
            level = point.rate() <= result.suggested() || level == 0 ? point.smoothed() : level;
        }
        chart.marker("suggested", Palette.VERMILION, result.suggested(), level);
        return chart.draw(HEIGHT, WIDTH);
    }
}
