package vit.model.evaluate.plot;

import java.util.List;
import vit.model.plot.Canvas;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;
import vit.model.plot.Sheet;

/** Images that a model got wrong, as a sheet of thumbnails with their names, their classes, and the classes that the model chose. */
public final class MistakeSheet {

    private static final int THUMBNAIL = 128;
    private static final int CELL_WIDTH = 190;
    private static final int LINE = 17;

    /** The width that a line of text may have. */
    static final int LINE_WIDTH = CELL_WIDTH - 4;

    private static final int COLUMNS = 6;

    private MistakeSheet() {}

    /**
     * A mistake.
     *
     * @param image      the image in any size
     * @param name       of its file
     * @param truth      the name of its class
     * @param predicted  the name of the class that the model chose
     * @param confidence the score of that class, in [0, 1]
     */
    public record Mistake(Picture image, String name, String truth, String predicted, double confidence) {}

    /**
     * The sheet of some mistakes, in this order.
     *
     * @param mistakes at least one
     * @param all      the number of all mistakes
     */
    public static Picture draw(List<Mistake> mistakes, int all) {
        Sheet sheet = new Sheet("Wrong, and most sure of it");
        sheet.note("The " + mistakes.size() + " most confident of " + all + (all == 1 ? " mistake" : " mistakes")
                + ". Below each image: its file, what it is, and what the model took it for with which score.");
        mistakes.forEach(mistake -> sheet.cell(cell(mistake)));
        return sheet.draw(Math.min(COLUMNS, mistakes.size()));
    }

    private static Picture cell(Mistake mistake) {
        Canvas canvas = new Canvas(THUMBNAIL + 3 * LINE + 14, CELL_WIDTH);
        Picture thumbnail = thumbnail(mistake.image());
        int left = (CELL_WIDTH - thumbnail.width()) / 2;
        int top = THUMBNAIL - thumbnail.height();
        canvas.picture(thumbnail, left, top);
        canvas.frame(left - 1, top - 1, left + thumbnail.width() + 1, top + thumbnail.height() + 1, Palette.GRID);
        line(canvas, mistake.name(), 0, Palette.QUIET);
        line(canvas, "is " + mistake.truth(), 1, Palette.TEXT);
        line(canvas, verdict(mistake.predicted(), mistake.confidence()), 2, Palette.VERMILION);
        return canvas.picture();
    }

    /** What the model took an image for, with its score. If the name is too long for the line, it is the name that is cut. */
    static String verdict(String predicted, double confidence) {
        String score = ", " + Scale.number(100 * confidence, 1) + " %";
        double following = Canvas.width("." + score, Canvas.TEXT) - Canvas.width(".", Canvas.TEXT); // with the gap before it
        return Canvas.shortened("taken for " + predicted, Canvas.TEXT, LINE_WIDTH - following) + score;
    }

    private static void line(Canvas canvas, String text, int number, int colour) {
        canvas.centred(Canvas.shortened(text, Canvas.TEXT, LINE_WIDTH), CELL_WIDTH / 2.0, THUMBNAIL + 16 + number * LINE, Canvas.TEXT, colour);
    }

    /** The image at the size of a thumbnail, with its proportions: a small one in whole steps and with its own pixels, a large one smoothly. */
    private static Picture thumbnail(Picture image) {
        int longer = Math.max(image.height(), image.width());
        if (longer <= THUMBNAIL) {
            int factor = THUMBNAIL / longer;
            return image.blocky(image.height() * factor, image.width() * factor);
        }
        return image.smooth(Math.max(1, Math.round((float) image.height() * THUMBNAIL / longer)), Math.max(1, Math.round((float) image.width() * THUMBNAIL / longer)));
    }
}
