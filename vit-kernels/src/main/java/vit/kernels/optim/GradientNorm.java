package vit.kernels.optim;

import java.util.List;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * The Euclidean norm of all gradients together, for clipping. Planned once for a list of tensors; measuring allocates
 * nothing. The memory of each tensor is cut into chunks of {@value #CHUNK} floats, gaps between rows included (they are
 * zero); a chunk's squares are summed in double by one worker, the chunks' sums in ascending order, so the result has the
 * same bits at any number of workers.
 *
 * <p>One measurement at a time: every worker calls {@link #measure}, then {@link Worker#barrier()}, then any may read
 * {@link #value()}.
 */
public final class GradientNorm {

    /** 16 KB, half of the smallest L1 cache in use: a narrow machine passes over a chunk several times. */
    static final int CHUNK = 4096;

    /** PyTorch's {@code clip_grad_norm_} adds this to the norm before it divides. */
    private static final double CLIP_EPSILON = 1e-6;

    private final Tensor[] gradients;
    private final int[] firstChunk; // of each gradient; one more at the end: the number of chunks
    private final double[] sums; // of squares, one a chunk
    private final double[][] lanes; // one row a worker

    /**
     * Plans the measurement: one sum for every chunk, 16 doubles for every worker.
     *
     * @param gradients what to measure
     * @param workers   the largest team that will measure
     */
    public GradientNorm(List<Tensor> gradients, int workers) {
        this.gradients = gradients.toArray(Tensor[]::new);
        this.firstChunk = new int[this.gradients.length + 1];
        for (int i = 0; i < this.gradients.length; i++) {
            long chunks = (length(this.gradients[i]) + CHUNK - 1) / CHUNK;
            firstChunk[i + 1] = Math.toIntExact(firstChunk[i] + chunks);
        }
        this.sums = new double[firstChunk[this.gradients.length]];
        this.lanes = new double[workers][GradientNormSimd.SCRATCH];
    }

    private static long length(Tensor tensor) {
        return (long) tensor.rows() * tensor.rowStride();
    }

    /**
     * Sums the squares of this worker's chunks.
     *
     * @throws IllegalArgumentException if the team is larger than planned
     */
    public void measure(Worker w) {
        Require.range("workers", w.count(), 1, lanes.length);
        int end = w.to(sums.length);
        int gradient = 0;
        for (int chunk = w.from(sums.length); chunk < end; chunk++) {
            while (chunk >= firstChunk[gradient + 1]) {
                gradient++;
            }
            Tensor tensor = gradients[gradient];
            int from = (chunk - firstChunk[gradient]) * CHUNK;
            int to = (int) Math.min(from + (long) CHUNK, length(tensor));
            sums[chunk] = Implementation.isReference()
                    ? GradientNormReference.sumOfSquares(tensor, from, to)
                    : GradientNormSimd.sumOfSquares(tensor, from, to, lanes[w.index()]);
        }
    }

    /** The norm that the last measurement found; to be read after a barrier. */
    public double value() {
        double sum = 0;
        for (double part : sums) {
            sum += part;
        }
        return Math.sqrt(sum);
    }

    /**
     * The factor that brings a gradient of norm {@code norm} to at most {@code maxNorm}: min(1, maxNorm / (norm + 1e-6)),
     * as PyTorch's {@code clip_grad_norm_} has it. NaN for a NaN norm.
     */
    public static double clipScale(double norm, double maxNorm) {
        return Math.min(1, maxNorm / (norm + CLIP_EPSILON));
    }
}
