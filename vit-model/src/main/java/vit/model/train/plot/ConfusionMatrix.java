package vit.model.train.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import vit.model.train.Evaluation;

/**
 * What was taken for what: a row a class, a column a class it was taken for. A cell's shade is its share of the row; up to
 * {@value #MOST_NUMBERED} classes it also has its number.
 */
public final class ConfusionMatrix {

    private static final int MOST_NUMBERED = 30;
    private static final int CELL = 44;
    private static final int SMALL_CELL = 6;
    private static final int LONGEST_LABEL = 24;
    private static final int GAP = 10;
    private static final Color FULL = new Color(0x08306B);

    private ConfusionMatrix() {}

    /** The picture of an evaluation with at least one class. */
    public static BufferedImage draw(Evaluation evaluation) {
        List<String> labels = evaluation.classes().stream().map(ConfusionMatrix::shortened).toList();
        int classes = labels.size();
        boolean numbered = classes <= MOST_NUMBERED;
        int cell = numbered ? CELL : Math.max(1, Math.min(SMALL_CELL, 4000 / classes));
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
        FontMetrics metrics = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics().getFontMetrics(font);
        int margin = numbered ? labels.stream().mapToInt(metrics::stringWidth).max().orElse(0) + 2 * GAP : GAP;
        int top = numbered ? margin + 3 * metrics.getHeight() : 3 * metrics.getHeight();
        String title = String.format(Locale.ROOT, "%d images, accuracy %.4f; rows are the truth", evaluation.images(), evaluation.accuracy());
        int side = classes * cell;
        BufferedImage picture = new BufferedImage(Math.max(margin + side, metrics.stringWidth(title) + GAP) + GAP, top + side + GAP, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setFont(font);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, picture.getWidth(), picture.getHeight());
        graphics.setColor(Color.BLACK);
        graphics.drawString(title, GAP, metrics.getHeight() + GAP / 2);
        for (int row = 0; row < classes; row++) {
            row(graphics, metrics, evaluation.confusion()[row], margin, top + row * cell, cell, numbered);
            if (numbered) {
                graphics.setColor(Color.BLACK);
                int baseline = top + row * cell + (cell + metrics.getAscent()) / 2;
                graphics.drawString(labels.get(row), margin - GAP - metrics.stringWidth(labels.get(row)), baseline);
                Graphics2D upright = (Graphics2D) graphics.create();
                upright.rotate(-Math.PI / 2, margin + row * cell + (cell + metrics.getAscent()) / 2.0, top - GAP);
                upright.drawString(labels.get(row), margin + row * cell + (cell + metrics.getAscent()) / 2, top - GAP);
                upright.dispose();
            }
        }
        graphics.dispose();
        return picture;
    }

    private static void row(Graphics2D graphics, FontMetrics metrics, int[] counts, int left, int top, int cell, boolean numbered) {
        int sum = Math.max(1, IntStream.of(counts).sum());
        for (int column = 0; column < counts.length; column++) {
            double share = (double) counts[column] / sum;
            int x = left + column * cell;
            graphics.setColor(shade(share));
            graphics.fillRect(x, top, cell, cell);
            if (numbered) {
                graphics.setColor(Color.LIGHT_GRAY);
                graphics.drawRect(x, top, cell, cell);
                String text = counts[column] == 0 ? "" : String.valueOf(counts[column]);
                graphics.setColor(share > 0.5 ? Color.WHITE : Color.BLACK);
                graphics.drawString(text, x + (cell - metrics.stringWidth(text)) / 2, top + (cell + metrics.getAscent()) / 2);
            }
        }
    }

    /** From white to {@link #FULL}; even one image of many is seen. */
    private static Color shade(double share) {
        double strength = share == 0 ? 0 : 0.08 + 0.92 * share;
        return new Color(mix(255, FULL.getRed(), strength), mix(255, FULL.getGreen(), strength), mix(255, FULL.getBlue(), strength));
    }

    private static int mix(int from, int to, double share) {
        return (int) Math.round(from + (to - from) * share);
    }

    private static String shortened(String label) {
        return label.codePointCount(0, label.length()) <= LONGEST_LABEL ? label
                : label.substring(0, label.offsetByCodePoints(0, LONGEST_LABEL - 1)) + "…";
    }
}
