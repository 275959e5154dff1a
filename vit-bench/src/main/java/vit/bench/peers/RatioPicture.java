package vit.bench.peers;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import vit.model.plot.Canvas;
import vit.model.plot.Palette;
import vit.model.plot.Scale;

/** Ratios of times, peer / ours: the median as a dot, the quartiles as a line through it, with their numbers, and the line of equal speed. */
final class RatioPicture {

    private static final int ROW = 22;
    private static final int GROUP_GAP = 14;
    private static final int PLOT = 620;
    private static final String EVERY_TOKEN = "the same, ours with every token";

    private RatioPicture() {}

    /** The chart as PNG bytes. */
    static byte[] png(List<Comparison> comparisons, String title, String machine) {
        Map<String, List<Comparison>> groups = comparisons.stream()
                .collect(Collectors.groupingBy(c -> c.piece().group(), LinkedHashMap::new, Collectors.toList()));
        double most = Math.max(1, comparisons.stream().mapToDouble(c -> c.ratio().q3()).max().orElse(1));
        Scale scale = Scale.fromZero(most, 8);
        Frame frame = new Frame(title, machine, Frame.colours(comparisons).entrySet().stream().filter(e -> !e.getKey().equals(SpeedPicture.OURS))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, _) -> a, LinkedHashMap::new)));
        boolean full = comparisons.stream().anyMatch(c -> c.full() != null);
        int left = frame.left(groups.keySet());
        int rows = groups.values().stream().mapToInt(group -> group.stream().mapToInt(RatioPicture::rows).sum() * ROW + GROUP_GAP).sum();
        Canvas canvas = frame.begin(rows, left, PLOT, (int) Canvas.width("0.00 (0.00 … 0.00)", Canvas.TEXT) + 16,
                List.of("A dot is the median of the ratios of times that were taken one after the other, its line reaches from the first to the third"
                        + " quartile. Right of 1 ours is faster."));
        if (full) {
            frame.sample(EVERY_TOKEN, (x, y) -> {
                canvas.dot(x + 9, y, 6, Palette.QUIET, 1);
                canvas.dot(x + 9, y, 4, Palette.WHITE, 1);
            });
        }
        frame.axis(scale, "time of the peer / time of ours");
        double one = Math.floor(frame.x(scale, 1)) + 0.5;
        canvas.line(one, frame.top(), one, frame.top() + rows, 1, Palette.TEXT);
        int y = frame.top() + GROUP_GAP / 2;
        for (Map.Entry<String, List<Comparison>> group : groups.entrySet()) {
            int top = y;
            for (Comparison c : group.getValue()) {
                ratio(canvas, frame, scale, c.ratio(), frame.colour(c.peer()), y, left, false);
                y += ROW;
                if (c.full() != null) {
                    ratio(canvas, frame, scale, c.full().ratio(), frame.colour(c.peer()), y, left, true);
                    y += ROW;
                }
            }
            canvas.right(group.getKey(), left - 12, (top + y + Canvas.TEXT) / 2, Canvas.TEXT, Palette.TEXT);
            y += GROUP_GAP;
            canvas.fill(left, y - GROUP_GAP / 2, left + PLOT, y - GROUP_GAP / 2 + 1, Palette.GRID);
        }
        return canvas.picture().toPng();
    }

    private static int rows(Comparison c) {
        return c.full() == null ? 1 : 2;
    }

    private static void ratio(Canvas canvas, Frame frame, Scale scale, Quartiles ratio, int colour, int y, int left, boolean hollow) {
        double middle = y + ROW / 2.0;
        canvas.line(frame.x(scale, ratio.q1()), middle, frame.x(scale, ratio.q3()), middle, 3, colour);
        canvas.dot(frame.x(scale, ratio.median()), middle, 6, colour, 1);
        if (hollow) {
            canvas.dot(frame.x(scale, ratio.median()), middle, 4, Palette.WHITE, 1);
        }
        Function<Double, String> number = value -> Scale.number(value, 2);
        canvas.text(number.apply(ratio.median()) + " (" + number.apply(ratio.q1()) + " … " + number.apply(ratio.q3()) + ")", left + PLOT + 16,
                middle + Canvas.TEXT / 2, Canvas.TEXT, Palette.TEXT);
    }
}
