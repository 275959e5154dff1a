package vit.model.positions;

import java.util.Arrays;
import vit.model.config.VitConfig;

/**
 * The methods by which tables of relative positions (see {@link RelativeIndex}) are resampled to another grid of patches. A table has 2·H − 1 rows of
 * 2·W − 1 offsets; both methods treat it as an image of that size and keep the three rows of the class token. Computed in double. Stateless; any number of
 * threads may call.
 */
public enum RelativeResampling {
    /** Hugging Face's BEiT: bilinear, both tables over the same area, not antialiased. */
    BILINEAR {
        @Override
        double[][] matrix(int oldSize, int newSize) {
            double[][] matrix = new double[newSize][];
            for (int i = 0; i < newSize; i++) {
                matrix[i] = PositionResampling.linearTaps(new double[oldSize], Math.max(PositionResampling.halfPixel(oldSize, i, newSize), 0));
            }
            return matrix;
        }
    },
    /**
     * Microsoft's BEiT and timm: the old offsets are spread so that the steps between them grow in geometric progression from the centre outwards, until they
     * cover the new ones; between them the table is linear. Near offsets, which have learned most, thus keep their scale.
     */
    GEOMETRIC {
        @Override
        double[][] matrix(int oldSize, int newSize) {
            double[] places = places(oldSize, newSize);
            double[][] matrix = new double[newSize][oldSize];
            for (int i = 0; i < newSize; i++) {
                double at = Math.clamp(i - newSize / 2, places[0], places[oldSize - 1]);
                int upper = 0;
                while (places[upper] < at) {
                    upper++;
                }
                int lower = Math.max(upper - 1, 0);
                double part = lower == upper ? 0 : (at - places[lower]) / (places[upper] - places[lower]);
                matrix[i][lower] += 1 - part;
                matrix[i][upper] += part;
            }
            return matrix;
        }
    };

    /** The search for the ratio ends when it is known to this. */
    private static final double RATIO_PRECISION = 1e-6;

    /** The weights of the old offsets for the new ones along one axis: (newSize, oldSize). */
    abstract double[][] matrix(int oldSize, int newSize);

    /**
     * Resamples a table to another grid.
     *
     * @param table ((2·oldHeight − 1)·(2·oldWidth − 1) + 3, heads)
     * @return ((2·newHeight − 1)·(2·newWidth − 1) + 3, heads)
     * @throws IllegalArgumentException if the table does not have that shape, or a grid is empty
     */
    public float[] resample(float[] table, int oldHeight, int oldWidth, int newHeight, int newWidth) {
        double[] exact = new double[table.length];
        for (int i = 0; i < table.length; i++) {
            exact[i] = table[i];
        }
        double[] resampled = resample(exact, oldHeight, oldWidth, newHeight, newWidth);
        float[] out = new float[resampled.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) resampled[i];
        }
        return out;
    }

    /** A table of model {@code from} for model {@code to}, which may have another image. */
    public float[] resample(float[] table, VitConfig from, VitConfig to) {
        boolean same = from.gridHeight() == to.gridHeight() && from.gridWidth() == to.gridWidth();
        return same ? table : resample(table, from.gridHeight(), from.gridWidth(), to.gridHeight(), to.gridWidth());
    }

    /** As {@link #resample(float[], int, int, int, int)}, without the final rounding. */
    public double[] resample(double[] table, int oldHeight, int oldWidth, int newHeight, int newWidth) {
        if (oldHeight < 1 || oldWidth < 1 || newHeight < 1 || newWidth < 1) {
            throw new IllegalArgumentException("cannot carry relative positions of " + oldHeight + "×" + oldWidth + " patches over to " + newHeight + "×" + newWidth);
        }
        int rows = RelativeIndex.rows(oldHeight, oldWidth);
        if (table.length == 0 || table.length % rows != 0) {
            throw new IllegalArgumentException("a table of " + table.length + " numbers does not hold " + rows + " relative positions");
        }
        int heads = table.length / rows;
        int kept = RelativeIndex.CLASS_ROWS * heads;
        double[] offsets = Arrays.copyOf(table, table.length - kept);
        double[] resampled = SeparableMap.apply(offsets, matrix(2 * oldHeight - 1, 2 * newHeight - 1), matrix(2 * oldWidth - 1, 2 * newWidth - 1), heads);
        double[] out = Arrays.copyOf(resampled, Math.addExact(resampled.length, kept));
        System.arraycopy(table, table.length - kept, out, resampled.length, kept);
        return out;
    }

    /** Where the old offsets lie among the new ones: 0, ±1, ±(1 + q), ±(1 + q + q²), …. */
    private static double[] places(int oldSize, int newSize) {
        int centre = oldSize / 2;
        double ratio = ratio(centre, newSize / 2);
        double[] places = new double[oldSize];
        double distance = 0;
        for (int i = 1; i <= centre; i++) {
            distance += Math.pow(ratio, i - 1);
            places[centre + i] = distance;
            places[centre - i] = -distance;
        }
        return places;
    }

    /** The ratio q in 1.01 … 1.5 for which 1 + q + … + q^(steps − 1) is about {@code reach}. It is the last one tried, as in the sources. */
    private static double ratio(int steps, int reach) {
        double low = 1.01;
        double high = 1.5;
        double ratio = low;
        while (high - low > RATIO_PRECISION) {
            ratio = (low + high) / 2;
            if ((1 - Math.pow(ratio, steps)) / (1 - ratio) > reach) {
                high = ratio;
            } else {
                low = ratio;
            }
        }
        return ratio;
    }
}
