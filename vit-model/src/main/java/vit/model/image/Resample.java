package vit.model.image;

import java.util.Arrays;
import java.util.Objects;

/**
 * Resizing that gives the same bits as Pillow's {@code Image.resize}: two passes, horizontal then vertical, each with 22-bit fixed-point weights, and
 * rounding to 8 bits between them. A pass along an axis whose length does not change is skipped, as in Pillow.
 *
 * <p>It can compute only a window of the result. The window's pixels equal those of the whole result, and memory and time are those of the window.
 * Stateless; any number of threads may call.
 */
public final class Resample {

    private static final int HALF = 1 << (FilterTaps.PRECISION_BITS - 1);

    private Resample() {}

    /**
     * The image at another size.
     *
     * @param height new rows
     * @param width  new pixels of a row
     */
    public static RgbImage resize(RgbImage image, int height, int width, Filter filter) {
        return window(image, height, width, filter, 0, 0, height, width);
    }

    /**
     * The part of {@code resize(image, height, width, filter)} that begins at row {@code top} and column {@code left}.
     *
     * @param windowHeight rows of the part
     * @param windowWidth  pixels of its rows
     * @throws IndexOutOfBoundsException if the part does not lie inside
     */
    public static RgbImage window(RgbImage image, int height, int width, Filter filter, int top, int left, int windowHeight,
            int windowWidth) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("cannot resize to " + height + "×" + width + " pixels");
        }
        Objects.checkFromIndexSize(top, windowHeight, height);
        Objects.checkFromIndexSize(left, windowWidth, width);
        if (height == image.height()) {
            return horizontal(image, width, filter, left, windowWidth, top, top + windowHeight);
        }
        FilterTaps rows = FilterTaps.of(filter, image.height(), height, top, windowHeight);
        int firstRow = rows.first(0);
        int endRow = rows.end(rows.count() - 1);
        RgbImage narrow = horizontal(image, width, filter, left, windowWidth, firstRow, endRow);
        return vertical(narrow, firstRow, rows);
    }

    /** Columns {@code left} … of the image at another width; only its rows {@code firstRow} … {@code endRow − 1}. */
    private static RgbImage horizontal(RgbImage image, int width, Filter filter, int left, int windowWidth, int firstRow,
            int endRow) {
        if (width == image.width()) {
            return crop(image, firstRow, left, endRow - firstRow, windowWidth);
        }
        FilterTaps columns = FilterTaps.of(filter, image.width(), width, left, windowWidth);
        byte[] out = new byte[size(endRow - firstRow, windowWidth)];
        int at = 0;
        for (int y = firstRow; y < endRow; y++) {
            horizontalRow(out, at, image.pixels(), y * image.width() * RgbImage.CHANNELS, columns);
            at += windowWidth * RgbImage.CHANNELS;
        }
        return new RgbImage(image.source(), endRow - firstRow, windowWidth, out);
    }

    private static void horizontalRow(byte[] out, int outAt, byte[] in, int rowStart, FilterTaps columns) {
        int[] weights = columns.weights();
        int at = outAt;
        for (int x = 0; x < columns.count(); x++) {
            int red = HALF;
            int green = HALF;
            int blue = HALF;
            int pixel = rowStart + columns.first(x) * RgbImage.CHANNELS;
            for (int t = columns.offset(x); t < columns.offset(x + 1); t++) {
                int weight = weights[t];
                red += (in[pixel] & 0xFF) * weight;
                green += (in[pixel + 1] & 0xFF) * weight;
                blue += (in[pixel + 2] & 0xFF) * weight;
                pixel += RgbImage.CHANNELS;
            }
            out[at] = clip(red);
            out[at + 1] = clip(green);
            out[at + 2] = clip(blue);
            at += RgbImage.CHANNELS;
        }
    }

    /** Resizes the image to another height; its row 0 is row {@code firstRow} of the original image. */
    private static RgbImage vertical(RgbImage image, int firstRow, FilterTaps rows) {
        int stride = image.width() * RgbImage.CHANNELS;
        byte[] out = new byte[size(rows.count(), image.width())];
        byte[] in = image.pixels();
        int[] sums = new int[stride];
        for (int y = 0; y < rows.count(); y++) {
            Arrays.fill(sums, HALF);
            int rowStart = (rows.first(y) - firstRow) * stride;
            for (int t = rows.offset(y); t < rows.offset(y + 1); t++) {
                int weight = rows.weights()[t];
                for (int i = 0; i < stride; i++) {
                    sums[i] += (in[rowStart + i] & 0xFF) * weight;
                }
                rowStart += stride;
            }
            for (int i = 0; i < stride; i++) {
                out[y * stride + i] = clip(sums[i]);
            }
        }
        return new RgbImage(image.source(), rows.count(), image.width(), out);
    }

    /** A part of the image; the image itself if the part is all of it. */
    public static RgbImage crop(RgbImage image, int top, int left, int height, int width) {
        if (height == image.height() && width == image.width()) {
            return image;
        }
        byte[] out = new byte[size(height, width)];
        int stride = width * RgbImage.CHANNELS;
        for (int y = 0; y < height; y++) {
            int from = ((top + y) * image.width() + left) * RgbImage.CHANNELS;
            System.arraycopy(image.pixels(), from, out, y * stride, stride);
        }
        return new RgbImage(image.source(), height, width, out);
    }

    private static int size(int height, int width) {
        return Math.multiplyExact(Math.multiplyExact(height, width), RgbImage.CHANNELS);
    }

    private static byte clip(int fixedPoint) {
        return (byte) Math.clamp(fixedPoint >> FilterTaps.PRECISION_BITS, 0, 255);
    }
}
