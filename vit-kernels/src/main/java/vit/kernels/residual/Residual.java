package vit.kernels.residual;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * The residual connection {@code y = x + branch} (He et al. 2016), and with LayerScale {@code y = x + gamma · branch}
 * (Touvron et al. 2021, "Going deeper with image transformers", equation 4): gamma has one factor a column.
 *
 * <p>The first {@code rows} rows are used; tensors may have more. Every worker of a team calls a method with the same arguments and computes its
 * share. There is no barrier inside. Shapes that do not fit, and memory that overlaps in any other way than stated, throw {@link
 * IllegalArgumentException}.
 *
 * <p>In the backward pass, the gradient of x is the gradient of y. Without gamma, the gradient of the branch is too, so there is nothing to compute.
 * {@link #add} adds the gradient that comes back through the branch: {@code dx = dy + dx_branch}.
 */
public final class Residual {

    private Residual() {}

    /**
     * {@code y = x + branch}.
     *
     * @param y      (M, C), overwritten; may be {@code x} or {@code branch} itself
     * @param x      (M, C)
     * @param branch (M, C)
     * @param rows   the number of rows in use
     * @param w      the calling member of the team
     */
    public static void add(Tensor y, Tensor x, Tensor branch, int rows, Worker w) {
        check(y, x, branch, rows);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[rows * y.columns()];
                ResidualReference.add(out, Doubles.read(x, rows), Doubles.read(branch, rows));
                Doubles.write(y, out);
            }
            return;
        }
        ResidualSimd.add(y, x, branch, w.from(rows), w.to(rows));
    }

    /**
     * {@code y = x + gamma · branch}.
     *
     * @param y      (M, C), overwritten; may be {@code x} or {@code branch} itself
     * @param x      (M, C)
     * @param branch (M, C)
     * @param gamma  (C)
     * @param rows   the number of rows in use
     * @param w      the calling member of the team
     */
    public static void addScaled(Tensor y, Tensor x, Tensor branch, Tensor gamma, int rows, Worker w) {
        check(y, x, branch, rows);
        Require.exactly("gamma", gamma, 1, y.columns());
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[rows * y.columns()];
                ResidualReference.addScaled(out, Doubles.read(x, rows), Doubles.read(branch, rows), Doubles.read(gamma));
                Doubles.write(y, out);
            }
            return;
        }
        ResidualSimd.addScaled(y, x, branch, gamma, w.from(rows), w.to(rows));
    }

    private static void check(Tensor y, Tensor x, Tensor branch, int rows) {
        Require.range("rows", rows, 0, y.rows());
        Require.rows("x", x, rows, y.columns());
        Require.rows("branch", branch, rows, y.columns());
        Require.sameOrDisjoint("y", y, "x", x);
        Require.sameOrDisjoint("y", y, "branch", branch);
    }

    /**
     * The backward pass of {@link #addScaled}: {@code dbranch = gamma · dy}, and {@code dgamma += Σ dy · branch} over the
     * rows in ascending order, continuing the chain from what {@code dgamma} holds. {@code dx} is {@code dy}.
     *
     * @param dbranch (M, C), overwritten; may be {@code dy} itself
     * @param dgamma  (C), accumulated
     * @param dy      (M, C)
     * @param branch  (M, C), from the forward pass
     * @param gamma   (C)
     * @param rows    the number of rows in use
     * @param w       the calling member of the team
     */
    public static void addScaledBackward(
            Tensor dbranch, Tensor dgamma, Tensor dy, Tensor branch, Tensor gamma, int rows, Worker w) {
        int C = dy.columns();
        Require.range("rows", rows, 0, dy.rows());
        Require.rows("dbranch", dbranch, rows, C);
        Require.rows("branch", branch, rows, C);
        Require.exactly("dgamma", dgamma, 1, C);
        Require.exactly("gamma", gamma, 1, C);
        Require.sameOrDisjoint("dbranch", dbranch, "dy", dy);
        Require.disjoint("dbranch", dbranch, "branch", branch);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[rows * C];
                double[] sums = Doubles.read(dgamma);
                ResidualReference.addScaledBackward(
                        out, sums, Doubles.read(dy, rows), Doubles.read(branch, rows), Doubles.read(gamma));
                Doubles.write(dbranch, out);
                Doubles.write(dgamma, sums);
            }
            return;
        }
        ResidualSimd.addScaledBackward(dbranch, dgamma, dy, branch, gamma, rows, w.from(C), w.to(C));
    }
}
