package vit.model.plot;

import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;

/**
 * Draws the characters that {@link StrokeFont} does not have, for example those of class names in Chinese, with the machine's fonts. If no font has
 * them, or if Java cannot load any (as in a container without fontconfig), they become a box. A missing font never makes a picture fail.
 */
final class SystemGlyphs {

    private static volatile boolean unusable;

    private SystemGlyphs() {}

    /**
     * How much of each pixel a character covers: rows of equal length, with the baseline {@code capital / 4} pixels above the lower edge.
     *
     * @param capital height of a capital letter in pixels
     * @return null if the machine cannot draw it
     */
    static double[][] coverage(int character, int capital) {
        if (unusable || Character.isISOControl(character)) {
            return null;
        }
        try {
            return draw(character, capital);
        } catch (RuntimeException | LinkageError | InternalError e) { // the ways in which AWT says that there is no font
            unusable = true;
            return null;
        }
    }

    private static double[][] draw(int character, int capital) {
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 1).deriveFont(1.35f * capital);
        if (!font.canDisplay(character)) {
            return null;
        }
        String text = Character.toString(character);
        BufferedImage image = new BufferedImage(3 * capital, capital * 7 / 4, BufferedImage.TYPE_BYTE_GRAY);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setFont(font);
        int width = Math.clamp(graphics.getFontMetrics().stringWidth(text), 1, image.getWidth());
        graphics.drawString(text, 0, image.getHeight() - capital / 4);
        graphics.dispose();
        double[][] coverage = new double[image.getHeight()][width];
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < width; x++) {
                coverage[y][x] = image.getRaster().getSample(x, y, 0) / 255.0;
            }
        }
        return coverage;
    }
}
