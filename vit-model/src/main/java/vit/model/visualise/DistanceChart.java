package vit.model.visualise;

import java.io.IOException;
import java.nio.file.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;

/** Attention distance by depth, a dot a head (Dosovitskiy et al. 2020, figure 7, right). Needs XChart on the class path, and a font. */
public final class DistanceChart {

    private static final int MOST_IN_LEGEND = 8;

    private DistanceChart() {}

    /**
     * Writes the chart as PNG.
     *
     * @param distances (depth, heads), pixels
     */
    public static void write(double[][] distances, Path file) throws IOException {
        XYChart chart = new XYChartBuilder().width(720).height(480).theme(ChartTheme.Matlab)
                .title("Mean attention distance").xAxisTitle("block").yAxisTitle("pixels").build();
        XYStyler style = chart.getStyler();
        style.setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        style.setMarkerSize(9);
        style.setLegendPosition(LegendPosition.InsideSE);
        style.setLegendVisible(distances[0].length <= MOST_IN_LEGEND);
        style.setYAxisMin(0.0);
        style.setXAxisMin(-0.5);
        style.setXAxisMax(distances.length - 0.5);
        style.setXAxisDecimalPattern("0");
        double[] blocks = new double[distances.length];
        for (int head = 0; head < distances[0].length; head++) {
            double[] pixels = new double[distances.length];
            for (int block = 0; block < distances.length; block++) {
                blocks[block] = block;
                pixels[block] = distances[block][head];
            }
            chart.addSeries("head " + head, blocks, pixels);
        }
        Picture.of(BitmapEncoder.getBufferedImage(chart)).write(file);
    }
}
