package vit.kernels.dropout;

import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import vit.kernels.simd.VectorHelper;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * {@link Dropout} on the Vector API: each lane computes one block of Philox. The words of a group go through memory. If one method made the words and
 * used them, it would be more than C2 inlines, and vectors that are passed to a call are allocated: four in every round.
 */
final class DropoutSimd {

    private static final int HALF = 16; // bits
    private static final int LOW_HALF = 0xFFFF;

    private DropoutSimd() {}

    /** Rows {@code from} to {@code to}; {@code words} is for the random words of a group. */
    static void apply(
            Tensor out, Tensor in, double p, long seed, long stream, long firstRow, int from, int to, int[] words) {
        int C = in.columns();
        int threshold = DropProbability.threshold(p);
        float scale = (float) DropProbability.scale(p);
        for (int row = from; row < to; row++) {
            long element = (firstRow + row) * Dropout.rowStep(C);
            long outAt = (long) row * out.rowStride();
            long inAt = (long) row * in.rowStride();
            for (int column = 0; column < C; column += Philox.GROUP) {
                long block = (element + column) / Philox.GROUP * Philox.GROUP_BLOCKS;
                for (int lane = 0; lane < Philox.GROUP_BLOCKS; lane += LANES) {
                    randomWords(words, lane, seed, stream, block + lane);
                }
                select(out.segment(), outAt + column, in.segment(), inAt + column, words,
                        Math.min(Philox.GROUP, C - column), threshold, scale);
            }
        }
    }

    /** Computes the four words of one vector of blocks, from {@code block} on, and stores them at {@code lane}, + 16, + 32 and + 48. */
    @VectorLoop
    private static void randomWords(int[] words, int lane, long seed, long stream, long block) {
        IntVector c0 = IntVector.broadcast(INT_SPECIES, (int) block).addIndex(1);
        IntVector c1 = IntVector.broadcast(INT_SPECIES, (int) (block >>> Integer.SIZE));
        IntVector c2 = IntVector.broadcast(INT_SPECIES, (int) stream);
        IntVector c3 = IntVector.broadcast(INT_SPECIES, (int) (stream >>> Integer.SIZE));
        int k0 = (int) seed;
        int k1 = (int) (seed >>> Integer.SIZE);
        for (int round = 0; round < Philox.ROUNDS; round++) {
            IntVector high0 = multiplyHigh(c0, Philox.MULTIPLIER_0);
            IntVector high1 = multiplyHigh(c2, Philox.MULTIPLIER_1);
            IntVector low0 = c0.mul(Philox.MULTIPLIER_0);
            IntVector low1 = c2.mul(Philox.MULTIPLIER_1);
            c0 = high1.lanewise(VectorOperators.XOR, c1).lanewise(VectorOperators.XOR, k0);
            c1 = low1;
            c2 = high0.lanewise(VectorOperators.XOR, c3).lanewise(VectorOperators.XOR, k1);
            c3 = low0;
            k0 += Philox.KEY_STEP_0;
            k1 += Philox.KEY_STEP_1;
        }
        c0.intoArray(words, lane);
        c1.intoArray(words, lane + Philox.GROUP_BLOCKS);
        c2.intoArray(words, lane + 2 * Philox.GROUP_BLOCKS);
        c3.intoArray(words, lane + 3 * Philox.GROUP_BLOCKS);
    }

    /**
     * The high 32 bits of the unsigned product of each lane, computed from 16-bit halves, because a product of long lanes is one instruction in
     * AVX-512 only. With a = a1·2¹⁶ + a0 and b = b1·2¹⁶ + b0,
     *
     * <pre>
     *   a·b  = a1·b1·2³² + (a1·b0 + a0·b1)·2¹⁶ + a0·b0
     *   s    = a1·b0 + ⌊a0·b0 / 2¹⁶⌋               at most (2¹⁶ − 1)² + 2¹⁶ − 1, below 2³²
     *   t    = a0·b1 + s mod 2¹⁶                   likewise
     *   high = a1·b1 + ⌊s / 2¹⁶⌋ + ⌊t / 2¹⁶⌋
     * </pre>
     */
    @VectorHelper
    private static IntVector multiplyHigh(IntVector a, int b) {
        int b0 = b & LOW_HALF;
        int b1 = b >>> HALF;
        IntVector a0 = a.and(LOW_HALF);
        IntVector a1 = a.lanewise(VectorOperators.LSHR, HALF);
        IntVector s = a1.mul(b0).add(a0.mul(b0).lanewise(VectorOperators.LSHR, HALF));
        IntVector t = a0.mul(b1).add(s.and(LOW_HALF));
        return a1.mul(b1).add(s.lanewise(VectorOperators.LSHR, HALF)).add(t.lanewise(VectorOperators.LSHR, HALF));
    }

    /** The first {@code count} elements of a group. */
    @VectorLoop
    private static void select(MemorySegment out, long outAt, MemorySegment in, long inAt, int[] words, int count,
            int threshold, float scale) {
        out = Tensor.offHeap(out);
        in = Tensor.offHeap(in);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, in, (inAt + i) * Float.BYTES, ORDER);
            // An unsigned comparison is a signed one with the top bit flipped on both sides.
            VectorMask<Integer> dropped = IntVector.fromArray(INT_SPECIES, words, i)
                    .lanewise(VectorOperators.XOR, Integer.MIN_VALUE)
                    .compare(VectorOperators.LT, threshold ^ Integer.MIN_VALUE);
            x.mul(scale).blend(0f, dropped.cast(SPECIES)).intoMemorySegment(out, (outAt + i) * Float.BYTES, ORDER);
        }
        for (; i < count; i++) {
            float x = in.getAtIndex(Tensor.FLOAT, inAt + i);
            out.setAtIndex(Tensor.FLOAT, outAt + i, DropProbability.drops(words[i], threshold) ? 0f : x * scale);
        }
    }
}
