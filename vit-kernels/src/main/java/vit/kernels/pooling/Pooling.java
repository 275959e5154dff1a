package vit.kernels.pooling;

import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.tensor.Tensor;

/**
 * Pools the tokens {@code first} to {@code last} (exclusive) of every image into their mean, their mean weighted by sizes, or their maximum. The class
 * token is the mean of one token, which is an exact copy. The mean of the patches leaves out the prefix tokens. The mean of all tokens takes every one.
 *
 * <p>The sum of a mean runs over the tokens in ascending order and is divided by their number or size at the end, so the result of an image does not depend on its
 * place in the batch. Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside. The first
 * {@code batch} images are used; tensors may have more. Shapes that do not fit and memory that overlaps throw {@link IllegalArgumentException}.
 */
public final class Pooling {

    private Pooling() {}

    /**
     * {@code pooled[b] = (tokens[b, first] + … + tokens[b, last − 1]) / (last − first)}.
     *
     * @param pooled         (B, C), overwritten
     * @param tokens         (B, T, C)
     * @param first          first token pooled
     * @param last           one past the last token pooled, above {@code first}
     * @param batch          B, the number of images in use
     * @param tokensPerImage T
     * @param w              the calling member of the team
     */
    public static void forward(
            Tensor pooled, Tensor tokens, int first, int last, int batch, int tokensPerImage, Worker w) {
        check(pooled, "tokens", tokens, first, last, batch, tokensPerImage);
        Require.disjoint("pooled", pooled, "tokens", tokens);
        int C = pooled.columns();
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[batch * C];
                PoolingReference.forward(
                        out, Doubles.read(tokens, batch * tokensPerImage), first, last, batch, tokensPerImage, C);
                Doubles.write(pooled, out);
            }
            return;
        }
        PoolingSimd.forward(pooled, tokens, first, last, tokensPerImage, w.from(batch * C), w.to(batch * C));
    }

    /**
     * The mean weighted by sizes, for tokens that are means of several (Bolya et al. 2023): {@code pooled[b] = Σ sizes[b, t]·tokens[b, t] / Σ sizes[b, t]} over
     * the tokens {@code first} to {@code last} (exclusive), both sums in ascending order and the first a chain of fma. If the sizes sum to 0, the result is not
     * finite.
     *
     * @param pooled         (B, C), overwritten
     * @param tokens         (B, T, C)
     * @param sizes          (B, T)
     * @param first          first token pooled
     * @param last           one past the last token pooled, above {@code first}
     * @param batch          B, the number of images in use
     * @param tokensPerImage T
     * @param w              the calling member of the team
     */
    public static void forwardWeighted(
            Tensor pooled, Tensor tokens, Tensor sizes, int first, int last, int batch, int tokensPerImage, Worker w) {
        check(pooled, "tokens", tokens, first, last, batch, tokensPerImage);
        Require.rows("sizes", sizes, batch, tokensPerImage);
        Require.disjoint("pooled", pooled, "tokens", tokens);
        int C = pooled.columns();
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[batch * C];
                PoolingReference.forwardWeighted(out, Doubles.read(tokens, batch * tokensPerImage), Doubles.read(sizes, batch), first, last, batch,
                        tokensPerImage, C);
                Doubles.write(pooled, out);
            }
            return;
        }
        PoolingSimd.forwardWeighted(pooled, tokens, sizes, first, last, tokensPerImage, w.from(batch * C), w.to(batch * C));
    }

    /**
     * The backward pass: {@code dtokens[b, t] = dpooled[b] / (last − first)} for the pooled tokens, 0 for the others.
     *
     * @param dtokens        (B, T, C), overwritten
     * @param dpooled        (B, C)
     * @param first          first token pooled, as in forward
     * @param last           one past the last token pooled, as in forward
     * @param batch          B, the number of images in use
     * @param tokensPerImage T
     * @param w              the calling member of the team
     */
    public static void backward(
            Tensor dtokens, Tensor dpooled, int first, int last, int batch, int tokensPerImage, Worker w) {
        check(dpooled, "dtokens", dtokens, first, last, batch, tokensPerImage);
        Require.disjoint("dtokens", dtokens, "dpooled", dpooled);
        int C = dpooled.columns();
        int rows = batch * tokensPerImage;
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[rows * C];
                PoolingReference.backward(out, Doubles.read(dpooled, batch), first, last, batch, tokensPerImage, C);
                Doubles.write(dtokens, out);
            }
            return;
        }
        PoolingSimd.backward(dtokens, dpooled, first, last, tokensPerImage, w.from(rows), w.to(rows));
    }

    /**
     * The backward pass of {@link #forwardWeighted} with the sizes held fixed: {@code dtokens[b, t] = dpooled[b] · (sizes[b, t] / Σ sizes[b, ·])} for the pooled
     * tokens, 0 for the others.
     *
     * @param dtokens        (B, T, C), overwritten
     * @param dpooled        (B, C)
     * @param sizes          (B, T), as in forward
     * @param first          first token pooled, as in forward
     * @param last           one past the last token pooled, as in forward
     * @param batch          B, the number of images in use
     * @param tokensPerImage T
     * @param w              the calling member of the team
     */
    public static void backwardWeighted(
            Tensor dtokens, Tensor dpooled, Tensor sizes, int first, int last, int batch, int tokensPerImage, Worker w) {
        check(dpooled, "dtokens", dtokens, first, last, batch, tokensPerImage);
        Require.rows("sizes", sizes, batch, tokensPerImage);
        Require.disjoint("dtokens", dtokens, "dpooled", dpooled);
        int rows = batch * tokensPerImage;
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[rows * dpooled.columns()];
                PoolingReference.backwardWeighted(out, Doubles.read(dpooled, batch), Doubles.read(sizes, batch), first, last, batch, tokensPerImage,
                        dpooled.columns());
                Doubles.write(dtokens, out);
            }
            return;
        }
        PoolingSimd.backwardWeighted(dtokens, dpooled, sizes, first, last, tokensPerImage, w.from(rows), w.to(rows));
    }

    /**
     * {@code pooled[b] = max(tokens[b, first], …, tokens[b, last − 1])}, element by element; NaN if one of them is NaN, and 0 rather than −0.
     *
     * @param pooled         (B, C), overwritten
     * @param tokens         (B, T, C)
     * @param first          first token pooled
     * @param last           one past the last token pooled, above {@code first}
     * @param batch          B, the number of images in use
     * @param tokensPerImage T
     * @param w              the calling member of the team
     */
    public static void forwardMax(Tensor pooled, Tensor tokens, int first, int last, int batch, int tokensPerImage, Worker w) {
        check(pooled, "tokens", tokens, first, last, batch, tokensPerImage);
        Require.disjoint("pooled", pooled, "tokens", tokens);
        int C = pooled.columns();
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[batch * C];
                PoolingReference.forwardMax(out, Doubles.read(tokens, batch * tokensPerImage), first, last, batch, tokensPerImage, C);
                Doubles.write(pooled, out);
            }
            return;
        }
        PoolingSimd.forwardMax(pooled, tokens, first, last, tokensPerImage, w.from(batch * C), w.to(batch * C));
    }

    /**
     * The backward pass of {@link #forwardMax}: the gradient of a maximum goes to the token that has it. Tokens that share the maximum share the gradient
     * in equal parts, as in PyTorch's {@code amax}; all others get 0. If the maximum is NaN, the gradient of every token pooled is NaN, as in {@code
     * amax}, and that of the others 0.
     *
     * @param dtokens        (B, T, C), overwritten
     * @param dpooled        (B, C)
     * @param tokens         (B, T, C), the input of forward
     * @param first          first token pooled, as in forward
     * @param last           one past the last token pooled, as in forward
     * @param batch          B, the number of images in use
     * @param tokensPerImage T
     * @param w              the calling member of the team
     */
    public static void backwardMax(Tensor dtokens, Tensor dpooled, Tensor tokens, int first, int last, int batch, int tokensPerImage, Worker w) {
        check(dpooled, "dtokens", dtokens, first, last, batch, tokensPerImage);
        check(dpooled, "tokens", tokens, first, last, batch, tokensPerImage);
        Require.disjoint("dtokens", dtokens, "dpooled", dpooled);
        Require.disjoint("dtokens", dtokens, "tokens", tokens);
        int C = dpooled.columns();
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                double[] out = new double[batch * tokensPerImage * C];
                PoolingReference.backwardMax(out, Doubles.read(dpooled, batch), Doubles.read(tokens, batch * tokensPerImage), first, last, batch,
                        tokensPerImage, C);
                Doubles.write(dtokens, out);
            }
            return;
        }
        PoolingSimd.backwardMax(dtokens, dpooled, tokens, first, last, tokensPerImage, w.from(batch * C), w.to(batch * C));
    }

    private static void check(
            Tensor pooled, String tokensName, Tensor tokens, int first, int last, int batch,
            int tokensPerImage) {
        Require.range("tokens an image", tokensPerImage, 1, Integer.MAX_VALUE);
        Require.range("first token", first, 0, tokensPerImage - 1);
        Require.range("last token", last, first + 1, tokensPerImage);
        Require.range("batch", batch, 0, pooled.rows());
        Require.rows(tokensName, tokens, (long) batch * tokensPerImage, pooled.columns());
        Require.range("pooled elements in use", (long) batch * pooled.columns(), 0, Integer.MAX_VALUE);
    }
}
