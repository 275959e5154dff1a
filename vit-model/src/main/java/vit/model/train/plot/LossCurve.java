package vit.model.train.plot;

import java.util.List;
import java.util.function.ToDoubleFunction;
import vit.model.plot.Canvas;
import vit.model.plot.Chart;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;
import vit.model.train.EpochReport;

/** Loss and accuracy by epoch, training and validation: two charts side by side, both starting from 0. */
public final class LossCurve {

    private static final int WIDTH = 640;
    private static final int HEIGHT = 460;
    private static final int TICKS = 6;

    private LossCurve() {}

    /** The picture of at least one epoch. */
    public static Picture draw(List<EpochReport> epochs) {
        double most = epochs.stream().flatMap(epoch -> List.of(epoch.loss(), epoch.validationLoss()).stream())
                .filter(Double::isFinite).mapToDouble(Double::doubleValue).max().orElse(1);
        Canvas canvas = new Canvas(HEIGHT, 2 * WIDTH);
        chart("Loss", Scale.fromZero(most, TICKS), epochs, EpochReport::loss, EpochReport::validationLoss).draw(canvas, 0, 0, HEIGHT, WIDTH);
        chart("Accuracy", Scale.fromZero(1, TICKS - 1), epochs, EpochReport::accuracy, EpochReport::validationAccuracy)
                .draw(canvas, WIDTH, 0, HEIGHT, WIDTH);
        return canvas.picture();
    }

    private static Chart chart(String what, Scale scale, List<EpochReport> epochs,
            ToDoubleFunction<EpochReport> training, ToDoubleFunction<EpochReport> validation) {
        double[] numbers = epochs.stream().mapToDouble(EpochReport::epoch).toArray();
        Chart chart = new Chart(what, Scale.whole(epochs.getFirst().epoch(), epochs.getLast().epoch(), 10), "epoch", scale,
                what.equals("Loss") ? "loss" : "share that is right");
        chart.line("training, as the images passed", Palette.BLUE, numbers, epochs.stream().mapToDouble(training).toArray());
        if (epochs.stream().anyMatch(epoch -> !Double.isNaN(validation.applyAsDouble(epoch)))) {
            chart.line("validation, after the epoch", Palette.VERMILION, numbers, epochs.stream().mapToDouble(validation).toArray());
        }
        return chart;
    }
}
