package vit.model.evaluate.plot;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import vit.model.evaluate.ConfusionMatrix;
import vit.model.plot.Canvas;
import vit.model.plot.ColourBar;
import vit.model.plot.ColourMap;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;
import vit.model.plot.Sheet;

/**
 * A confusion matrix as a picture: a row for each class, and a column for each class that the model may choose. A cell's colour is its share of the
 * row. Up to {@value #MOST_NUMBERED} classes are shown with names and numbers. If a model has more classes, but the images are of so few of them, then the
 * others share one column. Beyond {@value #MOST_CELLS} classes, several share a cell.
 */
public final class ConfusionPicture {

    private static final int MOST_NUMBERED = 30;
    private static final int MOST_CELLS = 1000;
    private static final int CELL = 44;
    private static final int USUAL_SIDE = 800; // of a matrix without numbers
    private static final int LONGEST_LABEL = 170;
    private static final int GAP = 10;
    private static final String OTHERS = "another";
    private static final int TICKS = 5;

    private ConfusionPicture() {}

    /** The picture of a matrix. */
    public static Picture draw(ConfusionMatrix matrix) {
        int classes = matrix.classes().size();
        Sheet sheet = new Sheet("What was taken for what")
                .note(matrix.images() + (matrix.images() == 1 ? " image" : " images") + ", "
                        + (matrix.images() == 0 ? "none right" : Scale.number(100 * matrix.accuracy(), 2) + " % right")
                        + ". A row is the true class, a column the class that the model chose.")
                .bar(new ColourBar("share of the row, %", Scale.exactly(0, 100, TICKS), ConfusionPicture::shade, value -> Scale.number(value, 0)));
        if (classes <= MOST_NUMBERED) {
            int[] all = IntStream.range(0, classes).toArray();
            return sheet.cell(numbered(matrix, all, false)).draw(1);
        }
        int[] present = matrix.present();
        if (present.length > 0 && present.length <= MOST_NUMBERED) {
            sheet.note("The images are of " + present.length + " of the model's " + classes + " classes. The last column stands for all other classes.");
            return sheet.cell(numbered(matrix, present, true)).draw(1);
        }
        int together = (classes + MOST_CELLS - 1) / MOST_CELLS;
        sheet.note("The numbers are those of the classes" + (together > 1 ? ", of which a cell stands for " + together + " in each direction." : "."));
        return sheet.cell(plain(matrix, together)).draw(1);
    }

    /**
     * Some classes with names and numbers.
     *
     * @param shown  the classes
     * @param others whether there is a column for all classes that are not shown
     */
    static Picture numbered(ConfusionMatrix matrix, int[] shown, boolean others) {
        List<String> rows = Arrays.stream(shown).mapToObj(c -> Canvas.shortened(matrix.classes().get(c), Canvas.TEXT, LONGEST_LABEL)).toList();
        List<String> heads = others ? Stream.concat(rows.stream(), Stream.of(OTHERS)).toList() : rows;
        int columns = heads.size();
        int margin = widest(rows) + GAP;
        boolean upwards = widest(heads) > CELL - 4; // names that are short enough stand as they are read
        int top = (upwards ? widest(heads) : (int) Canvas.TEXT + 5) + GAP;
        Canvas canvas = new Canvas(top + shown.length * CELL + 1, margin + columns * CELL + 1);
        for (int column = 0; column < columns; column++) {
            int colour = column < shown.length ? Palette.TEXT : Palette.QUIET;
            if (upwards) {
                canvas.upwards(heads.get(column), middle(margin, column), top - GAP, Canvas.TEXT, colour);
            } else {
                canvas.centred(heads.get(column), margin + (column + 0.5) * CELL, top - GAP, Canvas.TEXT, colour);
            }
        }
        for (int row = 0; row < shown.length; row++) {
            int truth = shown[row];
            canvas.right(rows.get(row), margin - GAP, middle(top, row), Canvas.TEXT, Palette.TEXT);
            int rest = matrix.support(truth);
            for (int column = 0; column < columns; column++) {
                int count = column < shown.length ? matrix.count(truth, shown[column]) : rest;
                rest -= count;
                cell(canvas, margin + column * CELL, top + row * CELL, count, (double) count / Math.max(1, matrix.support(truth)));
            }
        }
        return canvas.picture();
    }

    private static int widest(List<String> labels) {
        return (int) Math.ceil(labels.stream().mapToDouble(label -> Canvas.width(label, Canvas.TEXT)).max().orElse(0));
    }

    private static double middle(int margin, int cell) {
        return margin + cell * CELL + (CELL + Canvas.TEXT) / 2;
    }

    private static void cell(Canvas canvas, int x, int y, int count, double share) {
        int colour = shade(share);
        canvas.fill(x, y, x + CELL, y + CELL, colour);
        canvas.frame(x, y, x + CELL + 1, y + CELL + 1, Palette.GRID);
        if (count != 0) {
            String text = String.valueOf(count);
            double size = Canvas.width(text, Canvas.TEXT) <= CELL - 4 ? Canvas.TEXT : Canvas.TEXT * (CELL - 4) / Canvas.width(text, Canvas.TEXT);
            canvas.centred(text, x + CELL / 2.0, y + (CELL + Canvas.TEXT) / 2, size, Palette.textOn(colour));
        }
    }

    /** The matrix in colours only, with the classes' numbers at the edges. */
    private static Picture plain(ConfusionMatrix matrix, int together) {
        int classes = matrix.classes().size();
        int cells = (classes + together - 1) / together;
        double[][] shares = shares(matrix, together, cells);
        int scale = Math.max(1, USUAL_SIDE / cells);
        int side = cells * scale;
        Scale numbers = Scale.exactly(0, classes, 8);
        int margin = (int) Math.ceil(Canvas.width(String.valueOf(classes), Canvas.TEXT)) + GAP;
        Canvas canvas = new Canvas(margin + side + GAP, margin + side + GAP);
        Picture cellColours = Picture.of(cells, cells, (x, y) -> shade(shares[y][x]));
        canvas.picture(cellColours.blocky(side, side), margin, margin);
        canvas.frame(margin - 1, margin - 1, margin + side + 1, margin + side + 1, Palette.AXIS);
        for (double tick : numbers.ticks()) {
            if (tick < classes) {
                double at = margin + (tick + 0.5) / together * scale;
                canvas.right(Scale.number(tick, 0), margin - GAP, Math.max(at + Canvas.TEXT / 2, margin + Canvas.TEXT), Canvas.TEXT, Palette.TEXT);
                canvas.centred(Scale.number(tick, 0), Math.max(at, margin + 4), margin - GAP, Canvas.TEXT, Palette.TEXT);
            }
        }
        return canvas.picture();
    }

    /** The share of its row's images that each cell holds. */
    private static double[][] shares(ConfusionMatrix matrix, int together, int cells) {
        double[][] shares = new double[cells][cells];
        double[] sums = new double[cells];
        for (ConfusionMatrix.Cell cell : matrix.cells()) {
            shares[cell.truth() / together][cell.predicted() / together] += cell.images();
            sums[cell.truth() / together] += cell.images();
        }
        for (int row = 0; row < cells; row++) {
            for (int column = 0; column < cells; column++) {
                shares[row][column] /= Math.max(1, sums[row]);
            }
        }
        return shares;
    }

    /** The colour of a share: white for none, and visible even for one image of many. */
    private static int shade(double share) {
        return share == 0 ? Palette.WHITE : ColourMap.BLUES.of(0.08 + 0.92 * share);
    }
}
