package vit.kernels.tokenmerge;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import vit.kernels.contract.Doubles;
import vit.kernels.contract.Require;
import vit.kernels.gemm.PackedRows;
import vit.kernels.jit.Rehearsal;
import vit.kernels.parallel.Worker;
import vit.kernels.simd.Implementation;
import vit.kernels.simd.Simd;
import vit.kernels.tensor.Tensor;

/**
 * Token merging (Bolya et al. 2023, section 3): bipartite soft matching of an image's tokens by their keys, and the merge of those that match.
 *
 * <p>Tokens with even indices are sources, those with odd indices are targets. The similarity of two tokens is the cosine of their keys, summed over the
 * heads. Every source chooses its most similar target, and the sources with the greatest similarities join their targets. Of equal similarities, that with
 * the lower index comes first. The first tokens of an image, its prefix, take no part. What stays keeps its order. A merged token is the mean of its
 * tokens, weighted by their sizes, and its size is the sum of theirs. docs/tokenmerge.md has the definition in full and what differs from the authors' code.
 *
 * <p>A key of length zero, or with a NaN, has no direction: its similarities are NaN, and these count as the least. The squares of a key must be in the
 * range of float, which holds for lengths between 10⁻¹⁸ and 10¹⁸.
 *
 * <p>Every worker of a team calls a method with the same arguments and computes its share. There is no barrier inside, and a result is complete once the
 * team has passed its next barrier. Outputs must share no memory with inputs.
 */
public final class TokenMerge {

    private TokenMerge() {}

    /**
     * Rehearsals of the methods that hold the vector code of {@link #match} and {@link #forward}, without those of {@link vit.kernels.gemm.Panels} and
     * {@link vit.kernels.softmax.Softmax}, so that they can be compiled ahead of use.
     */
    public static List<Rehearsal> rehearsals() {
        float[] values = new float[Rehearsal.MOST_ELEMENTS];
        float[] others = new float[Rehearsal.MOST_ELEMENTS];
        MemorySegment x = Rehearsal.elements();
        MemorySegment y = Rehearsal.elements();
        return List.of(
                Rehearsal.ofElements("TokenMatchSimd.sumHeads", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        TokenMatchSimd.sumHeads(others, 0, values, 2, n / 2 - n % 2); // no whole vectors, if n is odd
                    }
                }),
                Rehearsal.of("TokenMatchSimd.squares", wholeElements(), (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        TokenMatchSimd.squares(others, values, 0, n);
                    }
                }),
                Rehearsal.of("TokenMatchSimd.multiply", wholeElements(), (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        TokenMatchSimd.multiply(values, 0, n, 1f);
                    }
                }),
                Rehearsal.ofElements("TokenMergeSimd.scale", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        TokenMergeSimd.scale(y, 0, x, 0, n, 1f);
                    }
                }),
                Rehearsal.ofElements("TokenMergeSimd.addScaled", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        TokenMergeSimd.addScaled(y, 0, x, 0, n, 1f);
                    }
                }),
                Rehearsal.ofElements("TokenMergeSimd.divide", (n, times) -> {
                    for (int i = 0; i < times; i++) {
                        TokenMergeSimd.divide(y, 0, n, 1f);
                    }
                }));
    }

    private static int wholeElements() {
        return Rehearsal.MOST_ELEMENTS / Simd.VIRTUAL_LANES * Simd.VIRTUAL_LANES;
    }

    /** The most tokens of an image that one merge can save: (T − prefix) / 2, because every source joins at most one target. */
    public static int most(int tokens, int prefix) {
        return Math.max(0, tokens - prefix) / 2;
    }

    /**
     * Finds the tokens of {@code batch} images that become one.
     *
     * @param groups    receives for every token its group; planned for B and T
     * @param qkv       (B·T, 3·H·D): Q, K and V side by side, and in each of them the heads side by side; written with B·T rows in use. Only the keys are
     *                  read
     * @param batch     B
     * @param tokens    T
     * @param heads     H
     * @param prefix    the number of tokens that take no part
     * @param merged    how many tokens join another, at most {@link #most}
     * @param workspace planned for T, H, D and this team
     * @param w         the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or something is planned for less
     */
    public static void match(TokenGroups groups, PackedRows qkv, int batch, int tokens, int heads, int prefix, int merged,
            TokenMergeWorkspace workspace, Worker w) {
        int inner = check(groups, qkv, qkv.rows(), qkv.columns(), batch, tokens, heads, prefix, merged, workspace, w);
        if (w.isFirst()) {
            groups.matched(batch, tokens, merged);
        }
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                matchReference(groups, qkv.read(batch * tokens), batch, tokens, heads, prefix, merged);
            }
            return;
        }
        int headDim = inner / heads;
        w.begin(batch);
        for (int image = w.claim(); image >= 0; image = w.claim()) {
            TokenMergeWorkspace.Part part = workspace.part(w.index());
            for (int t = 0; t < tokens && merged > 0; t++) {
                qkv.readRun(image * tokens + t, inner, batch * tokens, part.keys(), 0, inner);
                TokenMatchSimd.direction(part, t, heads, headDim, w.lanes());
            }
            TokenMatchSimd.match(groups, part, image, tokens, headDim, prefix, merged);
        }
    }

    /**
     * As {@link #match(TokenGroups, PackedRows, int, int, int, int, int, TokenMergeWorkspace, Worker)}, with the same groups, from a tensor.
     *
     * @param groups    receives for every token its group; planned for B and T
     * @param qkv       (B·T, 3·H·D), of which only the keys are read
     * @param batch     B
     * @param tokens    T
     * @param heads     H
     * @param prefix    the number of tokens that take no part
     * @param merged    how many tokens join another, at most {@link #most}
     * @param workspace planned for T, H, D and this team
     * @param w         the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or something is planned for less
     */
    public static void match(TokenGroups groups, Tensor qkv, int batch, int tokens, int heads, int prefix, int merged,
            TokenMergeWorkspace workspace, Worker w) {
        int inner = check(groups, qkv.shape(), qkv.rows(), qkv.columns(), batch, tokens, heads, prefix, merged, workspace, w);
        if (w.isFirst()) {
            groups.matched(batch, tokens, merged);
        }
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                matchReference(groups, Doubles.read(qkv, batch * tokens), batch, tokens, heads, prefix, merged);
            }
            return;
        }
        int headDim = inner / heads;
        w.begin(batch);
        for (int image = w.claim(); image >= 0; image = w.claim()) {
            TokenMergeWorkspace.Part part = workspace.part(w.index());
            for (int t = 0; t < tokens && merged > 0; t++) {
                MemorySegment.copy(qkv.segment(), Tensor.FLOAT, qkv.rowOffset(image * tokens + t) + (long) inner * Float.BYTES, part.keys(), 0, inner);
                TokenMatchSimd.direction(part, t, heads, headDim, w.lanes());
            }
            TokenMatchSimd.match(groups, part, image, tokens, headDim, prefix, merged);
        }
    }

    /** @param qkv (B·T, 3·H·D) */
    private static void matchReference(TokenGroups groups, double[] qkv, int batch, int tokens, int heads, int prefix, int merged) {
        for (int b = 0; b < batch; b++) {
            int inner = qkv.length / batch / tokens / 3;
            double[] keys = new double[tokens * inner];
            for (int t = 0; t < tokens; t++) {
                System.arraycopy(qkv, ((b * tokens + t) * 3 + 1) * inner, keys, t * inner, inner);
            }
            int[] joined = new int[tokens];
            TokenMergeReference.match(joined, keys, tokens, heads, prefix, merged);
            System.arraycopy(joined, 0, groups.joined(), groups.start(b), tokens);
            groups.link(b, tokens);
        }
    }

    private static int check(TokenGroups groups, Object qkv, int rows, int columns, int batch, int tokens, int heads, int prefix, int merged,
            TokenMergeWorkspace workspace, Worker w) {
        int inner = columns / 3;
        if (heads < 1 || columns != 3 * inner || inner % heads != 0 || inner == 0 || rows < Math.multiplyExact(batch, tokens)) {
            throw new IllegalArgumentException("qkv " + qkv + " does not hold three matrices of " + heads + " heads for " + batch + " images of " + tokens
                    + " tokens");
        }
        Require.range("tokens", tokens, 1, groups.maxTokens());
        Require.range("batch", batch, 0, groups.maxBatch());
        Require.range("prefix", prefix, 0, tokens);
        Require.range("merged", merged, 0, most(tokens, prefix));
        if (!workspace.serves(tokens, inner, inner / heads, w.count())) {
            throw new IllegalArgumentException("the workspace is planned " + workspace + "; needed are " + tokens + ", " + heads + " of " + inner / heads
                    + ", " + w.count());
        }
        return inner;
    }

    /**
     * Merges the tokens of {@code batch} images: a group's row is Σ size·x / Σ size over its tokens, in ascending order. A token that is alone keeps its bits.
     *
     * @param y           (B·(T − merged), C), overwritten
     * @param mergedSizes (B, T − merged), overwritten with the groups' sizes
     * @param logSizes    (B, T − merged), overwritten with their logarithms, which {@link vit.kernels.attention.Attention} adds to scores
     * @param x           (B·T, C)
     * @param sizes       (B, T): of how many tokens of the beginning each token is the mean
     * @param groups      from {@link #match}
     * @param batch       B
     * @param tokens      T
     * @param merged      as in match
     * @param w           the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or y shares memory with x
     */
    public static void forward(Tensor y, Tensor mergedSizes, Tensor logSizes, Tensor x, Tensor sizes, TokenGroups groups, int batch, int tokens, int merged,
            Worker w) {
        int each = check(groups, y, "x", x, "y", mergedSizes, sizes, batch, tokens, merged);
        Require.rows("logSizes", logSizes, batch, each);
        Require.disjoint("y", y, "x", x);
        Require.disjoint("mergedSizes", mergedSizes, "sizes", sizes);
        Require.disjoint("logSizes", logSizes, "sizes", sizes);
        Require.disjoint("logSizes", logSizes, "mergedSizes", mergedSizes);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                forwardReference(y, mergedSizes, logSizes, x, sizes, groups, batch, tokens, each);
            }
            return;
        }
        TokenMergeSimd.forward(y, mergedSizes, logSizes, x, sizes, groups, tokens, merged, w.from(batch * each), w.to(batch * each));
    }

    /**
     * The gradient of {@link #forward} with the groups and the sizes held fixed: dx_t = dy_g · (size_t / size_g) for the group g of token t.
     *
     * @param dx          (B·T, C), overwritten
     * @param dy          (B·(T − merged), C)
     * @param mergedSizes (B, T − merged), from forward
     * @param sizes       (B, T), as in forward
     * @param groups      from {@link #match}
     * @param batch       B
     * @param tokens      T
     * @param merged      as in match
     * @param w           the calling member of the team
     * @throws IllegalArgumentException if a shape does not fit, or dx shares memory with dy
     */
    public static void backward(Tensor dx, Tensor dy, Tensor mergedSizes, Tensor sizes, TokenGroups groups, int batch, int tokens, int merged, Worker w) {
        int each = check(groups, dy, "dx", dx, "dy", mergedSizes, sizes, batch, tokens, merged);
        Require.disjoint("dx", dx, "dy", dy);
        if (Implementation.isReference()) {
            if (w.isFirst()) {
                for (int b = 0; b < batch; b++) {
                    double[] gradient = new double[tokens * dx.columns()];
                    TokenMergeReference.backward(gradient, dy.rows(b * each, (b + 1) * each).toDoubles(), sizes.rows(b, b + 1).toDoubles(),
                            groups(groups, b, tokens), each);
                    dx.rows(b * tokens, (b + 1) * tokens).copyFrom(gradient);
                }
            }
            return;
        }
        TokenMergeSimd.backward(dx, dy, mergedSizes, sizes, groups, tokens, merged, w.from(batch * tokens), w.to(batch * tokens));
    }

    private static int check(TokenGroups groups, Tensor few, String manyName, Tensor many, String fewName, Tensor mergedSizes, Tensor sizes,
            int batch, int tokens, int merged) {
        Require.range("tokens", tokens, 1, groups.maxTokens());
        Require.range("batch", batch, 0, groups.maxBatch());
        Require.range("merged", merged, 0, tokens / 2);
        int each = tokens - merged;
        Require.rows(manyName, many, (long) batch * tokens, many.columns());
        Require.rows(fewName, few, (long) batch * each, many.columns());
        Require.rows("mergedSizes", mergedSizes, batch, each);
        Require.rows("sizes", sizes, batch, tokens);
        groups.require(batch, tokens, merged);
        return each;
    }

    private static void forwardReference(Tensor y, Tensor mergedSizes, Tensor logSizes, Tensor x, Tensor sizes, TokenGroups groups, int batch, int tokens,
            int each) {
        for (int b = 0; b < batch; b++) {
            double[] rows = new double[each * x.columns()];
            double[] of = new double[each];
            TokenMergeReference.forward(rows, of, x.rows(b * tokens, (b + 1) * tokens).toDoubles(), sizes.rows(b, b + 1).toDoubles(),
                    groups(groups, b, tokens), each);
            y.rows(b * each, (b + 1) * each).copyFrom(rows);
            mergedSizes.rows(b, b + 1).copyFrom(of);
            logSizes.rows(b, b + 1).copyFrom(Arrays.stream(of).map(Math::log).toArray());
        }
    }

    private static int[] groups(TokenGroups groups, int image, int tokens) {
        int[] joined = new int[tokens];
        Arrays.setAll(joined, t -> groups.group(image, t));
        return joined;
    }
}
