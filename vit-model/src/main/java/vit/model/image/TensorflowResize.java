package vit.model.image;

/**
 * {@code tf.image.resize} (TensorFlow 2, half-pixel centres) without antialiasing: bilinear, and the area method. Float32 in the
 * order of TensorFlow's CPU kernels ({@code resize_bilinear_op.cc}, {@code resize_area_op.cc}). Only a window is computed.
 */
final class TensorflowResize {

    private TensorflowResize() {}

    /** For each new pixel along one axis: the two old pixels between which it lies, and how far it lies towards the second. */
    private record Lerp(int[] lower, int[] upper, float[] weight) {

        static Lerp of(int oldSize, int newSize, int from, int count) {
            float scale = oldSize / (float) newSize;
            Lerp lerp = new Lerp(new int[count], new int[count], new float[count]);
            for (int i = 0; i < count; i++) {
                float at = (from + i + 0.5f) * scale - 0.5f;
                float floor = (float) Math.floor(at);
                lerp.lower[i] = Math.max((int) floor, 0);
                lerp.upper[i] = Math.min((int) Math.ceil(at), oldSize - 1);
                lerp.weight[i] = at - floor;
            }
            return lerp;
        }
    }

    /** A window of the image at {@code placement}'s size: (rows, columns, 3). */
    static float[] bilinear(RgbImage image, Placement placement, int top, int left, int rows, int columns) {
        Lerp y = Lerp.of(image.height(), placement.height(), top, rows);
        Lerp x = Lerp.of(image.width(), placement.width(), left, columns);
        float[] out = new float[rows * columns * RgbImage.CHANNELS];
        int at = 0;
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    float topLeft = image.sample(y.lower[i], x.lower[j], c);
                    float topRight = image.sample(y.lower[i], x.upper[j], c);
                    float bottomLeft = image.sample(y.upper[i], x.lower[j], c);
                    float bottomRight = image.sample(y.upper[i], x.upper[j], c);
                    float above = topLeft + (topRight - topLeft) * x.weight[j];
                    float below = bottomLeft + (bottomRight - bottomLeft) * x.weight[j];
                    out[at++] = above + (below - above) * y.weight[i];
                }
            }
        }
        return out;
    }

    /** A window of the image at {@code placement}'s size, truncated to whole numbers: bilinear, or by the area method for {@link Filter#BOX}. */
    static RgbImage truncated(RgbImage image, Filter filter, Placement placement, int top, int left, int rows, int columns) {
        if (filter == Filter.BOX) {
            return area(image, placement, top, left, rows, columns);
        }
        float[] samples = bilinear(image, placement, top, left, rows, columns);
        byte[] out = new byte[samples.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) Math.clamp((int) samples[i], 0, 255);
        }
        return new RgbImage(image.source(), rows, columns, out);
    }

    /** For each new pixel along one axis: the old pixels that it covers, and how much of each. */
    private record Cover(int[] start, int[] end, float[] from, float[] to, float scale) {

        static Cover of(int oldSize, int newSize, int from, int count) {
            float scale = oldSize / (float) newSize;
            Cover cover = new Cover(new int[count], new int[count], new float[count], new float[count], scale);
            for (int i = 0; i < count; i++) {
                cover.from[i] = (from + i) * scale;
                cover.to[i] = (from + i + 1) * scale;
                cover.start[i] = (int) Math.floor(cover.from[i]);
                cover.end[i] = (int) Math.ceil(cover.to[i]);
            }
            return cover;
        }

        /** The part of old pixel {@code k} that new pixel {@code i} covers. */
        float part(int i, int k) {
            if (k < from[i]) {
                return k + 1 > to[i] ? scale : k + 1 - from[i];
            }
            return k + 1 > to[i] ? to[i] - k : 1;
        }
    }

    /** A window of the image at {@code placement}'s size by the area method, truncated to whole numbers. */
    static RgbImage area(RgbImage image, Placement placement, int top, int left, int rows, int columns) {
        Cover y = Cover.of(image.height(), placement.height(), top, rows);
        Cover x = Cover.of(image.width(), placement.width(), left, columns);
        float share = (float) (1.0 / (y.scale * x.scale));
        byte[] out = new byte[rows * columns * RgbImage.CHANNELS];
        int at = 0;
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    out[at++] = (byte) Math.clamp((int) (areaSum(image, y, i, x, j, c) * share), 0, 255);
                }
            }
        }
        return new RgbImage(image.source(), rows, columns, out);
    }

    private static float areaSum(RgbImage image, Cover y, int i, Cover x, int j, int channel) {
        float sum = 0;
        for (int row = y.start[i]; row < y.end[i]; row++) {
            float rowSum = 0;
            int inside = Math.min(row, image.height() - 1); // rounding may end slightly past the last pixel
            for (int column = x.start[j]; column < x.end[j]; column++) {
                rowSum += image.sample(inside, Math.min(column, image.width() - 1), channel) * x.part(j, column);
            }
            sum += rowSum * y.part(i, row);
        }
        return sum;
    }
}
