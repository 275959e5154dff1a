package vit.kernels.verify.catalogue;

import java.util.Arrays;
import java.util.List;
import vit.kernels.tensor.Tensor;
import vit.kernels.tokenmerge.TokenGroups;
import vit.kernels.tokenmerge.TokenMerge;
import vit.kernels.tokenmerge.TokenMergeReference;
import vit.kernels.tokenmerge.TokenMergeWorkspace;

/** Token merging: the matching, the merge, and its backward pass. */
final class TokenMergeKernels {

    /** No two similarities that are compared lie closer together than this, so that rounding decides nothing. */
    private static final double MARGIN = 1e-4;

    private TokenMergeKernels() {}

    static List<Kernel> all() {
        return List.of(
                new Kernel("tokenmerge match", draw -> new Problem(draw).match()),
                new Kernel("tokenmerge", draw -> new Problem(draw).forward()),
                new Kernel("tokenmerge backward", draw -> new Problem(draw).backward()));
    }

    /** Some images whose tokens match clearly. */
    private static final class Problem {
        final Draw draw;
        final int batch;
        final int tokens;
        final int heads;
        final int headDim;
        final int prefix;
        final int merged;
        final int each;
        final Tensor qkv; // (B·T, 3·H·D)
        final TokenGroups groups;
        final TokenMergeWorkspace workspace;

        Problem(Draw draw) {
            this.draw = draw;
            batch = draw.size(2, 1, 3);
            tokens = draw.size(29, 1, 40);
            heads = draw.size(3, 1, 4);
            headDim = draw.size(21, 8, 37);
            prefix = draw.size(1, 0, Math.min(5, tokens));
            merged = draw.size(9, 0, TokenMerge.most(tokens, prefix));
            each = tokens - merged;
            qkv = draw.bounded(-4, 2, batch * tokens, 3 * heads * headDim);
            while (!isClear()) {
                float[] values = qkv.toArray();
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (draw.random().nextDouble() * 2 - 1);
                }
                qkv.copyFrom(values);
            }
            groups = TokenGroups.allocate(draw.arena(), batch, tokens);
            workspace = TokenMergeWorkspace.allocate(draw.arena(), tokens, heads, headDim, draw.mostThreads());
        }

        private double[] keys(int image) {
            int inner = heads * headDim;
            double[] values = qkv.rows(image * tokens, (image + 1) * tokens).toDoubles();
            double[] keys = new double[tokens * inner];
            for (int t = 0; t < tokens; t++) {
                System.arraycopy(values, (t * 3 + 1) * inner, keys, t * inner, inner);
            }
            return keys;
        }

        /** Whether every source's best target, and the choice of the sources, are clear in every image. */
        private boolean isClear() {
            for (int b = 0; b < batch; b++) {
                double[] keys = keys(b);
                double[] best = new double[tokens];
                Arrays.fill(best, Double.NEGATIVE_INFINITY);
                for (int a = prefix + prefix % 2; a < tokens; a += 2) {
                    double second = Double.NEGATIVE_INFINITY;
                    for (int t = prefix + 1 - prefix % 2; t < tokens; t += 2) {
                        double cosine = TokenMergeReference.cosine(keys, a, t, heads, headDim);
                        second = Math.max(second, Math.min(cosine, best[a]));
                        best[a] = Math.max(best[a], cosine);
                    }
                    if (best[a] - second < MARGIN) {
                        return false;
                    }
                }
                Arrays.sort(best);
                if (merged > 0 && merged < tokens && best[tokens - merged] - best[tokens - merged - 1] < MARGIN) {
                    return false;
                }
            }
            return true;
        }

        private int[] joined(int image) {
            int[] joined = new int[tokens];
            TokenMergeReference.match(joined, keys(image), tokens, heads, prefix, merged);
            return joined;
        }

        Call match() {
            Tensor found = draw.tensor(batch, tokens);
            return Call.of(w -> {
                TokenMerge.match(groups, qkv, batch, tokens, heads, prefix, merged, workspace, w);
                w.barrier();
                for (int i = w.from(batch * tokens), end = w.to(batch * tokens); i < end; i++) {
                    found.set(i / tokens, i % tokens, groups.group(i / tokens, i % tokens));
                }
            }).output("groups", found).truths(() -> {
                double[] expected = new double[batch * tokens];
                for (int b = 0; b < batch; b++) {
                    int[] joined = joined(b);
                    for (int t = 0; t < tokens; t++) {
                        expected[b * tokens + t] = joined[t];
                    }
                }
                return List.of(Truth.exact(expected));
            });
        }

        /** Sizes of tokens that have been merged before: 1 to 5. */
        private Tensor sizes() {
            Tensor sizes = draw.tensor(batch, tokens);
            float[] values = new float[batch * tokens];
            for (int i = 0; i < values.length; i++) {
                values[i] = 1 + draw.random().nextInt(5);
            }
            sizes.copyFrom(values);
            return sizes;
        }

        /** A row of n tokens has n products and additions and a division; a size is exact, and its logarithm is off by less than an ulp. */
        Call forward() {
            int columns = draw.columns(93);
            Tensor x = draw.tensor(draw.moderate(), batch * tokens, columns);
            Tensor sizes = sizes();
            Tensor y = draw.tensor(batch * each, columns);
            Tensor mergedSizes = draw.tensor(batch, each);
            Tensor logSizes = draw.tensor(batch, each);
            draw.prepare(w -> TokenMerge.match(groups, qkv, batch, tokens, heads, prefix, merged, workspace, w));
            return Call.of(w -> TokenMerge.forward(y, mergedSizes, logSizes, x, sizes, groups, batch, tokens, merged, w))
                    .output("y", y).output("sizes", mergedSizes).output("log sizes", logSizes).truths(() -> {
                        double[] means = merge(x.toDoubles(), sizes, columns, new double[batch * each]);
                        double[] magnitudes = merge(Doubled.absolute(x.toDoubles()), sizes, columns, new double[batch * each]);
                        double[] expectedSizes = new double[batch * each];
                        merge(x.toDoubles(), sizes, columns, expectedSizes);
                        double[] logs = Arrays.stream(expectedSizes).map(Math::log).toArray();
                        return List.of(Truth.within(means, i -> Truth.gamma(tokens + 2) * magnitudes[i] + tokens * (double) Float.MIN_VALUE),
                                Truth.exact(expectedSizes), Truth.within(logs, i -> 2 * Truth.U * Math.abs(logs[i])));
                    });
        }

        private double[] merge(double[] x, Tensor sizes, int columns, double[] mergedSizes) {
            double[] all = new double[batch * each * columns];
            for (int b = 0; b < batch; b++) {
                double[] rows = new double[each * columns];
                double[] of = new double[each];
                TokenMergeReference.forward(rows, of, Arrays.copyOfRange(x, b * tokens * columns, (b + 1) * tokens * columns),
                        sizes.rows(b, b + 1).toDoubles(), joined(b), each);
                System.arraycopy(rows, 0, all, b * rows.length, rows.length);
                System.arraycopy(of, 0, mergedSizes, b * each, each);
            }
            return all;
        }

        /** A quotient and a product. */
        Call backward() {
            int columns = draw.columns(93);
            Tensor dy = draw.tensor(draw.moderate(), batch * each, columns);
            Tensor x = draw.tensor(batch * tokens, columns);
            Tensor sizes = sizes();
            Tensor y = draw.tensor(batch * each, columns);
            Tensor mergedSizes = draw.tensor(batch, each);
            Tensor logSizes = draw.tensor(batch, each);
            draw.prepare(w -> TokenMerge.match(groups, qkv, batch, tokens, heads, prefix, merged, workspace, w));
            draw.prepare(w -> TokenMerge.forward(y, mergedSizes, logSizes, x, sizes, groups, batch, tokens, merged, w));
            return Call.of(w -> TokenMerge.backward(x, dy, mergedSizes, sizes, groups, batch, tokens, merged, w)).output("dx", x).truths(() -> {
                double[] expected = new double[batch * tokens * columns];
                double[] upstream = dy.toDoubles();
                for (int b = 0; b < batch; b++) {
                    double[] rows = new double[tokens * columns];
                    TokenMergeReference.backward(rows, Arrays.copyOfRange(upstream, b * each * columns, (b + 1) * each * columns),
                            sizes.rows(b, b + 1).toDoubles(), joined(b), each);
                    System.arraycopy(rows, 0, expected, b * rows.length, rows.length);
                }
                return List.of(Truth.within(expected, i -> Truth.gamma(2) * Math.abs(expected[i]) + Float.MIN_VALUE));
            });
        }
    }
}
