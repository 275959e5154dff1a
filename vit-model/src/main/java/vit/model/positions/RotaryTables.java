package vit.model.positions;

import vit.model.config.RotaryConfig;

/**
 * Cosines and sines of rotary positions (Su et al. 2021) in two dimensions, one row for each patch and one column for each element of a head. Half of the
 * D/2 angles of a patch come from its row, the others from its column; {@link RotaryConfig} has the formulas.
 *
 * @param cos (P, D), row-major
 * @param sin (P, D), row-major
 */
public record RotaryTables(float[] cos, float[] sin) {

    /** The tables for a grid of patches and heads of {@code headDim} elements. */
    public static RotaryTables of(RotaryConfig config, int gridHeight, int gridWidth, int headDim) {
        int patches = gridHeight * gridWidth;
        float[] cos = new float[patches * headDim];
        float[] sin = new float[patches * headDim];
        for (int p = 0; p < patches; p++) {
            double row = coordinate(config.scheme(), p / gridWidth, gridHeight, config.referenceHeight());
            double column = coordinate(config.scheme(), p % gridWidth, gridWidth, config.referenceWidth());
            for (int i = 0; i < headDim; i++) {
                double angle = angle(config, angleOf(config.scheme(), i, headDim), row, column, headDim / 4);
                cos[p * headDim + i] = (float) Math.cos(angle);
                sin[p * headDim + i] = (float) Math.sin(angle);
            }
        }
        return new RotaryTables(cos, sin);
    }

    /** The coordinate of row or column {@code index} of {@code count}. */
    private static double coordinate(RotaryConfig.Scheme scheme, int index, int count, int reference) {
        return switch (scheme) {
            case DINOV3 -> 2 * Math.PI * (2 * (index + 0.5) / count - 1);
            case EVA -> (double) index / count * reference;
        };
    }

    /** Which of the D/2 angles turns element {@code i} of a head: elements i and i + D/2 share one, or neighbours do. */
    private static int angleOf(RotaryConfig.Scheme scheme, int i, int headDim) {
        return switch (scheme) {
            case DINOV3 -> i % (headDim / 2);
            case EVA -> i / 2;
        };
    }

    /** Angle {@code a}: the first D/4 belong to the row, the others to the column. */
    private static double angle(RotaryConfig config, int a, double row, double column, int quarter) {
        double frequency = Math.pow(config.theta(), -(double) (a % quarter) / quarter);
        return (a < quarter ? row : column) * frequency;
    }
}
