package vit.model.evaluate.plot;

import java.util.List;
import vit.model.evaluate.Calibration;
import vit.model.plot.Canvas;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;

/**
 * A calibration as a picture (DeGroot and Fienberg 1983; Guo et al. 2017): above, the accuracy of the images in each bin of confidence, with the distance to
 * the diagonal, on which a calibrated model lies; below, how many images the bin holds.
 */
public final class ReliabilityDiagram {

    private static final int WIDTH = 640;
    private static final int HEIGHT = 780;
    private static final int MARGIN = 16;
    private static final int LINE = 18;
    private static final int LEFT = 78; // of both plots
    private static final int RIGHT = WIDTH - MARGIN - 8;
    private static final int SIDE = RIGHT - LEFT;
    private static final int SHARES = 110; // height of the lower plot
    private static final int GAP = 2; // half of the space between two bars
    private static final int TICKS = 5;

    private ReliabilityDiagram() {}

    /** The picture of a calibration; of one without images it has empty axes. */
    public static Picture draw(Calibration calibration) {
        Canvas canvas = new Canvas(HEIGHT, WIDTH);
        canvas.bold("Is the model right as often as it says?", MARGIN, MARGIN + Canvas.TITLE, Canvas.TITLE, Palette.TEXT);
        String figures = calibration.images() == 0 ? "No images."
                : calibration.images() + (calibration.images() == 1 ? " image" : " images") + ": mean confidence " + percent(calibration.confidence())
                        + ", expected calibration error " + percent(calibration.expectedError()) + ", largest " + percent(calibration.maximumError())
                        + ", in " + calibration.bins().size() + " bins of equal width.";
        double y = MARGIN + 30;
        for (String line : Canvas.wrap(figures, Canvas.TEXT, WIDTH - 2.0 * MARGIN)) {
            canvas.text(line, MARGIN, y + 9, Canvas.TEXT, Palette.QUIET);
            y += LINE;
        }
        legend(canvas, (int) y);
        int top = (int) y + LINE + 12;
        int bottom = top + HEIGHT - top - SHARES - 2 * LINE - MARGIN - 26;
        accuracies(canvas, calibration, top, bottom);
        shares(canvas, calibration, bottom + 26, bottom + 26 + SHARES);
        return canvas.picture();
    }

    private static String percent(double share) {
        return Scale.number(100 * share, 1) + " %";
    }

    private static void legend(Canvas canvas, int y) {
        double x = MARGIN;
        canvas.fill(x, y + 3.5, x + 18, y + 6.5, Palette.TEXT);
        x += 26 + canvas.text("accuracy", x + 26, y + 10, Canvas.TEXT, Palette.TEXT) + 20;
        canvas.fill(x, y, x + 18, y + 10, Palette.ORANGE);
        x += 26 + canvas.text("too confident by this", x + 26, y + 10, Canvas.TEXT, Palette.TEXT) + 20;
        canvas.fill(x, y, x + 18, y + 10, Palette.SKY);
        x += 26 + canvas.text("too little confident by this", x + 26, y + 10, Canvas.TEXT, Palette.TEXT) + 20;
        canvas.dashed(x, y + 5, x + 20, y + 5, 1.6, Palette.QUIET);
        canvas.text("calibrated", x + 28, y + 10, Canvas.TEXT, Palette.TEXT);
    }

    /** The upper plot. */
    private static void accuracies(Canvas canvas, Calibration calibration, int top, int bottom) {
        Scale percent = Scale.exactly(0, 100, TICKS);
        for (double tick : percent.ticks()) {
            double at = bottom - percent.place(tick) * (bottom - top);
            canvas.fill(LEFT, at - 0.5, RIGHT, at + 0.5, Palette.GRID);
            canvas.right(percent.label(tick), LEFT - 8, at + Canvas.TEXT / 2 + 0.5, Canvas.TEXT, Palette.TEXT);
        }
        for (Calibration.Bin bin : calibration.bins()) {
            if (bin.images() == 0) {
                continue;
            }
            double left = LEFT + bin.from() * SIDE + GAP;
            double right = LEFT + bin.to() * SIDE - GAP;
            double accuracy = bottom - bin.accuracy() * (bottom - top);
            double confidence = bottom - bin.confidence() * (bottom - top);
            canvas.fill(left, Math.max(accuracy, confidence), right, bottom, Palette.BLUE);
            boolean over = bin.confidence() > bin.accuracy();
            canvas.fill(left, Math.min(accuracy, confidence), right, Math.max(accuracy, confidence), over ? Palette.ORANGE : Palette.SKY);
            canvas.fill(left, accuracy - 1.5, right, accuracy + 1.5, Palette.TEXT);
        }
        canvas.dashed(LEFT, bottom, RIGHT, top, 1.6, Palette.QUIET);
        axes(canvas, top, bottom);
        upwards(canvas, "accuracy in the bin, %", top, bottom);
    }

    /** The lower plot: the share of all images in each bin. */
    private static void shares(Canvas canvas, Calibration calibration, int top, int bottom) {
        int images = Math.max(1, calibration.images());
        double most = calibration.bins().stream().mapToDouble(bin -> 100.0 * bin.images() / images).max().orElse(0);
        Scale scale = Scale.fromZero(most, 2);
        for (double tick : scale.ticks()) {
            double at = bottom - scale.place(tick) * (bottom - top);
            canvas.fill(LEFT, at - 0.5, RIGHT, at + 0.5, Palette.GRID);
            canvas.right(scale.label(tick), LEFT - 8, at + Canvas.TEXT / 2 + 0.5, Canvas.TEXT, Palette.TEXT);
        }
        List<Calibration.Bin> bins = calibration.bins();
        for (Calibration.Bin bin : bins) {
            double height = scale.place(100.0 * bin.images() / images) * (bottom - top);
            canvas.fill(LEFT + bin.from() * SIDE + GAP, bottom - height, LEFT + bin.to() * SIDE - GAP, bottom, Palette.AXIS);
        }
        axes(canvas, top, bottom);
        upwards(canvas, "images, %", top, bottom);
        Scale percent = Scale.exactly(0, 100, TICKS);
        for (double tick : percent.ticks()) {
            double at = LEFT + percent.place(tick) * SIDE;
            canvas.fill(at - 0.5, bottom, at + 0.5, bottom + 5, Palette.AXIS);
            canvas.centred(percent.label(tick), at, bottom + 19, Canvas.TEXT, Palette.TEXT);
        }
        canvas.centred("confidence: the score of the class that the model chose, %", (LEFT + RIGHT) / 2.0, bottom + 2 * LINE + 2, Canvas.TEXT, Palette.QUIET);
    }

    private static void axes(Canvas canvas, int top, int bottom) {
        canvas.fill(LEFT - 1, top, LEFT, bottom + 1, Palette.AXIS);
        canvas.fill(LEFT - 1, bottom, RIGHT, bottom + 1, Palette.AXIS);
    }

    private static void upwards(Canvas canvas, String title, int top, int bottom) {
        canvas.upwards(title, MARGIN + Canvas.TEXT, (top + bottom + Canvas.width(title, Canvas.TEXT)) / 2, Canvas.TEXT, Palette.QUIET);
    }
}
