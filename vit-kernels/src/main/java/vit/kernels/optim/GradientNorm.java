package vit.kernels.optim;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import vit.kernels.contract.Require;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.Panels;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Shape;
import vit.kernels.tensor.Tensor;

/**
 * The Euclidean norm of all gradients together, for clipping. It is planned once, and measuring allocates nothing. Squares are summed in double:
 *
 * <ul>
 * <li>for a packed matrix, whose layout depends on the vector width: one sum for every output n, with k ascending;
 * <li>for a tensor: one sum for every chunk of {@value #CHUNK} floats of its memory, over {@value vit.kernels.simd.Simd#VIRTUAL_LANES} virtual lanes.
 *     The gaps between rows are included; they are zero.
 * </ul>
 *
 * One worker computes a sum; all are added in ascending order, matrices first. So the result has the same bits at any vector
 * width and any number of workers.
 *
 * <p>Only one measurement may run at a time. Every worker calls {@link #measure}, then {@link Worker#barrier()}, then any of them may read {@link
 * #value()}.
 */
public final class GradientNorm {

    /** 16 KB, half of the smallest L1 cache in use: with narrow vectors a chunk is read several times. */
    static final int CHUNK = 4096;

    /** PyTorch's {@code clip_grad_norm_} adds this to the norm before it divides. */
    private static final double CLIP_EPSILON = 1e-6;

    /** Steps of a panel in a rehearsal. */
    private static final int STEPS = 8;

    /**
     * What one worker sums in one go.
     *
     * @param memory   the tensor, or the elements of the packed matrix
     * @param from     first float
     * @param to       one past the last
     * @param columns  of a panel, each with a sum of its own; 1 for a chunk
     * @param firstSum index of its first sum among all sums
     */
    private record Part(Tensor memory, int from, int to, int columns, int firstSum) {}

    private final Part[] parts;
    private final double[] sums; // of squares: one for each column of a panel, padding included, or one for each chunk
    private final double[][] lanes; // one row a worker
    private int planned; // sums, while parts are being planned

    /** Rehearsals of the methods that hold the vector code of {@link #measure}, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        Tensor row = Tensor.of(Rehearsal.elements(), Shape.of(Rehearsal.MOST_ELEMENTS), Rehearsal.MOST_ELEMENTS);
        Tensor panel = Tensor.of(Arena.ofAuto().allocate((long) STEPS * Panels.COLUMNS * Float.BYTES, Simd.VECTOR_BYTES), Shape.of(STEPS * Panels.COLUMNS),
                STEPS * Panels.COLUMNS);
        double[] sums = new double[Math.max(Panels.COLUMNS, GradientNormSimd.SCRATCH)];
        return List.of(
                Rehearsal.of("GradientNormSimd.twoVectors", STEPS, (steps, times) -> {
                    for (int i = 0; i < times; i++) {
                        GradientNormSimd.twoVectors(sums, 0, panel.segment(), 0, steps * Panels.COLUMNS);
                    }
                }),
                Rehearsal.ofElements("GradientNormSimd.sumOfSquares", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        GradientNormSimd.sumOfSquares(row, 0, n, sums);
                    }
                }));
    }

    /**
     * Plans the measurement: one double for every output of the matrices and every chunk of the tensors, 16 for every worker.
     *
     * @param matrices packed gradients, their padding zero as the GEMM leaves it
     * @param tensors  the other gradients
     * @param workers  the largest team that will measure
     */
    public GradientNorm(List<PackedMatrix> matrices, List<Tensor> tensors, int workers) {
        List<Part> list = new ArrayList<>();
        for (PackedMatrix matrix : matrices) {
            Tensor elements = matrix.elements();
            plan(list, elements, matrix.depth() * elements.columns(), elements.columns());
        }
        for (Tensor tensor : tensors) {
            plan(list, tensor, CHUNK, 1);
        }
        this.parts = list.toArray(Part[]::new);
        this.sums = new double[planned];
        this.lanes = new double[workers][GradientNormSimd.SCRATCH];
    }

    private void plan(List<Part> list, Tensor memory, int size, int columns) {
        long length = (long) memory.rows() * memory.rowStride();
        for (long from = 0; from < length; from += size) {
            long to = Math.min(from + size, length);
            list.add(new Part(memory, Math.toIntExact(from), Math.toIntExact(to), columns, planned));
            planned = Math.addExact(planned, columns);
        }
    }

    /**
     * Sums the squares of this worker's parts. The parts go to the workers in turn, because neighbouring parts cost about the same. There is no
     * barrier inside.
     *
     * @param w the calling member of the team
     * @throws IllegalArgumentException if the team is larger than planned
     */
    public void measure(Worker w) {
        Require.range("workers", w.count(), 1, lanes.length);
        for (int i = w.index(); i < parts.length; i += w.count()) {
            Part part = parts[i];
            if (Implementation.isReference()) {
                GradientNormReference.sumsOfSquares(sums, part.firstSum, part.memory, part.from, part.to, part.columns);
            } else if (part.columns == 1) {
                sums[part.firstSum] = GradientNormSimd.sumOfSquares(part.memory, part.from, part.to, lanes[w.index()]);
            } else {
                GradientNormSimd.columnSums(sums, part.firstSum, part.memory, part.from, part.to);
            }
        }
    }

    /** The norm that the last measurement found. It may be read after a barrier. */
    public double value() {
        double sum = 0;
        for (double part : sums) {
            sum += part;
        }
        return Math.sqrt(sum);
    }

    /**
     * The factor that brings a gradient of norm {@code norm} to at most {@code maxNorm}: min(1, maxNorm / (norm + 1e-6)), as in PyTorch's {@code
     * clip_grad_norm_}. NaN for a NaN norm.
     */
    public static double clipScale(double norm, double maxNorm) {
        return Math.min(1, maxNorm / (norm + CLIP_EPSILON));
    }
}
