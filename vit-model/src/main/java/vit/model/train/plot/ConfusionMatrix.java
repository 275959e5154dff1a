package vit.model.train.plot;

import java.util.List;
import java.util.stream.IntStream;
import vit.model.plot.Canvas;
import vit.model.plot.ColourBar;
import vit.model.plot.ColourMap;
import vit.model.plot.Palette;
import vit.model.plot.Picture;
import vit.model.plot.Scale;
import vit.model.plot.Sheet;
import vit.model.train.Evaluation;

/**
 * A confusion matrix as a picture: a row for each class, and a column for each class that the model may choose. A cell's colour is its share of the
 * row. Up to {@value #MOST_NUMBERED} classes are shown with names and numbers; beyond {@value #MOST_CELLS}, several classes share a cell.
 */
public final class ConfusionMatrix {

    private static final int MOST_NUMBERED = 30;
    private static final int MOST_CELLS = 1000;
    private static final int CELL = 44;
    private static final int USUAL_SIDE = 800; // of a matrix without numbers
    private static final int LONGEST_LABEL = 170;
    private static final int GAP = 10;
    private static final int TICKS = 5;

    private ConfusionMatrix() {}

    /** The picture of an evaluation with at least one class. */
    public static Picture draw(Evaluation evaluation) {
        int classes = evaluation.classes().size();
        Sheet sheet = new Sheet("What was taken for what")
                .note(evaluation.images() + (evaluation.images() == 1 ? " image" : " images") + ", "
                        + (evaluation.images() == 0 ? "none right" : Scale.number(100 * evaluation.accuracy(), 2) + " % right")
                        + ". A row is the true class, a column the class that the model chose.")
                .bar(new ColourBar("share of the row, %", Scale.exactly(0, 100, TICKS), ConfusionMatrix::shade, value -> Scale.number(value, 0)));
        if (classes <= MOST_NUMBERED) {
            return sheet.cell(numbered(evaluation)).draw(1);
        }
        int together = (classes + MOST_CELLS - 1) / MOST_CELLS;
        if (together > 1) {
            sheet.note("A cell stands for " + together + " classes in each direction.");
        }
        return sheet.cell(plain(evaluation, together)).draw(1);
    }

    private static Picture numbered(Evaluation evaluation) {
        List<String> labels = evaluation.classes().stream().map(label -> Canvas.shortened(label, Canvas.TEXT, LONGEST_LABEL)).toList();
        int margin = (int) Math.ceil(labels.stream().mapToDouble(label -> Canvas.width(label, Canvas.TEXT)).max().orElse(0)) + GAP;
        int side = labels.size() * CELL;
        Canvas canvas = new Canvas(margin + side + 1, margin + side + 1);
        for (int row = 0; row < labels.size(); row++) {
            int[] counts = evaluation.confusion()[row];
            int sum = Math.max(1, IntStream.of(counts).sum());
            double middle = margin + row * CELL + (CELL + Canvas.TEXT) / 2;
            canvas.right(labels.get(row), margin - GAP, middle, Canvas.TEXT, Palette.TEXT);
            canvas.upwards(labels.get(row), middle, margin - GAP, Canvas.TEXT, Palette.TEXT);
            for (int column = 0; column < counts.length; column++) {
                int x = margin + column * CELL;
                int y = margin + row * CELL;
                int colour = shade((double) counts[column] / sum);
                canvas.fill(x, y, x + CELL, y + CELL, colour);
                canvas.frame(x, y, x + CELL + 1, y + CELL + 1, Palette.GRID);
                if (counts[column] != 0) {
                    String text = String.valueOf(counts[column]);
                    double size = Canvas.width(text, Canvas.TEXT) <= CELL - 4 ? Canvas.TEXT : Canvas.TEXT * (CELL - 4) / Canvas.width(text, Canvas.TEXT);
                    canvas.centred(text, x + CELL / 2.0, middle, size, Palette.textOn(colour));
                }
            }
        }
        return canvas.picture();
    }

    /** The matrix in colours only, with the classes' numbers at the edges. */
    private static Picture plain(Evaluation evaluation, int together) {
        int classes = evaluation.classes().size();
        int cells = (classes + together - 1) / together;
        double[][] shares = shares(evaluation.confusion(), together, cells);
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
    private static double[][] shares(int[][] confusion, int together, int cells) {
        double[][] shares = new double[cells][cells];
        double[] sums = new double[cells];
        for (int row = 0; row < confusion.length; row++) {
            for (int column = 0; column < confusion[row].length; column++) {
                shares[row / together][column / together] += confusion[row][column];
                sums[row / together] += confusion[row][column];
            }
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
