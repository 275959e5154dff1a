package vit.kernels.dropout;

import static vit.kernels.simd.Simd.INT_SPECIES;
import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import vit.kernels.tensor.Tensor;

/** {@link Dropout} on the Vector API: Philox on one block a lane. */
final class DropoutSimd {

    private static final long LOW_WORDS = 0xFFFFFFFFL;
    private static final long LONG_MULTIPLIER_0 = Philox.MULTIPLIER_0 & LOW_WORDS;
    private static final long LONG_MULTIPLIER_1 = Philox.MULTIPLIER_1 & LOW_WORDS;

    private DropoutSimd() {}

    /** Rows {@code from} to {@code to}. */
    static void apply(Tensor out, Tensor in, double p, long seed, long stream, long firstRow, int from, int to) {
        int C = in.columns();
        int threshold = DropProbability.threshold(p);
        float scale = (float) DropProbability.scale(p);
        for (int row = from; row < to; row++) {
            long element = (firstRow + row) * Dropout.rowStep(C);
            long outAt = (long) row * out.rowStride();
            long inAt = (long) row * in.rowStride();
            for (int column = 0; column < C; column += Philox.GROUP) {
                long block = (element + column) / Philox.GROUP * Philox.GROUP_BLOCKS;
                for (int lane = 0; lane < Philox.GROUP_BLOCKS && column + lane < C; lane += LANES) {
                    applyBlocks(out.segment(), outAt, in.segment(), inAt, column + lane, C,
                            threshold, scale, seed, stream, block + lane);
                }
            }
        }
    }

    /**
     * The blocks {@code block …} of one vector: their four words belong to the runs of LANES columns at {@code column},
     * + 16, + 32 and + 48, so far as the row goes.
     */
    private static void applyBlocks(
            MemorySegment out, long outAt, MemorySegment in, long inAt, int column, int columns,
            int threshold, float scale, long seed, long stream, long block) {
        IntVector c0 = IntVector.broadcast(INT_SPECIES, (int) block).addIndex(1);
        IntVector c1 = IntVector.broadcast(INT_SPECIES, (int) (block >>> Integer.SIZE));
        IntVector c2 = IntVector.broadcast(INT_SPECIES, (int) stream);
        IntVector c3 = IntVector.broadcast(INT_SPECIES, (int) (stream >>> Integer.SIZE));
        int k0 = (int) seed;
        int k1 = (int) (seed >>> Integer.SIZE);
        for (int round = 0; round < Philox.ROUNDS; round++) {
            IntVector high0 = multiplyHigh(c0, LONG_MULTIPLIER_0);
            IntVector high1 = multiplyHigh(c2, LONG_MULTIPLIER_1);
            IntVector low0 = c0.mul(Philox.MULTIPLIER_0);
            IntVector low1 = c2.mul(Philox.MULTIPLIER_1);
            c0 = high1.lanewise(VectorOperators.XOR, c1).lanewise(VectorOperators.XOR, k0);
            c1 = low1;
            c2 = high0.lanewise(VectorOperators.XOR, c3).lanewise(VectorOperators.XOR, k1);
            c3 = low0;
            k0 += Philox.KEY_STEP_0;
            k1 += Philox.KEY_STEP_1;
        }
        long element = block / Philox.GROUP_BLOCKS * Philox.GROUP + block % Philox.GROUP_BLOCKS;
        select(out, outAt, in, inAt, column, columns, c0, threshold, scale, seed, stream, element);
        select(out, outAt, in, inAt, column + 16, columns, c1, threshold, scale, seed, stream, element + 16);
        select(out, outAt, in, inAt, column + 32, columns, c2, threshold, scale, seed, stream, element + 32);
        select(out, outAt, in, inAt, column + 48, columns, c3, threshold, scale, seed, stream, element + 48);
    }

    /** The high 32 bits of each lane's unsigned product: even lanes in the low half of a long, odd lanes in the high. */
    private static IntVector multiplyHigh(IntVector a, long multiplier) {
        LongVector pairs = a.reinterpretAsLongs();
        LongVector even = pairs.and(LOW_WORDS).mul(multiplier);
        LongVector odd = pairs.lanewise(VectorOperators.LSHR, Integer.SIZE).mul(multiplier);
        return even.lanewise(VectorOperators.LSHR, Integer.SIZE).or(odd.and(~LOW_WORDS)).reinterpretAsInts();
    }

    private static void select(
            MemorySegment out, long outAt, MemorySegment in, long inAt, int column, int columns,
            IntVector words, int threshold, float scale, long seed, long stream, long element) {
        if (column <= columns - LANES) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, in, (inAt + column) * Float.BYTES, ORDER);
            // Unsigned comparison: with the top bit flipped on both sides it is the signed one.
            VectorMask<Integer> dropped = words.lanewise(VectorOperators.XOR, Integer.MIN_VALUE)
                    .compare(VectorOperators.LT, threshold ^ Integer.MIN_VALUE);
            x.mul(scale).blend(0f, dropped.cast(SPECIES)).intoMemorySegment(out, (outAt + column) * Float.BYTES, ORDER);
            return;
        }
        for (int i = 0; column + i < columns; i++) {
            boolean dropped = DropProbability.drops(Philox.word(seed, stream, element + i), threshold);
            float x = in.getAtIndex(Tensor.FLOAT, inAt + column + i);
            out.setAtIndex(Tensor.FLOAT, outAt + column + i, dropped ? 0f : x * scale);
        }
    }
}
