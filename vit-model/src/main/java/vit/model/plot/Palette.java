package vit.model.plot;

import java.util.List;

/**
 * The colours of every picture, packed RGB. The colours of series are those of Okabe and Ito (2008), which people of every colour vision can tell
 * apart.
 */
public final class Palette {

    /** The colour of paper. */
    public static final int WHITE = 0xFFFFFF;
    /** The colour of titles and text. */
    public static final int TEXT = 0x222222;
    /** The colour of explanations, ticks and labels that are not the subject. */
    public static final int QUIET = 0x5A5A5A;
    /** The colour of axes. */
    public static final int AXIS = 0x9A9A9A;
    /** The colour of grid lines. */
    public static final int GRID = 0xE4E4E4;

    public static final int BLUE = 0x0072B2;
    public static final int VERMILION = 0xD55E00;
    public static final int ORANGE = 0xE69F00;
    public static final int GREEN = 0x009E73;
    public static final int PURPLE = 0xCC79A7;
    public static final int SKY = 0x56B4E9;

    /** The colours of series, in the order in which series take them. */
    public static final List<Integer> SERIES = List.of(BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION);

    private Palette() {}

    /** Black or white, whichever can be read on a colour (relative luminance of WCAG 2, without its gamma's straight part). */
    public static int textOn(int rgb) {
        double luminance = 0;
        double[] weights = {0.2126, 0.7152, 0.0722};
        for (int c = 0; c < weights.length; c++) {
            luminance += weights[c] * StrictMath.pow((rgb >> 16 - 8 * c & 0xFF) / 255.0, 2.2);
        }
        return luminance > 0.2 ? TEXT : WHITE;
    }
}
