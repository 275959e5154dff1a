package vit.model.visualise;

import java.util.Arrays;

/**
 * The patches of an image, coloured by their features: red, green and blue are the first three principal components of the patch tokens, each stretched over its
 * range (Oquab et al. 2023, figure 1). Patches of one colour are alike to the model. The tokens are centred first; the signs of the components, and with them the
 * colours, have no meaning of their own.
 *
 * @param components red, green and blue, from 0 to 1; ½ everywhere where the tokens vary in fewer directions
 * @param shares     of the tokens' variance, by component
 */
public record PatchColours(PatchMap[] components, double[] shares) {

    private static final int COLOURS = 3;

    /** Components below this share of the variance are rounding errors. */
    private static final double LEAST_SHARE = 1e-9;

    /**
     * The colours of an image.
     *
     * @param patches (height, width, C): {@link vit.model.Features#patches}
     * @param height  rows of patches
     * @param width   columns of patches
     */
    public static PatchColours of(float[] patches, int height, int width) {
        int rows = height * width;
        int columns = patches.length / rows;
        float[] centred = centred(patches, rows, columns);
        double total = 0;
        for (float value : centred) {
            total += (double) value * value;
        }
        PrincipalComponents principal = PrincipalComponents.of(centred, rows, columns, COLOURS);
        PatchMap[] components = new PatchMap[COLOURS];
        double[] shares = new double[COLOURS];
        for (int i = 0; i < COLOURS; i++) {
            double share = total > 0 && i < principal.variances().length ? principal.variances()[i] / total : 0;
            boolean varies = share > LEAST_SHARE;
            shares[i] = varies ? share : 0;
            double[] values = new double[rows];
            Arrays.fill(values, 0.5);
            components[i] = new PatchMap(height, width, values);
            if (varies) {
                project(centred, principal.component(i), values);
                components[i] = components[i].normalised();
            }
        }
        return new PatchColours(components, shares);
    }

    private static float[] centred(float[] patches, int rows, int columns) {
        float[] centred = new float[rows * columns];
        for (int c = 0; c < columns; c++) {
            double sum = 0;
            for (int row = 0; row < rows; row++) {
                sum += patches[row * columns + c];
            }
            double mean = sum / rows;
            for (int row = 0; row < rows; row++) {
                centred[row * columns + c] = (float) (patches[row * columns + c] - mean);
            }
        }
        return centred;
    }

    private static void project(float[] rows, double[] component, double[] values) {
        for (int row = 0; row < values.length; row++) {
            values[row] = 0;
            for (int c = 0; c < component.length; c++) {
                values[row] += rows[row * component.length + c] * component[c];
            }
        }
    }

    /** The packed RGB colour of a patch. */
    public int at(int y, int x) {
        int rgb = 0;
        for (PatchMap component : components) {
            rgb = rgb << 8 | (int) Math.round(255 * component.at(y, x));
        }
        return rgb;
    }
}
