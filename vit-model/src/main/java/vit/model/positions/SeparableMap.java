package vit.model.positions;

/** A linear map of a grid that is one matrix for its rows and one for its columns. */
final class SeparableMap {

    private SeparableMap() {}

    /**
     * The grid after both matrices.
     *
     * @param grid    (oldHeight, oldWidth, channels)
     * @param rows    (newHeight, oldHeight)
     * @param columns (newWidth, oldWidth)
     * @return (newHeight, newWidth, channels)
     */
    static double[] apply(double[] grid, double[][] rows, double[][] columns, int channels) {
        double[] tall = along(grid, 1, rows, columns[0].length * channels);
        return along(tall, rows.length, columns, channels);
    }

    /** (outer, oldSize, inner) to (outer, newSize, inner). */
    private static double[] along(double[] in, int outer, double[][] matrix, int inner) {
        int newSize = matrix.length;
        int oldSize = matrix[0].length;
        double[] out = new double[Math.multiplyExact(Math.multiplyExact(outer, newSize), inner)];
        for (int i = 0; i < newSize; i++) {
            for (int j = 0; j < oldSize; j++) {
                double weight = matrix[i][j];
                if (weight == 0) {
                    continue;
                }
                for (int o = 0; o < outer; o++) {
                    int to = (o * newSize + i) * inner;
                    int from = (o * oldSize + j) * inner;
                    for (int c = 0; c < inner; c++) {
                        out[to + c] += weight * in[from + c];
                    }
                }
            }
        }
        return out;
    }
}
