package vit.kernels.gemm;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * Transposition on the way from memory to packed rows. A square of as many rows as a vector has lanes is transposed by exchanges: for each power of
 * two h below that number, and for each two rows whose numbers differ in the bit h, the lanes with the bit h of the first are exchanged for the lanes
 * without it of the second. Two powers are done while four rows are in registers, so a square is written once in between.
 */
final class TransposeSimd {

    /** Floats of the memory in which a square lies between the first two powers of two and the others. */
    static final int SCRATCH = LANES * LANES;

    // By the bit h: the lane whose number differs in that bit, and whether a lane has the bit.
    private static final VectorShuffle<Float> ACROSS_1 = across(1);
    private static final VectorShuffle<Float> ACROSS_2 = across(2);
    private static final VectorShuffle<Float> ACROSS_4 = across(4);
    private static final VectorShuffle<Float> ACROSS_8 = across(8);
    private static final VectorMask<Float> WITH_1 = with(1, true);
    private static final VectorMask<Float> WITHOUT_1 = with(1, false);
    private static final VectorMask<Float> WITH_2 = with(2, true);
    private static final VectorMask<Float> WITHOUT_2 = with(2, false);
    private static final VectorMask<Float> WITH_4 = with(4, true);
    private static final VectorMask<Float> WITHOUT_4 = with(4, false);
    private static final VectorMask<Float> WITH_8 = with(8, true);
    private static final VectorMask<Float> WITHOUT_8 = with(8, false);

    private TransposeSimd() {}

    @VectorHelper
    private static VectorShuffle<Float> across(int h) {
        return VectorShuffle.fromOp(SPECIES, lane -> (lane ^ h) % LANES);
    }

    @VectorHelper
    private static VectorMask<Float> with(int h, boolean bit) {
        boolean[] lanes = new boolean[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = (i & h) != 0 == bit;
        }
        return VectorMask.fromArray(SPECIES, lanes, 0);
    }

    /**
     * Row c of the target, {@code stride} floats apart from the next, receives column c of the source, for {@code columns} columns of {@code steps}
     * elements.
     *
     * @param scratch {@link #SCRATCH} floats, overwritten
     */
    static void transpose(float[] target, int to, int stride, MemorySegment source, long offset, long rowBytes, int columns, int steps, float[] scratch) {
        int wholeColumns = columns / LANES * LANES;
        int wholeSteps = steps / LANES * LANES;
        squares(target, to, stride, source, offset, rowBytes, wholeColumns, wholeSteps, scratch);
        copy(target, to, stride, source, offset, rowBytes, wholeColumns, columns, 0, wholeSteps);
        copy(target, to, stride, source, offset, rowBytes, 0, columns, wholeSteps, steps);
    }

    /**
     * The whole squares. The masks and shuffles are made once a call, so a call should be for many squares.
     *
     * @param columns a multiple of the lanes
     * @param steps   a multiple of the lanes
     */
    @VectorLoop
    static void squares(float[] target, int to, int stride, MemorySegment source, long offset, long rowBytes, int columns, int steps, float[] scratch) {
        source = Tensor.offHeap(source);
        for (int k = 0; k < steps; k += LANES) {
            for (int column = 0; column < columns; column += LANES) {
                long from = offset + k * rowBytes + (long) column * Float.BYTES;
                // The first two powers of two, for four rows of the source after the other.
                for (int i = 0; i < LANES; i += 4) {
                    long at = from + i * rowBytes;
                    FloatVector a = FloatVector.fromMemorySegment(SPECIES, source, at, ORDER);
                    FloatVector b = FloatVector.fromMemorySegment(SPECIES, source, at + rowBytes, ORDER);
                    FloatVector c = FloatVector.fromMemorySegment(SPECIES, source, at + 2 * rowBytes, ORDER);
                    FloatVector d = FloatVector.fromMemorySegment(SPECIES, source, at + 3 * rowBytes, ORDER);
                    FloatVector ab = a.blend(b.rearrange(ACROSS_1), WITH_1);
                    FloatVector ba = b.blend(a.rearrange(ACROSS_1), WITHOUT_1);
                    FloatVector cd = c.blend(d.rearrange(ACROSS_1), WITH_1);
                    FloatVector dc = d.blend(c.rearrange(ACROSS_1), WITHOUT_1);
                    ab.blend(cd.rearrange(ACROSS_2), WITH_2).intoArray(scratch, i * LANES);
                    ba.blend(dc.rearrange(ACROSS_2), WITH_2).intoArray(scratch, (i + 1) * LANES);
                    cd.blend(ab.rearrange(ACROSS_2), WITHOUT_2).intoArray(scratch, (i + 2) * LANES);
                    dc.blend(ba.rearrange(ACROSS_2), WITHOUT_2).intoArray(scratch, (i + 3) * LANES);
                }
                // The others, for rows of the square that lie four apart.
                for (int i = 0; i < 4; i++) {
                    int at = to + (column + i) * stride + k;
                    FloatVector a = FloatVector.fromArray(SPECIES, scratch, i * LANES);
                    if (LANES == 4) {
                        a.intoArray(target, at);
                    } else {
                        FloatVector b = FloatVector.fromArray(SPECIES, scratch, (i + 4) * LANES);
                        FloatVector ab = a.blend(b.rearrange(ACROSS_4), WITH_4);
                        FloatVector ba = b.blend(a.rearrange(ACROSS_4), WITHOUT_4);
                        if (LANES == 8) {
                            ab.intoArray(target, at);
                            ba.intoArray(target, at + 4 * stride);
                        } else {
                            FloatVector c = FloatVector.fromArray(SPECIES, scratch, (i + 8) * LANES);
                            FloatVector d = FloatVector.fromArray(SPECIES, scratch, (i + 12) * LANES);
                            FloatVector cd = c.blend(d.rearrange(ACROSS_4), WITH_4);
                            FloatVector dc = d.blend(c.rearrange(ACROSS_4), WITHOUT_4);
                            ab.blend(cd.rearrange(ACROSS_8), WITH_8).intoArray(target, at);
                            ba.blend(dc.rearrange(ACROSS_8), WITH_8).intoArray(target, at + 4 * stride);
                            cd.blend(ab.rearrange(ACROSS_8), WITHOUT_8).intoArray(target, at + 8 * stride);
                            dc.blend(ba.rearrange(ACROSS_8), WITHOUT_8).intoArray(target, at + 12 * stride);
                        }
                    }
                }
            }
        }
    }

    /** The part that is no whole square, element by element. */
    private static void copy(float[] target, int to, int stride, MemorySegment source, long offset, long rowBytes,
            int firstColumn, int lastColumn, int firstStep, int lastStep) {
        source = Tensor.offHeap(source);
        for (int k = firstStep; k < lastStep; k++) {
            long from = offset + k * rowBytes;
            for (int c = firstColumn; c < lastColumn; c++) {
                target[to + c * stride + k] = source.get(Tensor.FLOAT, from + (long) c * Float.BYTES);
            }
        }
    }
}
