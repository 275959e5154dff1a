package vit.kernels.linear;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/** Sums over the rows, one for each column, in ascending order of the rows. The workers divide the columns. */
final class ColumnSum {

    /** The least number of neighbouring columns for one worker: a cache line. */
    private static final int GRAIN = 16;

    private ColumnSum() {}

    /**
     * sum[n] = start + x[0, n] + … + x[rows − 1, n], from left to right.
     *
     * @param add whether the sums start at what {@code sum} holds; otherwise at 0
     */
    @VectorLoop
    static void accumulate(Tensor sum, boolean add, Tensor x, int rows, Worker worker) {
        int columns = x.columns();
        int grains = (columns + GRAIN - 1) / GRAIN;
        int column = worker.from(grains) * GRAIN;
        int end = Math.min(columns, worker.to(grains) * GRAIN);
        long rowBytes = (long) x.rowStride() * Float.BYTES;
        MemorySegment from = x.segment();
        MemorySegment to = sum.segment();
        for (; column <= end - LANES; column += LANES) {
            long at = (long) column * Float.BYTES;
            FloatVector acc = add ? FloatVector.fromMemorySegment(SPECIES, to, at, ORDER) : FloatVector.zero(SPECIES);
            for (int row = 0; row < rows; row++) {
                acc = FloatVector.fromMemorySegment(SPECIES, from, at + row * rowBytes, ORDER).add(acc);
            }
            acc.intoMemorySegment(to, at, ORDER);
        }
        for (; column < end; column++) {
            long at = (long) column * Float.BYTES;
            float acc = add ? to.get(Tensor.FLOAT, at) : 0;
            for (int row = 0; row < rows; row++) {
                acc += from.get(Tensor.FLOAT, at + row * rowBytes);
            }
            to.set(Tensor.FLOAT, at, acc);
        }
    }
}
