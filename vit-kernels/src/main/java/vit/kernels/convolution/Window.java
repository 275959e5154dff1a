package vit.kernels.convolution;

/**
 * A square window that slides over a feature map, with the padding that TensorFlow calls SAME: along a dimension of n pixels there are ⌈n/stride⌉
 * windows. What the windows need beyond the map is divided evenly between both ends, and an odd pixel goes to the far end. The methods work along one
 * dimension; height and width are independent of one another. Every window covers at least one pixel of the map.
 *
 * @param size   the side of the window in pixels, at least 1
 * @param stride pixels from one window to the next, at least 1
 */
public record Window(int size, int stride) {

    /**
     * Checks both numbers.
     *
     * @throws IllegalArgumentException if one is below 1
     */
    public Window {
        if (size < 1 || stride < 1) {
            throw new IllegalArgumentException("window: expected a size and a stride of at least 1, found " + size + " and " + stride);
        }
    }

    /** The number of pixels that a window covers, those outside the map included. */
    public int pixels() {
        return Math.multiplyExact(size, size);
    }

    /** The number of windows along a dimension of {@code n} pixels: ⌈n/stride⌉. */
    public int outputs(int n) {
        return Math.ceilDiv(n, stride);
    }

    /** The pixels of padding before the first of {@code n} pixels: ⌊total/2⌋ with total = max((⌈n/stride⌉ − 1)·stride + size − n, 0). */
    public int before(int n) {
        long total = (outputs(n) - 1L) * stride + size - n;
        return (int) (Math.max(total, 0) / 2);
    }

    /** The pixel at which window {@code output} begins, below 0 if it begins in the padding. */
    public int start(int output, int n) {
        return output * stride - before(n);
    }

    /** The first window that covers pixel {@code at} of {@code n}. If no window does, this is not below {@link #endOver}. */
    public int firstOver(int at, int n) {
        return Math.max(0, Math.ceilDiv(at + before(n) - size + 1, stride));
    }

    /** One past the last window that covers pixel {@code at} of {@code n}. */
    public int endOver(int at, int n) {
        return Math.min(outputs(n), (at + before(n)) / stride + 1);
    }
}
