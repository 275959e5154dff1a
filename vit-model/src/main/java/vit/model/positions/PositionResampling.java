package vit.model.positions;

import java.util.Arrays;
import vit.model.config.VitConfig;
import vit.model.parameters.Parameter;
import vit.model.parameters.Parameters;

/**
 * The methods by which learned position embeddings are resampled to another grid of patches. Each library that publishes checkpoints has its own method,
 * and its fine-tuned models started from positions made by that method. All methods are separable: one matrix for the rows of the grid, one for its
 * columns. Computed in double. Stateless; any number of threads may call.
 */
public enum PositionResampling {
    /**
     * timm, for PyTorch files: cubic convolution with a = −0.5, stretched if the grid shrinks (antialiasing). Taps outside the grid are dropped and the
     * rest are scaled to add up to 1. timm applies it also if only the grid's proportions change.
     */
    TIMM {
        @Override
        double[] weights(double[] weights, int i, int newSize) {
            int oldSize = weights.length;
            double scale = (double) oldSize / newSize;
            double stretch = Math.max(scale, 1);
            double centre = (i + 0.5) * scale;
            double support = 2 * stretch;
            int from = Math.max((int) (centre - support + 0.5), 0);
            int to = Math.min((int) (centre + support + 0.5), oldSize);
            double sum = 0;
            for (int j = from; j < to; j++) {
                weights[j] = cubic((j + 0.5 - centre) / stretch, -0.5);
                sum += weights[j];
            }
            for (int j = from; j < to; j++) {
                weights[j] /= sum;
            }
            return weights;
        }
    },
    /** Hugging Face's {@code interpolate_pos_encoding}, and DeiT's fine-tuning: cubic convolution with a = −0.75, edges repeated. */
    HUGGING_FACE {
        @Override
        double[] weights(double[] weights, int i, int newSize) {
            return cubicTaps(weights, halfPixel(weights.length, i, newSize));
        }
    },
    /**
     * Facebook Research's DINO and DINOv2: cubic convolution with a = −0.75, edges repeated. A tenth is added to the new size before the scale is computed, so
     * that its floor is right; the places thus lie slightly off the centres of the patches.
     */
    DINO {
        @Override
        double[] weights(double[] weights, int i, int newSize) {
            return cubicTaps(weights, (i + 0.5) * weights.length / (newSize + 0.1) - 0.5);
        }
    },
    /** timm, for {@code .npz} files: linear between patch centres, not antialiased. */
    TIMM_NPZ {
        @Override
        double[] weights(double[] weights, int i, int newSize) {
            return linearTaps(weights, Math.max(halfPixel(weights.length, i, newSize), 0));
        }
    },
    /** torchvision's {@code interpolate_embeddings}: cubic convolution with a = −0.75, corner patches on corner patches. */
    TORCHVISION {
        @Override
        double[] weights(double[] weights, int i, int newSize) {
            return cubicTaps(weights, aligned(weights.length, i, newSize));
        }
    },
    /** Google's JAX repositories ({@code scipy.ndimage.zoom}, order 1): linear, corner patches on corner patches. */
    JAX {
        @Override
        double[] weights(double[] weights, int i, int newSize) {
            return linearTaps(weights, aligned(weights.length, i, newSize));
        }
    };

    /**
     * The weights of the old places for new place {@code i} along one axis.
     *
     * @param weights zeros, one for each old place; receives the weights
     */
    abstract double[] weights(double[] weights, int i, int newSize);

    /**
     * Resamples a table to another grid.
     *
     * @param table  (prefix + oldHeight · oldWidth, C), patches row by row
     * @param prefix rows of prefix tokens before the patches; kept as they are
     * @return (prefix + newHeight · newWidth, C)
     * @throws IllegalArgumentException if the table does not have that shape, or a grid is empty
     */
    public float[] resample(float[] table, int prefix, int oldHeight, int oldWidth, int newHeight, int newWidth) {
        double[] exact = new double[table.length];
        for (int i = 0; i < table.length; i++) {
            exact[i] = table[i];
        }
        double[] resampled = resample(exact, prefix, oldHeight, oldWidth, newHeight, newWidth);
        float[] out = new float[resampled.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) resampled[i];
        }
        return out;
    }

    /** As {@link #resample(float[], int, int, int, int, int)}, without the final rounding. */
    public double[] resample(double[] table, int prefix, int oldHeight, int oldWidth, int newHeight, int newWidth) {
        if (prefix < 0 || oldHeight < 1 || oldWidth < 1 || newHeight < 1 || newWidth < 1) {
            throw new IllegalArgumentException("cannot carry positions of " + prefix + " prefix tokens and " + oldHeight + "×" + oldWidth
                    + " patches over to " + newHeight + "×" + newWidth);
        }
        long rows = prefix + (long) oldHeight * oldWidth;
        if (table.length == 0 || table.length % rows != 0) {
            throw new IllegalArgumentException("a table of " + table.length + " numbers does not hold " + rows + " positions");
        }
        int channels = (int) (table.length / rows);
        int kept = prefix * channels;
        double[] patches = Arrays.copyOfRange(table, kept, table.length); // (oldHeight, oldWidth · C)
        double[] grid = SeparableMap.apply(patches, matrix(oldHeight, newHeight), matrix(oldWidth, newWidth), channels); // (newHeight, newWidth, C)
        double[] out = new double[Math.addExact(kept, grid.length)];
        System.arraycopy(table, 0, out, 0, kept);
        System.arraycopy(grid, 0, out, kept, grid.length);
        return out;
    }

    /**
     * Adapts the position embeddings of model {@code from} to model {@code to}. The two may differ in the size of the image and in the distillation token; if
     * {@code to} has none, its position is dropped.
     *
     * @param table (T or P, C) as {@code from} has them
     * @throws IllegalArgumentException if the two differ in other respects that decide the table
     */
    public float[] resample(float[] table, VitConfig from, VitConfig to) {
        boolean all = from.positions() == VitConfig.Positions.LEARNED;
        int prefix = to.positionedPrefix();
        if (from.positions() != to.positions() || from.width() != to.width() || from.registers() != to.registers()
                || from.classToken() != to.classToken() || to.distillationToken() && !from.distillationToken()) {
            throw new IllegalArgumentException("positions of " + from + " do not go with " + to);
        }
        float[] kept = table;
        int width = from.width();
        if (all && from.distillationToken() && !to.distillationToken()) {
            kept = new float[table.length - width]; // row 0 is the class token's, row 1 the distillation token's
            System.arraycopy(table, 0, kept, 0, width);
            System.arraycopy(table, 2 * width, kept, width, table.length - 2 * width);
        }
        if (from.gridHeight() == to.gridHeight() && from.gridWidth() == to.gridWidth()) {
            return kept;
        }
        return resample(kept, prefix, from.gridHeight(), from.gridWidth(), to.gridHeight(), to.gridWidth());
    }

    /**
     * Adapts a parameter of kind {@link Parameter.Kind#POSITION} of model {@code from} to model {@code to}. The table of one axis of the grid is resampled
     * along that axis; the one table of all positions as by {@link #resample(float[], VitConfig, VitConfig)}.
     *
     * @param name  the parameter's canonical name
     * @param table its values in {@code from}
     * @throws IllegalArgumentException if the two models differ in more than their images, where the one table allows no more
     */
    public float[] resample(String name, float[] table, VitConfig from, VitConfig to) {
        return switch (name) {
            case Parameters.POSITIONS_X -> alongAxis(table, from.gridWidth(), to.gridWidth(), from, to);
            case Parameters.POSITIONS_Y -> alongAxis(table, from.gridHeight(), to.gridHeight(), from, to);
            default -> resample(table, from, to);
        };
    }

    private float[] alongAxis(float[] table, int oldSize, int newSize, VitConfig from, VitConfig to) {
        if (from.positions() != to.positions() || from.width() != to.width()) {
            throw new IllegalArgumentException("positions of " + from + " do not go with " + to);
        }
        return oldSize == newSize ? table : resample(table, 0, oldSize, 1, newSize, 1);
    }

    /** As {@link #resampleBackward(float[], VitConfig, VitConfig)}, of the parameter of this canonical name. */
    public float[] resampleBackward(String name, float[] gradient, VitConfig from, VitConfig to) {
        return switch (name) {
            case Parameters.POSITIONS_X -> alongAxisBackward(gradient, from.gridWidth(), to.gridWidth(), from.width() / 2);
            case Parameters.POSITIONS_Y -> alongAxisBackward(gradient, from.gridHeight(), to.gridHeight(), from.width() / 2);
            default -> resampleBackward(gradient, from, to);
        };
    }

    private float[] alongAxisBackward(float[] gradient, int oldSize, int newSize, int channels) {
        double[] exact = new double[gradient.length];
        for (int i = 0; i < exact.length; i++) {
            exact[i] = gradient[i];
        }
        double[] table = oldSize == newSize ? exact : alongBackward(exact, 1, oldSize, newSize, channels);
        float[] rounded = new float[table.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) table[i];
        }
        return rounded;
    }

    /**
     * The gradient of a table, given that of what it was resampled to: resampling is linear, so this is its transpose.
     *
     * @param gradient (T or P, C) as {@code to} has them
     * @param from     the model that the table is for
     * @param to       the model that the table was resampled to; the two differ in the image alone
     * @return as {@code from} has the rows
     */
    public float[] resampleBackward(float[] gradient, VitConfig from, VitConfig to) {
        int channels = from.width();
        int kept = to.positionedPrefix() * channels;
        double[] grid = new double[gradient.length - kept]; // (newHeight, newWidth, C)
        for (int i = 0; i < grid.length; i++) {
            grid[i] = gradient[kept + i];
        }
        double[] tall = alongBackward(grid, to.gridHeight(), from.gridWidth(), to.gridWidth(), channels);
        double[] patches = alongBackward(tall, 1, from.gridHeight(), to.gridHeight(), from.gridWidth() * channels);
        float[] table = new float[kept + patches.length];
        System.arraycopy(gradient, 0, table, 0, kept);
        for (int i = 0; i < patches.length; i++) {
            table[kept + i] = (float) patches[i];
        }
        return table;
    }

    /** The transpose of resampling along one axis: (outer, newSize, inner) to (outer, oldSize, inner). */
    private double[] alongBackward(double[] in, int outer, int oldSize, int newSize, int inner) {
        double[] out = new double[Math.multiplyExact(Math.multiplyExact(outer, oldSize), inner)];
        for (int i = 0; i < newSize; i++) {
            double[] weights = weights(new double[oldSize], i, newSize);
            for (int j = 0; j < oldSize; j++) {
                for (int o = 0; o < outer; o++) {
                    int from = (o * newSize + i) * inner;
                    int to = (o * oldSize + j) * inner;
                    for (int c = 0; c < inner; c++) {
                        out[to + c] += weights[j] * in[from + c];
                    }
                }
            }
        }
        return out;
    }

    /** The matrix of one axis: (newSize, oldSize). */
    private double[][] matrix(int oldSize, int newSize) {
        double[][] matrix = new double[newSize][];
        for (int i = 0; i < newSize; i++) {
            matrix[i] = weights(new double[oldSize], i, newSize);
        }
        return matrix;
    }

    /** Where new place {@code i} lies among the old ones, when both grids cover the same area. */
    static double halfPixel(int oldSize, int i, int newSize) {
        return (i + 0.5) * oldSize / newSize - 0.5;
    }

    /** Where new place {@code i} lies among the old ones, when the first and the last places coincide. */
    private static double aligned(int oldSize, int i, int newSize) {
        return newSize == 1 ? 0 : (double) i * (oldSize - 1) / (newSize - 1);
    }

    /** Linear interpolation at {@code at}, edges repeated. */
    static double[] linearTaps(double[] weights, double at) {
        int lower = (int) at;
        double part = at - lower;
        weights[Math.min(lower, weights.length - 1)] += 1 - part;
        weights[Math.min(lower + 1, weights.length - 1)] += part;
        return weights;
    }

    /** PyTorch's bicubic interpolation at {@code at}: four taps, edges repeated. */
    private static double[] cubicTaps(double[] weights, double at) {
        int lower = (int) Math.floor(at);
        for (int j = lower - 1; j <= lower + 2; j++) {
            weights[Math.clamp(j, 0, weights.length - 1)] += cubic(j - at, -0.75);
        }
        return weights;
    }

    /** Keys' cubic convolution kernel (Keys 1981, equation 4). */
    private static double cubic(double x, double a) {
        double distance = Math.abs(x);
        if (distance < 1) {
            return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
        }
        return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0;
    }
}
