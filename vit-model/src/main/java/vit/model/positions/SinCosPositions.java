package vit.model.positions;

import vit.model.config.VitConfig;

/**
 * Fixed sine and cosine position embeddings. In two dimensions they are those of MoCo v3, big_vision and vit-pytorch's SimpleViT (Chen et al.
 * 2021; Beyer et al. 2022). With ω_k = 10000^(−k / (C/4 − 1)), the patch in column x and row y gets
 *
 * <pre>  [sin xω, cos xω, sin yω, cos yω]</pre>
 *
 * In one dimension they are those of the first Transformer (Vaswani et al. 2017, section 3.5). With ω_k = 10000^(−2k / C), token n of the sequence gets
 *
 * <pre>  [sin nω_0, cos nω_0, sin nω_1, cos nω_1, …]</pre>
 *
 * Computed in double with {@link StrictMath}, so that every machine gets the same bits.
 */
public final class SinCosPositions {

    private static final double TEMPERATURE = 10_000;

    private SinCosPositions() {}

    /**
     * The table of a model that has such positions: (Q + P, C) with a row for each of the first Q prefix tokens that have a position, and for each patch.
     *
     * @throws IllegalArgumentException if the model has other positions
     */
    public static float[] of(VitConfig config) {
        return switch (config.positions()) {
            case SINCOS_2D -> table(config.gridHeight(), config.gridWidth(), config.width());
            case SINCOS_1D -> sequence(config.positionedPrefix() + config.patches(), config.width());
            case NONE, LEARNED, LEARNED_CLASS_AND_PATCHES, LEARNED_PATCHES, LEARNED_AXES ->
                throw new IllegalArgumentException("the positions " + config.positions() + " are not computed from the grid");
        };
    }

    /**
     * The table (count, C) of a sequence, row-major.
     *
     * @param count    of the tokens
     * @param channels C, even
     * @throws IllegalArgumentException if C is odd
     */
    public static float[] sequence(int count, int channels) {
        if (channels % 2 != 0) {
            throw new IllegalArgumentException("1-D sine and cosine positions need an even width, not " + channels);
        }
        float[] table = new float[Math.multiplyExact(count, channels)];
        for (int n = 0; n < count; n++) {
            for (int k = 0; k < channels / 2; k++) {
                double omega = 1 / StrictMath.pow(TEMPERATURE, 2.0 * k / channels);
                table[n * channels + 2 * k] = (float) StrictMath.sin(n * omega);
                table[n * channels + 2 * k + 1] = (float) StrictMath.cos(n * omega);
            }
        }
        return table;
    }

    /**
     * The table (height · width, C), row-major, patches in row order.
     *
     * @param width of the grid, in patches
     * @param channels C, divisible by 4 and above 4
     * @throws IllegalArgumentException if C is not
     */
    public static float[] table(int height, int width, int channels) {
        if (channels % 4 != 0 || channels <= 4) {
            throw new IllegalArgumentException("2-D sine and cosine positions need a width divisible by 4 and above 4, not " + channels);
        }
        int quarter = channels / 4;
        float[] table = new float[Math.multiplyExact(Math.multiplyExact(height, width), channels)];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int row = (y * width + x) * channels;
                for (int k = 0; k < quarter; k++) {
                    double omega = 1 / StrictMath.pow(TEMPERATURE, (double) k / (quarter - 1));
                    table[row + k] = (float) StrictMath.sin(x * omega);
                    table[row + quarter + k] = (float) StrictMath.cos(x * omega);
                    table[row + 2 * quarter + k] = (float) StrictMath.sin(y * omega);
                    table[row + 3 * quarter + k] = (float) StrictMath.cos(y * omega);
                }
            }
        }
        return table;
    }
}
