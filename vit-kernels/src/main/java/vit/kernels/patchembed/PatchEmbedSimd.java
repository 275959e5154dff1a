package vit.kernels.patchembed;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** {@link PatchEmbed} on the Vector API: copies, and additions of two numbers, whose results cannot depend on the vector width. */
final class PatchEmbedSimd {

    private PatchEmbedSimd() {}

    /** Patches {@code from} to {@code to}, counted over the whole batch. */
    static void patchify(Tensor patches, Tensor images, int p, PatchOrder order, int from, int to) {
        move(patches, images, p, order, from, to, true);
    }

    /** The pixels of patches {@code from} to {@code to}. */
    static void unpatchify(Tensor images, Tensor patches, int p, PatchOrder order, int from, int to) {
        move(patches, images, p, order, from, to, false);
    }

    /** Moves one run, which is a row of a patch in one channel: p neighbouring pixels of the image, {@code step} apart in the patch. */
    private static void move(
            Tensor patches, Tensor images, int p, PatchOrder order, int from, int to, boolean intoPatches) {
        int channels = images.shape().dimension(1);
        int height = images.shape().dimension(2);
        int gridWidth = images.shape().dimension(3) / p;
        int count = height / p * gridWidth;
        boolean channelFirst = order == PatchOrder.CHANNEL_FIRST;
        int step = channelFirst ? 1 : channels;
        for (int i = from; i < to; i++) {
            int b = i / count;
            int y = i % count / gridWidth * p;
            int x = i % count % gridWidth * p;
            for (int c = 0; c < channels; c++) {
                for (int dy = 0; dy < p; dy++) {
                    int element = channelFirst ? (c * p + dy) * p : dy * p * channels + c;
                    long inPatch = (long) i * patches.rowStride() + element;
                    long inImage = ((long) (b * channels + c) * height + y + dy) * images.rowStride() + x;
                    if (intoPatches) {
                        copy(patches.segment(), inPatch, step, images.segment(), inImage, 1, p);
                    } else {
                        copy(images.segment(), inImage, 1, patches.segment(), inPatch, step, p);
                    }
                }
            }
        }
    }

    /** Sets the pixels that no patch covers to 0, in rows {@code from} to {@code to} of all channels of all images. */
    static void clearBorder(Tensor images, int p, int from, int to) {
        int height = images.shape().dimension(2);
        int width = images.shape().dimension(3);
        for (int row = from; row < to; row++) {
            int covered = row % height < height / p * p ? width / p * p : 0;
            for (int x = covered; x < width; x++) {
                images.segment().setAtIndex(Tensor.FLOAT, (long) row * images.rowStride() + x, 0);
            }
        }
    }

    private static void copy(MemorySegment out, long outAt, int outStep, MemorySegment in, long inAt, int inStep, int n) {
        out = Tensor.offHeap(out);
        in = Tensor.offHeap(in);
        if (outStep == 1 && inStep == 1) {
            MemorySegment.copy(in, inAt * Float.BYTES, out, outAt * Float.BYTES, (long) n * Float.BYTES);
            return;
        }
        for (int i = 0; i < n; i++) {
            out.setAtIndex(Tensor.FLOAT, outAt + (long) i * outStep, in.getAtIndex(Tensor.FLOAT, inAt + (long) i * inStep));
        }
    }

    /** Tokens {@code from} to {@code to}, counted over the whole batch. */
    static void assemble(
            Tensor tokens, Tensor projected, Tensor prefix, Tensor positions, int positionedPrefix,
            int patches, int from, int to) {
        int R = prefix == null ? 0 : prefix.rows();
        int T = R + patches;
        int C = tokens.columns();
        for (int i = from; i < to; i++) {
            int t = i % T;
            int position = PatchEmbedReference.position(t, R, positionedPrefix);
            Tensor source = t < R ? prefix : projected;
            long outAt = (long) i * tokens.rowStride();
            long inAt = (long) (t < R ? t : i / T * patches + t - R) * source.rowStride();
            if (positions == null || position < 0) {
                copy(tokens.segment(), outAt, 1, source.segment(), inAt, 1, C);
            } else {
                add(tokens.segment(), outAt, source.segment(), inAt,
                        positions.segment(), (long) position * positions.rowStride(), C);
            }
        }
    }

    /**
     * The gradients that come from tokens {@code from} to {@code to} of every image. One worker computes a whole row of a parameter's gradient and
     * adds the images in ascending order, so the bits do not depend on how the tokens are divided.
     */
    static void assembleBackward(
            Tensor dprojected, Tensor dprefix, Tensor dpositions, Tensor dtokens, int positionedPrefix,
            int batch, int prefixTokens, int patches, int from, int to) {
        int R = prefixTokens;
        int T = R + patches;
        int C = dtokens.columns();
        for (int t = from; t < to; t++) {
            int position = PatchEmbedReference.position(t, R, positionedPrefix);
            for (int b = 0; b < batch; b++) {
                long inAt = (long) (b * T + t) * dtokens.rowStride();
                if (t >= R) {
                    long outAt = (long) (b * patches + t - R) * dprojected.rowStride();
                    copy(dprojected.segment(), outAt, 1, dtokens.segment(), inAt, 1, C);
                } else if (dprefix != null) {
                    accumulate(dprefix, t, dtokens.segment(), inAt, C);
                }
                if (dpositions != null && position >= 0) {
                    accumulate(dpositions, position, dtokens.segment(), inAt, C);
                }
            }
        }
    }

    /** Positions {@code from} to {@code to}, each a row of the columns' table and one of the rows' table. */
    static void joinAxes(Tensor positions, Tensor columns, Tensor rows, int from, int to) {
        int half = columns.columns();
        int gridWidth = columns.rows();
        for (int i = from; i < to; i++) {
            long at = (long) i * positions.rowStride();
            copy(positions.segment(), at, 1, columns.segment(), (long) (i % gridWidth) * columns.rowStride(), 1, half);
            copy(positions.segment(), at + half, 1, rows.segment(), (long) (i / gridWidth) * rows.rowStride(), 1, half);
        }
    }

    /**
     * The gradients of rows {@code from} to {@code to} of both tables, the columns' first. One worker computes a whole row and adds images and patches in
     * ascending order, so the bits do not depend on how the rows are divided.
     */
    static void joinAxesBackward(Tensor dcolumns, Tensor drows, Tensor dtokens, int batch, int prefixTokens, int from, int to) {
        int half = dcolumns.columns();
        int gridWidth = dcolumns.rows();
        int gridHeight = drows.rows();
        int T = prefixTokens + gridHeight * gridWidth;
        for (int i = from; i < to; i++) {
            boolean column = i < gridWidth;
            int first = column ? i : (i - gridWidth) * gridWidth;
            int step = column ? gridWidth : 1;
            int count = column ? gridHeight : gridWidth;
            int offset = column ? 0 : half;
            for (int b = 0; b < batch; b++) {
                for (int p = 0; p < count; p++) {
                    long inAt = (long) (b * T + prefixTokens + first + p * step) * dtokens.rowStride() + offset;
                    accumulate(column ? dcolumns : drows, column ? i : i - gridWidth, dtokens.segment(), inAt, half);
                }
            }
        }
    }

    private static void accumulate(Tensor gradient, int row, MemorySegment in, long inAt, int n) {
        long at = (long) row * gradient.rowStride();
        add(gradient.segment(), at, gradient.segment(), at, in, inAt, n);
    }

    @VectorLoop
    static void add(
            MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        out = Tensor.offHeap(out);
        a = Tensor.offHeap(a);
        b = Tensor.offHeap(b);
        int i = 0;
        for (; i <= n - LANES; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, a, (aAt + i) * Float.BYTES, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, b, (bAt + i) * Float.BYTES, ORDER))
                    .intoMemorySegment(out, (outAt + i) * Float.BYTES, ORDER);
        }
        for (; i < n; i++) {
            float sum = a.getAtIndex(Tensor.FLOAT, aAt + i) + b.getAtIndex(Tensor.FLOAT, bAt + i);
            out.setAtIndex(Tensor.FLOAT, outAt + i, sum);
        }
    }
}
