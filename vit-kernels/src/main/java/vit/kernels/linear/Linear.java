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
 * A linear layer, y = x·Wᵀ + b, with what may follow it in the same pass over y. It is immutable. The packed weight and the epilogue are bound when
 * the model is planned, so that a call passes only activations.
 *
 * <p>Every worker of a team calls a method with the same arguments. A result is complete once the team has passed its next barrier. Methods that read
 * an unpacked x have barriers inside.
 */
public final class Linear {

    private final PackedMatrix weight; // (N, K)
    private final Epilogue epilogue;

    private Linear(PackedMatrix weight, Epilogue epilogue) {
        this.weight = weight;
        this.epilogue = epilogue;
    }

    /** The layer with this packed weight (N, K), which applies {@code epilogue} to the product. */
    public static Linear of(PackedMatrix weight, Epilogue epilogue) {
        return new Linear(weight, epilogue);
    }

    /** N, the number of outputs. */
    public int outputs() {
        return weight.outputs();
    }

    /** K, the number of inputs. */
    public int inputs() {
        return weight.depth();
    }

    /**
     * y = epilogue(x·Wᵀ), with barriers inside.
     *
     * @param y         (M, N); must not share memory with x
     * @param x         (M, K)
     * @param rows      the number of rows in use
     * @param workspace planned for M rows of K and this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public void forward(Tensor y, Tensor x, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(y, x, weight, epilogue, rows, workspace, worker);
    }

    /**
     * y = epilogue(x·Wᵀ) for an input that is already packed. There is no barrier inside.
     *
     * @param y         (M, N)
     * @param x         (M, K), written with {@code rows} rows in use
     * @param rows      the number of rows in use
     * @param workspace planned for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public void forward(Tensor y, PackedRows x, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(y, x, weight, epilogue, rows, workspace, worker);
    }

    /**
     * y = epilogue(x·Wᵀ) for an input that is already packed and an output that the next layer reads packed. There is no barrier inside. The epilogue
     * must have no residual.
     *
     * @param y         (M, N); must not be x
     * @param x         (M, K), written with {@code rows} rows in use
     * @param rows      the number of rows in use
     * @param workspace planned for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, y is x, or the epilogue has a residual
     */
    public void forward(PackedRows y, PackedRows x, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(y, x, weight, epilogue, rows, workspace, worker);
    }

    /**
     * y = epilogue(x·Wᵀ) for outputs {@code from} to {@code to} (exclusive) only, with barriers inside. Columns of y beside them may or may not be
     * written.
     *
     * @param y         (M, N); must not share memory with x
     * @param x         (M, K)
     * @param rows      the number of rows in use
     * @param from      first output
     * @param to        one past the last output
     * @param workspace planned for M rows of K
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit or the outputs are not in 0 … N
     */
    public void forwardOutputs(Tensor y, Tensor x, int rows, int from, int to, GemmWorkspace workspace, Worker worker) {
        Gemm.multiplyColumns(y, x, weight, epilogue, rows, from, to, workspace, worker);
    }

    /**
     * y = epilogue(x·Wᵀ) for outputs {@code from} to {@code to} (exclusive) only, for an input that is already packed and an output that the next
     * layer reads packed. There is no barrier inside. Columns of y beside them may or may not be written.
     *
     * @param y         (M, N); must not be x
     * @param x         (M, K), written with {@code rows} rows in use
     * @param rows      the number of rows in use
     * @param from      first output
     * @param to        one past the last output
     * @param workspace planned for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, the outputs are not in 0 … N, y is x, or the epilogue has a residual
     */
    public void forwardOutputs(PackedRows y, PackedRows x, int rows, int from, int to, GemmWorkspace workspace, Worker worker) {
        Gemm.multiplyColumns(y, x, weight, epilogue, rows, from, to, workspace, worker);
    }

    /**
     * dX = dY·W, the gradient of the input. It is overwritten. There are barriers inside, and dX is complete once the team has passed its next
     * barrier.
     *
     * @param dx         (M, K), overwritten; must not share memory with dy
     * @param dy         (M, N)
     * @param transposed (K, N): the {@linkplain PackedMatrix#packTransposed transposed} weight
     * @param rows       the number of rows in use
     * @param workspace  planned for M rows of N and this team
     * @param worker     the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void backwardInput(Tensor dx, Tensor dy, PackedMatrix transposed, int rows, GemmWorkspace workspace, Worker worker) {
        Gemm.multiply(dx, dy, transposed, Epilogue.NONE, rows, workspace, worker);
    }

    /**
     * dW = dYᵀ·X and db = Σ_m dY[m], the gradients of the parameters, or their sums with what dW and db hold. They are summed in ascending order of the
     * rows, so micro-batches that follow one another give the bits of one batch. There is one barrier inside, and the results are complete once the team
     * has passed its next barrier.
     *
     * @param dweight   (N, K), packed
     * @param dbias     (N); null for a layer without bias
     * @param add       whether the gradients are added to dW and db; otherwise these are overwritten and not read
     * @param dy        (M, N)
     * @param x         (M, K), the input of forward
     * @param rows      the number of rows in use
     * @param workspace planned for training, see {@link Gemm#outer}
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void backwardParameters(PackedMatrix dweight, Tensor dbias, boolean add, Tensor dy, Tensor x, int rows,
            GemmWorkspace workspace, Worker worker) {
        checkBias(dbias, dy);
        Gemm.outer(dweight, add, dy, x, rows, workspace, worker);
        if (dbias != null) {
            backwardBias(dbias, add, dy, rows, worker);
        }
    }

    /**
     * All gradients of the layer at once, with the bits of {@link #backwardInput} and {@link #backwardParameters} and with fewer barriers. They are
     * complete once the team has passed its next barrier.
     *
     * @param dx         (M, K), overwritten; must not share memory with dy
     * @param dweight    (N, K), packed
     * @param dbias      (N); null for a layer without bias
     * @param add        whether the gradients are added to dW and db; otherwise these are overwritten and not read
     * @param dy         (M, N)
     * @param x          (M, K), the input of forward
     * @param transposed (K, N), overwritten: memory for the transposed weight, which several layers may share
     * @param rows       the number of rows in use
     * @param workspace  planned for training, see {@link Gemm#backward}
     * @param worker     the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public void backward(Tensor dx, PackedMatrix dweight, Tensor dbias, boolean add, Tensor dy, Tensor x, PackedMatrix transposed, int rows,
            GemmWorkspace workspace, Worker worker) {
        checkBias(dbias, dy);
        Gemm.backward(dx, dweight, add, dy, x, weight, transposed, rows, workspace, worker);
        if (dbias != null) {
            backwardBias(dbias, add, dy, rows, worker);
        }
    }

    private static void checkBias(Tensor dbias, Tensor dy) {
        if (dbias != null && dbias.shape().size() != dy.columns()) {
            throw new IllegalArgumentException("dbias " + dbias.shape() + " does not have " + dy.columns() + " elements");
        }
    }

    private static void backwardBias(Tensor dbias, boolean add, Tensor dy, int rows, Worker worker) {
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                double[] sums = add ? dbias.toDoubles() : new double[dy.columns()];
                LinearReference.backwardBias(sums, Doubles.read(dy, rows));
                dbias.copyFrom(sums);
            }
            return;
        }
        ColumnSum.accumulate(dbias, add, dy, rows, worker);
    }
}
