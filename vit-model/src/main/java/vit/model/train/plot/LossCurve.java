package vit.model.train.plot;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import vit.model.train.EpochReport;

/** Loss and accuracy by epoch, training and validation: two charts side by side. */
public final class LossCurve {

    private static final int WIDTH = 640;
    private static final int HEIGHT = 440;
    private static final Color TRAINING = new Color(0x1F77B4);
    private static final Color VALIDATION = new Color(0xD62728);

    private LossCurve() {}

    /** The picture of at least one epoch. */
    public static BufferedImage draw(List<EpochReport> epochs) {
        BufferedImage picture = new BufferedImage(2 * WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        BufferedImage loss = chart("loss", Styler.LegendPosition.InsideNE, epochs, EpochReport::loss, EpochReport::validationLoss);
        BufferedImage accuracy = chart("accuracy", Styler.LegendPosition.InsideSE, epochs, EpochReport::accuracy, EpochReport::validationAccuracy);
        graphics.drawImage(loss, 0, 0, null);
        graphics.drawImage(accuracy, WIDTH, 0, null);
        graphics.dispose();
        return picture;
    }

    private static BufferedImage chart(String what, Styler.LegendPosition legend, List<EpochReport> epochs,
            ToDoubleFunction<EpochReport> training, ToDoubleFunction<EpochReport> validation) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(what).xAxisTitle("epoch").build();
        chart.getStyler().setLegendPosition(legend).setChartBackgroundColor(Color.WHITE).setLegendBorderColor(Color.WHITE);
        add(chart, "training", TRAINING, epochs, training);
        if (epochs.stream().noneMatch(epoch -> Double.isNaN(validation.applyAsDouble(epoch)))) {
            add(chart, "validation", VALIDATION, epochs, validation);
        }
        return BitmapEncoder.getBufferedImage(chart);
    }

    private static void add(XYChart chart, String name, Color colour, List<EpochReport> epochs, ToDoubleFunction<EpochReport> value) {
        XYSeries series = chart.addSeries(name, epochs.stream().mapToDouble(EpochReport::epoch).toArray(), epochs.stream().mapToDouble(value).toArray());
        series.setLineColor(colour);
        series.setMarker(epochs.size() < 3 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
        series.setMarkerColor(colour);
    }
}
