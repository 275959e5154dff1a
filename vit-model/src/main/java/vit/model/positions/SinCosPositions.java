package vit.model.positions;

/**
 * Fixed 2-D sine and cosine position embeddings as MoCo v3, big_vision and vit-pytorch's SimpleViT have them (Chen et al.
 * 2021; Beyer et al. 2022). With ω_k = 10000^(−k / (C/4 − 1)), the patch in column x and row y gets
 *
 * <pre>  [sin xω, cos xω, sin yω, cos yω]</pre>
 *
 * Computed in double with {@link StrictMath}, so that every machine gets the same bits.
 */
public final class SinCosPositions {

    private static final double TEMPERATURE = 10_000;

    private SinCosPositions() {}

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
