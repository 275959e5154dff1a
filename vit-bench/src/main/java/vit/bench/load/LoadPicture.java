package vit.bench.load;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import vit.model.plot.Canvas;
import vit.model.plot.Chart;
import vit.model.plot.Palette;
import vit.model.plot.Scale;

/** Latency and goodput against load: a row of two charts for every model. */
final class LoadPicture {

    private static final int HEIGHT = 420;
    private static final int WIDTH = 660;
    private static final int TICKS = 8;

    /** Larger loads would press the others together; a note gives their goodput. */
    private static final double MOST_DRAWN = 2;

    private LoadPicture() {}

    /** The charts as PNG bytes. */
    static byte[] png(List<SuiteResult> suites, String machine) {
        Canvas canvas = new Canvas(HEIGHT * suites.size(), 2 * WIDTH);
        for (int i = 0; i < suites.size(); i++) {
            SuiteResult suite = suites.get(i);
            latency(suite, machine).draw(canvas, 0, i * HEIGHT, HEIGHT, WIDTH);
            goodput(suite).draw(canvas, WIDTH, i * HEIGHT, HEIGHT, WIDTH);
        }
        return canvas.picture().toPng();
    }

    private static List<LoadResult> rows(SuiteResult suite, boolean batches) {
        return suite.loads().stream().filter(load -> load <= MOST_DRAWN).flatMap(load -> suite.row(Arrivals.POISSON, load, batches).stream()).toList();
    }

    private static double[] values(List<LoadResult> rows, ToDoubleFunction<LoadResult> value) {
        return rows.stream().mapToDouble(value).toArray();
    }

    private static Chart latency(SuiteResult suite, String machine) {
        List<LoadResult> on = rows(suite, true);
        List<LoadResult> off = rows(suite, false);
        double most = Stream.concat(on.stream(), off.stream()).mapToDouble(r -> r.latency().p99()).filter(Double::isFinite).max().orElse(1);
        Chart chart = new Chart(suite.model() + ": latency from the moment when a request is due", Scale.fromZero(MOST_DRAWN, TICKS), "requests per second / capacity",
                Scale.fromZero(most, TICKS), "milliseconds").note(machine + ", " + suite.date());
        return chart.line("p50", Palette.BLUE, values(on, LoadResult::load), values(on, r -> r.latency().p50()))
                .line("p99", Palette.VERMILION, values(on, LoadResult::load), values(on, r -> r.latency().p99()))
                .dots("p50 without batches", Palette.SKY, values(off, LoadResult::load), values(off, r -> r.latency().p50()))
                .dots("p99 without batches", Palette.ORANGE, values(off, LoadResult::load), values(off, r -> r.latency().p99()));
    }

    private static Chart goodput(SuiteResult suite) {
        List<LoadResult> on = rows(suite, true);
        double most = Math.max(1, on.stream().mapToDouble(r -> r.goodput() / r.capacity()).max().orElse(1));
        Chart chart = new Chart(suite.model() + ": goodput", Scale.fromZero(MOST_DRAWN, TICKS), "requests per second / capacity",
                Scale.fromZero(most, TICKS), "answers in time per second / capacity")
                .line("answered within the deadline", Palette.GREEN, values(on, LoadResult::load), values(on, r -> r.goodput() / r.capacity()))
                .reference("capacity", Palette.QUIET, 1);
        String beyond = suite.loads().stream().filter(load -> load > MOST_DRAWN).flatMap(load -> suite.row(Arrivals.POISSON, load, true).stream())
                .map(r -> String.format(Locale.ROOT, "at %.0f × the capacity %.3f", r.load(), r.goodput() / r.capacity())).collect(Collectors.joining(", "));
        return beyond.isEmpty() ? chart : chart.note("Not drawn: " + beyond + ".");
    }
}
