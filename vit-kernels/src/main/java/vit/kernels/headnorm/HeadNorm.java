package vit.kernels.headnorm;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * The normalisation of queries and keys (Dehghani et al. 2023, section 2.1): every head of every query and key, D elements, is normalised on its own.
 * All heads of the queries share one weight, and so do all heads of the keys. The values are copied.
 *
 * <p>With biases it is layer normalisation, with the bits of {@link vit.kernels.layernorm.LayerNorm} over rows of D. Without biases it is RMSNorm, y =
 * x·weight/√(mean(x²) + epsilon), with the bits of {@link vit.kernels.rmsnorm.RmsNorm} forward. A NaN makes its whole head NaN, and so does an infinity
 * in layer normalisation. In RMSNorm an infinity becomes NaN, and the rest of its head 0. The loops of the forward pass are those of these two
 * operations, so their rehearsals compile them.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. A result is complete once the team has passed its next
 * barrier. {@code docs/headnorm.md} derives the backward pass.
 */
public final class HeadNorm {

    private HeadNorm() {}

    /**
     * Normalises the heads of the queries and keys. There is no barrier inside.
     *
     * @param y           (rows, 3·H·D), overwritten; may be {@code x} itself
     * @param x           (rows, 3·H·D): Q, K and V side by side, and in each of them the heads side by side
     * @param queryWeight (D)
     * @param queryBias   (D); null for RMSNorm
     * @param keyWeight   (D)
     * @param keyBias     (D); null for RMSNorm
     * @param epsilon     added to the variance or the mean of squares, at least 0
     * @param heads       H
     * @param rows        the number of rows in use
     * @param w           the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, only one bias is null, or y shares part of x's memory
     */
    public static void forward(Tensor y, Tensor x, Tensor queryWeight, Tensor queryBias, Tensor keyWeight, Tensor keyBias, double epsilon,
            int heads, int rows, Worker w) {
        check(x, queryWeight, keyWeight, heads, rows);
        checkBiases("queryBias", queryBias, "keyBias", keyBias, queryWeight.columns());
        Require.rows("y", y, rows, x.columns());
        Require.sameOrDisjoint("y", y, "x", x);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] values = Doubles.read(x, rows);
                HeadNormReference.forward(values, values, Doubles.read(queryWeight), Doubles.readOrNull(queryBias), Doubles.read(keyWeight),
                        Doubles.readOrNull(keyBias), epsilon, heads, rows);
                Doubles.write(y, values);
            }
            return;
        }
        int from = w.from(rows);
        int to = w.to(rows);
        HeadNormSimd.forward(y, x, queryWeight, queryBias, epsilon, 0, heads, from, to, w.lanes());
        HeadNormSimd.forward(y, x, keyWeight, keyBias, epsilon, 1, heads, from, to, w.lanes());
        if (y.segment().address() != x.segment().address()) {
            HeadNormSimd.copyValues(y, x, from, to);
        }
    }

    /**
     * The backward pass. With x̂ the normalised head and g = dy·weight: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)), without mean(g) in RMSNorm; dweight +=
     * Σ dy·x̂, dbias += Σ dy. The statistics are computed again from x.
     *
     * <p>Each element of a parameter's gradient is one chain over the rows, and in each row over the heads, in ascending order. So its bits do not
     * depend on the number of workers, and micro-batches that follow one another give the bits of the whole batch. The workers divide the columns of
     * these gradients, pass a barrier, because dx may be dy, and then divide the rows of dx.
     *
     * @param dx           (rows, 3·H·D), overwritten; may be {@code dy} itself
     * @param dqueryWeight (D), accumulated
     * @param dqueryBias   (D), accumulated; null for RMSNorm
     * @param dkeyWeight   (D), accumulated
     * @param dkeyBias     (D), accumulated; null for RMSNorm
     * @param dy           (rows, 3·H·D)
     * @param x            (rows, 3·H·D), the input of forward
     * @param queryWeight  (D)
     * @param keyWeight    (D)
     * @param epsilon      as in forward
     * @param heads        H, as in forward
     * @param rows         the number of rows in use
     * @param w            the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, only one gradient of a bias is null, dx shares part of dy's memory, or shares memory
     *                                  with x
     */
    public static void backward(Tensor dx, Tensor dqueryWeight, Tensor dqueryBias, Tensor dkeyWeight, Tensor dkeyBias, Tensor dy, Tensor x,
            Tensor queryWeight, Tensor keyWeight, double epsilon, int heads, int rows, Worker w) {
        check(x, queryWeight, keyWeight, heads, rows);
        int headDim = queryWeight.columns();
        Require.exactly("dqueryWeight", dqueryWeight, 1, headDim);
        Require.exactly("dkeyWeight", dkeyWeight, 1, headDim);
        checkBiases("dqueryBias", dqueryBias, "dkeyBias", dkeyBias, headDim);
        Require.rows("dx", dx, rows, x.columns());
        Require.rows("dy", dy, rows, x.columns());
        Require.sameOrDisjoint("dx", dx, "dy", dy);
        Require.disjoint("dx", dx, "x", x);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                backwardReference(dx, dqueryWeight, dqueryBias, dkeyWeight, dkeyBias, dy, x, queryWeight, keyWeight, epsilon, heads, rows);
            }
            return;
        }
        HeadNormSimd.backwardParameters(dqueryWeight, dqueryBias, dkeyWeight, dkeyBias, dy, x, epsilon, heads, rows, w);
        w.barrier();
        int from = w.from(rows);
        int to = w.to(rows);
        HeadNormSimd.backwardInput(dx, dy, x, queryWeight, dqueryBias != null, epsilon, 0, heads, from, to, w.lanes());
        HeadNormSimd.backwardInput(dx, dy, x, keyWeight, dkeyBias != null, epsilon, 1, heads, from, to, w.lanes());
        if (dx.segment().address() != dy.segment().address()) {
            HeadNormSimd.copyValues(dx, dy, from, to);
        }
    }

    private static void backwardReference(Tensor dx, Tensor dqueryWeight, Tensor dqueryBias, Tensor dkeyWeight, Tensor dkeyBias, Tensor dy,
            Tensor x, Tensor queryWeight, Tensor keyWeight, double epsilon, int heads, int rows) {
        double[] gradient = new double[rows * x.columns()];
        double[] ofQueryWeight = Doubles.read(dqueryWeight);
        double[] ofQueryBias = Doubles.readOrNull(dqueryBias);
        double[] ofKeyWeight = Doubles.read(dkeyWeight);
        double[] ofKeyBias = Doubles.readOrNull(dkeyBias);
        HeadNormReference.backward(gradient, ofQueryWeight, ofQueryBias, ofKeyWeight, ofKeyBias, Doubles.read(dy, rows), Doubles.read(x, rows),
                Doubles.read(queryWeight), Doubles.read(keyWeight), epsilon, heads, rows);
        Doubles.write(dx, gradient);
        Doubles.write(dqueryWeight, ofQueryWeight);
        Doubles.write(dkeyWeight, ofKeyWeight);
        if (dqueryBias != null) {
            Doubles.write(dqueryBias, ofQueryBias);
            Doubles.write(dkeyBias, ofKeyBias);
        }
    }

    private static void check(Tensor x, Tensor queryWeight, Tensor keyWeight, int heads, int rows) {
        int headDim = queryWeight.columns();
        Require.range("rows", rows, 0, x.rows());
        Require.range("heads", heads, 1, Integer.MAX_VALUE);
        Require.exactly("queryWeight", queryWeight, 1, headDim);
        Require.exactly("keyWeight", keyWeight, 1, headDim);
        Require.rows("x", x, rows, Math.multiplyExact(3, Math.multiplyExact(heads, headDim)));
    }

    private static void checkBiases(String queryName, Tensor queryBias, String keyName, Tensor keyBias, int headDim) {
        if ((queryBias == null) != (keyBias == null)) {
            throw new IllegalArgumentException(queryName + " and " + keyName + ": expected both or neither, found "
                    + (queryBias == null ? keyName : queryName) + " alone");
        }
        if (queryBias != null) {
            Require.exactly(queryName, queryBias, 1, headDim);
            Require.exactly(keyName, keyBias, 1, headDim);
        }
    }
}
