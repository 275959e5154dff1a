package vit.kernels.tokenmerge;

import java.util.Arrays;

/** Token merging (Bolya et al. 2023, section 3) of one image in double: plain loops over row-major arrays without gaps. */
public final class TokenMergeReference {

    private TokenMergeReference() {}

    /**
     * Decides which tokens become one. Tokens with even indices are sources, those with odd indices are targets. Every source finds the target whose key
     * has the greatest cosine with its own, the keys being summed over the heads; the {@code merged} sources with the greatest cosines join their
     * targets. Of equal cosines, the one with the lower index comes first. The first {@code prefix} tokens are neither sources nor targets. A cosine that is
     * NaN counts as less than any other.
     *
     * @param joined receives for every token the index that its group has afterwards; the groups stand in the order of the tokens that stayed, (T)
     * @param keys   (T, H·D)
     * @param tokens T
     * @param heads  H
     * @param prefix the number of tokens that no other joins, and that join no other
     * @param merged how many sources join a target, at most (T − prefix) / 2
     */
    public static void match(int[] joined, double[] keys, int tokens, int heads, int prefix, int merged) {
        int headDim = keys.length / tokens / heads;
        double[] cosines = new double[tokens];
        int[] target = new int[tokens];
        for (int a = prefix + prefix % 2; a < tokens; a += 2) {
            cosines[a] = Double.NEGATIVE_INFINITY;
            for (int b = prefix + 1 - prefix % 2; b < tokens; b += 2) {
                double cosine = cosine(keys, a, b, heads, headDim);
                if (target[a] == 0 || cosine > cosines[a]) {
                    target[a] = b;
                    cosines[a] = Double.isNaN(cosine) ? Double.NEGATIVE_INFINITY : cosine;
                }
            }
        }
        boolean[] joins = new boolean[tokens];
        for (int n = 0; n < merged; n++) {
            int best = -1;
            for (int a = prefix + prefix % 2; a < tokens; a += 2) {
                if (!joins[a] && (best < 0 || cosines[a] > cosines[best])) {
                    best = a;
                }
            }
            joins[best] = true;
        }
        int groups = 0;
        for (int t = 0; t < tokens; t++) {
            joined[t] = joins[t] ? -1 : groups++;
        }
        for (int t = 0; t < tokens; t++) {
            joined[t] = joins[t] ? joined[target[t]] : joined[t];
        }
    }

    /** The cosine of the angle between the keys of two tokens, each summed over its heads. */
    public static double cosine(double[] keys, int a, int b, int heads, int headDim) {
        double product = 0;
        double squareOfA = 0;
        double squareOfB = 0;
        for (int d = 0; d < headDim; d++) {
            double ofA = 0;
            double ofB = 0;
            for (int h = 0; h < heads; h++) {
                ofA += keys[(a * heads + h) * headDim + d];
                ofB += keys[(b * heads + h) * headDim + d];
            }
            product += ofA * ofB;
            squareOfA += ofA * ofA;
            squareOfB += ofB * ofB;
        }
        return product / (Math.sqrt(squareOfA) * Math.sqrt(squareOfB));
    }

    /**
     * Every group's row is the mean of its tokens' rows, weighted by their sizes, and its size is their sum. A token that is alone keeps its row.
     *
     * @param y           (groups, C), overwritten
     * @param mergedSizes (groups), overwritten
     * @param x           (T, C)
     * @param sizes       (T)
     * @param joined      (T), from {@link #match}
     * @param groups      T less the tokens that joined others
     */
    public static void forward(double[] y, double[] mergedSizes, double[] x, double[] sizes, int[] joined, int groups) {
        int columns = x.length / joined.length;
        Arrays.fill(y, 0, groups * columns, 0.0);
        Arrays.fill(mergedSizes, 0, groups, 0.0);
        int[] members = new int[groups];
        for (int t = 0; t < joined.length; t++) {
            mergedSizes[joined[t]] += sizes[t];
            members[joined[t]]++;
        }
        for (int t = 0; t < joined.length; t++) {
            int group = joined[t];
            for (int c = 0; c < columns; c++) {
                y[group * columns + c] += members[group] == 1 ? x[t * columns + c] : sizes[t] * x[t * columns + c] / mergedSizes[group];
            }
        }
    }

    /**
     * The gradient of {@link #forward} with the groups and the sizes held fixed: dx_t = dy_g · size_t / size_g for the group g of token t.
     *
     * @param dx     (T, C), overwritten
     * @param dy     (groups, C)
     * @param sizes  (T)
     * @param joined (T), from {@link #match}
     * @param groups T less the tokens that joined others
     */
    public static void backward(double[] dx, double[] dy, double[] sizes, int[] joined, int groups) {
        int columns = dx.length / joined.length;
        double[] mergedSizes = new double[groups];
        for (int t = 0; t < joined.length; t++) {
            mergedSizes[joined[t]] += sizes[t];
        }
        for (int t = 0; t < joined.length; t++) {
            for (int c = 0; c < columns; c++) {
                dx[t * columns + c] = dy[joined[t] * columns + c] * (sizes[t] / mergedSizes[joined[t]]);
            }
        }
    }
}
