package vit.model.positions;

/**
 * Learned positions by axis (Dosovitskiy et al. 2020, appendix D.4, "2-dimensional positional embedding"): the patch in column x and row y gets
 *
 * <pre>  [columns[x]; rows[y]]</pre>
 *
 * The two halves stand side by side, as in the paper; they are not added. A table of W and one of H rows of C/2 channels take the place of H · W rows of C.
 * In training {@link vit.kernels.patchembed.PatchEmbed#joinAxes} does the same.
 */
public final class AxisPositions {

    private AxisPositions() {}

    /**
     * The positions of all patches, (H · W, C), row-major, patches in row order.
     *
     * @param columns  (W, C/2)
     * @param rows     (H, C/2)
     * @param channels C, even
     * @throws IllegalArgumentException if C is odd, or a table is not made of whole rows
     */
    public static float[] table(float[] columns, float[] rows, int channels) {
        int half = channels / 2;
        if (channels % 2 != 0 || columns.length % half != 0 || rows.length % half != 0) {
            throw new IllegalArgumentException("tables of " + columns.length + " and " + rows.length + " numbers for positions by axis of width " + channels);
        }
        int width = columns.length / half;
        int height = rows.length / half;
        float[] table = new float[Math.multiplyExact(Math.multiplyExact(height, width), channels)];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int row = (y * width + x) * channels;
                System.arraycopy(columns, x * half, table, row, half);
                System.arraycopy(rows, y * half, table, row + half, half);
            }
        }
        return table;
    }
}
