package vit.kernels.convolution;

import java.util.Arrays;

/** The mathematics of {@link Convolution}: plain loops over {@code double[]}, every array row-major without gaps. */
public final class ConvolutionReference {

    private ConvolutionReference() {}

    public static void channelsLast(
            double[] x, // (B·P, C)
            double[] images, // (B, C, P)
            int batch, int channels, int pixels) {
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < channels; c++) {
                for (int i = 0; i < pixels; i++) {
                    x[(b * pixels + i) * channels + c] = images[(b * channels + c) * pixels + i];
                }
            }
        }
    }

    /** The inverse of {@link #channelsLast}. The inverse of a permutation is its transpose, so this is also the backward pass. */
    public static void channelsFirst(
            double[] images, // (B, C, P)
            double[] x, // (B·P, C)
            int batch, int channels, int pixels) {
        for (int b = 0; b < batch; b++) {
            for (int c = 0; c < channels; c++) {
                for (int i = 0; i < pixels; i++) {
                    images[(b * channels + c) * pixels + i] = x[(b * pixels + i) * channels + c];
                }
            }
        }
    }

    public static void unfold(
            double[] windows, // (B·OH·OW, size·size·C)
            double[] x, // (B·H·W, C)
            Window window, int height, int width, int batch, int channels) {
        forEachCopy(window, height, width, batch, channels, (copy, pixel) -> windows[copy] = pixel < 0 ? 0 : x[pixel]);
    }

    public static void fold(
            double[] dx, // (B·H·W, C)
            double[] dwindows, // (B·OH·OW, size·size·C)
            Window window, int height, int width, int batch, int channels) {
        Arrays.fill(dx, 0);
        forEachCopy(window, height, width, batch, channels, (copy, pixel) -> {
            if (pixel >= 0) { // windows[copy] = x[pixel]
                dx[pixel] += dwindows[copy];
            }
        });
    }

    @FunctionalInterface
    private interface Copy {
        /** An element of the windows, and the element of the map that it copies, −1 outside the map. */
        void of(int copy, int pixel);
    }

    private static void forEachCopy(Window window, int height, int width, int batch, int channels, Copy copy) {
        int size = window.size();
        int at = 0;
        for (int b = 0; b < batch; b++) {
            for (int oy = 0; oy < window.outputs(height); oy++) {
                for (int ox = 0; ox < window.outputs(width); ox++) {
                    for (int ky = 0; ky < size; ky++) {
                        for (int kx = 0; kx < size; kx++) {
                            int y = oy * window.stride() - window.before(height) + ky;
                            int x = ox * window.stride() - window.before(width) + kx;
                            boolean inside = y >= 0 && y < height && x >= 0 && x < width;
                            for (int c = 0; c < channels; c++) {
                                copy.of(at++, inside ? ((b * height + y) * width + x) * channels + c : -1);
                            }
                        }
                    }
                }
            }
        }
    }
}
