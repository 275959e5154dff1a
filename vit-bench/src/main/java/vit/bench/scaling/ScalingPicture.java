package vit.bench.scaling;

import java.util.List;
import java.util.stream.IntStream;
import vit.model.plot.Canvas;
import vit.model.plot.Chart;
import vit.model.plot.Palette;
import vit.model.plot.Scale;

/** Two charts: the predicted speed-up of every model and batch with what was measured as dots, and what the core time of the first of them consists of. */
final class ScalingPicture {

    private static final int HEIGHT = 560;
    private static final int WIDTH = 720;
    private static final int TICKS = 8;

    private ScalingPicture() {}

    /** The charts as PNG bytes. */
    static byte[] png(List<ScalingResult> results, String machine) {
        Canvas canvas = new Canvas(HEIGHT, 2 * WIDTH);
        speedUps(results, machine).draw(canvas, 0, 0, HEIGHT, WIDTH);
        losses(results.getFirst()).draw(canvas, WIDTH, 0, HEIGHT, WIDTH);
        return canvas.picture().toPng();
    }

    private static Chart speedUps(List<ScalingResult> results, String machine) {
        int most = results.getFirst().rows().getLast().workers();
        Chart chart = new Chart("Predicted speed-up", Scale.exactly(0, most, TICKS), "cores", Scale.exactly(0, most, TICKS), "times as fast as on one core")
                .note(machine).line("every core counts", Palette.GRID, new double[] {1, most}, new double[] {1, most});
        for (int i = 0; i < results.size(); i++) {
            ScalingResult result = results.get(i);
            int colour = Palette.SERIES.get(i % Palette.SERIES.size());
            double[] cores = result.rows().stream().mapToDouble(ScalingRow::workers).toArray();
            chart.line(result.model() + ", batch " + result.batch(), colour, cores,
                    result.rows().stream().mapToDouble(r -> result.one() / r.predicted()).toArray());
        }
        List<double[]> measured = results.stream().flatMap(result -> result.rows().stream().filter(r -> !Double.isNaN(r.measured()))
                .map(r -> new double[] {r.workers(), result.rows().getFirst().measured() / r.measured()})).toList();
        return chart.dots("measured", Palette.TEXT, measured.stream().mapToDouble(dot -> dot[0]).toArray(),
                measured.stream().mapToDouble(dot -> dot[1]).toArray());
    }

    private static Chart losses(ScalingResult result) {
        double[] cores = result.rows().stream().mapToDouble(ScalingRow::workers).toArray();
        Chart chart = new Chart(result.model() + ", batch " + result.batch() + ": where the time of the cores goes",
                Scale.exactly(0, cores[cores.length - 1], TICKS), "cores", Scale.fromZero(100, 10), "% of the pass");
        List<String> names = List.of("work of one core", "idle", "repeated work", "claims", "barriers", "bandwidth and serial part");
        for (int i = 0; i < names.size(); i++) {
            int part = i;
            chart.line(names.get(i), Palette.SERIES.get(i), cores, IntStream.range(0, cores.length)
                    .mapToDouble(r -> 100 * part(result.rows().get(r), part) / result.rows().get(r).predicted()).toArray());
        }
        return chart;
    }

    private static double part(ScalingRow row, int part) {
        Simulation.Outcome o = row.outcome();
        return switch (part) {
            case 0 -> o.work() - row.repeated();
            case 1 -> o.idle();
            case 2 -> row.repeated();
            case 3 -> o.claims();
            case 4 -> o.barriers();
            default -> o.bandwidth() + o.serial();
        };
    }
}
