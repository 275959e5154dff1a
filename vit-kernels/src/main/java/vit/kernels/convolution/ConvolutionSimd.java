package vit.kernels.convolution;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link Convolution} on the Vector API: copies, and sums whose lanes are channels, so that no result depends on the vector width. */
final class ConvolutionSimd {

    private ConvolutionSimd() {}

    /** The pixels of lines {@code from} to {@code to}, counted over the whole batch: from the images to x if {@code toLast}, otherwise back. */
    static void transpose(Tensor x, Tensor images, boolean toLast, int from, int to) {
        int channels = images.shape().dimension(1);
        int height = images.shape().dimension(2);
        int width = images.shape().dimension(3);
        for (int line = from; line < to; line++) {
            int b = line / height;
            long inX = (long) line * width * x.rowStride();
            for (int c = 0; c < channels; c++) {
                long inImages = ((long) (b * channels + c) * height + line % height) * images.rowStride();
                if (toLast) {
                    copy(x.segment(), inX + c, x.rowStride(), images.segment(), inImages, 1, width);
                } else {
                    copy(images.segment(), inImages, 1, x.segment(), inX + c, x.rowStride(), width);
                }
            }
        }
    }

    private static void copy(MemorySegment out, long outAt, int outStep, MemorySegment in, long inAt, int inStep, int n) {
        out = Tensor.offHeap(out);
        in = Tensor.offHeap(in);
        for (int i = 0; i < n; i++) {
            out.setAtIndex(Tensor.FLOAT, outAt + (long) i * outStep, in.getAtIndex(Tensor.FLOAT, inAt + (long) i * inStep));
        }
    }

    /** Windows {@code from} to {@code to}, counted over the whole batch. */
    static void unfold(Tensor windows, Tensor x, Window window, int height, int width, int from, int to) {
        int acrossY = window.outputs(height);
        int acrossX = window.outputs(width);
        int size = window.size();
        int line = size * x.columns(); // floats of a window's line
        for (int row = from; row < to; row++) {
            int b = row / (acrossY * acrossX);
            int top = window.start(row / acrossX % acrossY, height);
            int left = window.start(row % acrossX, width);
            long at = (long) row * windows.rowStride();
            for (int ky = 0; ky < size; ky++, at += line) {
                int y = top + ky;
                if (y < 0 || y >= height) {
                    clear(windows.segment(), at, line);
                } else {
                    unfoldLine(windows.segment(), at, x, ((long) b * height + y) * width, left, size, width);
                }
            }
        }
    }

    /** One line of a window: zeros up to the map, the pixels inside the map, and zeros after it. {@code row} is the row of x of the line's first pixel. */
    private static void unfoldLine(MemorySegment windows, long at, Tensor x, long row, int left, int size, int width) {
        int C = x.columns();
        int first = Math.max(0, -left);
        int end = Math.min(size, width - left);
        clear(windows, at, first * C);
        long out = (at + (long) first * C) * Float.BYTES;
        long in = (row + left + first) * x.rowStride() * Float.BYTES;
        if (x.rowStride() == C) {
            MemorySegment.copy(x.segment(), in, windows, out, (long) (end - first) * C * Float.BYTES);
        } else {
            for (int kx = first; kx < end; kx++) {
                MemorySegment.copy(x.segment(), in, windows, out, (long) C * Float.BYTES);
                in += (long) x.rowStride() * Float.BYTES;
                out += (long) C * Float.BYTES;
            }
        }
        clear(windows, at + (long) end * C, (size - end) * C);
    }

    /** Sets {@code n} floats to 0. */
    @VectorLoop
    static void clear(MemorySegment out, long at, int n) {
        out = Tensor.offHeap(out);
        if (n == 0) {
            return;
        }
        FloatVector zero = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            zero.intoMemorySegment(out, (at + i) * Float.BYTES, ORDER);
        }
        for (; i < n; i++) {
            out.setAtIndex(Tensor.FLOAT, at + i, 0);
        }
    }

    /** Pixels {@code from} to {@code to}, counted over the whole batch. */
    static void fold(Tensor dx, Tensor dwindows, Window window, int height, int width, int from, int to) {
        int acrossY = window.outputs(height);
        int acrossX = window.outputs(width);
        int C = dx.columns();
        int size = window.size();
        int stride = window.stride();
        for (int pixel = from; pixel < to; pixel++) {
            int y = pixel / width % height;
            int x = pixel % width;
            int firstY = window.firstOver(y, height);
            int firstX = window.firstOver(x, width);
            int ky = y - window.start(firstY, height);
            int kx = x - window.start(firstX, width);
            int image = pixel / (height * width) * acrossY;
            long at = ((long) (image + firstY) * acrossX + firstX) * dwindows.rowStride() + (long) (ky * size + kx) * C;
            // the copy in the next window to the right stands stride places before the copy in this one, and so for the next line of windows
            long right = dwindows.rowStride() - (long) stride * C;
            long down = (long) acrossX * dwindows.rowStride() - (long) stride * size * C;
            sum(dx.segment(), (long) pixel * dx.rowStride(), dwindows.segment(), at,
                    window.endOver(y, height) - firstY, down, window.endOver(x, width) - firstX, right, C);
        }
    }

    /** out = the sum of {@code lines} times {@code columns} runs of n floats, line by line; the steps from one to the next are in floats. */
    @VectorLoop
    private static void sum(
            MemorySegment out, long outAt, MemorySegment in, long inAt, int lines, long lineStep, int columns, long columnStep, int n) {
        out = Tensor.offHeap(out);
        in = Tensor.offHeap(in);
        int c = 0;
        for (; c <= n - LANES; c += LANES) {
            FloatVector acc = FloatVector.zero(SPECIES);
            for (int i = 0; i < lines; i++) {
                long at = inAt + i * lineStep + c;
                for (int j = 0; j < columns; j++) {
                    acc = FloatVector.fromMemorySegment(SPECIES, in, at * Float.BYTES, ORDER).add(acc);
                    at += columnStep;
                }
            }
            acc.intoMemorySegment(out, (outAt + c) * Float.BYTES, ORDER);
        }
        for (; c < n; c++) {
            float acc = 0;
            for (int i = 0; i < lines; i++) {
                long at = inAt + i * lineStep + c;
                for (int j = 0; j < columns; j++) {
                    acc += in.getAtIndex(Tensor.FLOAT, at);
                    at += columnStep;
                }
            }
            out.setAtIndex(Tensor.FLOAT, outAt + c, acc);
        }
    }
}
