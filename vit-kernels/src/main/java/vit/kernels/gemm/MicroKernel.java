package vit.kernels.gemm;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.simd.Simd;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * The innermost product: a tile of C, {@link #ROWS} rows by {@link #VECTORS} vectors, grows by some steps of k. What the kernels of the
 * two tile shapes have in common:
 *
 * <ul>
 * <li>They are flat methods longer than a screen, as C2 keeps accumulators in registers only when they are named locals.
 * <li>The tile comes from an array and goes to an array: an access to a memory segment takes C2 several times as many nodes, and a
 *     method over the limit is compiled with every vector boxed. Three steps of 6 × 4 make 60,000 nodes of the 80,000 that C2 allows.
 * <li>Three or four steps of k in an iteration: the loop's own instructions count where a core's other thread takes half of the front end.
 * <li>Something stands between the steps, or C2 makes one basic block of them, moves all their loads to its top, and the accumulators
 *     spill. With 32 registers it is a branch that is not taken. With 16, where it would be needed after every second row, it is a
 *     fence, which costs nothing on an array: so there the panel is {@linkplain #stage copied} to one.
 * <li>One counter addresses everything: rows lie {@link #ROW} floats apart, a constant of the instruction, and the panel's bytes are
 *     a power of two times the counter, so that C2 checks the bounds of all accesses once, before the loop. And packing is copying.
 * <li>In memory, every three steps a word of what the caller will multiply by next is read, so that it is on its way from memory to the cache
 *     meanwhile: {@link #TOUCHED} bytes further for each step of k. The cheapest use of such a word is the first of the branches: it
 *     is taken if the word is {@link #UNUSED_BITS}. Then the kernel ends early, and goes on when it is called again.
 * <li>No steps is a call that returns at once: what {@link vit.kernels.jit.Rehearsal} needs, and the products never ask for.
 * </ul>
 *
 * docs/gemm.md has the measurements behind each.
 */
final class MicroKernel {

    /** Rows of C in a tile. */
    static final int ROWS = 6;

    /** Whether the tile is {@link MicroKernel6x4}'s, with 24 accumulators, or {@link MicroKernel6x2}'s, with 12. */
    static final boolean WIDE = Simd.REGISTERS == 32;

    /** Vectors in a row of a tile. */
    static final int VECTORS = WIDE ? 4 : 2;

    /**
     * Floats from one packed row to the next, which is also the most steps of k of a call. No multiple of 4096 bytes, and a multiple of
     * the steps in an iteration of the kernels. A tile's rows are 18 KB. The panel, 48 KB with two vectors and 192 KB with four, comes
     * from the L2 cache; half of it, which would fit L1, was slower by 3 to 7 %: twice as many calls.
     */
    static final int ROW = 768;

    /** Whether the kernel reads the panel in a {@code float[]} instead of in memory, where somebody must have copied it. */
    static final boolean STAGED = !WIDE;

    /** Floats of a block of packed rows. */
    static final int BLOCK = ROWS * ROW;

    /** Bytes of the next panel that are read for a step of k. */
    static final int TOUCHED = 8;

    /** A NaN that no arithmetic makes. In a weight it costs time, nothing else. */
    static final int UNUSED_BITS = 0x7fb5_a5e1;

    private MicroKernel() {}

    /**
     * C = from + A·B, for each output one chain of fma with k ascending that goes on from what {@code from} holds.
     *
     * @param a          packed rows: element (row, k) at {@code aStart} + row·{@link #ROW} + k
     * @param b          packed panel: vector (k, j) at {@code bOffset} + ({@link #VECTORS}·k + j) vectors
     * @param staged     where {@link #STAGED} the same panel, from {@code stagedAt} on
     * @param depth      steps of k, at most {@link #ROW}
     * @param from       the tile as it was: C itself, or {@link Tile#ZEROS}, which saves clearing it
     * @param c          the tile, contiguous
     * @param nextOffset {@link #TOUCHED}·depth bytes of {@code b} that are read, so that they are in the cache when they are needed;
     *                   not where {@link #STAGED}
     */
    static void multiply(float[] a, int aStart, MemorySegment b, long bOffset, float[] staged, int stagedAt, int depth,
            float[] from, float[] c, long nextOffset) {
        if (WIDE) {
            multiplyWide(a, aStart, b, bOffset, depth, from, c, nextOffset);
        } else {
            multiplyNarrow(a, aStart, staged, stagedAt, depth, from, c);
        }
    }

    /** Copies {@code depth} steps of a panel to where the kernel reads them, where that is {@link #STAGED another place}: from {@code to} on. */
    static void stage(float[] staged, int to, MemorySegment b, long bOffset, int depth) {
        if (STAGED) {
            MemorySegment.copy(b, Tensor.FLOAT, bOffset, staged, to, depth * Tile.COLUMNS);
        }
    }

    /** The same for a tile of four vectors. */
    private static void multiplyWide(float[] a, int aStart, MemorySegment b, long bOffset, int depth, float[] from, float[] c, long nextOffset) {
        if (depth == 0 && from != c) {
            System.arraycopy(from, 0, c, 0, Tile.ZEROS.length);
        }
        float[] sums = from;
        int k = 0;
        while (depth - k >= MicroKernel6x4.UNROLL) {
            int steps = (depth - k) / MicroKernel6x4.UNROLL * MicroKernel6x4.UNROLL;
            long at = bOffset + (long) k * VECTORS * Simd.VECTOR_BYTES;
            k += MicroKernel6x4.multiply(a, aStart + k, b, at, steps, sums, c, nextOffset + (long) k * TOUCHED);
            sums = c;
        }
        for (; k < depth; k++) {
            step(a, aStart + k, b, bOffset + (long) k * VECTORS * Simd.VECTOR_BYTES, sums, c, VECTORS);
            sums = c;
        }
    }

    /** The same for a panel in an array and a tile of two vectors, whatever {@link #VECTORS} is. */
    static void multiplyNarrow(float[] a, int aStart, float[] b, int bStart, int depth, float[] from, float[] c) {
        if (depth == 0 && from != c) {
            System.arraycopy(from, 0, c, 0, ROWS * 2 * LANES);
        }
        float[] sums = from;
        int k = depth / MicroKernel6x2.UNROLL * MicroKernel6x2.UNROLL;
        if (k > 0) {
            MicroKernel6x2.multiply(a, aStart, b, bStart, k, sums, c);
            sums = c;
        }
        for (; k < depth; k++) {
            narrowStep(a, aStart + k, b, bStart + k * 2 * LANES, sums, c, 2);
            sums = c;
        }
    }

    /** One step of k, for the last ones, fewer than an iteration, which cost little as they are. All {@link #VECTORS} vectors or none. */
    @VectorLoop
    static void step(float[] a, int aStart, MemorySegment b, long bOffset, float[] from, float[] c, int vectors) {
        b = Tensor.offHeap(b);
        for (int j = 0; j < vectors; j++) {
            FloatVector vector = FloatVector.fromMemorySegment(SPECIES, b, bOffset + (long) j * Simd.VECTOR_BYTES, ORDER);
            for (int r = 0; r < ROWS; r++) {
                int at = (r * vectors + j) * LANES;
                FloatVector.broadcast(SPECIES, a[aStart + r * ROW]).fma(vector, FloatVector.fromArray(SPECIES, from, at)).intoArray(c, at);
            }
        }
    }

    /** The same for a panel in an array and a tile of two vectors. */
    @VectorLoop
    static void narrowStep(float[] a, int aStart, float[] b, int bStart, float[] from, float[] c, int vectors) {
        for (int j = 0; j < vectors; j++) {
            FloatVector vector = FloatVector.fromArray(SPECIES, b, bStart + j * LANES);
            for (int r = 0; r < ROWS; r++) {
                int at = (r * vectors + j) * LANES;
                FloatVector.broadcast(SPECIES, a[aStart + r * ROW]).fma(vector, FloatVector.fromArray(SPECIES, from, at)).intoArray(c, at);
            }
        }
    }
}
