package vit.kernels.groupnorm;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VIRTUAL_LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.ColumnSums;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * {@link GroupNorm} on the Vector API. A lane is a channel. The scratch memory holds the {@value #FACTORS} factors of every channel of every image in
 * float, (B, 4, C), and then two sums of every channel of every block of pixels in double, (B, blocks, 2, C).
 */
final class GroupNormSimd {

    /** Floats of factors for each channel of each image. */
    static final int FACTORS = 4;

    /** Floats of sums for each channel of each block of each image: two doubles. */
    static final int SUMS = 2 * Double.BYTES / Float.BYTES;

    /** Channels of a block that one worker sums: 256 bytes. */
    private static final int CHANNELS = 64;

    private GroupNormSimd() {}

    /** The number of parts into which the first pass divides its sums: some channels of a block of pixels of an image. */
    static int items(int channels, int batch, int pixels) {
        return batch * Math.ceilDiv(pixels, GroupNorm.BLOCK) * Math.ceilDiv(channels, CHANNELS);
    }

    /** The byte offset of factor {@code factor} of channel 0 of image {@code b}. */
    private static long factorOffset(int channels, int b, int factor) {
        return ((long) b * FACTORS + factor) * channels * Float.BYTES;
    }

    /** The byte offset of the first sum of channel 0 of a block, counted over the whole batch. */
    private static long sumOffset(int channels, int batch, int block) {
        return factorOffset(channels, batch, 0) + (long) block * channels * 2 * Double.BYTES;
    }

    /** Σ x and Σ x² of items {@code from} to {@code to}. */
    static void sumSquares(Tensor scratch, Tensor x, int batch, int pixels, int from, int to, double[] sums) {
        int channels = x.columns();
        int parts = Math.ceilDiv(channels, CHANNELS);
        int blocks = Math.ceilDiv(pixels, GroupNorm.BLOCK);
        long stride = x.rowOffset(1);
        for (int item = from; item < to; item++) {
            int block = item / parts;
            int first = block % blocks * GroupNorm.BLOCK;
            int n = Math.min(GroupNorm.BLOCK, pixels - first);
            long row = x.rowOffset(block / blocks * pixels + first);
            int end = Math.min(channels, (item % parts + 1) * CHANNELS);
            for (int c = item % parts * CHANNELS; c < end; c += LANES) {
                int columns = Math.min(LANES, end - c);
                ColumnSums.squares(x.segment(), row + (long) c * Float.BYTES, stride, n, columns, sums);
                store(scratch.segment(), sumOffset(channels, batch, block), channels, c, columns, sums);
            }
        }
    }

    /** Σ dy and Σ dy·x of items {@code from} to {@code to}. */
    static void sumProducts(Tensor scratch, Tensor dy, Tensor x, int batch, int pixels, int from, int to, double[] sums) {
        int channels = x.columns();
        int parts = Math.ceilDiv(channels, CHANNELS);
        int blocks = Math.ceilDiv(pixels, GroupNorm.BLOCK);
        for (int item = from; item < to; item++) {
            int block = item / parts;
            int first = block % blocks * GroupNorm.BLOCK;
            int n = Math.min(GroupNorm.BLOCK, pixels - first);
            int row = block / blocks * pixels + first;
            int end = Math.min(channels, (item % parts + 1) * CHANNELS);
            for (int c = item % parts * CHANNELS; c < end; c += LANES) {
                int columns = Math.min(LANES, end - c);
                ColumnSums.products(dy.segment(), dy.rowOffset(row) + (long) c * Float.BYTES, dy.rowOffset(1),
                        x.segment(), x.rowOffset(row) + (long) c * Float.BYTES, x.rowOffset(1), n, columns, sums);
                store(scratch.segment(), sumOffset(channels, batch, block), channels, c, columns, sums);
            }
        }
    }

    /** Stores the first and the second sums of {@code columns} channels from channel {@code c} on. */
    private static void store(MemorySegment scratch, long offset, int channels, int c, int columns, double[] sums) {
        MemorySegment.copy(sums, 0, scratch, JAVA_DOUBLE_UNALIGNED, offset + (long) c * Double.BYTES, columns);
        MemorySegment.copy(sums, VIRTUAL_LANES, scratch, JAVA_DOUBLE_UNALIGNED, offset + (long) (channels + c) * Double.BYTES, columns);
    }

    /**
     * The sum over all blocks of an image, in ascending order.
     *
     * @param offset of the sum in the first block
     * @param step   bytes from a block to the next
     */
    private static double overBlocks(MemorySegment scratch, long offset, long step, int blocks) {
        double sum = 0;
        for (int i = 0; i < blocks; i++) {
            sum += scratch.get(JAVA_DOUBLE_UNALIGNED, offset + i * step);
        }
        return sum;
    }

    /**
     * From the sums to the statistics of groups {@code from} to {@code to}, counted over the whole batch, and to the factors of their channels:
     * y = (x − center)·scale + shift. The center is the mean rounded to float, and the shift makes up for the rounding.
     */
    static void statistics(
            Tensor scratch, Tensor mean, Tensor rstd, Tensor weight, Tensor bias, double epsilon, int groups, int batch, int pixels, int from, int to) {
        int channels = weight.columns();
        int size = channels / groups;
        int blocks = Math.ceilDiv(pixels, GroupNorm.BLOCK);
        MemorySegment memory = scratch.segment();
        long step = (long) channels * 2 * Double.BYTES;
        for (int group = from; group < to; group++) {
            int b = group / groups;
            int first = group % groups * size;
            double sum = 0;
            double squares = 0;
            for (int c = first; c < first + size; c++) {
                long at = sumOffset(channels, batch, b * blocks) + (long) c * Double.BYTES;
                sum += overBlocks(memory, at, step, blocks);
                squares += overBlocks(memory, at + (long) channels * Double.BYTES, step, blocks);
            }
            double n = (double) pixels * size;
            double average = sum / n;
            double deviation = Math.max(0, squares / n - average * average);
            double root = 1 / Math.sqrt(deviation + epsilon);
            float center = (float) average;
            for (int c = first; c < first + size; c++) {
                double scale = root * get(weight.segment(), 0, c);
                set(memory, factorOffset(channels, b, 0), c, center);
                set(memory, factorOffset(channels, b, 1), c, (float) scale);
                set(memory, factorOffset(channels, b, 2), c, (float) (get(bias.segment(), 0, c) - (average - center) * scale));
            }
            if (mean != null) {
                set(mean.segment(), 0, group, center);
            }
            if (rstd != null) {
                set(rstd.segment(), 0, group, (float) root);
            }
        }
    }

    /** y = (x − center)·scale + shift in rows {@code from} to {@code to}. */
    static void normalise(Tensor y, Tensor x, Tensor scratch, int pixels, int from, int to) {
        int channels = x.columns();
        for (int row = from; row < to; row++) {
            int b = row / pixels;
            normalise(y.segment(), y.rowOffset(row), x.segment(), x.rowOffset(row), scratch.segment(),
                    factorOffset(channels, b, 0), factorOffset(channels, b, 1), factorOffset(channels, b, 2), channels);
        }
    }

    @VectorLoop
    static void normalise(
            MemorySegment y, long yOffset, MemorySegment x, long xOffset, MemorySegment factors, long center, long scale, long shift, int n) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        factors = Tensor.offHeap(factors);
        int c = 0;
        for (; c <= n - LANES; c += LANES) {
            long at = (long) c * Float.BYTES;
            FloatVector deviation = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, factors, center + at, ORDER));
            deviation.fma(FloatVector.fromMemorySegment(SPECIES, factors, scale + at, ORDER),
                    FloatVector.fromMemorySegment(SPECIES, factors, shift + at, ORDER)).intoMemorySegment(y, yOffset + at, ORDER);
        }
        for (; c < n; c++) {
            long at = (long) c * Float.BYTES;
            float deviation = x.get(Tensor.FLOAT, xOffset + at) - factors.get(Tensor.FLOAT, center + at);
            float normal = Math.fma(deviation, factors.get(Tensor.FLOAT, scale + at), factors.get(Tensor.FLOAT, shift + at));
            y.set(Tensor.FLOAT, yOffset + at, normal);
        }
    }

    /**
     * From the sums to the gradients of the parameters of groups {@code from} to {@code to} in all images, and to the factors of their channels: dx =
     * dy·(rstd·weight) + (x − mean)·slope + offset with slope = −rstd²·mean(g·x̂) and offset = −rstd·mean(g).
     */
    static void gradientFactors(
            Tensor scratch, Tensor dweight, Tensor dbias, Tensor mean, Tensor rstd, Tensor weight, int groups, int batch, int pixels, int from, int to) {
        int channels = weight.columns();
        int size = channels / groups;
        int blocks = Math.ceilDiv(pixels, GroupNorm.BLOCK);
        MemorySegment memory = scratch.segment();
        long step = (long) channels * 2 * Double.BYTES;
        double n = (double) pixels * size;
        for (int group = from; group < to; group++) {
            int first = group * size;
            for (int b = 0; b < batch; b++) {
                float center = get(mean.segment(), 0, b * groups + group);
                double root = get(rstd.segment(), 0, b * groups + group);
                double ofG = 0;
                double ofGNormal = 0;
                for (int c = first; c < first + size; c++) {
                    long at = sumOffset(channels, batch, b * blocks) + (long) c * Double.BYTES;
                    double upstream = overBlocks(memory, at, step, blocks);
                    double products = overBlocks(memory, at + (long) channels * Double.BYTES, step, blocks);
                    double ofNormal = (products - center * upstream) * root; // Σ dy·x̂
                    set(dweight.segment(), 0, c, (float) (get(dweight.segment(), 0, c) + ofNormal));
                    set(dbias.segment(), 0, c, (float) (get(dbias.segment(), 0, c) + upstream));
                    ofG += upstream * get(weight.segment(), 0, c);
                    ofGNormal += ofNormal * get(weight.segment(), 0, c);
                }
                for (int c = first; c < first + size; c++) {
                    set(memory, factorOffset(channels, b, 0), c, center);
                    set(memory, factorOffset(channels, b, 1), c, (float) (root * get(weight.segment(), 0, c)));
                    set(memory, factorOffset(channels, b, 2), c, (float) (-root * root * ofGNormal / n));
                    set(memory, factorOffset(channels, b, 3), c, (float) (-root * ofG / n));
                }
            }
        }
    }

    /** dx = dy·scale + (x − center)·slope + offset in rows {@code from} to {@code to}. */
    static void inputGradient(Tensor dx, Tensor dy, Tensor x, Tensor scratch, int pixels, int from, int to) {
        int channels = x.columns();
        for (int row = from; row < to; row++) {
            inputGradient(dx.segment(), dx.rowOffset(row), dy.segment(), dy.rowOffset(row), x.segment(), x.rowOffset(row),
                    scratch.segment(), factorOffset(channels, row / pixels, 0), channels);
        }
    }

    /** The four factors begin at {@code center}, n floats each. */
    @VectorLoop
    private static void inputGradient(
            MemorySegment dx, long dxOffset, MemorySegment dy, long dyOffset, MemorySegment x, long xOffset, MemorySegment factors, long center, int n) {
        dx = Tensor.offHeap(dx);
        dy = Tensor.offHeap(dy);
        x = Tensor.offHeap(x);
        factors = Tensor.offHeap(factors);
        long scale = at(center, n);
        long slope = at(scale, n);
        long offset = at(slope, n);
        int c = 0;
        for (; c <= n - LANES; c += LANES) {
            long at = (long) c * Float.BYTES;
            FloatVector deviation = FloatVector.fromMemorySegment(SPECIES, x, xOffset + at, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, factors, center + at, ORDER));
            FloatVector projections = deviation.fma(FloatVector.fromMemorySegment(SPECIES, factors, slope + at, ORDER),
                    FloatVector.fromMemorySegment(SPECIES, factors, offset + at, ORDER));
            FloatVector.fromMemorySegment(SPECIES, dy, dyOffset + at, ORDER)
                    .fma(FloatVector.fromMemorySegment(SPECIES, factors, scale + at, ORDER), projections)
                    .intoMemorySegment(dx, dxOffset + at, ORDER);
        }
        for (; c < n; c++) {
            float projections = Math.fma(get(x, xOffset, c) - get(factors, center, c), get(factors, slope, c), get(factors, offset, c));
            set(dx, dxOffset, c, Math.fma(get(dy, dyOffset, c), get(factors, scale, c), projections));
        }
    }

    private static float get(MemorySegment segment, long offset, int i) {
        return segment.get(Tensor.FLOAT, at(offset, i));
    }

    private static void set(MemorySegment segment, long offset, int i, float value) {
        segment.set(Tensor.FLOAT, at(offset, i), value);
    }

    /** The byte offset of element {@code i} of a row. */
    private static long at(long rowOffset, int i) {
        return rowOffset + (long) i * Float.BYTES;
    }
}
