package vit.kernels.linear;

import vit.kernels.contract.Doubles;
import vit.kernels.gemm.Epilogue;
import vit.kernels.gemm.Gemm;
import vit.kernels.gemm.GemmWorkspace;
import vit.kernels.gemm.PackedMatrix;
import vit.kernels.gemm.PackedRows;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * A linear layer: y = x·Wᵀ + b, and what may follow it in the same pass over y. Immutable: the packed weight and the
 * epilogue are bound when the model is planned, so that a call passes only activations. Called by every worker of a team;
 * barriers inside where x is not packed, y is complete at the team's next barrier.
 */
public final class Linear {

    private final PackedMatrix weight; // (N, K)
    private final Epilogue epilogue;

    private Linear(PackedMatrix weight, Epilogue epilogue) {
        this.weight = weight;
        this.epilogue = epilogue;
    }

    /** The layer with this packed weight (N, K) and what follows the product. */
    public static Linear of(PackedMatrix weight, Epilogue epilogue) {
        return new Linear(weight, epilogue);
    }

    /** N. */
    public int outputs() {
        return weight.outputs();
    }

    /** K. */
    public int inputs() {
        return weight.depth();
    }

    /**
     * y = epilogue(x·Wᵀ).
     *
     * @param y    (M, N); must not share memory with x
     * @param x    (M, K)
     * @param rows M in use
     * @param workspace planned for M rows of K and this team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public void forward(Tensor y, Tensor x, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(y, x, weight, epilogue, rows, workspace, worker);
    }

    /**
     * The same for an input that is packed already: no barrier inside.
     *
     * @param x    (M, K), written for {@code rows} rows in use
     */
    public void forward(Tensor y, PackedRows x, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(y, x, weight, epilogue, rows, workspace, worker);
    }

    /** The same with the output packed for the layer that follows. */
    public void forward(PackedRows y, PackedRows x, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(y, x, weight, epilogue, rows, workspace, worker);
    }

    /**
     * The same for some of the outputs; columns of y beside them are written or left, as it comes.
     *
     * @param y         (M, N); must not share memory with x
     * @param x         (M, K)
     * @param rows      M in use
     * @param from      first output
     * @param to        output after the last
     * @param workspace planned for M rows of K
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit or the outputs are not in 0 … N
     */
    public void forwardOutputs(Tensor y, Tensor x, int rows, int from, int to, GemmWorkspace workspace, Worker worker) {
        Gemm.multiplyColumns(y, x, weight, epilogue, rows, from, to, workspace, worker);
    }

    /** The same for an input that is packed already and an output that the next layer reads packed: no barrier inside. */
    public void forwardOutputs(PackedRows y, PackedRows x, int rows, int from, int to, GemmWorkspace workspace, Worker worker) {
        Gemm.multiplyColumns(y, x, weight, epilogue, rows, from, to, workspace, worker);
    }

    /**
     * dX = dY·W: the gradient of the input, overwritten. Barriers inside; complete at the team's next one.
     *
     * @param dx         (M, K)
     * @param dy         (M, N)
     * @param transposed (K, N): the {@linkplain PackedMatrix#packTransposed transposed} weight
     * @param rows       M in use
     * @param workspace  planned for M rows of N and this team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void backwardInput(Tensor dx, Tensor dy, PackedMatrix transposed, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(dx, dy, transposed, Epilogue.NONE, rows, workspace, worker);
    }

    /**
     * dW += dYᵀ·X and db += Σ_m dY[m]: the gradients of the parameters, accumulated in ascending order of the rows, so that
     * micro-batches one after the other give the bits of one batch. One barrier inside; complete at the team's next one.
     *
     * @param dweight   (N, K), packed
     * @param dbias     (N), or null for a layer without bias
     * @param dy        (M, N)
     * @param x         (M, K), the input of forward
     * @param rows      M in use
     * @param workspace planned for training, see {@link Gemm#accumulateOuter}
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void backwardParameters(PackedMatrix dweight, Tensor dbias, Tensor dy, Tensor x, int rows,
            GemmWorkspace workspace, Worker worker) {
        if (dbias != null && dbias.shape().size() != dy.columns()) {
            throw new IllegalArgumentException("dbias " + dbias.shape() + " does not have " + dy.columns() + " elements");
        }
        Gemm.accumulateOuter(dweight, dy, x, rows, workspace, worker);
        if (dbias != null) {
            backwardBias(dbias, dy, rows, worker);
        }
    }

    private static void backwardBias(Tensor dbias, Tensor dy, int rows, Worker worker) {
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                double[] sums = dbias.toDoubles();
                LinearReference.backwardBias(sums, Doubles.read(dy, rows));
                dbias.copyFrom(sums);
            }
            return;
        }
        ColumnSum.accumulate(dbias, dy, rows, worker);
    }
}
