package vit.kernels.standardization;

import static vit.kernels.simd.Simd.LANES;
import static vit.kernels.simd.Simd.ORDER;
import static vit.kernels.simd.Simd.SPECIES;
import static vit.kernels.simd.Simd.VECTOR_BYTES;
import static vit.kernels.simd.Simd.VIRTUAL_LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.Panels;
import vit.kernels.simd.ColumnSums;
import vit.kernels.simd.VectorLoop;
import vit.kernels.tensor.Tensor;

/**
 * {@link WeightStandardization} on the Vector API. A lane is an output. In a panel, a vector of outputs is found again one step of k later, {@link
 * Panels#STEP} bytes further on. The factors of a vector of outputs are put into the worker's lanes, 16 floats each.
 */
final class WeightStandardizationSimd {

    /** Where the factors are in the lanes. */
    private static final int MEAN = 0;

    private static final int SCALE = VIRTUAL_LANES;
    private static final int SLOPE = 2 * VIRTUAL_LANES;
    private static final int SHIFT = 3 * VIRTUAL_LANES;

    private WeightStandardizationSimd() {}

    /** The byte offset of vector {@code vector} of the outputs at the first step of k. */
    private static long offset(int vector, int depth) {
        int perPanel = Panels.COLUMNS / LANES;
        return (long) (vector / perPanel) * depth * Panels.STEP + (long) (vector % perPanel) * VECTOR_BYTES;
    }

    /** Vectors {@code from} to {@code to} of the outputs. */
    static void forward(
            PackedMatrix y, Tensor mean, Tensor rstd, PackedMatrix weight, double epsilon, int from, int to, double[] sums, float[] lanes) {
        int depth = weight.depth();
        MemorySegment in = weight.elements().segment();
        for (int vector = from; vector < to; vector++) {
            long offset = offset(vector, depth);
            ColumnSums.squares(in, offset, Panels.STEP, depth, LANES, sums);
            for (int j = 0; j < LANES; j++) {
                int output = vector * LANES + j;
                double average = sums[j] / depth;
                double root = 1 / Math.sqrt(Math.max(0, sums[VIRTUAL_LANES + j] / depth - average * average) + epsilon);
                boolean padding = output >= weight.outputs();
                lanes[MEAN + j] = padding ? 0 : (float) average;
                lanes[SCALE + j] = padding ? 0 : (float) root;
                if (!padding && mean != null) {
                    mean.segment().setAtIndex(Tensor.FLOAT, output, lanes[MEAN + j]);
                }
                if (!padding && rstd != null) {
                    rstd.segment().setAtIndex(Tensor.FLOAT, output, lanes[SCALE + j]);
                }
            }
            standardise(y.elements().segment(), in, offset, Panels.STEP, depth, lanes);
        }
    }

    /** y = (x − mean)·rstd at n steps of k. */
    @VectorLoop
    static void standardise(MemorySegment y, MemorySegment x, long offset, long stride, int n, float[] lanes) {
        y = Tensor.offHeap(y);
        x = Tensor.offHeap(x);
        if (n == 0) {
            return;
        }
        FloatVector mean = FloatVector.fromArray(SPECIES, lanes, MEAN);
        FloatVector rstd = FloatVector.fromArray(SPECIES, lanes, SCALE);
        long at = offset;
        for (int k = 0; k < n; k++) {
            FloatVector.fromMemorySegment(SPECIES, x, at, ORDER).sub(mean).mul(rstd).intoMemorySegment(y, at, ORDER);
            at += stride;
        }
    }

    /** Vectors {@code from} to {@code to} of the outputs. */
    static void backward(
            PackedMatrix dweight, PackedMatrix dy, PackedMatrix weight, Tensor mean, Tensor rstd, int from, int to, double[] sums, float[] lanes) {
        int depth = weight.depth();
        for (int vector = from; vector < to; vector++) {
            long offset = offset(vector, depth);
            ColumnSums.products(dy.elements().segment(), offset, Panels.STEP, weight.elements().segment(), offset, Panels.STEP, depth, LANES, sums);
            for (int j = 0; j < LANES; j++) {
                int output = vector * LANES + j;
                boolean padding = output >= weight.outputs();
                float center = padding ? 0 : mean.segment().getAtIndex(Tensor.FLOAT, output);
                double root = padding ? 0 : rstd.segment().getAtIndex(Tensor.FLOAT, output);
                double ofNormal = (sums[VIRTUAL_LANES + j] - center * sums[j]) * root; // Σ dy·y
                lanes[MEAN + j] = center;
                lanes[SCALE + j] = (float) root;
                lanes[SLOPE + j] = (float) (-root * root * ofNormal / depth);
                lanes[SHIFT + j] = (float) (-root * sums[j] / depth);
            }
            accumulate(dweight.elements().segment(), dy.elements().segment(), weight.elements().segment(), offset, Panels.STEP, depth, lanes);
        }
    }

    /** dweight += dy·rstd + (weight − mean)·slope + shift at n steps of k. */
    @VectorLoop
    private static void accumulate(
            MemorySegment dweight, MemorySegment dy, MemorySegment weight, long offset, long stride, int n, float[] lanes) {
        dweight = Tensor.offHeap(dweight);
        dy = Tensor.offHeap(dy);
        weight = Tensor.offHeap(weight);
        if (n == 0) {
            return;
        }
        FloatVector mean = FloatVector.fromArray(SPECIES, lanes, MEAN);
        FloatVector rstd = FloatVector.fromArray(SPECIES, lanes, SCALE);
        FloatVector slope = FloatVector.fromArray(SPECIES, lanes, SLOPE);
        FloatVector shift = FloatVector.fromArray(SPECIES, lanes, SHIFT);
        long at = offset;
        for (int k = 0; k < n; k++) {
            FloatVector projections = FloatVector.fromMemorySegment(SPECIES, weight, at, ORDER).sub(mean).fma(slope, shift);
            FloatVector.fromMemorySegment(SPECIES, dy, at, ORDER).fma(rstd, projections)
                    .add(FloatVector.fromMemorySegment(SPECIES, dweight, at, ORDER)).intoMemorySegment(dweight, at, ORDER);
            at += stride;
        }
    }
}
