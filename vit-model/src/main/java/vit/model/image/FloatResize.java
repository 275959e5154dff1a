package vit.model.image;

/**
 * Resizing of float32 samples that imitates PyTorch's {@code interpolate} with {@code antialias=True} on a CPU ({@code UpSampleKernel.cpp}): two passes,
 * horizontal then vertical, with float32 weights, and a chain of fused multiply-adds for each sample. Nothing is rounded to 8 bits.
 *
 * <p>Only a window of the result is computed. Stateless; any number of threads may call.
 */
final class FloatResize {

    private FloatResize() {}

    /** Whether PyTorch resizes with this filter and antialiasing. */
    static boolean offers(Filter filter) {
        return filter == Filter.BILINEAR || filter == Filter.BICUBIC;
    }

    /** For each new pixel along one axis: the first old pixel that contributes to it, and the weights of that pixel and of those after it. */
    private record Taps(int[] first, float[][] weights) {

        static Taps of(Filter filter, int oldSize, int newSize, int from, int count) {
            float scale = (float) oldSize / newSize;
            float support = (float) (scale >= 1 ? filter.support() * scale : filter.support());
            float inverse = scale >= 1 ? (float) (1.0 / scale) : 1;
            Taps taps = new Taps(new int[count], new float[count][]);
            for (int i = 0; i < count; i++) {
                float centre = (float) (scale * (from + i + 0.5));
                int first = Math.max((int) (centre - support + 0.5), 0);
                float[] weights = new float[Math.min((int) (centre + support + 0.5), oldSize) - first];
                float sum = 0;
                for (int t = 0; t < weights.length; t++) {
                    weights[t] = (float) filter.weight((float) (((float) (t + first) - centre + 0.5) * inverse));
                    sum += weights[t];
                }
                for (int t = 0; sum != 0 && t < weights.length; t++) {
                    weights[t] /= sum;
                }
                taps.first[i] = first;
                taps.weights[i] = weights;
            }
            return taps;
        }

        int end(int i) {
            return first[i] + weights[i].length;
        }
    }

    /**
     * A window of the image at another size: (rows, columns, 3).
     *
     * @param scale  factor of each sample before resizing
     * @param height rows of the whole result
     * @param width  columns of the whole result
     * @param top    the window's first row
     * @param left   the window's first column
     */
    static float[] window(RgbImage image, float scale, int height, int width, Filter filter, int top, int left, int rows, int columns) {
        Taps across = Taps.of(filter, image.width(), width, left, columns);
        Taps down = Taps.of(filter, image.height(), height, top, rows);
        int firstRow = down.first[0];
        int endRow = down.end(rows - 1);
        float[] narrow = horizontal(image, scale, across, firstRow, endRow);
        return vertical(narrow, firstRow, columns * RgbImage.CHANNELS, down);
    }

    /** Rows {@code firstRow} … {@code endRow − 1} of the image, scaled and at another width. */
    private static float[] horizontal(RgbImage image, float scale, Taps across, int firstRow, int endRow) {
        byte[] pixels = image.pixels();
        float[] out = new float[Math.multiplyExact(endRow - firstRow, across.first.length * RgbImage.CHANNELS)];
        int at = 0;
        for (int y = firstRow; y < endRow; y++) {
            for (int x = 0; x < across.first.length; x++) {
                float[] weights = across.weights[x];
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    int in = (y * image.width() + across.first[x]) * RgbImage.CHANNELS + c;
                    float sum = (pixels[in] & 0xFF) * scale * weights[0];
                    for (int t = 1; t < weights.length; t++) {
                        in += RgbImage.CHANNELS;
                        sum = Math.fma((pixels[in] & 0xFF) * scale, weights[t], sum);
                    }
                    out[at++] = sum;
                }
            }
        }
        return out;
    }

    /** Rows of {@code stride} samples at another height; the first of {@code in} is row {@code firstRow} of the image. */
    private static float[] vertical(float[] in, int firstRow, int stride, Taps down) {
        float[] out = new float[down.first.length * stride];
        for (int y = 0; y < down.first.length; y++) {
            float[] weights = down.weights[y];
            int from = (down.first[y] - firstRow) * stride;
            int to = y * stride;
            for (int i = 0; i < stride; i++) {
                out[to + i] = in[from + i] * weights[0];
            }
            for (int t = 1; t < weights.length; t++) {
                from += stride;
                for (int i = 0; i < stride; i++) {
                    out[to + i] = Math.fma(in[from + i], weights[t], out[to + i]);
                }
            }
        }
        return out;
    }
}
