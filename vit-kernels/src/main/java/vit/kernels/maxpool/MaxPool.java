package vit.kernels.maxpool;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.convolution.Window;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * The maximum over each {@linkplain Window window} of a feature map, channel by channel. The map is stored channels last: (B·H·W, C), one row a pixel.
 * Pixels outside the map are not candidates, as if they were −∞. Of equal pixels the first in the order (ky, kx) is chosen. NaN wins over every number,
 * and of several NaN the last is chosen, as in PyTorch. The maximum is an exact copy.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside. The first {@code batch} images
 * are used; tensors may have more. Shapes that do not fit and memory that overlaps throw {@link IllegalArgumentException}.
 */
public final class MaxPool {

    /** The largest window: the number of a pixel in it, below {@value}², is exact in a float. */
    private static final int MOST_SIZE = 4096;

    private MaxPool() {}

    /** Rehearsals of the method that holds the vector code of {@link #forward} without an index, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        MemorySegment row = Rehearsal.elements();
        return List.of(Rehearsal.ofElements("MaxPoolSimd.maximum", (n, times) -> {
            for (int i = 0; i < times; i++) {
                MaxPoolSimd.maximum(row, 0, row, 0, 2, 0, 2, 0, n);
            }
        }));
    }

    /**
     * The maximum of every window. Window (oy, ox) of image b becomes row (b·OH + oy)·OW + ox, with OH = ⌈H/stride⌉ and OW = ⌈W/stride⌉.
     *
     * @param y      (B·OH·OW, C), overwritten
     * @param index  (B·OH·OW, C), overwritten with the number of the chosen pixel of the window, ky·size + kx; null when no backward pass follows
     * @param x      (B·H·W, C)
     * @param window size and stride
     * @param height H, at least 1
     * @param width  W, at least 1
     * @param batch  B, the number of images in use
     * @param w      the calling member of the team
     */
    public static void forward(Tensor y, Tensor index, Tensor x, Window window, int height, int width, int batch, Worker w) {
        int rows = check("y", y, "x", x, window, height, width, batch);
        Require.disjoint("y", y, "x", x);
        if (index != null) {
            Require.rows("index", index, rows, x.columns());
            Require.disjoint("index", index, "x", x);
            Require.disjoint("index", index, "y", y);
        }
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[Math.multiplyExact(rows, x.columns())];
                double[] chosen = new double[out.length];
                MaxPoolReference.forward(out, chosen, Doubles.read(x, batch * height * width), window, height, width, batch, x.columns());
                Doubles.write(y, out);
                if (index != null) {
                    Doubles.write(index, chosen);
                }
            }
            return;
        }
        MaxPoolSimd.forward(y, index, x, window, height, width, w.from(rows), w.to(rows));
    }

    /**
     * The backward pass: the gradient of a pixel is the sum of the gradients of the maxima for which it was chosen. The sum begins with 0 and takes the
     * windows in ascending order.
     *
     * @param dx     (B·H·W, C), overwritten
     * @param dy     (B·OH·OW, C)
     * @param index  (B·OH·OW, C), from forward
     * @param window size and stride
     * @param height H, at least 1
     * @param width  W, at least 1
     * @param batch  B, the number of images in use
     * @param w      the calling member of the team
     */
    public static void backward(Tensor dx, Tensor dy, Tensor index, Window window, int height, int width, int batch, Worker w) {
        int rows = check("dy", dy, "dx", dx, window, height, width, batch);
        Require.rows("index", index, rows, dx.columns());
        Require.disjoint("dx", dx, "dy", dy);
        Require.disjoint("dx", dx, "index", index);
        int pixels = batch * height * width;
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[Math.multiplyExact(pixels, dx.columns())];
                MaxPoolReference.backward(out, Doubles.read(dy, rows), Doubles.read(index, rows), window, height, width, batch, dx.columns());
                Doubles.write(dx, out);
            }
            return;
        }
        MaxPoolSimd.backward(dx, dy, index, window, height, width, w.from(pixels), w.to(pixels));
    }

    /** Checks both tensors and returns B·OH·OW. */
    private static int check(String pooledName, Tensor pooled, String mapName, Tensor map, Window window, int height, int width, int batch) {
        Require.range("the size of the window", window.size(), 1, MOST_SIZE);
        Require.range("height", height, 1, Integer.MAX_VALUE);
        Require.range("width", width, 1, Integer.MAX_VALUE);
        Require.range("batch", batch, 0, Integer.MAX_VALUE);
        Require.rows(mapName, map, Math.multiplyExact((long) batch, (long) height * width), map.columns());
        long rows = (long) batch * window.outputs(height) * window.outputs(width);
        Require.rows(pooledName, pooled, rows, map.columns());
        return (int) rows;
    }
}
