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
 * The innermost product: some steps of k are added to a tile of C, {@link #ROWS} rows by {@link #VECTORS} vectors. The kernels of the two tile shapes
 * have this in common:
 *
 * <ul>
 * <li>They are flat methods longer than a screen, because C2 keeps an accumulator in a register only if it is a named local variable.
 * <li>The tile is read from an array and written to an array. C2 builds several times as many nodes for an access to a memory segment, and a method
 *     over the node limit is compiled with every vector boxed. Three steps of 6 × 4 make 60,000 nodes of the 80,000 that C2 allows.
 * <li>An iteration of the loop does three or four steps of k. The instructions of the loop itself matter where the core's other hardware thread takes
 *     half of the front end.
 * <li>Something separates the steps. Otherwise C2 makes one basic block of them, moves all their loads to its top, and the accumulators spill. With
 *     32 registers the separator is a branch that is never taken. With 16 registers a branch would be needed after every second row, so the separator
 *     is a fence, which costs nothing if the panel is in an array. That is why the panel is {@linkplain #stage copied} to an array there.
 * <li>One counter addresses everything. Rows lie {@link #ROW} floats apart, which is a constant in the instruction, and the offset in the panel is a
 *     power of two times the counter. So C2 checks the bounds of all accesses once, before the loop. It also means that packing a row is copying it.
 * <li>The kernel that reads its panel in memory also reads a word of what the caller will multiply by next, every three steps. Meanwhile the hardware
 *     moves that data from memory to the cache. Each step of k moves on by {@link #TOUCHED} bytes. The cheapest use of such a word is the first of
 *     the branches, which is taken if the word is {@link #UNUSED_BITS}. In that case the kernel ends early, and the caller calls it again for the
 *     remaining steps.
 * <li>A call over no steps returns at once. {@link vit.kernels.jit.Rehearsal} needs such calls; products never make them.
 * </ul>
 *
 * docs/gemm.md has the measurements behind each point.
 */
final class MicroKernel {

    /** Rows of C in a tile. */
    static final int ROWS = 6;

    /** Whether this machine uses the tile of {@link MicroKernel6x4}, with 24 accumulators; otherwise it uses that of {@link MicroKernel6x2}, with 12. */
    static final boolean WIDE = Simd.REGISTERS == 32;

    /** Vectors in a row of a tile. */
    static final int VECTORS = WIDE ? 4 : 2;

    /**
     * Floats from one packed row to the next. It is also the largest number of steps of k of a call. The distance of two rows is no multiple of 4096
     * bytes, and the number is a multiple of the steps in an iteration of each kernel. The rows of a tile take 18 KB. The panel, 48 KB with two
     * vectors and 192 KB with four, is read from the L2 cache. Half of it would fit L1, but was slower by 3 to 7 %, because it takes twice as many
     * calls.
     */
    static final int ROW = 768;

    /** Whether the kernel reads the panel in a {@code float[]}, to which the caller must have copied it, instead of in memory. */
    static final boolean STAGED = !WIDE;

    /** Floats of a block of packed rows. */
    static final int BLOCK = ROWS * ROW;

    /** Bytes by which the read-ahead in the next panel moves on in each step of k. */
    static final int TOUCHED = 8;

    /** The bits of a NaN that no arithmetic produces. A weight with these bits only costs time. */
    static final int UNUSED_BITS = 0x7fb5_a5e1;

    private MicroKernel() {}

    /** {@code depth} rounded up to whole iterations of the loop of {@link #multiply}. */
    static int wholeIterations(int depth) {
        int unroll = WIDE ? MicroKernel6x4.UNROLL : MicroKernel6x2.UNROLL;
        return (depth + unroll - 1) / unroll * unroll;
    }

    /**
     * C = from + A·B. Each output is one chain of fma, with k ascending, that continues from the value in {@code from}.
     *
     * @param a          packed rows: element (row, k) is at {@code aStart} + row·{@link #ROW} + k
     * @param b          packed panel: vector (k, j) is at {@code bOffset} + ({@link #VECTORS}·k + j) vectors
     * @param staged     the same panel, from {@code stagedAt} on, if {@link #STAGED}
     * @param depth      steps of k, at most {@link #ROW}
     * @param from       the tile before: C itself, or {@link Tile#ZEROS}, which saves clearing it
     * @param c          the tile, contiguous
     * @param nextOffset where in {@code b} the {@link #TOUCHED}·depth bytes begin that are read ahead; not used if {@link #STAGED}
     */
    static void multiply(float[] a, int aStart, MemorySegment b, long bOffset, float[] staged, int stagedAt, int depth,
            float[] from, float[] c, long nextOffset) {
        if (WIDE) {
            multiplyWide(a, aStart, b, bOffset, depth, from, c, nextOffset);
        } else {
            multiplyNarrow(a, aStart, staged, stagedAt, depth, from, c);
        }
    }

    /** Copies {@code depth} steps of a panel to {@code staged}, from {@code to} on, if the kernel reads them there ({@link #STAGED}). */
    static void stage(float[] staged, int to, MemorySegment b, long bOffset, int depth) {
        if (STAGED) {
            MemorySegment.copy(b, Tensor.FLOAT, bOffset, staged, to, depth * Tile.COLUMNS);
        }
    }

    /** {@link #multiply} for a tile of four vectors. */
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

    /** {@link #multiply} for a panel in an array and a tile of two vectors, on any machine. */
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

    /**
     * One step of k. It serves the last steps, fewer than an iteration, which cost little in this simple form. It computes all {@link #VECTORS}
     * vectors or none.
     */
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

    /** One step of k for a panel in an array and a tile of two vectors. */
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
