package vit.kernels.maxpool;

import java.util.Arrays;
import vit.kernels.convolution.Window;

/** The mathematics of {@link MaxPool}: plain loops over {@code double[]}, every array row-major without gaps. */
public final class MaxPoolReference {

    private MaxPoolReference() {}

    public static void forward(
            double[] y, // (B·OH·OW, C)
            double[] index, // (B·OH·OW, C)
            double[] x, // (B·H·W, C)
            Window window, int height, int width, int batch, int channels) {
        int across = window.outputs(width);
        for (int i = 0; i < y.length; i++) {
            int row = i / channels;
            int b = row / (window.outputs(height) * across);
            y[i] = Double.NEGATIVE_INFINITY;
            index[i] = -1;
            for (int k = 0; k < window.pixels(); k++) {
                int pixel = pixel(window, height, width, row / across % window.outputs(height), row % across, k);
                if (pixel >= 0) {
                    double value = x[(b * height * width + pixel) * channels + i % channels];
                    if (index[i] < 0 || value > y[i] || Double.isNaN(value)) {
                        y[i] = value;
                        index[i] = k;
                    }
                }
            }
        }
    }

    public static void backward(
            double[] dx, // (B·H·W, C)
            double[] dy, // (B·OH·OW, C)
            double[] index, // (B·OH·OW, C)
            Window window, int height, int width, int batch, int channels) {
        int across = window.outputs(width);
        Arrays.fill(dx, 0);
        for (int i = 0; i < dy.length; i++) {
            int row = i / channels;
            int b = row / (window.outputs(height) * across);
            // y[i] = x at the chosen pixel
            int pixel = pixel(window, height, width, row / across % window.outputs(height), row % across, (int) index[i]);
            dx[(b * height * width + pixel) * channels + i % channels] += dy[i];
        }
    }

    /** Pixel k of window (oy, ox), counted over the map, or −1 outside it. */
    private static int pixel(Window window, int height, int width, int oy, int ox, int k) {
        int y = oy * window.stride() - window.before(height) + k / window.size();
        int x = ox * window.stride() - window.before(width) + k % window.size();
        return y >= 0 && y < height && x >= 0 && x < width ? y * width + x : -1;
    }
}
