package vit.kernels.convolution;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;

/**
 * What makes a convolution a matrix product (Chellapilla, Puri and Simard 2006). A feature map is stored channels last: (B·H·W, C), one row a pixel, in
 * row-major order of the map. A convolution of 1×1 with stride 1 is then a {@linkplain vit.kernels.linear.Linear linear layer} over the pixels. Any
 * other convolution is {@link #unfold}, which copies the pixels that each output sees into one row (im2col), and a linear layer over those rows.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside, so a caller puts a {@link
 * Worker#barrier()} before anything that reads a result. The first {@code batch} images are used; tensors may have more. Shapes that do not fit and
 * memory that overlaps throw {@link IllegalArgumentException}.
 */
public final class Convolution {

    private Convolution() {}

    /** Rehearsals of the method that holds the vector code of {@link #unfold}, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        MemorySegment row = Rehearsal.elements();
        return List.of(Rehearsal.ofElements("ConvolutionSimd.clear", (n, times) -> {
            for (int i = 0; i < times; i++) {
                ConvolutionSimd.clear(row, 0, n);
            }
        }));
    }

    /**
     * From images with one plane a channel to one row a pixel. Every element is copied.
     *
     * @param x      (B·H·W, C), overwritten
     * @param images (B, C, H, W)
     * @param batch  B, the number of images in use
     * @param w      the calling member of the team
     */
    public static void channelsLast(Tensor x, Tensor images, int batch, Worker w) {
        checkImages(x, images, batch);
        Require.disjoint("x", x, "images", images);
        Shape s = images.shape();
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[Math.toIntExact((long) batch * s.dimension(1) * s.dimension(2) * s.dimension(3))];
                ConvolutionReference.channelsLast(out, Doubles.read(images, batch * s.dimension(1) * s.dimension(2)), batch,
                        s.dimension(1), s.dimension(2) * s.dimension(3));
                Doubles.write(x, out);
            }
            return;
        }
        int lines = batch * s.dimension(2);
        ConvolutionSimd.transpose(x, images, true, w.from(lines), w.to(lines));
    }

    /**
     * The inverse of {@link #channelsLast}, which is also its adjoint: from the gradient of the pixels it computes the gradient of the images.
     *
     * @param images (B, C, H, W), overwritten
     * @param x      (B·H·W, C)
     * @param batch  B, the number of images in use
     * @param w      the calling member of the team
     */
    public static void channelsFirst(Tensor images, Tensor x, int batch, Worker w) {
        checkImages(x, images, batch);
        Require.disjoint("images", images, "x", x);
        Shape s = images.shape();
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                int pixels = s.dimension(2) * s.dimension(3);
                double[] out = new double[Math.toIntExact((long) batch * s.dimension(1) * pixels)];
                ConvolutionReference.channelsFirst(out, Doubles.read(x, batch * pixels), batch, s.dimension(1), pixels);
                Doubles.write(images, out);
            }
            return;
        }
        int lines = batch * s.dimension(2);
        ConvolutionSimd.transpose(x, images, false, w.from(lines), w.to(lines));
    }

    private static void checkImages(Tensor x, Tensor images, int batch) {
        Require.rank("images", images, 4, "(B, C, H, W)");
        Shape s = images.shape();
        Require.range("batch", batch, 0, s.dimension(0));
        Require.rows("x", x, (long) batch * s.dimension(2) * s.dimension(3), s.dimension(1));
    }

    /**
     * Copies the pixels of every window into one row, in the order (ky, kx, c). Pixels outside the map are 0. Window (oy, ox) of image b becomes row
     * (b·OH + oy)·OW + ox, with OH = ⌈H/stride⌉ and OW = ⌈W/stride⌉. A window of size 1 takes every stride-th pixel of every stride-th row.
     *
     * @param windows (B·OH·OW, size·size·C), overwritten
     * @param x       (B·H·W, C)
     * @param window  size and stride
     * @param height  H, at least 1
     * @param width   W, at least 1
     * @param batch   B, the number of images in use
     * @param w       the calling member of the team
     */
    public static void unfold(Tensor windows, Tensor x, Window window, int height, int width, int batch, Worker w) {
        int rows = checkWindows("windows", windows, "x", x, window, height, width, batch);
        Require.disjoint("windows", windows, "x", x);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[Math.multiplyExact(rows, windows.columns())];
                ConvolutionReference.unfold(out, Doubles.read(x, batch * height * width), window, height, width, batch, x.columns());
                Doubles.write(windows, out);
            }
            return;
        }
        ConvolutionSimd.unfold(windows, x, window, height, width, w.from(rows), w.to(rows));
    }

    /**
     * The adjoint of {@link #unfold} (col2im), which is its backward pass: the gradient of a pixel is the sum of the gradients of its copies. The sum
     * begins with 0 and takes the windows in ascending order, so it does not depend on how the pixels are divided. A pixel that no window covers gets
     * 0.
     *
     * @param dx       (B·H·W, C), overwritten
     * @param dwindows (B·OH·OW, size·size·C)
     * @param window   size and stride
     * @param height   H, at least 1
     * @param width    W, at least 1
     * @param batch    B, the number of images in use
     * @param w        the calling member of the team
     */
    public static void fold(Tensor dx, Tensor dwindows, Window window, int height, int width, int batch, Worker w) {
        int rows = checkWindows("dwindows", dwindows, "dx", dx, window, height, width, batch);
        Require.disjoint("dx", dx, "dwindows", dwindows);
        int pixels = batch * height * width;
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[Math.multiplyExact(pixels, dx.columns())];
                ConvolutionReference.fold(out, Doubles.read(dwindows, rows), window, height, width, batch, dx.columns());
                Doubles.write(dx, out);
            }
            return;
        }
        ConvolutionSimd.fold(dx, dwindows, window, height, width, w.from(pixels), w.to(pixels));
    }

    /** Checks both tensors and returns B·OH·OW. */
    private static int checkWindows(
            String windowsName, Tensor windows, String mapName, Tensor map, Window window, int height, int width, int batch) {
        Require.range("height", height, 1, Integer.MAX_VALUE);
        Require.range("width", width, 1, Integer.MAX_VALUE);
        Require.range("batch", batch, 0, Integer.MAX_VALUE);
        Require.rows(mapName, map, Math.multiplyExact((long) batch, (long) height * width), map.columns());
        long rows = (long) batch * window.outputs(height) * window.outputs(width);
        Require.rows(windowsName, windows, rows, Math.multiplyExact(window.pixels(), map.columns()));
        return (int) rows;
    }
}
