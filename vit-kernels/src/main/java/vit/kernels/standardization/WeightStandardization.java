package vit.kernels.standardization;

import java.lang.foreign.MemorySegment;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * Weight standardisation (Qiao et al. 2019) on packed weights of N outputs by K inputs; for a convolution K is size·size·C. For each output, y = (weight
 * − mean)·rstd with rstd = 1/√(variance + epsilon). The variance divides by K.
 *
 * <p>The sums are taken in double, one chain for each output with k ascending, so they do not depend on the vector width or the number of threads. The
 * zeros that pad the last panel stay zeros.
 *
 * <p>Every worker of a team calls a method with the same arguments, and the team divides the outputs. There is no barrier inside, and a result is
 * complete once the team has passed its next barrier.
 */
public final class WeightStandardization {

    private WeightStandardization() {}

    /**
     * Rehearsals of the method that holds the vector code of {@link #forward}, so that it can be compiled ahead of use. Those of its sums are {@link
     * vit.kernels.simd.ColumnSums#rehearsals}.
     */
    public static List<Rehearsal> rehearsals() {
        MemorySegment weight = Rehearsal.elements();
        float[] lanes = new float[4 * Simd.VIRTUAL_LANES];
        int steps = Rehearsal.MOST_ELEMENTS / Simd.LANES;
        return List.of(Rehearsal.of("WeightStandardizationSimd.standardise", steps, 2, (n, times) -> {
            for (int i = 0; i < times; i++) {
                WeightStandardizationSimd.standardise(weight, weight, 0, Simd.VECTOR_BYTES, n, lanes);
            }
        }));
    }

    /**
     * Standardises the weights of each output.
     *
     * @param y       (N, K), overwritten; may be {@code weight} itself
     * @param mean    (N) or more, overwritten with the mean of each output for a backward pass; null when none follows
     * @param rstd    (N) or more, overwritten with 1/√(variance + epsilon) of each output; null when no backward pass follows
     * @param weight  (N, K), K at least 1
     * @param epsilon added to the variance, at least 0
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void forward(PackedMatrix y, Tensor mean, Tensor rstd, PackedMatrix weight, double epsilon, Worker w) {
        Require.range("K", weight.depth(), 1, Integer.MAX_VALUE);
        requireSame("y", y, weight);
        if (mean != null) {
            Require.perRow("mean", mean, weight.outputs());
        }
        if (rstd != null) {
            Require.perRow("rstd", rstd, weight.outputs());
        }
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = read(weight);
                double[] means = new double[weight.outputs()];
                double[] rstds = new double[weight.outputs()];
                WeightStandardizationReference.forward(values, means, rstds, values, epsilon, weight.outputs(), weight.depth());
                write(y, values);
                if (mean != null) {
                    Doubles.writeSpan(mean, 0, means);
                }
                if (rstd != null) {
                    Doubles.writeSpan(rstd, 0, rstds);
                }
            }
            return;
        }
        int vectors = Math.ceilDiv(weight.outputs(), Simd.LANES);
        WeightStandardizationSimd.forward(y, mean, rstd, weight, epsilon, w.from(vectors), w.to(vectors), w.sums(), w.lanes());
    }

    /**
     * The backward pass: with y = (weight − mean)·rstd, dweight += rstd·(dy − mean(dy) − y·mean(dy·y)) over the weights of each output.
     *
     * @param dweight (N, K), accumulated; shares no memory with another argument
     * @param dy      (N, K)
     * @param weight  (N, K), the input of forward
     * @param mean    (N) or more, from forward
     * @param rstd    (N) or more, from forward
     * @param w       the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or dweight shares memory with dy or the weight
     */
    public static void backward(PackedMatrix dweight, PackedMatrix dy, PackedMatrix weight, Tensor mean, Tensor rstd, Worker w) {
        Require.range("K", weight.depth(), 1, Integer.MAX_VALUE);
        requireSame("dweight", dweight, weight);
        requireSame("dy", dy, weight);
        Require.perRow("mean", mean, weight.outputs());
        Require.perRow("rstd", rstd, weight.outputs());
        Require.disjoint("dweight", dweight.elements(), "dy", dy.elements());
        Require.disjoint("dweight", dweight.elements(), "weight", weight.elements());
        int outputs = weight.outputs();
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] gradient = read(dweight);
                WeightStandardizationReference.backward(gradient, read(dy), read(weight), Doubles.readSpan(mean, 0, outputs),
                        Doubles.readSpan(rstd, 0, outputs), outputs, weight.depth());
                write(dweight, gradient);
            }
            return;
        }
        int vectors = Math.ceilDiv(outputs, Simd.LANES);
        WeightStandardizationSimd.backward(dweight, dy, weight, mean, rstd, w.from(vectors), w.to(vectors), w.sums(), w.lanes());
    }

    private static void requireSame(String name, PackedMatrix matrix, PackedMatrix weight) {
        if (matrix.outputs() != weight.outputs() || matrix.depth() != weight.depth()) {
            throw new IllegalArgumentException(name + ": expected " + weight.outputs() + " by " + weight.depth() + " like the weight, found "
                    + matrix.outputs() + " by " + matrix.depth());
        }
    }

    private static double[] read(PackedMatrix matrix) {
        double[] values = new double[Math.multiplyExact(matrix.outputs(), matrix.depth())];
        for (int i = 0; i < values.length; i++) {
            values[i] = matrix.get(i / matrix.depth(), i % matrix.depth());
        }
        return values;
    }

    private static void write(PackedMatrix matrix, double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        matrix.packRows(rounded);
    }
}
