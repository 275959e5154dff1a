package vit.kernels.gemm;

import java.util.List;
import vit.kernels.contract.Require;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * The matrix product C = A·Bᵀ followed by an {@link Epilogue}: the arithmetic of a linear layer. A is (M, K), B is (N, K) and {@linkplain
 * PackedMatrix packed}, C is (M, N).
 *
 * <p>Every worker of a team calls a method with the same arguments, and each computes a part of C. C is complete once the team has passed its next
 * barrier. A product whose rows are not packed has barriers inside: one for each block of some 200 rows of A, or more if they are short, after the team
 * has packed it.
 */
public final class Gemm {

    private Gemm() {}

    /** Rehearsals of the methods that hold the vector code of {@link #multiply}, so that they can be compiled ahead of use. */
    public static List<Rehearsal> rehearsals() {
        return GemmRehearsals.all();
    }

    /**
     * C = A·Bᵀ, then the epilogue.
     *
     * @param c         (M, N), at least {@code m} rows; must not share memory with A
     * @param a         (M, K), at least {@code m} rows
     * @param b         (N, K)
     * @param epilogue  what is applied to the sums in the same pass over C
     * @param m         the number of rows of A and C that are in use
     * @param workspace planned for {@code m} rows of K and for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void multiply(Tensor c, Tensor a, PackedMatrix b, Epilogue epilogue, int m, GemmWorkspace workspace,
            Worker worker) {
        multiplyColumns(c, a, b, epilogue, m, 0, b.outputs(), workspace, worker);
    }

    /**
     * As {@link #multiply(Tensor, Tensor, PackedMatrix, Epilogue, int, GemmWorkspace, Worker) multiply}, but only for columns {@code from} to {@code
     * to} (exclusive) of C. Other columns that lie in the same panels may be computed as well; all others are left as they are.
     *
     * @param c         (M, N), at least {@code m} rows; must not share memory with A
     * @param a         (M, K), at least {@code m} rows
     * @param b         (N, K)
     * @param epilogue  what is applied to the sums; its operands cover all N columns
     * @param m         the number of rows of A and C that are in use
     * @param from      first column of C
     * @param to        one past the last column of C
     * @param workspace planned for {@code m} rows of K and for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit or the columns are not in 0 … N
     */
    public static void multiplyColumns(Tensor c, Tensor a, PackedMatrix b, Epilogue epilogue, int m, int from, int to,
            GemmWorkspace workspace, Worker worker) {
        checkColumns(from, to, b);
        checkInput("a", a.shape(), a.rows(), a.columns(), b, m);
        checkOutput("c", c.shape(), c.rows(), c.columns(), b, m);
        checkEpilogue(epilogue, c, b, m);
        if (workspace.workers() < worker.count() || workspace.rows().length < GemmWorkspace.packedInput(m, b.depth())) {
            throw new IllegalArgumentException("the workspace is planned for " + workspace.workers() + " workers and "
                    + workspace.rows().length + " packed floats; needed are " + worker.count() + " and "
                    + GemmWorkspace.packedInput(m, b.depth()));
        }
        checkStorage(b, workspace);
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                GemmReference.multiply(c, a, b, epilogue, m);
            }
            return;
        }
        GemmSimd.multiply(c, a, b, epilogue, m, from, to, workspace, worker);
    }

    /**
     * C = A·Bᵀ, then the epilogue, for rows that are already packed. There is no barrier inside.
     *
     * @param c         (M, N), at least {@code m} rows
     * @param a         (M, K), at least {@code m} rows, written with {@code m} rows in use
     * @param b         (N, K)
     * @param epilogue  what is applied to the sums in the same pass over C
     * @param m         the number of rows of A and C that are in use
     * @param workspace planned for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void multiply(Tensor c, PackedRows a, PackedMatrix b, Epilogue epilogue, int m, GemmWorkspace workspace, Worker worker) {
        checkInput("a", a, a.rows(), a.columns(), b, m);
        checkOutput("c", c.shape(), c.rows(), c.columns(), b, m);
        checkEpilogue(epilogue, c, b, m);
        checkTeam(workspace, worker);
        checkStorage(b, workspace);
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                c.rows(0, m).copyFrom(GemmReference.product(a.read(m), b, epilogue, m));
            }
            return;
        }
        GemmSimd.multiply(c, null, a.values(), 0, b, epilogue, 0, m, 0, b.outputs(), workspace, worker);
    }

    /**
     * As {@link #multiply(Tensor, PackedRows, PackedMatrix, Epilogue, int, GemmWorkspace, Worker) multiply} of packed rows, but C is also packed
     * rows, for the product that follows. The epilogue must have no residual.
     *
     * @param c         (M, N), at least {@code m} rows; must not be A
     * @param a         (M, K), at least {@code m} rows, written with {@code m} rows in use
     * @param b         (N, K)
     * @param epilogue  what is applied to the sums in the same pass over C
     * @param m         the number of rows of A and C that are in use
     * @param workspace planned for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, C is A, or the epilogue has a residual
     */
    public static void multiply(PackedRows c, PackedRows a, PackedMatrix b, Epilogue epilogue, int m, GemmWorkspace workspace, Worker worker) {
        multiplyColumns(c, a, b, epilogue, m, 0, b.outputs(), workspace, worker);
    }

    /**
     * C = A·Bᵀ, then the epilogue, where both A and C are packed rows, but only for columns {@code from} to {@code to} (exclusive) of C. Columns
     * beside them may be written as well. There is no barrier inside.
     *
     * @param c         (M, N), at least {@code m} rows; must not be A
     * @param a         (M, K), at least {@code m} rows, written with {@code m} rows in use
     * @param b         (N, K)
     * @param epilogue  what is applied to the sums; its operands cover all N columns
     * @param m         the number of rows of A and C that are in use
     * @param from      first column of C
     * @param to        one past the last column of C
     * @param workspace planned for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, the columns are not in 0 … N, C is A, or the epilogue has a residual
     */
    public static void multiplyColumns(PackedRows c, PackedRows a, PackedMatrix b, Epilogue epilogue, int m, int from, int to,
            GemmWorkspace workspace, Worker worker) {
        checkColumns(from, to, b);
        checkInput("a", a, a.rows(), a.columns(), b, m);
        checkOutput("c", c, c.rows(), c.columns(), b, m);
        checkVector("bias", epilogue.bias(), b.outputs());
        checkVector("scale", epilogue.scale(), b.outputs());
        checkTeam(workspace, worker);
        checkStorage(b, workspace);
        if (c == a || epilogue.residual() != null) {
            throw new IllegalArgumentException(c == a ? "c is a" : "a packed product takes no residual");
        }
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                c.write(GemmReference.product(a.read(m), b, epilogue, m), m);
            }
            return;
        }
        GemmSimd.multiply(null, c, a.values(), 0, b, epilogue, 0, m, from, to, workspace, worker);
    }

    /**
     * dW += dYᵀ·X or dW = dYᵀ·X, the gradient of the weight in y = x·Wᵀ. Each element is one chain of fma that begins at the value in dW or at 0 and
     * ascends through the rows. Micro-batches that follow one another therefore give the bits of one large batch. There is one barrier inside, and dW is
     * complete once the team has passed its next barrier.
     *
     * @param dw        (N, K), in the packed layout of W
     * @param add       whether the gradient is added to dW; otherwise dW is overwritten and not read
     * @param dy        (M, N), at least {@code m} rows
     * @param x         (M, K), at least {@code m} rows
     * @param m         the number of rows of dY and X that are in use
     * @param workspace planned for {@code packedRows(K, m)} and {@code packedPanels(N, m)} and for this team
     * @param worker    the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void outer(PackedMatrix dw, boolean add, Tensor dy, Tensor x, int m, GemmWorkspace workspace, Worker worker) {
        checkOuter(dw, dy, x, m, workspace, worker);
        if (Implementation.isReference()) {
            if (worker.isFirst()) {
                GemmReference.outer(dw, add, dy, x, m);
            }
            return;
        }
        OuterSimd.pack(workspace, dy, x, m, worker);
        worker.barrier();
        OuterSimd.multiply(dw, add, workspace, m, worker);
    }

    /**
     * Both gradients of y = x·Wᵀ at once, with the bits of {@link #multiply} by the transposed weight and of {@link #outer}, and with fewer barriers: one
     * inside for every block of rows, some 200 or more if they are short. Both are complete once the team has passed its next barrier.
     *
     * @param dx         (M, K), at least {@code m} rows; overwritten; must not share memory with dy
     * @param dw         (N, K), in the packed layout of W
     * @param add        whether the gradient is added to dW; otherwise dW is overwritten and not read
     * @param dy         (M, N), at least {@code m} rows
     * @param x          (M, K), at least {@code m} rows
     * @param w          (N, K)
     * @param transposed (K, N), overwritten: memory for the transposed weight, which several layers may share
     * @param m          the number of rows of dX, dY and X that are in use
     * @param workspace  planned as for {@link #outer}, with gradient rows for {@code m} rows of N
     * @param worker     the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void backward(Tensor dx, PackedMatrix dw, boolean add, Tensor dy, Tensor x, PackedMatrix w, PackedMatrix transposed, int m,
            GemmWorkspace workspace, Worker worker) {
        checkOuter(dw, dy, x, m, workspace, worker);
        if (w.outputs() != dw.outputs() || w.depth() != dw.depth() || w.storage().isNarrow() || transposed.storage().isNarrow()) {
            throw new IllegalArgumentException("a weight of " + w.outputs() + " by " + w.depth() + " elements, " + w.storage() + ", and memory of "
                    + transposed.storage() + " for its transpose; expected " + dw.outputs() + " by " + dw.depth() + " of 32 bits, as the gradient has");
        }
        checkInput("dy", dy.shape(), dy.rows(), dy.columns(), transposed, m);
        checkOutput("dx", dx.shape(), dx.rows(), dx.columns(), transposed, m);
        if (workspace.gradientRows().length < GemmWorkspace.packedInput(m, transposed.depth())) {
            throw new IllegalArgumentException("the workspace is planned for " + workspace.gradientRows().length + " floats of gradient rows; needed are "
                    + GemmWorkspace.packedInput(m, transposed.depth()));
        }
        if (Implementation.isReference()) {
            transposed.packTransposed(w, workspace, worker);
            worker.barrier();
            if (worker.isFirst()) {
                GemmReference.outer(dw, add, dy, x, m);
                GemmReference.multiply(dx, dy, transposed, Epilogue.NONE, m);
            }
            return;
        }
        OuterSimd.pack(workspace, dy, x, m, worker);
        transposed.packTransposed(w, workspace, worker);
        GemmSimd.packFirstBlock(workspace.gradientRows(), dy, m, worker);
        worker.barrier();
        OuterSimd.multiply(dw, add, workspace, m, worker);
        GemmSimd.multiplyFromFirstBlock(workspace.gradientRows(), dx, dy, transposed, Epilogue.NONE, m, 0, transposed.outputs(), workspace, worker);
    }

    private static void checkOuter(PackedMatrix dw, Tensor dy, Tensor x, int m, GemmWorkspace workspace, Worker worker) {
        if (dw.storage().isNarrow()) {
            throw new IllegalArgumentException("a gradient in " + dw.storage() + "; expected 32 bits");
        }
        if (m < 0 || x.rows() < m || x.columns() != dw.depth() || dy.rows() < m || dy.columns() != dw.outputs()) {
            throw new IllegalArgumentException("dy " + dy.shape() + " and x " + x.shape() + " do not give " + m + " rows for dw ("
                    + dw.outputs() + ", " + dw.depth() + ")");
        }
        if (workspace.workers() < worker.count()
                || workspace.rows().length < GemmWorkspace.packedRows(dw.depth(), m)
                || workspace.panels().columns() < GemmWorkspace.packedPanels(dw.outputs(), m)) {
            throw new IllegalArgumentException("the workspace is planned for " + workspace.workers() + " workers, "
                    + workspace.rows().length + " floats of rows and " + workspace.panels().columns()
                    + " of panels; needed are " + worker.count() + ", " + GemmWorkspace.packedRows(dw.depth(), m) + " and "
                    + GemmWorkspace.packedPanels(dw.outputs(), m));
        }
    }

    private static void checkColumns(int from, int to, PackedMatrix b) {
        if (from < 0 || to < from || to > b.outputs()) {
            throw new IllegalArgumentException("columns " + from + " to " + to + " of " + b.outputs());
        }
    }

    private static void checkInput(String name, Object shape, int rows, int columns, PackedMatrix b, int m) {
        if (m < 0 || rows < m || columns != b.depth()) {
            throw new IllegalArgumentException(name + " " + shape + " does not give " + m + " rows of " + b.depth() + " (K of b)");
        }
    }

    private static void checkOutput(String name, Object shape, int rows, int columns, PackedMatrix b, int m) {
        if (rows < m || columns != b.outputs()) {
            throw new IllegalArgumentException(name + " " + shape + " does not take " + m + " rows of " + b.outputs() + " (N of b)");
        }
    }

    private static void checkEpilogue(Epilogue epilogue, Tensor c, PackedMatrix b, int m) {
        checkVector("bias", epilogue.bias(), b.outputs());
        checkVector("scale", epilogue.scale(), b.outputs());
        Tensor residual = epilogue.residual();
        if (residual == null) {
            return;
        }
        if (residual.rows() < m || residual.columns() != b.outputs()) {
            throw new IllegalArgumentException(
                    "residual " + residual.shape() + " does not give " + m + " rows of " + b.outputs() + " (N of b)");
        }
        Require.sameOrDisjoint("c", c, "residual", residual);
    }

    private static void checkTeam(GemmWorkspace workspace, Worker worker) {
        if (workspace.workers() < worker.count()) {
            throw new IllegalArgumentException(
                    "the workspace is planned for " + workspace.workers() + " workers; needed are " + worker.count());
        }
    }

    private static void checkStorage(PackedMatrix b, GemmWorkspace workspace) {
        if (b.storage().isNarrow() && !workspace.takesNarrow()) {
            throw new IllegalArgumentException("the workspace is not planned for a matrix of " + b.storage());
        }
    }

    private static void checkVector(String name, Tensor vector, int outputs) {
        if (vector != null && vector.shape().size() != outputs) {
            throw new IllegalArgumentException(name + " " + vector.shape() + " does not have " + outputs + " elements (N of b)");
        }
    }
}
