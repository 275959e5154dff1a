package vit.bench.peers;

import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Bars of GFLOP/s, a group a piece of work, ours first; the FMA limit is the line on top. */
final class Picture {

    private static final int GROUP_WIDTH = 190;
    private static final int LEAST_WIDTH = 900;
    private static final int HEIGHT = 620;
    private static final int PLAIN_FONT = 14;
    private static final int TITLE_FONT = 13;
    private static final String OURS = "vit (this project)";
    private static final Color[] COLOURS = {
        new Color(0x1F5FA8), new Color(0xE08A1E), new Color(0x6A9F3A), new Color(0x8C8C8C), new Color(0xA8518A)
    };

    private static final Color LIMIT = new Color(0xB00020);

    private Picture() {}

    /** The chart as PNG bytes. */
    static byte[] png(List<Comparison> comparisons, String subtitle) {
        Map<String, Map<String, Double>> bySeries = new LinkedHashMap<>();
        Map<String, Double> limits = new LinkedHashMap<>();
        bySeries.put(OURS, new LinkedHashMap<>());
        for (Comparison c : comparisons) {
            limits.merge(group(c), c.gflops(c.limitMillis()), Math::max);
            bySeries.get(OURS).putIfAbsent(group(c), c.oursGflops());
            bySeries.computeIfAbsent(c.peer(), _ -> new LinkedHashMap<>()).put(group(c), c.gflops(c.peerMillis()));
        }
        List<String> groups = new ArrayList<>(limits.keySet());
        CategoryChart chart = new CategoryChartBuilder().width(Math.max(LEAST_WIDTH, groups.size() * GROUP_WIDTH + 120)).height(HEIGHT)
                .title(subtitle).yAxisTitle("GFLOP/s").build();
        style(chart);
        int colour = 0;
        for (var series : bySeries.entrySet()) {
            CategorySeries bars = chart.addSeries(series.getKey(), groups, values(series.getValue(), groups));
            bars.setFillColor(COLOURS[colour++ % COLOURS.length]);
        }
        limit(chart, limits, groups);
        return vit.model.visualise.Picture.of(BitmapEncoder.getBufferedImage(chart)).toPng();
    }

    /** A line on top of the bars; through a single group there is no line, so it crosses the whole picture. */
    private static void limit(CategoryChart chart, Map<String, Double> limits, List<String> groups) {
        if (groups.size() == 1) {
            double value = limits.get(groups.getFirst());
            chart.getStyler().setYAxisMax(1.1 * value);
            chart.getStyler().setAnnotationLineColor(LIMIT);
            chart.addAnnotation(new AnnotationLine(value, false, false));
        }
        CategorySeries limit = chart.addSeries("FMA limit, measured", groups, values(limits, groups));
        limit.setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line);
        limit.setLineColor(LIMIT);
        limit.setLineWidth(3f);
        limit.setMarker(SeriesMarkers.NONE);
    }

    private static String group(Comparison c) {
        String what = c.work().startsWith("gemm ") ? c.work().substring("gemm ".length())
                : c.model().replaceFirst("^vit_(\\w+)_patch(\\d+)_\\d+$", "$1/$2") + (c.work().equals("forward") ? "" : " " + c.step());
        String images = c.work().startsWith("gemm ") ? "" : ", batch " + c.batch();
        return what + images + ", " + c.threads() + (c.threads() == 1 ? " thread" : " threads");
    }

    private static List<Double> values(Map<String, Double> byGroup, List<String> groups) {
        return groups.stream().map(group -> byGroup.getOrDefault(group, 0.0)).toList();
    }

    private static void style(CategoryChart chart) {
        var styler = chart.getStyler();
        styler.setLegendPosition(LegendPosition.OutsideS);
        styler.setLegendLayout(LegendLayout.Horizontal);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, TITLE_FONT));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, PLAIN_FONT - 2));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, PLAIN_FONT));
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setYAxisMin(0.0);
        styler.setAvailableSpaceFill(0.8);
        styler.setXAxisLabelRotation(chart.getWidth() > 1400 ? 20 : 0);
        styler.setLabelsVisible(true);
        styler.setLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, PLAIN_FONT - 3));
        styler.setDecimalPattern("0");
    }
}
