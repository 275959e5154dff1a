package vit.kernels.maxpool;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.IS_NAN;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import vit.kernels.convolution.Window;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link MaxPool} on the Vector API. A lane is a channel. */
final class MaxPoolSimd {

    private MaxPoolSimd() {}

    /** Windows {@code from} to {@code to}, counted over the whole batch; {@code index} may be null. */
    static void forward(Tensor y, Tensor index, Tensor x, Window window, int height, int width, int from, int to) {
        int acrossY = window.outputs(height);
        int acrossX = window.outputs(width);
        int C = x.columns();
        for (int row = from; row < to; row++) {
            int b = row / (acrossY * acrossX);
            int top = window.start(row / acrossX % acrossY, height);
            int left = window.start(row % acrossX, width);
            int ky = Math.max(0, -top);
            int kx = Math.max(0, -left);
            int lines = Math.min(window.size(), height - top) - ky;
            int columns = Math.min(window.size(), width - left) - kx;
            long at = x.rowOffset((b * height + top + ky) * width + left + kx);
            if (index == null) {
                maximum(y.segment(), y.rowOffset(row), x.segment(), at, lines, x.rowOffset(width), columns, x.rowOffset(1), C);
            } else {
                maximumAndIndex(y.segment(), y.rowOffset(row), index.segment(), index.rowOffset(row), x.segment(), at,
                        lines, x.rowOffset(width), columns, x.rowOffset(1), ky * window.size() + kx, window.size(), C);
            }
        }
    }

    /** The maximum of {@code lines} times {@code columns} runs of n floats; the steps from one to the next are in bytes. */
    @VectorLoop
    static void maximum(
            MemorySegment y, long yOffset, MemorySegment x, long xOffset, int lines, long lineStep, int columns, long columnStep, int n) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        int c = 0;
        for (; c <= n - LANES; c += LANES) {
            long at = (long) c * Float.BYTES;
            FloatVector max = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER);
            for (int i = 0; i < lines; i++) {
                long in = xOffset + i * lineStep + at;
                for (int j = 0; j < columns; j++) {
                    FloatVector value = FloatVector.fromMemorySegment(SPECIES, x, in, ORDER);
                    VectorMask<Float> better = value.compare(GT, max).or(value.test(IS_NAN));
                    max = value.blend(max, better.not());
                    in += columnStep;
                }
            }
            max.intoMemorySegment(y, yOffset + at, ORDER);
        }
        for (; c < n; c++) {
            long at = (long) c * Float.BYTES;
            float max = x.get(Tensor.FLOAT, xOffset + at);
            for (int i = 0; i < lines; i++) {
                for (int j = 0; j < columns; j++) {
                    float value = x.get(Tensor.FLOAT, xOffset + i * lineStep + j * columnStep + at);
                    if (value > max || Float.isNaN(value)) {
                        max = value;
                    }
                }
            }
            y.set(Tensor.FLOAT, yOffset + at, max);
        }
    }

    /** The same, and the number of the run that is chosen: {@code first} for the first run, one more for each column, {@code size} more for each line. */
    @VectorLoop
    private static void maximumAndIndex(
            MemorySegment y, long yOffset, MemorySegment index, long indexOffset, MemorySegment x, long xOffset,
            int lines, long lineStep, int columns, long columnStep, int first, int size, int n) {
        y = Tensor.offHeap(y);
        index = Tensor.offHeap(index);
        x = Tensor.offHeap(x);
        int c = 0;
        for (; c <= n - LANES; c += LANES) {
            long at = (long) c * Float.BYTES;
            FloatVector max = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER);
            FloatVector chosen = FloatVector.broadcast(SPECIES, (float) first);
            for (int i = 0; i < lines; i++) {
                long in = xOffset + i * lineStep + at;
                for (int j = 0; j < columns; j++) {
                    FloatVector value = FloatVector.fromMemorySegment(SPECIES, x, in, ORDER);
                    VectorMask<Float> worse = value.compare(GT, max).or(value.test(IS_NAN)).not();
                    max = value.blend(max, worse);
                    chosen = FloatVector.broadcast(SPECIES, (float) (first + i * size + j)).blend(chosen, worse);
                    in += columnStep;
                }
            }
            max.intoMemorySegment(y, yOffset + at, ORDER);
            chosen.intoMemorySegment(index, indexOffset + at, ORDER);
        }
        for (; c < n; c++) {
            long at = (long) c * Float.BYTES;
            float max = x.get(Tensor.FLOAT, xOffset + at);
            float chosen = first;
            for (int i = 0; i < lines; i++) {
                for (int j = 0; j < columns; j++) {
                    float value = x.get(Tensor.FLOAT, xOffset + i * lineStep + j * columnStep + at);
                    if (value > max || Float.isNaN(value)) {
                        max = value;
                        chosen = first + i * size + j;
                    }
                }
            }
            y.set(Tensor.FLOAT, yOffset + at, max);
            index.set(Tensor.FLOAT, indexOffset + at, chosen);
        }
    }

    /** Pixels {@code from} to {@code to}, counted over the whole batch. */
    static void backward(Tensor dx, Tensor dy, Tensor index, Window window, int height, int width, int from, int to) {
        int acrossY = window.outputs(height);
        int acrossX = window.outputs(width);
        for (int pixel = from; pixel < to; pixel++) {
            int y = pixel / width % height;
            int x = pixel % width;
            int firstY = window.firstOver(y, height);
            int firstX = window.firstOver(x, width);
            int lines = window.endOver(y, height) - firstY;
            int columns = window.endOver(x, width) - firstX;
            int row = (pixel / (height * width) * acrossY + firstY) * acrossX + firstX;
            int number = (y - window.start(firstY, height)) * window.size() + x - window.start(firstX, width);
            gather(dx.segment(), dx.rowOffset(pixel), dy.segment(), dy.rowOffset(row), dy.rowOffset(1), index.segment(), index.rowOffset(row),
                    index.rowOffset(1), lines, acrossX, columns, number, window.size(), window.stride(), dx.columns());
        }
    }

    /**
     * dx = the sum of those of {@code lines} times {@code columns} runs of dy whose index is the number of this pixel. The pixel's number is {@code
     * number} in the first window, {@code stride} less in the next of the line, and {@code size·stride} less in the next line, {@code across} windows
     * later.
     */
    @VectorLoop
    private static void gather(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, long dyStep, MemorySegment index, long indexOffset, long indexStep,
            int lines, int across, int columns, int number, int size, int stride, int n) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        index = Tensor.offHeap(index);
        int c = 0;
        for (; c <= n - LANES; c += LANES) {
            long at = (long) c * Float.BYTES;
            FloatVector acc = FloatVector.zero(SPECIES);
            for (int i = 0; i < lines; i++) {
                for (int j = 0; j < columns; j++) {
                    long window = (long) i * across + j;
                    VectorMask<Float> chosen = FloatVector.fromMemorySegment(SPECIES, index, indexOffset + window * indexStep + at, ORDER)
                            .compare(EQ, (float) (number - (i * size + j) * stride));
                    acc = FloatVector.zero(SPECIES).blend(FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + window * dyStep + at, ORDER), chosen)
                            .add(acc);
                }
            }
            acc.intoMemorySegment(dx, dxOffset + at, ORDER);
        }
        for (; c < n; c++) {
            long at = (long) c * Float.BYTES;
            float acc = 0;
            for (int i = 0; i < lines; i++) {
                for (int j = 0; j < columns; j++) {
                    long window = (long) i * across + j;
                    boolean chosen = index.get(Tensor.FLOAT, indexOffset + window * indexStep + at) == number - (i * size + j) * stride;
                    acc += chosen ? dy.get(Tensor.FLOAT, dyOffset + window * dyStep + at) : 0;
                }
            }
            dx.set(Tensor.FLOAT, dxOffset + at, acc);
        }
    }
}
