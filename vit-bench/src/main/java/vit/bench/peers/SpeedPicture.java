package vit.bench.peers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import vit.model.plot.Canvas;
import vit.model.plot.Palette;
import vit.model.plot.Scale;

/** Bars of speeds, with one group per piece of work and ours first. The FMA limit of a piece of work is a mark across its own bars. */
final class SpeedPicture {

    static final String OURS = "vit (this project)";

    private static final int BAR = 20;
    private static final int GROUP_GAP = 18;
    private static final int PLOT = 760;
    private static final int LIMIT_OVERHANG = 4;
    private static final int LIMIT_COLOUR = 0x9B0000;

    private SpeedPicture() {}

    /** A bar. */
    private record Bar(String series, double speed) {}

    /** The chart as PNG bytes. */
    static byte[] png(List<Comparison> comparisons, String title, String machine) {
        Map<String, List<Bar>> groups = new LinkedHashMap<>();
        Map<String, Double> limits = new LinkedHashMap<>();
        for (Comparison c : comparisons) {
            if (c.limit() != null) {
                limits.merge(c.piece().group(), c.speed(c.limit().millis()), Math::max);
            }
            List<Bar> bars = groups.computeIfAbsent(c.piece().group(), _ -> new ArrayList<>(List.of(new Bar(OURS, c.oursSpeed()))));
            bars.add(new Bar(c.peer(), c.speed(c.peerMillis())));
        }
        double most = Math.max(limits.values().stream().mapToDouble(Double::doubleValue).max().orElse(1),
                groups.values().stream().flatMap(List::stream).mapToDouble(Bar::speed).max().orElse(1));
        Scale scale = Scale.fromZero(most, 8);
        Frame frame = new Frame(title, machine, Frame.colours(comparisons));
        int left = frame.left(groups.keySet());
        int rows = groups.values().stream().mapToInt(bars -> bars.size() * BAR + GROUP_GAP).sum();
        Canvas canvas = frame.begin(rows, left, PLOT, (int) Canvas.width("limit 0000", Canvas.TEXT) + 12, List.of());
        if (!limits.isEmpty()) {
            limitSample(canvas, frame);
        }
        frame.axis(scale, limits.isEmpty() ? "GB/s, billions of bytes of the operands a second: longer is faster"
                : "GFLOP/s, billions of floating-point operations a second: longer is faster");
        int y = frame.top() + GROUP_GAP / 2;
        for (Map.Entry<String, List<Bar>> group : groups.entrySet()) {
            int bottom = y + group.getValue().size() * BAR;
            canvas.right(group.getKey(), left - 12, (y + bottom + Canvas.TEXT) / 2, Canvas.TEXT, Palette.TEXT);
            int top = y;
            for (Bar bar : group.getValue()) {
                bar(canvas, frame, scale, bar, y);
                y += BAR;
            }
            Double limit = limits.get(group.getKey());
            if (limit != null) {
                double at = Math.floor(frame.x(scale, limit));
                canvas.fill(at - 1, top - LIMIT_OVERHANG, at + 2, bottom + LIMIT_OVERHANG - 2, LIMIT_COLOUR);
                canvas.text("limit " + Scale.number(limit, 0), left + PLOT + 12, (top + bottom + Canvas.TEXT) / 2, Canvas.TEXT, LIMIT_COLOUR);
            }
            y += GROUP_GAP;
        }
        return canvas.picture().toPng();
    }

    /** Draws a bar with its number inside if there is room, otherwise beside it. */
    private static void bar(Canvas canvas, Frame frame, Scale scale, Bar bar, int y) {
        double end = frame.x(scale, bar.speed());
        int colour = frame.colour(bar.series());
        canvas.fill(frame.x(scale, 0), y, end, y + BAR - 2, colour);
        String number = Scale.number(bar.speed(), 0);
        double baseline = y + (BAR - 2 + Canvas.TEXT) / 2;
        if (end - frame.x(scale, 0) > Canvas.width(number, Canvas.TEXT) + 16) {
            canvas.right(number, end - 7, baseline, Canvas.TEXT, Palette.textOn(colour));
        } else {
            canvas.text(number, end + 7, baseline, Canvas.TEXT, Palette.TEXT);
        }
    }

    private static void limitSample(Canvas canvas, Frame frame) {
        frame.sample("FMA limit, measured", (x, y) -> canvas.fill(x + 8, y - 8, x + 11, y + 8, LIMIT_COLOUR));
    }
}
