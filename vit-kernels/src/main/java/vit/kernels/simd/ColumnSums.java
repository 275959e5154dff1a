package vit.kernels.simd;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VIRTUAL_LANES;

import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import vit.kernels.jit.Rehearsal;
import vit.kernels.tensor.Tensor;

/**
 * Sums over the rows of up to {@link Simd#LANES} neighbouring columns, in double. Each sum is one chain over the rows in ascending order that begins
 * at 0, and a lane is a column, so no sum depends on the vector width. The product of two floats is exact in double. So the only errors are those of
 * the additions, n·2⁻⁵³ of the sum of the absolute terms.
 *
 * <p>Offsets and strides are in bytes. {@code sums} is an array of 32 that only the calling worker uses ({@link vit.kernels.parallel.Worker#sums}). The
 * first sum of column j is put into {@code sums[j]}, the second into {@code sums[16 + j]}. Arguments are not checked beyond the bounds of the memory
 * itself.
 */
public final class ColumnSums {

    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, VectorShape.forBitSize(Simd.BITS));

    private ColumnSums() {}

    /** Rehearsals of what forward passes call, {@link #squares}, so that it can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        MemorySegment x = Rehearsal.elements();
        double[] sums = new double[2 * VIRTUAL_LANES];
        int rows = Rehearsal.MOST_ELEMENTS / LANES;
        return List.of(Rehearsal.of("ColumnSums.squares", rows, (n, times) -> {
            for (int i = 0; i < times; i++) {
                squares(x, 0, Simd.VECTOR_BYTES, n, sums);
            }
        }));
    }

    /** Σ x and Σ x² of {@code columns} columns, at most {@link Simd#LANES}, over n ≥ 1 rows. */
    public static void squares(MemorySegment x, long offset, long stride, int n, int columns, double[] sums) {
        if (columns == LANES) {
            squares(x, offset, stride, n, sums);
            return;
        }
        for (int j = 0; j < columns; j++) {
            double sum = 0;
            double ofSquares = 0;
            long at = offset + (long) j * Float.BYTES;
            for (int i = 0; i < n; i++) {
                double value = x.get(Tensor.FLOAT, at);
                sum += value;
                ofSquares = Math.fma(value, value, ofSquares);
                at += stride;
            }
            sums[j] = sum;
            sums[VIRTUAL_LANES + j] = ofSquares;
        }
    }

    @VectorLoop
    private static void squares(MemorySegment x, long offset, long stride, int n, double[] sums) {
        x = Tensor.offHeap(x);
        if (n == 0) {
            return;
        }
        DoubleVector sum0 = DoubleVector.zero(DOUBLES);
        DoubleVector sum1 = DoubleVector.zero(DOUBLES);
        DoubleVector squares0 = DoubleVector.zero(DOUBLES);
        DoubleVector squares1 = DoubleVector.zero(DOUBLES);
        long at = offset;
        for (int i = 0; i < n; i++) {
            FloatVector values = FloatVector.fromMemorySegment(SPECIES, x, at, ORDER);
            DoubleVector low = (DoubleVector) values.convertShape(VectorOperators.F2D, DOUBLES, 0);
            DoubleVector high = (DoubleVector) values.convertShape(VectorOperators.F2D, DOUBLES, 1);
            sum0 = low.add(sum0);
            sum1 = high.add(sum1);
            squares0 = low.fma(low, squares0);
            squares1 = high.fma(high, squares1);
            at += stride;
        }
        sum0.intoArray(sums, 0);
        sum1.intoArray(sums, LANES / 2);
        squares0.intoArray(sums, VIRTUAL_LANES);
        squares1.intoArray(sums, VIRTUAL_LANES + LANES / 2);
    }

    /** Σ a and Σ a·x of {@code columns} columns, at most {@link Simd#LANES}, over n ≥ 1 rows. */
    public static void products(
            MemorySegment a, long aOffset, long aStride, MemorySegment x, long xOffset, long xStride, int n, int columns, double[] sums) {
        if (columns == LANES) {
            products(a, aOffset, aStride, x, xOffset, xStride, n, sums);
            return;
        }
        for (int j = 0; j < columns; j++) {
            double sum = 0;
            double ofProducts = 0;
            long aAt = aOffset + (long) j * Float.BYTES;
            long xAt = xOffset + (long) j * Float.BYTES;
            for (int i = 0; i < n; i++) {
                double value = a.get(Tensor.FLOAT, aAt);
                sum += value;
                ofProducts = Math.fma(value, x.get(Tensor.FLOAT, xAt), ofProducts);
                aAt += aStride;
                xAt += xStride;
            }
            sums[j] = sum;
            sums[VIRTUAL_LANES + j] = ofProducts;
        }
    }

    @VectorLoop
    private static void products(
            MemorySegment a, long aOffset, long aStride, MemorySegment x, long xOffset, long xStride, int n, double[] sums) {
        a = Tensor.offHeap(a);
        x = Tensor.offHeap(x);
        if (n == 0) {
            return;
        }
        DoubleVector sum0 = DoubleVector.zero(DOUBLES);
        DoubleVector sum1 = DoubleVector.zero(DOUBLES);
        DoubleVector products0 = DoubleVector.zero(DOUBLES);
        DoubleVector products1 = DoubleVector.zero(DOUBLES);
        long aAt = aOffset;
        long xAt = xOffset;
        for (int i = 0; i < n; i++) {
            FloatVector left = FloatVector.fromMemorySegment(SPECIES, a, aAt, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(SPECIES, x, xAt, ORDER);
            DoubleVector low = (DoubleVector) left.convertShape(VectorOperators.F2D, DOUBLES, 0);
            DoubleVector high = (DoubleVector) left.convertShape(VectorOperators.F2D, DOUBLES, 1);
            sum0 = low.add(sum0);
            sum1 = high.add(sum1);
            products0 = low.fma((DoubleVector) right.convertShape(VectorOperators.F2D, DOUBLES, 0), products0);
            products1 = high.fma((DoubleVector) right.convertShape(VectorOperators.F2D, DOUBLES, 1), products1);
            aAt += aStride;
            xAt += xStride;
        }
        sum0.intoArray(sums, 0);
        sum1.intoArray(sums, LANES / 2);
        products0.intoArray(sums, VIRTUAL_LANES);
        products1.intoArray(sums, VIRTUAL_LANES + LANES / 2);
    }
}
